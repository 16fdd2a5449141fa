"""An entry for the journal that no run of ours stands behind: a freeze, what a person adopts."""

from collections.abc import Callable, Sequence

from cutover.decide.fold import foreseen
from cutover.decide.journal import Draft
from cutover.decide.outcome import Exit, Result
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.store import Snapshot, Store
from cutover.do.taking import take, write_letter
from cutover.do.world import Clock
from infra.outputs import Owner


def note(
    store: Store,
    clock: Clock,
    setting: Setting,
    owner: Owner,
    draft: Draft,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    waiting: Callable[[str], None] = lambda _sentence: None,
) -> Result:
    """Written by us when the lease can be had, else by who has it. LeaseLost when somebody was
    faster between the two; Interrupted while it waits, as `take` has it."""
    letter, purpose = write_letter(draft), owner.purpose
    while True:
        snapshot, steal = take(
            store,
            clock,
            setting,
            purpose,
            letter=letter,
            interrupted=interrupted,
            waiting=waiting,
        )
        if snapshot.lease.owner is None or steal:
            break
        # A letter that is gone may have gone with the lease, unread.
        if _says(snapshot.state, draft):
            return Result(
                exit=Exit.DONE,
                sentence=f"the {snapshot.lease.owner.purpose} that is under way has noted it",
                state=snapshot.state,
            )
    return write(store, snapshot, (draft,), owner, steal=steal)


def write(
    store: Store, snapshot: Snapshot, drafts: Sequence[Draft], owner: Owner, *, steal: bool
) -> Result:
    """All that a command has to write: the lease is free again with it. LeaseLost when journal or
    lease have changed since the snapshot."""
    run = _open_run(snapshot.state)
    written = store.append(snapshot, drafts, owner=owner, run=run, release=True, steal=steal)
    return Result(exit=Exit.DONE, sentence=f"{owner.purpose} noted", state=written.state)


def _says(state: State, draft: Draft) -> bool:
    """Whether the journal would be none the wiser for the draft."""
    told = foreseen(state, (draft,), run=_open_run(state), at=state.summary.committed_at)
    return told.summary == state.summary


def _open_run(state: State) -> str:
    return state.run.id if state.run else ""
