"""The loop that carries decisions out: one thing at a time, each in the journal before it is done.

It keeps nothing of its own: what it knows comes from the journal, or is read again.
"""

import dataclasses
from collections.abc import Callable, Sequence

from cutover.decide.actions import Action, Append, Effect, Look, Point, SetWeights, Wait
from cutover.decide.journal import Draft
from cutover.decide.live import Live
from cutover.decide.next_action import next_action
from cutover.decide.outcome import Exit, Result, result
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.do.changing import changed
from cutover.do.logbook import GaveWay, Logbook, Silent, Tell
from cutover.do.looking import looked
from cutover.do.store import LeaseLost
from cutover.do.taking import Interrupted
from cutover.do.world import Clock, ForeignRule, Refused, Unavailable, World
from infra.outputs import SLOTS

# A signal is noticed after so long at most.
SLICE_SECONDS = 0.5


class Runner:
    """Carries one run on, until it ends, is held, or is somebody else's."""

    def __init__(
        self,
        world: World,
        log: Logbook,
        clock: Clock,
        setting: Setting,
        *,
        tell: Tell,
        interrupted: Callable[[], bool],
    ) -> None:
        self._world, self._log, self._clock, self._setting = world, log, clock, setting
        self._tell, self._interrupted = tell, interrupted
        self._weighed_at = clock.monotonic()

    def carry_on(self, opening: Sequence[Draft]) -> Result:
        """Does what the journal and the opening entries ask for, to its end.

        The opening entries are written with the first that must be durable: nothing is done when
        another has been faster.
        """
        log, live = self._log, Live()
        try:
            log.add(*opening)
            while (run := log.state.run) and not run.held:
                if self._interrupted():
                    raise Interrupted
                action = next_action(log.state, live, self._clock.now(), self._setting)
                live = self._perform(action, live)
            log.close()
        except LeaseLost as lost:
            if isinstance(lost, Silent) and not log.owns:
                raise Unavailable(f"{lost}; nothing was begun") from lost
            return Result(exit=Exit.LOCK_LOST, sentence=str(lost), state=log.written)
        except Refused as refused:
            if not log.owns:
                raise
            # Not even that could be written: credentials that end with the hour, as a rule.
            sentence = f"{refused}; run {log.run} stays open, and `cutover resume` goes on with it"
            return Result(exit=Exit.HELD, sentence=sentence, state=log.written)
        except GaveWay as purpose:
            return self._leave(Exit.LOCK_LOST, f"gave way to {purpose}, between two calls")
        except Interrupted:
            return self._leave(
                Exit.INTERRUPTED, "interrupted between two calls; `resume` goes on from here"
            )
        return result(log.written, log.owner.purpose)

    def _perform(self, action: Action, live: Live) -> Live:
        try:
            match action:
                case Look():
                    return self._look(action, live)
                case Append():
                    self._log.add(*action.drafts)
                    if action.last:
                        self._log.close()
                    return dataclasses.replace(live, waited_for="")
                case Wait():
                    self._tell(self._log.state, action.why)
                    self._wait(action.seconds)
                    return dataclasses.replace(live.forget(), waited_for=action.why)
                case _:
                    return self._do(action, live)
        except Unavailable as error:
            self._tell(self._log.state, f"{error}; trying again")
            self._wait(self._log.backoff.next_seconds())
            return dataclasses.replace(live.forget(), unanswered=str(error))
        except Refused as error:
            cause = "foreign" if isinstance(error, ForeignRule) else "refused"
            self._log.add(Draft("held", {"cause": cause, "reason": str(error)}))
            self._log.close()
            return live

    def _look(self, look: Look, live: Live) -> Live:
        if look.at == "weights":
            self._weighed_at = self._clock.monotonic()
        if look.at == "index":
            self._log.flush()  # what is proven is told before S3 is asked, which may be away
        try:
            return looked(self._world, look, live, self._log.state.summary.slots)
        except ForeignRule as found:
            if not self._run().by_hand:
                raise
            # A person goes back over a rule that is no split: it has no weights, and is written
            # anew, and the journal says what was there.
            self._log.add(Draft("observed", {"what": str(found)}))
            return dataclasses.replace(live, weights=dict.fromkeys(SLOTS, 0))

    def _do(self, effect: Effect, live: Live) -> Live:
        log, decided = self._log, self._log.state.summary.frozen
        log.flush()
        log.keep()
        if log.state.summary.frozen != decided:
            return live.forget()  # a letter came with the lease: decide again before the call
        run, not_after = self._run(), self._clock.now() + log.lease_left
        match effect:
            case SetWeights():
                if run.write is None:
                    raise ValueError("weights are written only after their intent")
                if self._clock.monotonic() - self._weighed_at > self._setting.call_seconds:
                    return live.forget()  # the journal took its time: look again before the write
                answer = self._world.set_weights(run.write.after, not_after=not_after)
                return dataclasses.replace(live.forget(), written=(run.write.step, answer))
            case Point():
                # No second look before it, as for weights: S3 compares, and refuses what is not so.
                self._world.point(effect.page, etag=effect.etag, not_after=not_after)
            case change:
                log.add(changed(self._world, change, run, not_after=not_after))
        return live.forget()

    def _wait(self, seconds: float) -> None:
        self._log.flush()
        ends = self._clock.monotonic() + seconds
        while (left := ends - self._clock.monotonic()) > 0:
            if self._interrupted():
                raise Interrupted
            self._clock.sleep(min(left, SLICE_SECONDS))
        self._log.renew()

    def _leave(self, code: Exit, sentence: str) -> Result:
        """Frees the lease on the way out; the run stays open."""
        self._log.leave(sentence)
        return Result(exit=code, sentence=sentence, state=self._log.written)

    def _run(self) -> Run:
        if self._log.state.run is None:
            raise ValueError("there is no open run")
        return self._log.state.run
