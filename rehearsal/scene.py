"""The environment as the scenarios find and leave it: its next release, its shares, its pages."""

from collections.abc import Callable
from dataclasses import dataclass, field

from infra.outputs import Slot
from rehearsal.blame import Loss
from rehearsal.checks import expect
from rehearsal.environment import Environment
from rehearsal.faults import Fault
from rehearsal.tool import Command, Ended

# What the watcher says of a lease that nobody renews (watcher/trouble.py).
SILENT = "has shown no sign of life since"
# Until an alarm has forgotten what it saw, five seconds for each of its periods, with room.
QUIET_SECONDS = 120.0
# Until a change that was asked for is seen by requests, on a busy machine.
MOVED_SECONDS = 120.0


@dataclass(kw_only=True)
class Scene:
    """One environment, and what has been done to it so far."""

    environment: Environment
    faulty: dict[str, str] = field(default_factory=dict)
    """Fault by release id."""
    kept_out: list[str] = field(default_factory=list)
    """Ids of releases that must not have answered anybody."""
    losses: list[Loss] = field(default_factory=list)
    _released: int = 1

    def next_release(self) -> str:
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

    def start(self, release: str, *options: str) -> Command:
        """Has cutover begin to deploy both halves of a release."""
        page = self.environment.upload_page(release)
        return self.environment.start_deploy(release, "--frontend", page, *options)

    def deploy(self, release: str, *options: str, fault: Fault | None = None) -> Ended:
        """The same, to its end."""
        page = self.environment.upload_page(release)
        return self.environment.deploy(release, "--frontend", page, *options, fault=fault)

    def still(self, act: Callable[[], Ended]) -> Ended:
        """Unmet when the weights that requests meet change meanwhile."""
        before = self.environment.weights()
        ended = act()
        moved = self.environment.weights()[len(before) :]
        expect(not moved, f"the weights became {[event.weights for event in moved]}")
        return ended

    def share(self, slot: Slot) -> int:
        """What the slot has of the traffic now, in percent."""
        return self.environment.weights()[-1].weights[slot]

    def shares(self, ended: Ended, entering: Slot | None = None) -> list[int]:
        """The shares of the entering slot that requests met during the command."""
        slot = entering or self.environment.slot
        return [e.weights[slot] for e in self.environment.weights() if e.at >= ended.began_at]

    def wait_for_share(self, slot: Slot, *, least: int) -> None:
        """RehearsalError when the slot does not get so much of the traffic."""
        self.environment.watch.wait_until(
            lambda: self.share(slot) >= least,
            what=f"{slot} was not given {least} % of the traffic",
            timeout_seconds=MOVED_SECONDS,
        )

    def pages(self) -> list[str]:
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

    def definitions(self) -> list[str]:
        """ARNs of every task definition that there is."""
        found = self.environment.clients("ecs").list_task_definitions()
        return found["taskDefinitionArns"]
