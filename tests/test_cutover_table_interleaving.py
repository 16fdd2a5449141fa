"""Whatever the order of events, one chain and one holder."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.decide.fold import fold
from cutover.decide.journal import Entry
from cutover.do.clients import Clients
from cutover.do.store import LeaseLost
from cutover.do.world import Unavailable
from tests.journal_table import A, B, Doors, lose_the_answer, observed, owner

OWNERS = (A, B, owner("c", pid=3, host="runner-2"))
ACTS = st.tuples(
    st.sampled_from(range(len(OWNERS))),
    st.sampled_from(["read", "append", "renew", "release", "steal", "want", "lost"]),
    st.integers(1, 3),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(acts=st.lists(ACTS, min_size=1, max_size=25))
def test_any_interleaving_keeps_one_chain_and_one_holder(
    dynamodb: Clients, acts: list[tuple[int, str, int]]
) -> None:
    """Three owners, each with what it read last, old or new; the model says who may succeed."""
    first = Doors(dynamodb)
    doors = [first, first.beside(), first.beside()]
    stores = [door.store() for door in doors]
    known = [store.read() for store in stores]
    version, token, holder, length = 0, 0, None, 0
    for who, act, count in acts:
        first.clock.sleep(0.1)
        me, store, mine = OWNERS[who], stores[who], known[who]
        if act == "read":
            known[who] = store.read()
            continue
        if act == "want":
            store.want(mine, f"wish of {me.run}")
            continue
        drafts = [] if act == "renew" else observed(*"abc"[:count])
        if act == "lost" and drafts:
            doors[who].after["transact_write_items"] = lose_the_answer
        may = mine.lease.owner in (None, me) or act == "steal"
        fresh = mine.lease.version == version
        try:
            known[who] = store.append(
                mine,
                drafts,
                owner=me,
                run=me.run,
                release=act == "release",
                steal=act == "steal",
            )
        except LeaseLost:
            assert not (may and fresh)
            doors[who].after.clear()
            continue
        except Unavailable:
            doors[who].after.clear()
            assert act == "lost"
            known[who] = store.read()
        assert may
        assert fresh
        version += 1
        token += holder != me
        holder = None if act == "release" else me
        length += len(drafts)
        found = store.read()
        assert (
            found.lease.version,
            found.lease.token,
            found.lease.owner,
            found.state.sequence,
        ) == (
            version,
            token,
            holder,
            length,
        )
        assert found == known[who] or act != "renew"
    assert_one_chain(stores[0].history(), length)


def assert_one_chain(entries: Sequence[Entry], length: int) -> None:
    assert [entry.sequence for entry in entries] == list(range(1, length + 1))
    assert fold(entries).sequence == length
    tokens = [entry.token for entry in entries]
    assert tokens == sorted(tokens)
    runs = {(entry.token, entry.run) for entry in entries}
    assert len(runs) == len(set(tokens))  # a token is one owner's
