"""What cutover is put through while requests never stop: good, bad and interrupted releases.

Each scenario is a method that says what it saw, and raises Unmet for what it should not have seen.
They build on each other, in the order of SCENARIOS.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cutover.decide.model import other
from cutover.decide.outcome import Exit
from infra.outputs import CALL_SECONDS, LEASE_SECONDS, Slot, takeover_seconds
from rehearsal.alb.balancer import PROPAGATION_SECONDS
from rehearsal.blame import Loss
from rehearsal.checks import expect
from rehearsal.environment import Environment
from rehearsal.faults import Fault
from rehearsal.rotation import rotated
from rehearsal.tool import Command, Ended

# What a rollback by hand may cost beyond the propagation, once the program is loaded.
ROLLBACK_SECONDS, ROLLBACK_CALLS = 3.0, 10
DEPLOY_SECONDS = 90.0
TURNED = "the run goes back: "
# What the watcher says of a lease that nobody renews (watcher/trouble.py).
SILENT = "has shown no sign of life since"
# Until an alarm has forgotten what it saw, five seconds for each of its periods, with room.
QUIET_SECONDS = 120.0
# Until a change that was asked for is seen by requests, on a busy machine.
MOVED_SECONDS = 120.0
# The watcher's term of a lease without a sign of life (infra/outputs.py), and as long again for a
# busy machine.
TOLD_SECONDS = 2 * takeover_seconds(LEASE_SECONDS, CALL_SECONDS)
# Time for the bake to have begun, and not to have ended.
INTO_THE_BAKE_SECONDS = 2.0
# Three failed checks, five seconds apart (infra/balancer.py), and a propagation each way.
NOTICED_SECONDS = 15.0 + 2 * PROPAGATION_SECONDS


@dataclass(kw_only=True)
class Scenarios:
    """One environment, and what has been done to it so far."""

    environment: Environment
    faulty: dict[str, str] = field(default_factory=dict)
    """Fault by release id."""
    kept_out: list[str] = field(default_factory=list)
    """Ids of releases that must not have answered anybody."""
    losses: list[Loss] = field(default_factory=list)
    _released: int = 1

    def good_release(self) -> str:
        """The whole ladder, and the old slot emptied."""
        ended = self._deploy(self._next())
        _expect_exit(ended, Exit.DONE)
        ladder = list(self.environment.contract.policy.ladder_percent)
        seen = self._shares(ended)
        expect(seen == ladder, f"requests met shares of {seen} % and not {ladder} %")
        expect(
            ended.seconds < DEPLOY_SECONDS,
            f"it took {ended.seconds:.0f} s; {DEPLOY_SECONDS:.0f} are allowed",
        )
        return f"{_percents(seen)} and retired in {ended.seconds:.0f} s: {ended.sentence}"

    def rotation(self) -> str:
        """Every login and key is replaced, refreshed, and replaced again."""
        return rotated(self.environment)

    def errors(self) -> str:
        """5 % of its requests fail: the gates see it at the first share."""
        return self._turned_back("errors")

    def slow(self) -> str:
        """Each answer takes half a second longer: the gates see that too."""
        return self._turned_back("slow")

    def crashing(self) -> str:
        """Its tasks end at their start: nobody is ever sent there."""
        return self._kept_out("crashing")

    def unready(self) -> str:
        """Its tasks run, and the balancer never finds one healthy: nobody is sent there either."""
        return self._kept_out("unready")

    def failing_migration(self) -> str:
        """Its migration fails: nothing is filled, nothing moved."""
        return self._kept_out("failing_migration")

    def incompatible(self) -> str:
        """It brings a schema that the live release can't live with: refused, nothing touched."""
        release, before = self._next(), self._definitions()
        ended = self._still(
            lambda: self.environment.deploy(release, "--schema-min", "1000", "--schema-max", "1000")
        )
        _expect_exit(ended, Exit.REFUSED)
        expect(self._definitions() == before, "a task definition was registered")
        self.kept_out.append(release)
        return f"refused in {ended.seconds:.1f} s: {ended.sentence}"

    def runner_killed(self) -> str:
        """SIGKILL half way up the ladder: the watcher tells people, and `resume` ends the run."""
        release = self._next()
        command = self._start(release, "--no-retire")
        entering = other(self.environment.slot)
        self._wait_for_share(entering, least=1)
        killed = command.kill()
        share = self._share(entering)
        expect(killed.exit < 0, f"it had ended before it could be killed, with {killed.exit}")
        self.environment.watch.wait_until(
            lambda: bool(self._pages()),
            what="nobody was told of the dead runner",
            timeout_seconds=TOLD_SECONDS,
        )
        told_seconds = time.time() - killed.ended_at
        ended = self.environment.note(self.environment.tool.run("resume"))
        _expect_exit(ended, Exit.DONE)
        expect(self._share(entering) == 100, f"{entering} has {self._share(entering)} %")
        pages = self._pages()
        expect(len(pages) == 1, f"people were told {len(pages)} times: {pages}")
        return (
            f"killed at {share} %, and people told {told_seconds:.0f} s later; resume went on to "
            f"100 % in {ended.seconds:.0f} s, the wait for the dead runner's lease included"
        )

    def rollback_by_hand(self) -> str:
        """One command, no gates: proven soon, with few calls."""
        home = other(self.environment.slot)
        # What failed there is no way back, and what was emptied would first have to be filled.
        if not self.environment.tasks(home) or self.environment.releases[home] in self.faulty:
            _expect_exit(self._deploy(self._next(), "--no-retire"), Exit.DONE)
            home = other(self.environment.slot)
        ended = self.environment.note(self.environment.tool.run("rollback"))
        _expect_exit(ended, Exit.DONE)
        expect(self._share(home) == 100, f"{home} has {self._share(home)} %")
        in_force_at = self.environment.weights()[-1].at
        propagation = in_force_at - max(c.at for c in ended.asked if c.at <= in_force_at)
        proven = ended.until("s3")  # the page goes back behind the proof, and takes its time
        rest = proven.seconds - ended.loading_seconds - propagation
        seen = (
            f"proven {proven.seconds:.1f} s after the command: {ended.loading_seconds:.1f} s to "
            f"load the program, {propagation:.1f} s of propagation and {rest:.1f} s for all else; "
            f"{proven.calls} API calls, and {ended.messages} messages to the alert topic; the page "
            f"was back after {ended.seconds:.1f} s"
        )
        expect(rest <= ROLLBACK_SECONDS and proven.calls <= ROLLBACK_CALLS, seen)
        return seen

    def tasks_killed(self) -> str:
        """All tasks of the slot that serves are killed during its bake: back to the old one."""
        release, home = self._next(), self.environment.slot
        entering = other(home)
        command = self._start(release)
        self._wait_for_share(entering, least=100)
        self.environment.watch.pause(INTO_THE_BAKE_SECONDS)
        killed_at = time.time()
        killed = self.environment.kill_tasks(entering)
        self.losses.append(
            Loss(release=release, began_at=killed_at, ended_at=killed_at + NOTICED_SECONDS)
        )
        ended = self.environment.note(command.wait())
        _expect_exit(ended, Exit.ROLLED_BACK)
        back = self.environment.weights()[-1]
        expect(back.weights[home] == 100, f"the weights are {back.weights}")
        return (
            f"{killed} tasks killed; {home} had all of the traffic again "
            f"{back.at - killed_at:.1f} s later"
        )

    def _pages(self) -> list[str]:
        """What people were told of runners that died."""
        stack = self.environment.stack
        return [
            message
            for message in self.environment.told()
            if message.startswith(f"{stack}: deploy of ")
            and SILENT in message
            and f"`python -m cutover resume --stack {stack}`" in message
        ]

    def page_follows(self) -> None:
        """Unmet unless the page is the one of the release that serves."""
        page, release = self.environment.page(), self.environment.releases[self.environment.slot]
        expect(page == release, f"the page is {page}'s, and {release} serves")

    def _start(self, release: str, *options: str) -> Command:
        """Has cutover begin to deploy both halves of a release."""
        page = self.environment.upload_page(release)
        return self.environment.start_deploy(release, "--frontend", page, *options)

    def _deploy(self, release: str, *options: str, fault: Fault | None = None) -> Ended:
        """The same, to its end."""
        page = self.environment.upload_page(release)
        return self.environment.deploy(release, "--frontend", page, *options, fault=fault)

    def _turned_back(self, fault: Fault) -> str:
        release, home = self._next(), self.environment.slot
        self.faulty[release] = fault
        ended = self._deploy(release, fault=fault)
        _expect_exit(ended, Exit.ROLLED_BACK)
        shares = self._shares(ended, entering=other(home))
        first = self.environment.contract.policy.ladder_percent[0]
        expect(shares == [first, 0], f"requests met shares of {shares} %, not {first} % and 0")
        back_at = self.environment.weights()[-1].at
        return (
            f"at {first} % for {back_at - self.environment.weights()[-2].at:.0f} s, then rolled "
            f"back: {_why(ended)}"
        )

    def _kept_out(self, fault: Fault) -> str:
        release = self._next()
        self.kept_out.append(release)
        ended = self._still(lambda: self.environment.deploy(release, fault=fault))
        _expect_exit(ended, Exit.ROLLED_BACK)
        return f"given up after {ended.seconds:.0f} s: {_why(ended)}"

    def _still(self, act: Callable[[], Ended]) -> Ended:
        """Unmet when the weights that requests meet change meanwhile."""
        before = self.environment.weights()
        ended = act()
        moved = self.environment.weights()[len(before) :]
        expect(not moved, f"the weights became {[event.weights for event in moved]}")
        return ended

    def _next(self) -> str:
        """An id for the next release, once no alarm of an earlier one would stand in its way."""
        cloudwatch, contract = self.environment.clients("cloudwatch"), self.environment.contract
        named = {*contract.alarms}.union(*(of.alarms.values() for of in contract.slots.values()))

        def quiet() -> bool:
            alarms = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
            return not named & {alarm["AlarmArn"] for alarm in alarms}

        self.environment.watch.wait_until(
            quiet,
            what="the alarms were not quiet again",
            timeout_seconds=QUIET_SECONDS,
        )
        self._released += 1
        return f"release-{self._released}"

    def _share(self, slot: Slot) -> int:
        return self.environment.weights()[-1].weights[slot]

    def _shares(self, ended: Ended, entering: Slot | None = None) -> list[int]:
        """The shares of the entering slot that requests met during the command."""
        slot = entering or self.environment.slot
        return [e.weights[slot] for e in self.environment.weights() if e.at >= ended.began_at]

    def _wait_for_share(self, slot: Slot, *, least: int) -> None:
        self.environment.watch.wait_until(
            lambda: self._share(slot) >= least,
            what=f"{slot} was not given {least} % of the traffic",
            timeout_seconds=MOVED_SECONDS,
        )

    def _definitions(self) -> list[str]:
        found = self.environment.clients("ecs").list_task_definitions()
        return found["taskDefinitionArns"]


SCENARIOS: tuple[tuple[str, Callable[[Scenarios], str]], ...] = (
    ("good-release", Scenarios.good_release),
    ("rotation", Scenarios.rotation),
    ("errors", Scenarios.errors),
    ("slow", Scenarios.slow),
    ("crashing", Scenarios.crashing),
    ("unready", Scenarios.unready),
    ("failing-migration", Scenarios.failing_migration),
    ("incompatible-schema", Scenarios.incompatible),
    ("runner-killed", Scenarios.runner_killed),
    ("rollback-by-hand", Scenarios.rollback_by_hand),
    ("tasks-killed", Scenarios.tasks_killed),
)


def _expect_exit(ended: Ended, wanted: Exit) -> None:
    expect(
        ended.exit == wanted,
        f"cutover {ended.verb} ended with {ended.exit} and not {wanted.value}: {ended.sentence}",
    )


def _percents(shares: list[int]) -> str:
    return ", ".join(f"{share} %" for share in shares)


def _why(ended: Ended) -> str:
    """Why it turned back, from its progress; else its last word."""
    said = [line.partition(TURNED)[2] for line in ended.output.splitlines() if TURNED in line]
    return said[0] if said else ended.sentence
