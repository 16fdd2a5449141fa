"""Sends each request at its appointed time, whatever became of the ones before it.

Latency counts from when a request's last byte was due, so a stall shows in all that it delayed.
Run as `python -m rehearsal.traffic.prober PLAN.json RECORDS.jsonl`; SIGTERM ends the schedule
early.
"""

import asyncio
import gc
import ipaddress
import json
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import aiohttp

from rehearsal.traffic.load import Kind, LoadPlan
from rehearsal.traffic.tally import Record

# Reserved for benchmarks (RFC 2544): 131,072 client addresses, since nginx limits each.
CLIENTS = ipaddress.ip_network("198.18.0.0/15")
PIECE_SECONDS = 0.1
FLUSH_SECONDS = 0.5
LEAD_SECONDS = 0.1


class Prober:
    """One plan's requests; `run` ends when the last has been answered or has failed."""

    def __init__(self, plan: LoadPlan, records: TextIO) -> None:
        self._plan = plan
        self._records = records
        self._stopping = False

    def stop(self) -> None:
        """Sends nothing more; what is under way is finished and recorded."""
        self._stopping = True

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        trust = ssl.create_default_context(cafile=self._plan.ca)
        limit = aiohttp.ClientTimeout(total=self._plan.timeout_seconds)
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust, limit=self._plan.connections),
                timeout=limit,
            ) as kept,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust, limit=0, force_close=True), timeout=limit
            ) as fresh,
        ):
            for session in (kept, fresh):
                # aiohttp repeats a GET whose kept connection was closed under it, which would
                # hide the very failure that we look for. No public switch exists (3.14).
                session._retry_connection = False
            start = clock() + LEAD_SECONDS
            self._write({"started_at": time.time() + LEAD_SECONDS})
            async with asyncio.TaskGroup() as under_way:
                flushing = under_way.create_task(self._flush())
                sending = []
                for number in range(self._plan.requests):
                    due = start + number / self._plan.rate_per_second
                    await asyncio.sleep(max(0.0, due - clock()))
                    if self._stopping:
                        break
                    kind = self._plan.kind_of(number)
                    session = fresh if kind.new_connection else kept
                    task = under_way.create_task(self._send(session, kind, number, start, due))
                    sending.append(task)
                    if len(sending) > 1000:
                        sending = [task for task in sending if not task.done()]
                if sending:
                    await asyncio.wait(sending)
                flushing.cancel()
        self._records.flush()

    async def _send(
        self, session: aiohttp.ClientSession, kind: Kind, number: int, start: float, due: float
    ) -> None:
        clock = asyncio.get_running_loop().time
        sent = clock()
        status: int | None = None
        release: str | None = None
        reason = ""
        headers = {
            "Host": self._plan.host,
            "X-Forwarded-For": str(CLIENTS[number % CLIENTS.num_addresses]),
        }
        if kind.body_bytes:
            headers |= {"Content-Length": str(kind.body_bytes), "Content-Type": kind.content_type}
        try:
            async with session.request(
                kind.method,
                self._plan.url + kind.path,
                headers=headers,
                data=body(kind) if kind.body_bytes else None,
                allow_redirects=False,
                server_hostname=self._plan.host,
            ) as response:
                answer = await response.read()
            status = response.status
            release = response.headers.get(self._plan.release_header) or release_in(
                response.content_type, answer
            )
            if status != kind.expected_status:
                reason = f"status {status}, expected {kind.expected_status}"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"[:200]
        ended = clock()
        record = Record(
            at=round(due - start, 6),
            ended_at=round(ended - start, 6),
            latency_seconds=round(max(0.0, ended - due - kind.body_seconds), 6),
            late_seconds=round(sent - due, 6),
            kind=kind.name,
            status=status,
            reason=reason,
            release=release,
        )
        self._write(asdict(record))

    async def _flush(self) -> None:
        while True:
            self._records.flush()
            await asyncio.sleep(FLUSH_SECONDS)

    def _write(self, line: dict[str, object]) -> None:
        self._records.write(json.dumps(line) + "\n")


async def body(kind: Kind) -> AsyncIterator[bytes]:
    """The body in equal pieces, spread over `body_seconds`; in pieces of 64 KiB without."""
    pieces = max(1, round(kind.body_seconds / PIECE_SECONDS), kind.body_bytes // 65_536)
    for piece in range(pieces):
        if piece and kind.body_seconds:
            await asyncio.sleep(kind.body_seconds / (pieces - 1))
        share = kind.body_bytes * (piece + 1) // pieces - kind.body_bytes * piece // pieces
        yield b"x" * share


def release_in(content_type: str, answer: bytes) -> str | None:
    """`release` or `version` of a small JSON object, as /health has one; None when there is none.

    Raises ValueError for what calls itself JSON and isn't.
    """
    if content_type != "application/json" or len(answer) > 4096:
        return None
    content = json.loads(answer)
    if not isinstance(content, dict):
        return None
    release = content.get("release") or content.get("version")
    return release if isinstance(release, str) else None


async def main(plan: LoadPlan, path: Path) -> None:
    with path.open("w") as records:
        prober = Prober(plan, records)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, prober.stop)
        # A full collection pauses every request at once; 20,000 records are no burden.
        gc.freeze()
        await prober.run()


if __name__ == "__main__":
    asyncio.run(main(LoadPlan.from_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2])))
