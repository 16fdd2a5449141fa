"""`guard`: a command under the lease, or one that makes an unreadable contract anew."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from cutover.decide.model import Weights
from cutover.do.child import wait
from cutover.do.contract import UnreadableContract
from cutover.do.guard import Guard
from cutover.do.world import Refused, Unavailable
from cutover.say import caller, wiring
from cutover.say.answer import Answer, BadInput, code_of
from cutover.say.interrupts import interrupts_noted
from cutover.say.job import Job, at_work, order_of
from infra.outputs import Owner


class Command:
    """A child with this process's own standard streams."""

    def __init__(self, command: Sequence[str]) -> None:
        """BadInput when there is no such program, or it can't be run."""
        try:
            self._process = subprocess.Popen(command)  # noqa: S603 (it is what the caller typed)
        except OSError as error:
            raise BadInput(f"{command[0]} can't be run: {error.strerror}") from None

    def poll(self) -> int | None:
        return self._process.poll()

    def send_signal(self, number: int) -> None:
        """Not what the terminal has sent to both already: Pulumi takes a second SIGINT for the wish
        to be killed half way."""
        if number != signal.SIGINT or not _on_terminal():
            self._process.send_signal(number)


def guard(stack: str, command: Sequence[str], *, purpose: str | None) -> Answer:
    """The command's own exit code if the weights are right afterwards, else an Exit.

    Where there is no contract nothing is run: the name or the region is wrong, or it is the very
    first `up`, which has nothing to keep off from.
    """
    label = caller.readable(purpose or caller.what(command))
    with ExitStack() as until_the_end:
        working = at_work(stack, order_of(label, None), table=False)
        try:
            job = until_the_end.enter_context(working)
        except UnreadableContract as unreadable:
            return _mending(stack, command, str(unreadable))
        return _under_lease(stack, job, command, label)


def _under_lease(stack: str, job: Job, command: Sequence[str], label: str) -> Answer:
    environment, order = job.environment, job.order
    owner = Owner(
        run=order.run,
        purpose="guard",
        host=order.host,
        pid=order.pid,
        by=f"{order.by} ({label})",
    )

    def weights() -> Weights:
        try:
            return wiring.open_environment(stack, order.run, checked=False).world.weights()
        except BadInput as bad:  # of the contract that the command has written
            raise Refused(str(bad)) from None

    watched = Guard(
        environment.store,
        environment.clock,
        environment.setting,
        owner,
        weights=weights,
        tell=_say,
        signalled=lambda: job.interrupts.came,
    )
    ended = watched.run(lambda: Command(command))
    if ended.foreign:
        job.people.page(ended.sentence)
    return Answer(exit=ended.code, sentence=ended.sentence)


def _mending(stack: str, command: Sequence[str], why: str) -> Answer:
    """Nobody can tell where the lease would be, and only the command can write that again; it
    can't move traffic (ADR 1)."""
    _say(f"{why}; the command runs without a lease, since nobody can tell where that is")
    with interrupts_noted() as interrupts:
        child = Command(command)
        code = wait(child, wiring.SystemClock(), signalled=lambda: interrupts.came)
    try:
        wiring.open_environment(stack, "")
    except (BadInput, Refused, Unavailable) as error:
        sentence = f"the command ended with code {code}, and still {error}"
        if isinstance(error, Unavailable):
            sentence = f"{sentence}; `cutover status` says whether it has its contract now"
        return Answer(exit=code or code_of(error), sentence=sentence)
    ended = f"the command ended with code {code}; " if code else ""
    return Answer(exit=code, sentence=f"{ended}stack {stack} has its contract now")


def _on_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, which signals whole groups."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # no terminal, or no standard input
        return False


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
