"""The journal's table on an emulated DynamoDB, and who writes to it."""

import itertools
from collections.abc import Callable
from typing import Any

from cutover.decide.journal import Draft, plain
from cutover.decide.state import Summary
from cutover.do.clients import Clients
from cutover.do.table import Table
from cutover.do.world import Unavailable
from infra.outputs import Owner
from tests.cutover_aws import StoppedClock
from tests.environments import recorded

START = 1_800_000_000.0
TAKEN = START + 30
_numbers = itertools.count()


class Doors:
    """One process's way to a table that a test can interfere with: just before a call is sent, or
    with its answer."""

    def __init__(self, real: Clients, *, beside: "Doors | None" = None) -> None:
        """To a table of its own, as the program asks for it, or to the one of another process."""
        self.real = real
        self.clock = beside.clock if beside else StoppedClock(START)
        self.name = beside.name if beside else _new_table(real)
        self.calls: list[str] = []
        self.arguments: dict[str, Any] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[Any], Any]] = {}

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:
        assert service == "dynamodb"
        self.calls.append(operation)
        self.arguments = arguments
        if act := self.before.pop(operation, None):
            act()
        answer = self.real.call(service, operation, **arguments)
        if act := self.after.pop(operation, None):
            return act(answer)
        return answer

    def beside(self) -> "Doors":
        """Another process's, to the same table."""
        return Doors(self.real, beside=self)

    def store(self, scope: str = "prod", *, name: str | None = None) -> Table:
        clients: Any = self
        return Table(
            clients, table=name or self.name, scope=scope, clock=self.clock, lease_seconds=30
        )

    def items(self, scope: str = "prod") -> dict[str, dict[str, Any]]:
        """What is in the table, by sort key."""
        found = self.real.call(
            "dynamodb",
            "query",
            TableName=self.name,
            KeyConditionExpression="#s = :s",
            ExpressionAttributeNames={"#s": "scope"},
            ExpressionAttributeValues={":s": {"S": scope}},
        )["Items"]
        return {item["record"]["S"]: item for item in found}


def _new_table(clients: Clients) -> str:
    asked = recorded("prod").only("aws:dynamodb/table:Table").inputs
    name = f"journal-{next(_numbers)}"
    clients.call(
        "dynamodb",
        "create_table",
        TableName=name,
        KeySchema=[
            {"AttributeName": asked["hashKey"], "KeyType": "HASH"},
            {"AttributeName": asked["rangeKey"], "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}
            for attribute in asked["attributes"]
        ],
        BillingMode=asked["billingMode"],
    )
    return name


def owner(run: str, *, pid: int = 7, host: str = "runner-1") -> Owner:
    return Owner(run=run, purpose="deploy", host=host, pid=pid, by="jane")


A, B = owner("a", pid=1), owner("b", pid=2)


def observed(*whats: str) -> list[Draft]:
    return [Draft(kind="observed", data={"what": what}) for what in whats]


def ended(summary: Summary) -> Draft:
    return Draft(kind="ended", data={"outcome": "done", "summary": plain(summary)})


def lose_the_answer(_answer: Any) -> Any:
    raise Unavailable("dynamodb:TransactWriteItems got no answer from AWS")
