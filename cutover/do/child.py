"""A command that runs beside this process, and is waited for."""

from collections.abc import Callable
from typing import Protocol

from cutover.do.world import Clock

POLL_SECONDS = 0.2


class Child(Protocol):
    """A running command, as subprocess.Popen is one."""

    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...


def wait(
    child: Child,
    clock: Clock,
    *,
    signalled: Callable[[], int | None],
    meanwhile: Callable[[], None] = lambda: None,
) -> int:
    """The child's code once it has ended, as a shell says it: 128 and the number of the signal that
    ended it. It is sent the first signal that this process was sent, and no other."""
    passed_on = False
    while (code := child.poll()) is None:
        number = signalled()
        if number is not None and not passed_on:
            passed_on = True
            child.send_signal(number)
        meanwhile()
        clock.sleep(POLL_SECONDS)
    return code if code >= 0 else 128 - code
