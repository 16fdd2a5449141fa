"""Getting at the lease: when it is free, when its owner gives way, or when its owner is dead."""

import json
from collections.abc import Callable

from cutover.decide.journal import Draft, canonical
from cutover.decide.setting import Setting
from cutover.do.store import LeaseLost, Snapshot, Store
from cutover.do.world import Clock
from infra.outputs import Owner

ASK_AGAIN_SECONDS = 1.0
# What a live owner is asked for: to give way, or to write something down and go on.
GIVE_WAY = ("rollback", "abort")


class Interrupted(Exception):
    """Somebody wants the program to end: a signal. One sentence."""


def write_letter(draft: Draft) -> str:
    """A draft for whoever owns the lease to append."""
    return canonical({"kind": draft.kind, "data": draft.data})


def read_letter(wanted: str) -> Draft | None:
    """The draft of a letter; None for a wish that the owner gives way."""
    if wanted in GIVE_WAY:
        return None
    letter = json.loads(wanted)
    return Draft(letter["kind"], letter["data"])


def taken_over(owner: Owner, thief: Owner) -> Draft:
    """The entry about a lease that was taken from its owner, who may want to know by whom."""
    alive = (thief.purpose, owner.purpose) == ("rollback", "guard")
    end = "" if alive else ", which showed no life"
    what = f"{thief.purpose} of {thief.by} took over the lease of {_named(owner)}{end}"
    return Draft("observed", {"what": what})


def take(
    store: Store,
    clock: Clock,
    setting: Setting,
    purpose: str,
    *,
    letter: str = "",
    interrupted: Callable[[], bool] = lambda: False,
    waiting: Callable[[str], None] = lambda _sentence: None,
) -> tuple[Snapshot, bool]:
    """Returns when the lease can be had, with what was read last and whether it must be stolen.

    It is had with the first append after this. Expiry is judged by a version that stays the same
    for `setting.takeover_seconds` of our own monotonic clock. A `rollback` takes the lease of a
    `guard` at once, since a guard writes no weights; it asks any other owner to give way, and so
    does `abort` unless the run is a rollback. With a `letter`, returns as well when a live owner
    has taken it: then the lease is still its own, and nothing to steal. LeaseLost, for all others,
    as soon as the owner shows life; Interrupted between two looks. `waiting` is told once for whom
    it waits, and how long.
    """
    snapshot = store.read()
    run = snapshot.state.run
    # What can't be given up must not be stopped either.
    vain = purpose == "abort" and run is not None and run.plan.verb == "rollback"
    wish = letter or (purpose if purpose in GIVE_WAY and not vain else "")
    asked, told = False, False
    version, unchanged_since = snapshot.lease.version, clock.monotonic()
    while (owner := snapshot.lease.owner) is not None:
        if purpose == "rollback" and owner.purpose == "guard":
            return snapshot, True
        # What was read comes first: who slept between two looks has seen nothing stay as it was.
        if snapshot.lease.version != version:
            version, unchanged_since = snapshot.lease.version, clock.monotonic()
            if not wish:
                raise LeaseLost(
                    f"{_named(owner)} is under way; wait for its end, or end it there; "
                    "`cutover rollback` goes first"
                )
            if letter and asked and snapshot.lease.wanted != letter:
                return snapshot, False
        elif clock.monotonic() - unchanged_since >= setting.takeover_seconds:
            return snapshot, True
        if wish and snapshot.lease.wanted != wish:
            store.want(snapshot, wish)
            asked = True
        if not told:
            told = True
            seconds = f"{setting.takeover_seconds:.0f} s at most"
            waiting(f"{_named(owner)} has the lease: waiting {seconds} for a sign of life")
        if not interrupted():
            clock.sleep(ASK_AGAIN_SECONDS)
        if interrupted():
            raise Interrupted(_interruption(owner, asked=asked))
        snapshot = store.read()
    return snapshot, False


def _named(owner: Owner) -> str:
    return f"{owner.purpose} of {owner.by} (run {owner.run}, {owner.host})"


def _interruption(owner: Owner, *, asked: bool) -> str:
    done = "nothing was changed"
    if asked:
        done = f"what it asked of {_named(owner)} may still be done, `cutover status` says whether"
    return f"interrupted while it waited for the lease; {done}"
