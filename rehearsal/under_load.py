"""The scenarios, played while requests of every kind never stop; and what the requests met."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from rehearsal import rights
from rehearsal.aws.follower import METRICS_SECONDS
from rehearsal.blame import Excuse, Verdict, judge
from rehearsal.checks import expect, perform
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.progress import Progress
from rehearsal.reporting.report import Check
from rehearsal.scenarios import SCENARIOS
from rehearsal.scene import Scene
from rehearsal.traffic.mixes import EVERY_KIND
from rehearsal.traffic.tally import LoadResult, Record
from rehearsal.traffic.visitor import Visitor

# Before the first scenario: no alarm learns later of what the checks did, such as stopping the
# database. It sees a period half of one after its end (rehearsal/aws/alarms.py), on a busy machine.
SETTLED_SECONDS = 1.5 * METRICS_SECONDS + 1.0
# After the last one: what it is like when nothing happens.
QUIET_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class UnderLoad:
    """What was played, and what became of the requests meanwhile."""

    checks: tuple[Check, ...]
    load: LoadResult
    excuses: tuple[Excuse, ...]


def names(chosen: str) -> tuple[str, ...]:
    """Scenarios by `all`, `none` or a list with commas; RehearsalError for one that isn't there."""
    known = [name for name, _ in SCENARIOS]
    if chosen in ("all", "none"):
        return tuple(known) if chosen == "all" else ()
    wanted = chosen.split(",")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise RehearsalError(
            f"there is no scenario {', '.join(unknown)}; they are {', '.join(known)}, all and none"
        )
    return tuple(name for name in known if name in wanted)


def play(
    environment: Environment, progress: Progress, scenarios: Sequence[str], *, rate: int
) -> UnderLoad:
    """Plays them in their order. RehearsalError when the environment itself is gone."""
    scene = Scene(environment=environment)
    with progress.step(f"Sending {rate} requests/s"):
        load = environment.start_load(EVERY_KIND, rate_per_second=rate)
        environment.watch.pause(SETTLED_SECONDS)
    with Visitor(environment.client) as visitor:
        checks = [
            perform(environment, name, partial(_played, act, scene), progress)
            for name, act in SCENARIOS
            if name in scenarios
        ]
    with progress.step("Counting requests"):
        environment.watch.pause(QUIET_SECONDS)
        result = load.finish(environment.slots)
        started_at, records = load.records()
    verdict = judge(started_at, records, faulty=scene.faulty, losses=scene.losses)
    for name, check in (
        ("requests", partial(nothing_else_failed, result, verdict)),
        ("session", partial(never_logged_out, visitor)),
        ("kept out", partial(kept_out, scene.kept_out, records)),
        ("rights", partial(within_rights, environment)),
    ):
        if name != "kept out" or scene.kept_out:
            checks.append(perform(environment, name, lambda _, of=check: of(), progress))
    return UnderLoad(checks=tuple(checks), load=result, excuses=verdict.excuses)


def nothing_else_failed(load: LoadResult, verdict: Verdict) -> str:
    """No request failed but those that a fault or a loss of ours explains."""
    if verdict.unexcused:
        first = verdict.unexcused[0]
        by = first.release or "nobody"
        expect(
            held=False,
            seen=f"{len(verdict.unexcused):,} of {load.requests:,} requests failed without a "
            f"reason of ours; the first was {first.kind} at {first.at:.1f} s, answered by {by}: "
            f"{first.reason}",
        )
    told = "; ".join(f"{excuse.failed:,} failed {excuse.reason}" for excuse in verdict.excuses)
    return f"{load.requests:,} at {load.rate_per_second:g}/s: {told or 'none failed'}; no others"


def never_logged_out(visitor: Visitor) -> str:
    """Whichever slot and task answered, and whatever was rotated, a person stayed who they were."""
    visitor.check()
    expect(visitor.visits > 0, f"a person was refused all of {visitor.refused} clicks")
    expect(
        visitor.logged_out == 0,
        f"of a person's {visitor.visits} clicks {visitor.logged_out} had lost the session",
    )
    return f"one session lived through {visitor.visits} clicks"


def kept_out(releases: Sequence[str], records: Iterable[Record]) -> str:
    """None of these releases has answered anybody."""
    served = {record.release for record in records} & {*releases}
    expect(not served, f"{', '.join(sorted(map(str, served)))} answered requests")
    return f"{', '.join(releases)} answered nobody"


def within_rights(environment: Environment) -> str:
    """IAM would have let cutover do all that it has done here, by the roles that it has."""
    calls, allowed = environment.tool.calls(), environment.rights.allowed
    expect(bool(calls), "cutover asked for nothing")
    missing = Counter(rights.lacking(calls, environment.rights, environment.sessions()))
    expect(not missing, "; ".join(f"{said} ({count} times)" for said, count in missing.items()))
    asked = rights.asked(calls, environment.rights)
    spare = ", ".join(sorted(allowed - asked)) or "none"
    return (
        f"{len(calls):,} calls of {len(asked)} actions, each within its role and session, which "
        f"have {len(allowed)}; not asked for here: {spare}"
    )


def _played(act: Callable[[Scene], str], scene: Scene, _environment: Environment) -> str:
    seen = act(scene)
    scene.page_follows()
    return seen
