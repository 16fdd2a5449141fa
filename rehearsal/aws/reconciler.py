"""Does what AWS does by itself: small steps, several times a second."""

from collections.abc import Callable, Sequence

from rehearsal.routine import Routine

INTERVAL_SECONDS = 0.2


class Reconciler(Routine):
    """Calls each step in turn. A step that raises ends it."""

    def __init__(
        self, steps: Sequence[Callable[[], None]], *, interval_seconds: float = INTERVAL_SECONDS
    ) -> None:
        super().__init__("the emulated AWS", pause_seconds=interval_seconds)
        self._steps = steps

    def act(self) -> None:
        for step in self._steps:
            step()
