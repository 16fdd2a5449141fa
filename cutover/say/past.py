"""`history`: the journal, entry by entry."""

import dataclasses
import json

from cutover.decide.journal import Entry
from cutover.decide.outcome import Exit
from cutover.say import wiring
from cutover.say.answer import Answer
from cutover.say.job import order_of
from cutover.say.sentences import entry_sentence, moment


def history(stack: str, *, newest: int, verify: bool) -> Answer:
    """The newest entries, oldest first. The store checks the whole chain, from the first entry to
    the head that the lease knows, or raises Malformed; `verify` says so."""
    environment = wiring.open_environment(stack, order_of("history", None).run)
    entries = environment.store.history()
    chosen = entries[-newest:]
    sentence = ""
    if verify:
        head = f", up to {entries[-1].hash}" if entries else ""
        sentence = f"the chain of {len(entries)} entries is whole{head}"
    return Answer(
        exit=Exit.DONE,
        sentence=sentence,
        text="\n".join(map(_line, chosen)),
        rows=[json.dumps(dataclasses.asdict(entry), sort_keys=True) for entry in chosen],
    )


def _line(entry: Entry) -> str:
    run = f"{entry.run} " if entry.run else ""
    said = entry_sentence(entry.kind, entry.data)
    return f"{entry.sequence:>5}  {moment(entry.at)}  {run}{entry.kind}: {said}"
