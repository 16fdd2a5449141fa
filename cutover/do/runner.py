"""The loop that carries decisions out: one thing at a time, each in the journal before it is done.

It keeps nothing of its own: what it knows comes from the journal, or is read again.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cutover.decide.actions import (
    Action,
    Append,
    Effect,
    Fill,
    Look,
    Migrate,
    Point,
    Register,
    Roll,
    ScaleIn,
    SetWeights,
    Wait,
)
from cutover.decide.fold import fold
from cutover.decide.journal import Draft, chain
from cutover.decide.live import Live
from cutover.decide.model import Filled, Release, Weights, active
from cutover.decide.next_action import next_action
from cutover.decide.outcome import Exit, Result, held
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.backoff import Backoff
from cutover.do.store import LeaseLost, Owner, Snapshot, Store
from cutover.do.taking import Interrupted, read_letter
from cutover.do.world import Clock, ForeignRule, Refused, Unavailable, World
from infra.outputs import SLOTS, Slot

# A shorter wait than this is not worth a call to renew the lease.
RENEW_SECONDS = 2.0
# A signal is noticed after so long at most.
SLICE_SECONDS = 0.5

Key = TypeVar("Key")
Seen = TypeVar("Seen")

Tell = Callable[[State, str], None]
"""Told of each state of the run, and of what it waits for."""


class GaveWay(Exception):
    """Another command asked for the lease. Its purpose."""


class Runner:
    """Carries one run on, until it ends, is held, or is somebody else's."""

    def __init__(
        self,
        world: World,
        store: Store,
        clock: Clock,
        setting: Setting,
        owner: Owner,
        *,
        tell: Tell = lambda _state, _what: None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._world, self._store, self._clock = world, store, clock
        self._setting, self._owner = setting, owner
        self._tell, self._interrupted = tell, interrupted
        self._backoff = Backoff.of(owner.run)

    def carry_on(
        self, snapshot: Snapshot, run: str, opening: Sequence[Draft], *, steal: bool = False
    ) -> Result:
        """Does what the journal and the opening entries ask for, to its end.

        The opening entries are written with the first that must be durable, which also takes the
        lease: nothing is done, and nothing written, when another has been faster.
        """
        self._snapshot, self._run_id, self._steal = snapshot, run, steal
        self._state, self._pending = snapshot.state, list[Draft]()
        self._owns, self._fresh_at = False, self._clock.monotonic()
        self._weighed_at = self._fresh_at
        live = Live()
        try:
            self._add(opening)
            while (open_run := self._state.run) and not open_run.held:
                if self._interrupted():
                    raise Interrupted
                action = next_action(self._state, live, self._clock.now(), self._setting)
                live = self._perform(action, live)
            # Nothing is left to be done: what is still pending ends the run, and frees the lease.
            self._flush(release=bool(self._pending) or self._snapshot.lease.owner == self._owner)
        except LeaseLost as lost:
            return Result(exit=Exit.LOCK_LOST, sentence=str(lost), state=self._snapshot.state)
        except Refused as refused:
            if not self._owns:
                raise
            # Not even that could be written: credentials that end with the hour, as a rule.
            return Result(
                exit=Exit.HELD,
                sentence=f"{refused}; run {run} stays open, and `cutover resume` goes on with it",
                state=self._snapshot.state,
            )
        except GaveWay as purpose:
            return self._leave(Exit.LOCK_LOST, f"gave way to {purpose}, between two calls")
        except Interrupted:
            return self._leave(
                Exit.INTERRUPTED, "interrupted between two calls; `resume` goes on from here"
            )
        return result(self._snapshot.state, self._owner.purpose)

    @property
    def had_the_lease(self) -> bool:
        """Whether anything was written."""
        return self._owns

    def _perform(self, action: Action, live: Live) -> Live:
        try:
            match action:
                case Look():
                    return self._look(action, live)
                case Append():
                    self._add(action.drafts)
                    if action.last:
                        self._flush(release=True)
                    return live
                case Wait():
                    self._tell(self._state, action.why)
                    self._wait(action.seconds)
                    return live.forget()
                case _:
                    return self._do(action, live)
        except Unavailable as error:
            self._tell(self._state, f"{error}; trying again")
            self._wait(self._backoff.next_seconds())
            return live.forget()
        except Refused as error:
            cause = "foreign" if isinstance(error, ForeignRule) else "refused"
            self._add((Draft("held", {"cause": cause, "reason": str(error)}),))
            self._flush(release=True)
            return live

    def _look(self, look: Look, live: Live) -> Live:
        world, slot = self._world, look.slot
        match look.at:
            case "weights":
                self._weighed_at = self._clock.monotonic()
                return dataclasses.replace(live, weights=self._weights())
            case "health":
                seen = world.health(slot)
                steady = live.steady.get(slot, 0) + 1 if 0 < seen.total == seen.healthy else 0
                return dataclasses.replace(
                    live,
                    health={**live.health, slot: seen},
                    steady={**live.steady, slot: steady},
                )
            case "services":
                return dataclasses.replace(live, services=world.services())
            case "alarms":
                return dataclasses.replace(live, alarms=_or_nothing(world.alarms))
            case "samples":
                seen = _or_nothing(lambda: world.samples(look.since))
                return dataclasses.replace(live, samples=seen, samples_since=look.since)
            case "smoke":
                expected = self._expected(slot)
                smoke = world.smoke(slot, expected.release, expected.tasks)
                return dataclasses.replace(live, smokes={**live.smokes, slot: smoke})
            case "split":
                return dataclasses.replace(live, split=world.split(look.probes))
            case "index":
                self._flush()  # what is proven is told before S3 is asked, which may be away
                return dataclasses.replace(live, index=world.index())
            case "shown":
                return dataclasses.replace(live, shown=world.shown())
            case "task":
                return dataclasses.replace(live, task=world.task(look.arn))

    def _weights(self) -> Weights:
        """No weights at all where a person goes back over a rule that is no split: it is written
        anew, and the journal says what was there."""
        try:
            return self._world.weights()
        except ForeignRule as found:
            if not self._run().by_hand:
                raise
            self._add((Draft("observed", {"what": str(found)}),))
            return dict.fromkeys(SLOTS, 0)

    def _do(self, effect: Effect, live: Live) -> Live:
        decided = self._state.summary.frozen
        self._flush()
        self._keep()
        if self._state.summary.frozen != decided:
            return live.forget()  # a letter came with the lease: decide again before the call
        run, world = self._run(), self._world
        not_after = self._clock.now() + self._lease_left()
        if isinstance(effect, SetWeights):
            if run.write is None:
                raise ValueError("weights are written only after their intent")
            if self._clock.monotonic() - self._weighed_at > self._setting.call_seconds:
                return live.forget()  # the journal took its time: look again before the write
            answer = world.set_weights(run.write.after, not_after=not_after)
            return dataclasses.replace(live.forget(), written=(run.write.step, answer))
        if isinstance(effect, Point):
            # No second look before it, as for weights: S3 compares, and refuses what is not so.
            world.point(effect.page, etag=effect.etag, not_after=not_after)
            return live.forget()
        name, value = "asked", "yes"
        match effect:
            case Register():
                name, value = "task_definition", world.register(_release(run))
            case Migrate():
                name = "verify" if effect.verify_only else "migrate"
                value = world.start_migration(
                    _release(run), run.unique_name, verify_only=effect.verify_only
                )
            case Fill():
                value = world.fill(
                    effect.slot, effect.task_definition, effect.tasks, not_after=not_after
                )
            case ScaleIn():
                world.scale_in(effect.slot, floor=effect.floor, not_after=not_after)
            case Roll():
                name, value = "deployment", world.roll(effect.slot, not_after=not_after)
        self._add((Draft("noted", {"step": effect.step, "name": name, "value": value}),))
        return live.forget()

    def _add(self, drafts: Sequence[Draft]) -> None:
        """To be written with what comes next, and decided upon from now on."""
        self._pending += drafts
        entries = chain(drafts, state=self._state, run=self._run_id, token=0, at=self._clock.now())
        self._state = fold(entries, self._state)
        if drafts:
            self._backoff.answered()
            self._tell(self._state, drafts[-1].kind)

    def _flush(self, *, release: bool = False, answered: bool = False, renew: bool = False) -> None:
        """Writes what is pending, which takes or renews the lease.

        A write whose answer was lost is found by reading: it is whole, or it is not there, or it
        arrives later and is met by the next attempt.
        """
        if not (self._pending or release or renew):
            return
        since = asked_at = self._clock.monotonic()
        unanswered = False
        while True:
            try:
                written = self._store.append(
                    self._snapshot,
                    self._pending,
                    owner=self._owner,
                    run=self._run_id,
                    release=release,
                    steal=self._steal,
                    answered=answered,
                )
                break
            except Unavailable as error:
                self._tell(self._state, f"{error}; trying again")
                unanswered = True
            except LeaseLost:
                if not unanswered:
                    raise
            self._clock.sleep(self._backoff.next_seconds())
            found = self._found(since, release=release)
            if found is not None:
                # Which of the attempts it was, nobody can tell; the first is the safe guess.
                written, asked_at = found, since
                break
            asked_at = self._clock.monotonic()
        self._pending, self._steal = [], False
        self._take(written, asked_at)

    def _found(self, since: float, *, release: bool) -> Snapshot | None:
        """What an append without an answer has written; None when it has written nothing."""
        before = self._snapshot
        if self._clock.monotonic() - since > self._setting.lease_seconds:
            raise LeaseLost("the journal has not answered for as long as a lease lasts")
        try:
            found = self._store.read()
        except Unavailable:
            return None
        if found.lease.version == before.lease.version:
            return None
        # A token is one owner's alone, but the next one is whoever's was faster.
        mine = found.lease.token == before.lease.token if self._owns else not release
        ours = found.lease.owner == (None if release else self._owner)
        if mine and ours and found.state.sequence == before.state.sequence + len(self._pending):
            return found
        raise LeaseLost("somebody else wrote to the journal while it did not answer")

    def _keep(self) -> None:
        """The lease outlasts the next calls, or is renewed first."""
        if self._lease_left() < 2 * self._setting.call_seconds + 1:
            self._flush(renew=True)

    def _take(self, snapshot: Snapshot, asked_at: float) -> None:
        self._snapshot, self._state = snapshot, snapshot.state
        self._owns, self._fresh_at = True, asked_at
        wanted = snapshot.lease.wanted
        if not wanted or snapshot.lease.owner != self._owner:
            return
        letter = read_letter(wanted)
        if letter is None:
            raise GaveWay(wanted)
        self._add((letter,))
        self._flush(answered=True)

    def _lease_left(self) -> float:
        return self._setting.lease_seconds - (self._clock.monotonic() - self._fresh_at)

    def _wait(self, seconds: float) -> None:
        self._flush()
        ends = self._clock.monotonic() + seconds
        while (left := ends - self._clock.monotonic()) > 0:
            if self._interrupted():
                raise Interrupted
            self._clock.sleep(min(left, SLICE_SECONDS))
        # Often, to learn soon what is wanted; nobody wants anything of a rollback.
        often = self._owner.purpose != "rollback"
        due = RENEW_SECONDS if often else self._setting.lease_seconds / 3
        if self._owns and self._clock.monotonic() - self._fresh_at >= due:
            self._flush(renew=True)

    def _leave(self, code: Exit, sentence: str) -> Result:
        """Frees the lease on the way out; the run stays open."""
        if self._owns:
            self._pending.append(Draft("observed", {"what": sentence}))
            with contextlib.suppress(LeaseLost, Refused):  # another's, or it ends by itself
                self._flush(release=True)
        return Result(exit=code, sentence=sentence, state=self._snapshot.state)

    def _run(self) -> Run:
        if self._state.run is None:
            raise ValueError("there is no open run")
        return self._state.run

    def _expected(self, slot: Slot) -> Filled:
        return self._state.summary.slots[slot]


def result(state: State, purpose: str) -> Result:
    """What the journal says of the last run, for a command of this purpose."""
    summary, run = state.summary, state.run
    if run is not None:
        code = held(run.cause)
        return Result(exit=code, sentence=run.held or f"run {run.id} is open", state=state)
    if summary.committed is None:
        return Result(
            exit=Exit.ROLLED_BACK,
            sentence="the first release did not go live; the environment is empty, as it was",
            state=state,
        )
    serving = active(summary.committed)
    sentence = f"{summary.slots[serving].release.release_id} serves from {serving}"
    asked_for = {"done": None, "rolled_back": "rollback", "aborted": "abort", None: None}
    reached = summary.outcome == "done" or asked_for[summary.outcome] == purpose
    return Result(exit=Exit.DONE if reached else Exit.ROLLED_BACK, sentence=sentence, state=state)


def _release(run: Run) -> Release:
    if run.plan.release is None:
        raise ValueError(f"a plan to {run.plan.verb} brings no release")
    return run.plan.release


def _or_nothing(look: Callable[[], Mapping[Key, Seen]]) -> Mapping[Key, Seen]:
    """What CloudWatch can't say now is missing, and the gates know what to make of that."""
    try:
        return look()
    except Unavailable:
        return {}
