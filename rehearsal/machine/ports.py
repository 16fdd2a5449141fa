"""Loopback TCP ports that stay free for us until a server of ours listens on them.

A reservation is a UDP socket bound to the same number: the kernel gives it to one process only,
whoever the user is, it never disturbs the TCP listener, and it is gone when the process is.
"""

import errno
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.errors import RehearsalError

LOOPBACK = "127.0.0.1"
ATTEMPTS = 200
# What a kernel hands out to outgoing connections when /proc doesn't say: macOS and IANA.
USUAL_EPHEMERAL = range(49152, 65536)
LINUX_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_lock = threading.Lock()
_held: dict[int, socket.socket] = {}


def reserve() -> int:
    """A free loopback TCP port that no other rehearsal gets and no outgoing connection takes.

    Held until `release` or the end of the process. Raises RehearsalError when none is free.
    """
    candidates = outside(ephemeral_ports())
    for port in random.sample(candidates, min(ATTEMPTS, len(candidates))):
        try:
            _hold(port)
        except OSError:
            continue
        return port
    raise RehearsalError(
        f"none of {ATTEMPTS} loopback ports that were tried between {candidates[0]} and "
        f"{candidates[-1]} is free; stop some of the servers on this machine and try again"
    )


def claim(port: int, *, option: str = "--port") -> None:
    """Holds the port that the user asked for, or raises RehearsalError that names the option."""
    if not 1 <= port <= 65535:
        raise RehearsalError(
            f"port {port} does not exist; choose one between 1024 and 65535 with {option}"
        )
    try:
        _hold(port)
    except PermissionError:
        raise RehearsalError(
            f"port {port} needs root on this machine; choose one from 1024 up with {option}"
        ) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise RehearsalError(
                f"port {port} can't be used ({error.strerror}); choose another with {option}"
            ) from None
        raise RehearsalError(
            f"port {port} is in use on {LOOPBACK}; choose another with {option}"
        ) from None


def release(port: int) -> None:
    """Gives the port back. Releasing a port twice, or one never held, changes nothing."""
    with _lock:
        holder = _held.pop(port, None)
    if holder:
        holder.close()


@contextmanager
def held(port: int | None = None) -> Iterator[int]:
    """The port that the user asked for, or a free one, as long as a block lasts."""
    if port is None:
        port = reserve()
    else:
        claim(port)
    try:
        yield port
    finally:
        release(port)


def ephemeral_ports() -> range:
    """The ports that this machine's kernel gives to outgoing connections."""
    try:
        low, high = LINUX_EPHEMERAL.read_text().split()
    except (OSError, ValueError):
        return USUAL_EPHEMERAL
    return range(int(low), int(high) + 1)


def outside(ephemeral: range) -> range:
    """The larger run of unprivileged ports on either side of the ephemeral ones.

    Where the kernel hands out nearly everything, any unprivileged port has to do.
    """
    below, above = range(10_000, max(ephemeral.start, 10_000)), range(ephemeral.stop, 65_536)
    larger = max(below, above, key=len)
    return larger if len(larger) >= ATTEMPTS else range(10_000, 65_536)


def _hold(port: int) -> None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        holder.bind((LOOPBACK, port))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            # As servers do: a connection that lingers in TIME_WAIT doesn't make a port taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen(1)
    except OSError:
        holder.close()
        raise
    with _lock:
        _held[port] = holder
