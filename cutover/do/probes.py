"""Probes on the public path: who answers, and how."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.request import getproxies

from cutover.decide.live import Smoke, Split
from cutover.decide.model import Release
from cutover.do.clients import Clients
from cutover.do.probe_connection import Answer, ProbeConnection, Way
from cutover.do.volley import Volley
from cutover.do.world import Clock
from infra.outputs import PROBE_HEADER, Contract, ProbeRoute, Slot

TIMEOUT_SECONDS = 5.0
# With ten for each task, one in 20,000 tasks is asked nothing at all.
PROBES_PER_TASK = 10
LEAST_PROBES = 20
HEALTH, FRONT = "/health", "/"


class Probes:
    """Asks the environment's public name, with its token. `paths` are what a smoke asks for."""

    def __init__(
        self,
        clients: Clients,
        contract: Contract,
        *,
        clock: Clock,
        paths: Sequence[str] = (HEALTH,),
    ) -> None:
        self._clients, self._contract, self._clock = clients, contract, clock
        self._paths = tuple(paths)
        self._way = Way.of(contract)
        self._token: str | None = None
        self._sent: list[_Sent] = []

    def split(self, probes: int) -> Split:
        """So many probes that go everybody's way, whatever the status: even a 503 names its
        release. Ends within LATE_SECONDS and one probe's timeout after the last one's time."""
        releases = [a.release if a else None for a in self._ask("live", [HEALTH] * probes)]
        answers = Counter(release for release in releases if release)
        return Split(answers=dict(answers), unknown=probes - answers.total())

    def smoke(self, slot: Slot, release: Release, tasks: int) -> Smoke:
        """PROBES_PER_TASK probes for each task and path through the slot's test rule."""
        each = max(LEAST_PROBES, PROBES_PER_TASK * tasks)
        asked = [path for path in self._paths for _ in range(each)]
        begun, given = self._clock.now(), self._ask(slot, asked)
        refused = sum(answer is not None and answer.status >= 500 for answer in given)
        self._sent.append(_Sent(slot=slot, at=begun, requests=len(asked), errors=refused))
        problems = [
            problem
            for path in self._paths
            for problem in _problems(
                slot,
                path,
                release.release_id,
                [answer for answer, of in zip(given, asked, strict=True) if of == path],
            )
        ]
        answers = [answer for answer in given if answer]
        if not answers and getproxies().get("https"):
            problems.append(f"probes go to {self._way.host} directly, and not through HTTPS_PROXY")
        seconds = [answer.seconds for answer in answers]
        return Smoke(
            problems=tuple(problems),
            requests=len(asked),
            errors=sum(answer is None or answer.status >= 500 for answer in given),
            latency_seconds=sum(seconds) / len(seconds) if seconds else None,
        )

    def sent(self, slot: Slot, since: float, until: float) -> tuple[int, int]:
        """How many probes smokes have sent the slot in that time, epoch seconds, and how many of
        them were answered with an error."""
        then = [sent for sent in self._sent if sent.slot == slot and since <= sent.at < until]
        return sum(sent.requests for sent in then), sum(sent.errors for sent in then)

    def shown(self) -> str:
        """SHA-256 of the page at the public name; empty without an answer of 200. One probe: the
        edge asks the bucket again at each request, and the bucket is consistent."""
        (answer,) = self._ask("live", [FRONT])
        return answer.sha256 if answer and answer.status == 200 else ""

    def _ask(self, route: ProbeRoute, paths: Sequence[str]) -> Sequence[Answer | None]:
        """An answer for each path, in order; None where there was none in time."""
        if not paths:
            return []
        headers = {PROBE_HEADER: f"{route}:{self._secret()}"}
        volley = Volley(
            paths,
            headers,
            connect=lambda: ProbeConnection(self._way, TIMEOUT_SECONDS),
            clock=self._clock,
        )
        return volley.fire()

    def _secret(self) -> str:
        token = self._token
        if token is None:
            secret = self._contract.probe_token_secret
            answer = self._clients.call("secretsmanager", "get_secret_value", SecretId=secret)
            token = self._token = str(answer["SecretString"])
        return token


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """The probes of one smoke; `errors` are what the balancer has counted as such as well."""

    slot: Slot
    at: float
    requests: int
    errors: int


def _problems(
    slot: Slot, path: str, release: str, answers: Sequence[Answer | None]
) -> Sequence[str]:
    asked = f"of {len(answers)} probes of the {slot} slot for {path}"
    given = [answer for answer in answers if answer]
    problems = []
    if len(given) < len(answers):
        problems.append(f"{len(answers) - len(given)} {asked} had no answer")
    for status, count in sorted(Counter(a.status for a in given if a.status != 200).items()):
        problems.append(f"{count} {asked} were answered with status {status} instead of 200")
    strangers = Counter(a.release for a in given if a.release != release)
    for stranger, count in sorted(strangers.items(), key=lambda item: item[0] or ""):
        by = f"release {stranger}" if stranger else "somebody who names no release"
        problems.append(f"{count} {asked} were answered by {by} instead of {release}")
    return problems
