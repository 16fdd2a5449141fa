"""One command's work on one environment: signals noted, progress shown, people told."""

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from cutover.decide.journal import Draft
from cutover.decide.outcome import Result
from cutover.decide.state import State
from cutover.do.channel import Channel
from cutover.do.notify import Notifier, channels
from cutover.do.order import Order
from cutover.do.session import Session
from cutover.say import caller, wiring
from cutover.say.interrupts import Interrupts, interrupts_noted
from cutover.say.progress import shown
from cutover.say.wiring import Environment

# What isn't sent then is not sent: a rollback has been proven, and somebody waits.
CLOSE_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """An open environment, who works on it, and who is told."""

    environment: Environment
    order: Order
    session: Session
    interrupts: Interrupts
    people: "People"


class People:
    """Those who are told on the environment's channels. What fails is said once, at the end."""

    def __init__(self) -> None:
        self._name, self._ways = "", tuple[Channel, ...]()
        self._notifier: Notifier | None = None

    def meet(self, environment: Environment) -> None:
        """Before anything can have happened there."""
        self._name = environment.contract.environment
        self._ways = channels(environment.clients, environment.contract)

    def hear(self, before: State, after: State) -> None:
        """What has changed in the journal."""
        if self._notifier is None:
            self._notifier = Notifier(self._name, before, self._ways)
        self._notifier.tell(after)

    def left(self, result: Result) -> None:
        """How a command ended that has written something."""
        if self._notifier:
            self._notifier.left(result)

    def page(self, sentence: str) -> None:
        """What no change of a run's state stands for."""
        for way in self._ways:
            way.offer(f"{self._name}: {sentence}")

    def close(self) -> None:
        notifier = Notifier(self._name, State(), self._ways)
        notifier.close(CLOSE_SECONDS)
        for failure in notifier.failures:
            print(failure, file=sys.stderr)


@contextmanager
def at_work(stack: str, order: Order, *, checked: bool = True, table: bool = True) -> Iterator[Job]:
    """Raises what opening an environment raises. Without a `table`, progress is always lines."""
    clock, people = wiring.SystemClock(), People()
    with interrupts_noted() as interrupts, closing(people), shown(clock, table=table) as progress:

        def hear(before: State, after: State, drafts: Sequence[Draft]) -> None:
            for draft in drafts:
                progress.wrote(after, draft)
            people.hear(before, after)

        environment = wiring.open_environment(stack, order.run, hear=hear, checked=checked)
        people.meet(environment)
        session = Session(
            environment.world,
            environment.store,
            environment.clock,
            environment.setting,
            order,
            tell=progress.tell,
            waiting=progress.notice,
            interrupted=lambda: bool(interrupts),
        )
        yield Job(
            environment=environment,
            order=order,
            session=session,
            interrupts=interrupts,
            people=people,
        )


def order_of(purpose: str, reason: str | None, run: str | None = None) -> Order:
    """This process's order; without a reason, what is done and by whom is the reason."""
    by = caller.readable(caller.by())
    return Order(
        run=run or caller.new_run(),
        reason=caller.readable(reason or f"{purpose} by {by}"),
        by=by,
        host=socket.gethostname(),
        pid=os.getpid(),
    )
