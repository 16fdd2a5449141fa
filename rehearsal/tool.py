"""`python -m cutover`, run as its users run it: a process of its own, told where AWS is."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from cutover.decide.outcome import Exit
from infra.outputs import Slot
from rehearsal.aws.calls import Call
from rehearsal.machine.process import Process
from rehearsal.machine.supervisor import Supervisor
from rehearsal.watch import Watch

ROOT = Path(__file__).resolve().parent.parent
# Longer than any run is allowed to take here, with a machine that is busy with other things.
LONGEST_SECONDS = 300.0
# A machine that is busy with other things answers one call late, and then the next one in time.
INSIST_SECONDS, AGAIN_SECONDS = 120.0, 1.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that has ended; moments in epoch seconds. `asked` are its calls to AWS."""

    verb: str
    exit: int
    """One of cutover's exit codes; negative when a signal ended it."""
    answer: Mapping[str, Any]
    """Its object of `--json`; empty when it was killed."""
    output: str
    began_at: float
    ended_at: float
    asked: tuple[Call, ...]

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at

    @property
    def loading_seconds(self) -> float:
        """Until it asked AWS for the first time."""
        return (self.asked[0].at if self.asked else self.ended_at) - self.began_at

    @property
    def messages(self) -> int:
        """Calls that tell people, for which it does not wait."""
        return sum(call.service == "sns" for call in self.asked)

    @property
    def calls(self) -> int:
        """All others."""
        return len(self.asked) - self.messages

    def until(self, service: str) -> Self:
        """What had happened when it first asked this service; all of it when it never did."""
        first = next((call.at for call in self.asked if call.service == service), self.ended_at)
        asked = tuple(call for call in self.asked if call.at < first)
        return replace(self, ended_at=first, asked=asked)

    @property
    def sentence(self) -> str:
        """Its own last word, or the last of its output when it had none."""
        lines = self.output.strip().splitlines() or ["it said nothing"]
        return str(self.answer.get("sentence") or lines[-1])

    @property
    def weights(self) -> dict[Slot, int]:
        return dict(self.answer.get("weights") or {})

    @property
    def releases(self) -> dict[Slot, str]:
        return dict(self.answer.get("releases") or {})


class Command:
    """One command under way."""

    def __init__(self, tool: "Tool", verb: str, process: Process) -> None:
        self._tool, self._verb, self._process = tool, verb, process
        self._began_at = time.time()

    @property
    def running(self) -> bool:
        return self._process.alive

    def output(self) -> str:
        """All that it has said so far."""
        return self._process.output()

    def kill(self) -> Ended:
        """SIGKILL: no word of farewell, no lease given back."""
        self._process.kill()
        return self._ended()

    def wait(self) -> Ended:
        """RehearsalError when it takes too long, or the environment fails meanwhile."""
        self._tool.watch.wait_until(
            lambda: not self._process.alive,
            what=f"cutover {self._verb} did not end",
            timeout_seconds=LONGEST_SECONDS,
        )
        return self._ended()

    def _ended(self) -> Ended:
        ended_at = time.time()
        asked = [call for call in self._tool.calls() if self._began_at <= call.at <= ended_at]
        output = self.output()
        objects = [line for line in output.splitlines() if line.startswith("{")]
        return Ended(
            verb=self._verb,
            exit=self._process.exit_code or 0,
            answer=json.loads(objects[-1]) if objects else {},
            output=output,
            began_at=self._began_at,
            ended_at=ended_at,
            asked=tuple(asked),
        )


@dataclass(kw_only=True)
class Tool:
    """One environment's cutover; `calls` gives all that others than the rehearsal have made."""

    supervisor: Supervisor
    watch: Watch
    stack: str
    variables: Mapping[str, str]
    calls: Callable[[], tuple[Call, ...]]
    _started: int = 0

    def start(self, verb: str, *options: str) -> Command:
        """Begins `cutover VERB --stack STACK`, with nothing but AWS's variables to go by."""
        self._started += 1
        process = self.supervisor.start(
            f"cutover-{self._started}-{verb}",
            [sys.executable, "-m", "cutover", verb, "--stack", self.stack, "--json", *options],
            env=self.variables,
            cwd=ROOT,
            one_off=True,
        )
        return Command(self, verb, process)

    def run(self, verb: str, *options: str) -> Ended:
        """The same, to its end."""
        return self.start(verb, *options).wait()

    def insist(self, verb: str, *options: str) -> Ended:
        """The same, given again when it says that AWS did not answer; the first other end, or the
        last one when INSIST_SECONDS are over."""
        ends = time.monotonic() + INSIST_SECONDS
        while (ended := self.run(verb, *options)).exit == Exit.UNAVAILABLE:
            if time.monotonic() >= ends:
                break
            self.watch.pause(AGAIN_SECONDS)
        return ended
