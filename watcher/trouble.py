"""What a lease says that nobody writes to any more, and what people can do about it; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.outputs import OpenRun, Owner

Item = Mapping[str, Mapping[str, Any]]
"""As DynamoDB gives one: its type and value, by attribute."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is not as it should be, if it stays so: `problem`, since when, and what to do."""

    seen: str
    """The same as long as nobody has written to the lease."""
    problem: str
    then: str

    def sentence(self, environment: str, since: float) -> str:
        moment = datetime.fromtimestamp(since, UTC)
        return f"{environment}: {self.problem} since {moment:%Y-%m-%d %H:%M} UTC; {self.then}"


def trouble(environment: str, lease: Item) -> Trouble | None:
    """What a lease says that nobody writes to any more; None when it may stay as it is."""
    cutover = "python -m cutover"
    seen = json.dumps([lease.get(name) for name in ("version", "owner", "run")])
    try:
        int(lease["version"]["N"])
        owner = Owner(**json.loads(lease["owner"]["S"])) if "owner" in lease else None
        run = OpenRun(**json.loads(lease["run"]["S"])) if "run" in lease else None
    except (KeyError, TypeError, ValueError) as error:
        return Trouble(
            seen=seen,
            problem=f"the lease can't be read ({type(error).__name__})",
            then=f"`{cutover} history --verify --stack {environment}` says what is damaged",
        )
    commands = (
        f"nothing moves by itself: `{cutover} status --stack {environment}` shows it, "
        f"`{cutover} resume --stack {environment}` goes on, "
        f"`{cutover} rollback --stack {environment}` goes back"
    )
    match owner, run:
        case Owner(), OpenRun():
            return Trouble(
                seen=seen,
                problem=f"{_named(owner)} has shown no sign of life",
                then=f"run {run.id} ({run.verb}) is open {_at(run)}, and {commands}",
            )
        case Owner(), None:
            return Trouble(
                seen=seen,
                problem=f"{_named(owner)} has shown no sign of life",
                then=f"see that what it ran has ended; `{cutover} verify --stack {environment}` "
                "compares the weights, and the next command takes the lease over",
            )
        case None, OpenRun(held=""):
            return Trouble(
                seen=seen,
                problem=f"run {run.id} ({run.verb}) has been left {_at(run)}",
                then=commands,
            )
        case None, OpenRun():
            return Trouble(
                seen=seen,
                problem=f"run {run.id} ({run.verb}) has been held {_at(run)}",
                then=f"the reason: {run.held}; {commands}",
            )
    return None


def _named(owner: Owner) -> str:
    return f"{owner.purpose} of {owner.by} (process {owner.pid} on {owner.host})"


def _at(run: OpenRun) -> str:
    return f"at step {run.step!r}" if run.step else "after its last step"
