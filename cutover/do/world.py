"""What the loop needs of the world; AWS is one, the simulator of the tests another."""

from collections.abc import Mapping
from typing import Protocol

from cutover.decide.live import Health, Index, Sample, Service, Smoke, Split, TaskStatus
from cutover.decide.model import Page, Release, Weights
from infra.outputs import SLOTS, Slot


class Unavailable(Exception):
    """A call that may be repeated: throttled, timed out, or a server error. One sentence."""


class Refused(Exception):
    """A call that AWS will not take, repeated or not: denied, invalid, not found. One sentence."""


class ForeignRule(Refused):
    """The traffic rule is no split between the two slots (S1, S3, S11): somebody else has written
    it. Who goes back by hand writes it anew. One sentence."""


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class World(Protocol):
    """One environment. Every method makes few calls, each bounded by Setting.call_seconds, never
    repeats one by itself, and raises Unavailable or Refused.

    What changes a slot or the weights takes `not_after`, epoch seconds: AWS itself refuses the
    credentials of the call from then on, so that a process which slept through the end of its
    lease can do no harm when it wakes up.
    """

    def weights(self) -> Weights:
        """The traffic rule's, live, as whole shares that add up to SCALE. ForeignRule when it does
        not forward to exactly the two target groups, or gives nobody anything."""
        ...

    def set_weights(self, weights: Weights, *, not_after: float) -> Weights:
        """Writes both weights and returns what AWS answered; one attempt."""
        ...

    def health(self, slot: Slot) -> Health: ...

    def services(self) -> Mapping[Slot, Service]: ...

    def alarms(self) -> Mapping[str, str]:
        """Name -> state of every alarm of the contract, composite or not."""
        ...

    def samples(self, since: float) -> Mapping[Slot, Sample]:
        """Both slots' traffic from `since` (epoch seconds) until now, from CloudWatch."""
        ...

    def smoke(self, slot: Slot, release: Release, tasks: int) -> Smoke:
        """Probes through the slot's test rule, several for each task: right release, status 200."""
        ...

    def split(self, probes: int) -> Split:
        """So many tagged probes on the public path, at a bounded rate."""
        ...

    def page(self, key: str) -> Page:
        """What is in the frontend's bucket under this key. Refused when nothing is."""
        ...

    def index(self) -> Index: ...

    def point(self, page: Page, *, etag: str, not_after: float) -> None:
        """`index.html` becomes the page, if it still has the ETag; one attempt. Unavailable when
        somebody else was faster, Refused when the page is no longer what it was."""
        ...

    def shown(self) -> str:
        """SHA-256 of the page that the public path answers with; empty without an answer."""
        ...

    def image_exists(self, image: str) -> bool:
        """True as well for an image outside ECR, of which nothing can be asked."""
        ...

    def register(self, release: Release) -> str:
        """A copy of the blueprint with the release in it; its ARN."""
        ...

    def start_migration(self, release: Release, run: str, *, verify_only: bool) -> str:
        """ARN of the one-off task of the run; one that this run has already started is found.
        `run` is a name that no other run ever has."""
        ...

    def migration(self, run: str) -> str:
        """ARN of the migrate task that the run of this name has started; empty when ECS lists
        none, as in the first seconds and an hour after its end."""
        ...

    def task(self, arn: str) -> TaskStatus: ...

    def fill(self, slot: Slot, task_definition: str, tasks: int, *, not_after: float) -> str:
        """The idle slot is to run so many tasks: floor `tasks`, scaling out free, scaling in not.
        The other slot stops scaling in. The id of the deployment that starts them."""
        ...

    def scale_in(self, slot: Slot, *, floor: int, not_after: float) -> None:
        """The slot is to run nothing, suspended at 0; the other slot scales freely from `floor`."""
        ...

    def roll(self, slot: Slot, *, not_after: float) -> str:
        """Replaces the slot's tasks in place by the same, which read their secrets again; the id of
        the deployment that does so."""
        ...


def health_of_both(world: World) -> Mapping[Slot, Health]:
    return {slot: world.health(slot) for slot in SLOTS}
