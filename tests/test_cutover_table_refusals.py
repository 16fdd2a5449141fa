"""What DynamoDB does not take is a sentence, and whether it may be tried again."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cutover.decide.journal import Draft
from cutover.decide.state import State
from cutover.do.aws_errors import explained
from cutover.do.store import Lease, Snapshot
from cutover.do.table import Table
from cutover.do.world import Refused, Unavailable
from tests.journal_table import A, Doors, observed

# Limits.


def test_as_many_entries_as_a_transaction_takes(store: Table) -> None:
    assert store.append(store.read(), observed("x") * 99, owner=A, run="a").state.sequence == 99
    assert store.read().state.sequence == 99


@pytest.mark.parametrize(
    ("drafts", "sizes"),
    [
        (observed("x") * 100, "100 entries of 280 bytes at most and 27892 in all"),
        (observed("x" * 400_000), "1 entries of 400277 bytes at most and 400277 in all"),
        (observed("x" * 300_000) * 14, "14 entries of 300278 bytes at most and 4203883 in all"),
    ],
    ids=["number", "one", "all"],
)
def test_more_than_a_transaction_takes_is_refused(
    store: Table, doors: Doors, drafts: Sequence[Draft], sizes: str
) -> None:
    empty = store.read()
    doors.calls.clear()
    with pytest.raises(Refused) as refused:
        store.append(empty, drafts, owner=A, run="a")
    assert str(refused.value) == (
        f"{sizes} are too much for table {doors.name}, which takes 99 at once, of 400000 bytes "
        "each and 4000000 in all"
    )
    assert doors.calls == []


# What AWS answers.


def answers(code: str, operation: str, **response: Any) -> Callable[[], None]:
    """Instead of a call: the error that Clients makes of AWS's answer."""

    def refuse() -> None:
        error = ClientError(
            {"Error": {"Code": code, "Message": "Because"}, **response},  # type: ignore[typeddict-item]
            operation,
        )
        raise explained(error, f"dynamodb:{operation}") from error

    return refuse


def cancelled(*codes: str) -> Callable[[], None]:
    return answers(
        "TransactionCanceledException",
        "TransactWriteItems",
        CancellationReasons=[{"Code": code} for code in codes],
    )


def test_a_table_that_is_not_there_is_named(doors: Doors) -> None:
    gone = doors.store(name="gone")
    nothing = Snapshot(state=State(), lease=Lease(owner=A))
    for call in (
        gone.read,
        gone.history,
        lambda: gone.append(nothing, observed("one"), owner=A, run="a"),
        lambda: gone.append(nothing, [], owner=A, run="a"),
        lambda: gone.want(nothing, "rollback"),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert str(refused.value) == (
            "there is no table gone for the journal of prod in this account and region; "
            "check AWS_PROFILE, or run `pulumi up` again"
        )


def test_other_refusals_and_outages_are_passed_on(store: Table, doors: Doors) -> None:
    doors.before["query"] = answers("AccessDeniedException", "Query")
    with pytest.raises(Refused, match=r"^AWS denies dynamodb:Query \(Because\); allow it"):
        store.read()
    doors.before["query"] = answers("ThrottlingException", "Query")
    with pytest.raises(Unavailable, match=r"^AWS can't take dynamodb:Query now"):
        store.read()


@pytest.mark.parametrize(
    "codes",
    [
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("ThrottlingError", "ConditionalCheckFailed"),
        ("ProvisionedThroughputExceeded", "None"),
    ],
    ids=str,
)
def test_a_transaction_that_met_another_may_be_repeated(
    store: Table, doors: Doors, codes: tuple[str, str]
) -> None:
    doors.before["transact_write_items"] = cancelled(*codes)
    with pytest.raises(Unavailable) as unavailable:
        store.append(store.read(), observed("one"), owner=A, run="a")
    named = ", ".join(sorted({*codes} - {"None"}))
    assert str(unavailable.value) == f"table {doors.name} is busy with other writes ({named})"


def test_a_renewal_that_met_a_transaction_may_be_repeated(store: Table, doors: Doors) -> None:
    doors.before["update_item"] = answers("TransactionConflictException", "UpdateItem")
    with pytest.raises(Unavailable) as unavailable:
        store.append(store.read(), [], owner=A, run="a")
    assert str(unavailable.value) == f"table {doors.name} is busy with another write to prod"


def test_a_transaction_that_is_wrong_is_refused(store: Table, doors: Doors) -> None:
    doors.before["transact_write_items"] = cancelled(
        "None", "ValidationError", "TransactionConflict"
    )
    with pytest.raises(Refused) as refused:
        store.append(store.read(), observed("one", "two"), owner=A, run="a")
    assert str(refused.value) == (
        f"table {doors.name} takes no entry for prod (TransactionConflict, ValidationError)"
    )
