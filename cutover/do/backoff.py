"""How long to wait before AWS is asked again: longer the next time, and not as long as others.

Who was throttled together would otherwise come back together (D5).
"""

import random
from collections.abc import Callable

FIRST_SECONDS = 1.0
# A rollback has a minute for all that it does.
MOST_SECONDS = 2.0


def delay_seconds(tries: int, share: float) -> float:
    """After so many tries without an answer, one at least; `share`, from 0 up to 1, is chance's.

    Doubled with each try up to the cap, the upper half at random ("equal jitter"; AWS Architecture
    Blog, "Exponential Backoff And Jitter").
    """
    longest = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(tries - 1, 10))
    return longest * (1 + share) / 2


class Backoff:
    """The waits between tries. `chance` gives numbers from 0 up to 1."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance, self._tries = chance, 0

    @classmethod
    def of(cls, run: str) -> "Backoff":
        """A run's own: like no other run's, and the same when the run is played again."""
        return cls(random.Random(run).random)  # noqa: S311 (nobody gains by guessing it)

    def next_seconds(self) -> float:
        """How long to wait now, since there was no answer once more."""
        self._tries += 1
        return delay_seconds(self._tries, self._chance())

    def answered(self) -> None:
        """The next wait is a first one again."""
        self._tries = 0
