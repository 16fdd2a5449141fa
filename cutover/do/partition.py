"""The calls to DynamoDB: reading a partition, and writing to it on a condition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cutover.decide.journal import Malformed
from cutover.do.aws_errors import error_code
from cutover.do.clients import Clients
from cutover.do.records import Item
from cutover.do.world import Refused, Unavailable

# DynamoDB's quotas: actions and bytes of a transaction, bytes of an item
# (Amazon DynamoDB Developer Guide, "Quotas").
MOST_ITEMS = 100 - 1
_TRANSACTION_BYTES = 4_000_000
_ITEM_BYTES = 400_000
# A run writes some fifty entries: one page reaches back to the end of the run before.
PAGE_ITEMS = 200

# Of transactions that were cancelled for a reason that passes (API reference of
# TransactionCanceledException).
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_FAILED = "ConditionalCheckFailed"


class Changed(Exception):
    """A condition did not hold. `item` is what is there now, None when nothing is."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the item is not what it was when it was read")
        self.item = item


@dataclass(frozen=True, kw_only=True)
class Partition:
    """The items of one scope. Every method raises Unavailable and Refused."""

    clients: Clients
    table: str
    scope: str

    @property
    def restore(self) -> str:
        """What to do about a damaged journal, as the end of a sentence."""
        return f"restore table {self.table} from its point-in-time recovery"

    def newest_first(self) -> Iterator[Item]:
        """From the last sort key to the first; one call for each page that is asked for."""
        start: dict[str, Any] = {}
        while True:
            page = self._call(
                "query",
                TableName=self.table,
                KeyConditionExpression="#scope = :scope",
                ExpressionAttributeNames={"#scope": "scope"},
                ExpressionAttributeValues={":scope": {"S": self.scope}},
                ConsistentRead=True,
                ScanIndexForward=False,
                Limit=PAGE_ITEMS,
                **start,
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def update(self, update: Mapping[str, Any]) -> Item:
        """Updates one item and returns it as it is then; Changed when its condition fails."""
        answer = self._call("update_item", TableName=self.table, **update, ReturnValues="ALL_NEW")
        return answer["Attributes"]

    def add(self, items: Sequence[Item], update: Mapping[str, Any]) -> None:
        """Updates one item and adds new ones, all or nothing; Changed when the update's condition
        fails, Malformed when an item is there already."""
        self._refuse_too_much(items)
        puts = [
            {
                "Put": {
                    "TableName": self.table,
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(#record)",
                    "ExpressionAttributeNames": {"#record": "record"},
                }
            }
            for item in items
        ]
        first = {"Update": {"TableName": self.table, **update}}
        self._call("transact_write_items", TransactItems=[first, *puts])

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return self.clients.call("dynamodb", operation, **arguments)
        except Refused as refused:
            match error_code(refused):
                case "ConditionalCheckFailedException":
                    raise Changed(_response(refused).get("Item")) from None
                case "TransactionCanceledException":
                    raise self._cancelled(_response(refused)["CancellationReasons"]) from None
                case "TransactionConflictException":
                    raise Unavailable(
                        f"table {self.table} is busy with another write to {self.scope}"
                    ) from None
                case "ResourceNotFoundException":
                    raise Refused(
                        f"there is no table {self.table} for the journal of {self.scope} in this "
                        "account and region; check AWS_PROFILE, or run `pulumi up` again"
                    ) from None
                case "ValidationException":
                    reason = _response(refused)["Error"]["Message"]
                    raise Refused(
                        f"table {self.table} is not shaped as the journal of {self.scope} "
                        f"({reason}); run `pulumi up` again"
                    ) from None
            raise

    def _cancelled(self, reasons: Sequence[Mapping[str, Any]]) -> Exception:
        if reasons[0]["Code"] == _FAILED:
            return Changed(reasons[0].get("Item"))
        codes = {reason["Code"] for reason in reasons} - {"None"}
        if codes == {_FAILED}:
            return Malformed(
                f"the journal of {self.scope} has entries that its lease does not know; "
                f"{self.restore}"
            )
        named = ", ".join(sorted(codes))
        if codes <= {_FAILED, *_PASSING}:
            return Unavailable(f"table {self.table} is busy with other writes ({named})")
        return Refused(f"table {self.table} takes no entry for {self.scope} ({named})")

    def _refuse_too_much(self, items: Sequence[Item]) -> None:
        sizes = [_bytes(item) for item in items]
        if len(sizes) > MOST_ITEMS or max(sizes) > _ITEM_BYTES or sum(sizes) > _TRANSACTION_BYTES:
            raise Refused(
                f"{len(sizes)} entries of {max(sizes)} bytes at most and {sum(sizes)} in all are "
                f"too much for table {self.table}, which takes {MOST_ITEMS} at once, of "
                f"{_ITEM_BYTES} bytes each and {_TRANSACTION_BYTES} in all"
            )


def _bytes(item: Item) -> int:
    """As DynamoDB counts an item of texts: names and values in UTF-8."""
    return sum(len(name) + len(value["S"].encode()) for name, value in item.items())


def _response(refused: Refused) -> Mapping[str, Any]:
    """AWS's whole answer, of which botocore parses what the operation's model says."""
    cause = refused.__cause__
    if not isinstance(cause, ClientError):
        raise TypeError(f"{refused!r} is no answer of AWS")
    return cause.response
