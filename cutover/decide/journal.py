"""The journal: what was decided and seen, in order, each entry holding the hash of the one before.

Entries are only ever appended. What they add up to is `State`, and nothing else is remembered.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cutover.decide.state import State

Kind = Literal[
    "started",  # plan, reason, by
    "resumed",  # reason, by, by_hand; despite, if there is anything
    "intent",  # step, before, after: weights that are about to be written
    "applied",  # step, weights: read back
    "converged",  # step, evidence: what the data plane showed
    "committed",  # step, weights
    "pointing",  # step, before, after: a page that is about to be written as index.html
    "pointed",  # step, page, evidence: what the public path shows
    "noted",  # step, name, value: an id that a later attempt must find again
    "filled",  # step, slot, filled
    "raised",  # tasks: both slots are to have so many, since autoscaling wants them of one
    "grown",  # slot, tasks: so many of what was raised are healthy
    "migrated",  # step, schema: what the database has from now on, whatever becomes of the run
    "emptied",  # step, slot
    "passed",  # step, evidence, home_latency_seconds of a gate: a step that leaves nothing else
    "turned",  # steps, reason, by_hand, aborts; by, of a person: the run goes back; or forward
    "forward_only",  # reason: what the slot to go back to lacks; empty when it has it again
    "paused",  # reason: a freeze stops the run on its ladder, and its gates go on
    "held",  # cause, reason: nothing moves until a person has looked
    "adopted",  # weights: a person accepted what somebody else wrote
    "kept",  # page, step, by: a person accepted the index.html that somebody else wrote
    "ended",  # outcome, summary; reason, by, of a person who gave it up
    "frozen",  # reason, by, until
    "unfrozen",  # reason, by
    "observed",  # what: something that a person should find here later
]


class Malformed(ValueError):
    """A journal that can't be what this program wrote. One sentence."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the journal. `at` is epoch seconds; `token` is the writer's fencing token;
    `run` is empty for what belongs to no run."""

    sequence: int
    run: str
    token: int
    at: float
    kind: Kind
    data: Mapping[str, Any]
    previous: str
    hash: str

    def digest(self) -> str:
        """The hash that the entry must have: of all its other fields, as canonical JSON."""
        fields = {name: value for name, value in vars(self).items() if name != "hash"}
        return hashlib.sha256(canonical(fields).encode()).hexdigest()


@dataclass(frozen=True)
class Draft:
    """An entry to be: the store numbers and chains it."""

    kind: Kind
    data: Mapping[str, Any] = field(default_factory=dict)


def canonical(value: Any) -> str:
    """JSON with one spelling for each value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """A dataclass as plain nested data: what an entry may hold."""
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value  # pyright: ignore[reportArgumentType]


def chain(
    drafts: Sequence[Draft], *, state: State, run: str, token: int, at: float
) -> tuple[Entry, ...]:
    """The drafts as the entries that come next."""
    entries: list[Entry] = []
    sequence, previous = state.sequence, state.hash
    for draft in drafts:
        sequence += 1
        unsigned = Entry(
            sequence=sequence,
            run=run,
            token=token,
            at=at,
            kind=draft.kind,
            data=draft.data,
            previous=previous,
            hash="",
        )
        entry = dataclasses.replace(unsigned, hash=unsigned.digest())
        entries.append(entry)
        previous = entry.hash
    return tuple(entries)
