"""Lease and journal entries as items of the table.

An entry is one text attribute: its canonical JSON, so that its hash can be taken again and no
float is lost. The lease has native attributes, because conditions need them.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cutover.decide.journal import Entry, Malformed, canonical
from cutover.decide.run import Run
from cutover.decide.state import State
from cutover.do.store import Lease
from infra.outputs import LEASE_RECORD, OpenRun, Owner, record_key

Item = Mapping[str, Mapping[str, Any]]

_ENTRY = TypeAdapter(Entry)
_OWNER = TypeAdapter(Owner)


@dataclass(frozen=True, kw_only=True)
class Head:
    """The lease, and the newest entry of the journal that it leads: number and hash."""

    lease: Lease
    sequence: int
    hash: str


def entry_record(sequence: int) -> str:
    """The sort key of an entry; ten digits keep the order of numbers. The lease's sorts after
    every entry's, so that a query from the end begins with it."""
    return f"entry#{sequence:010d}"


def item_of(scope: str, entry: Entry) -> Item:
    text = canonical(dataclasses.asdict(entry))
    return {**record_key(scope, entry_record(entry.sequence)), "entry": {"S": text}}


def entry_of(item: Item) -> Entry:
    """The entry in an item; Malformed unless it is, letter by letter, what `item_of` writes."""
    record = item["record"]["S"]
    try:
        text = item["entry"]["S"]
        entry = _ENTRY.validate_python(json.loads(text))
    except (KeyError, json.JSONDecodeError, ValidationError) as error:
        raise Malformed(
            f"record {record} of the journal can't be read ({type(error).__name__}); "
            "this program did not write it, or another version did"
        ) from None
    if item_of(item["scope"]["S"], entry) != item:
        raise Malformed(f"record {record} of the journal was changed after it was written")
    return entry


def head_of(item: Item) -> Head:
    """The head in the lease's item; Malformed when it can't be read."""
    try:
        owner = item.get("owner")
        lease = Lease(
            version=int(item["version"]["N"]),
            token=int(item["token"]["N"]),
            owner=_OWNER.validate_json(owner["S"]) if owner else None,
            ends_at=float(item["ends_at"]["N"]),
            wanted=min(item["wanted"]["SS"]) if "wanted" in item else "",
        )
        return Head(
            lease=lease, sequence=int(item["head_sequence"]["N"]), hash=item["head_hash"]["S"]
        )
    except (KeyError, ValueError) as error:
        raise Malformed(
            f"the lease of {item['scope']['S']} can't be read ({type(error).__name__}); "
            "this program did not write it, or another version did"
        ) from None


def lease_update(
    scope: str, before: Lease, after: Lease, state: State, *, answered: bool
) -> dict[str, Any]:
    """The arguments of an update of the lease, which succeeds only if it is still `before`.

    Wishes end with the ownership. Until then only the one that is `answered` is taken away: others
    may have come since the lease was read.
    """
    values: dict[str, Any] = {
        ":version": {"N": str(after.version)},
        ":token": {"N": str(after.token)},
        ":ends_at": {"N": repr(float(after.ends_at))},
        ":head_sequence": {"N": str(state.sequence)},
        ":head_hash": {"S": state.hash},
    }
    removed = []
    for name, value in ((":owner", after.owner), (":run", _open_run(state.run))):
        if value:
            values[name] = {"S": canonical(dataclasses.asdict(value))}
        else:
            removed.append(f"#{name[1:]}")
    expression = "SET " + ", ".join(f"#{name[1:]} = {name}" for name in values)
    if after.owner is None or after.token != before.token:
        removed.append("#wanted")
    elif answered and before.wanted:
        expression += " DELETE #wanted :answered"
        values[":answered"] = {"SS": [before.wanted]}
    if removed:
        expression += f" REMOVE {', '.join(removed)}"
    condition = "attribute_not_exists(#version)"
    if before.version:
        condition, values[":before"] = "#version = :before", {"N": str(before.version)}
    return {
        "Key": record_key(scope, LEASE_RECORD),
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": _names(expression, condition),
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def wish_update(scope: str, held: Lease, wish: str) -> dict[str, Any]:
    """The arguments of an update that asks the holder of the lease, as long as it is the same.

    Wishes are a set: a second one does not replace the first.
    """
    expression, condition = "ADD #wanted :wish", "#token = :token AND attribute_exists(#owner)"
    return {
        "Key": record_key(scope, LEASE_RECORD),
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": _names(expression, condition),
        "ExpressionAttributeValues": {":wish": {"SS": [wish]}, ":token": {"N": str(held.token)}},
    }


def _open_run(run: Run | None) -> OpenRun | None:
    if run is None:
        return None
    step = run.step.key if run.step else ""
    return OpenRun(id=run.id, verb=run.plan.verb, step=step, held=run.held or "")


def _names(*expressions: str) -> dict[str, str]:
    """Real names of the placeholders; some are words that DynamoDB reserves."""
    return {f"#{name}": name for name in re.findall(r"#(\w+)", " ".join(expressions))}
