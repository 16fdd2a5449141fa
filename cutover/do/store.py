"""What the loop needs of the place where journal and lease are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cutover.decide.journal import Draft, Entry
from cutover.decide.state import State
from infra.outputs import Owner


@dataclass(frozen=True, kw_only=True)
class Lease:
    """`version` changes with each write; `token` with each owner. `owner` is None when it is free.

    `ends_at` is epoch seconds by the owner's clock: for people. Whether it has expired is judged
    by a version that stays the same over a monotonic clock. `wanted` names who asks for it.
    """

    version: int = 0
    token: int = 0
    owner: Owner | None = None
    ends_at: float = 0
    wanted: str = ""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Journal and lease, read in one consistent call."""

    state: State
    lease: Lease


class LeaseLost(Exception):
    """The lease is another's, or journal or lease have changed since they were read."""


class Store(Protocol):
    """Journal and lease of one environment. Every method is one call to AWS (`read` one for each
    page), raises Unavailable or Refused as World does, and Malformed for what can't be read."""

    def read(self) -> Snapshot: ...

    def append(
        self,
        snapshot: Snapshot,
        drafts: Sequence[Draft],
        *,
        owner: Owner,
        run: str,
        release: bool = False,
        steal: bool = False,
        answered: bool = False,
    ) -> Snapshot:
        """Appends all or nothing, and takes or renews the lease in the same transaction.

        Nothing is written, and LeaseLost raised, unless head and lease version are those of the
        snapshot and the lease is free, the owner's own, or to be stolen. A new owner gets a token
        one higher. `release` leaves the lease free. No drafts renew the lease alone. `answered`
        clears what was wanted, which otherwise stays until the lease changes hands.
        """
        ...

    def want(self, snapshot: Snapshot, wish: str) -> None:
        """Asks the owner of the lease for something; its next renewal finds out."""
        ...

    def history(self) -> Sequence[Entry]:
        """Every entry, oldest first."""
        ...
