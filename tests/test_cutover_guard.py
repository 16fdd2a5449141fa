"""A guarded command runs under the lease, whatever happens to it, and no weight moves unseen."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from cutover.decide.journal import Draft
from cutover.decide.model import Weights
from cutover.do import guard_lease
from cutover.do.child import POLL_SECONDS
from cutover.do.guard import Ended, Guard
from cutover.do.store import LeaseLost
from cutover.do.taking import Interrupted, write_letter
from cutover.do.world import ForeignRule, Refused, Unavailable
from infra.outputs import Owner
from tests.cutover_bench import Bench
from tests.cutover_fakes import SETTING, throttled

OWNER = Owner(run="up-1", purpose="guard", host="desk", pid=8, by="ann@desk (pulumi up)")
RENEWALS = SETTING.lease_seconds / 3


@dataclass
class Child:
    """Ends after so many polls; `during` happens at each of them."""

    polls: int = 3
    code: int = 0
    during: Callable[[int], None] = lambda _poll: None
    asked: int = 0
    signals: list[int] = field(default_factory=list)

    def poll(self) -> int | None:
        self.asked += 1
        self.during(self.asked)
        return self.code if self.asked > self.polls else None

    def send_signal(self, number: int) -> None:
        self.signals.append(number)


class Guarded:
    """An environment with two releases behind it, and a guard on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench = Bench(monkeypatch)
        self.store, self.world, self.clock = self.bench.store, self.bench.world, self.bench.clock
        self.said: list[str] = []
        self.signal: int | None = None

    def run(self, child: Child, weights: Callable[[], Weights] | None = None) -> Ended:
        guard = Guard(
            self.store,
            self.clock,
            SETTING,
            OWNER,
            weights=weights or self.world.weights,
            tell=self.said.append,
            signalled=lambda: self.signal,
        )
        return guard.run(lambda: child)


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Guarded:
    made = Guarded(monkeypatch)
    made.bench.deployed("r0", "r1")
    return made


def test_the_command_has_the_lease_and_leaves_it_free_and_no_trace(guarded: Guarded) -> None:
    before = guarded.store.kinds()
    owners: list[Owner | None] = []
    ended = guarded.run(Child(during=lambda _poll: owners.append(guarded.store.lease.owner)))
    assert owners == [OWNER] * 4
    assert ended == Ended(
        code=0, sentence="the weights are as the journal left them: blue 0, green 100"
    )
    assert guarded.store.lease.owner is None
    assert guarded.store.kinds() == before
    assert guarded.said == []


def test_the_commands_own_failure_is_the_exit_code(guarded: Guarded) -> None:
    ended = guarded.run(Child(code=255))
    assert ended == Ended(
        code=255,
        sentence="the command ended with code 255; the weights are as the journal left them: "
        "blue 0, green 100",
    )


def test_a_command_that_a_signal_ended_has_the_code_that_shells_give(guarded: Guarded) -> None:
    assert guarded.run(Child(code=-signal.SIGKILL)).code == 137


def test_the_lease_is_renewed_three_times_in_its_term(guarded: Guarded) -> None:
    versions: list[int] = []
    polls = round(2.5 * RENEWALS / POLL_SECONDS)
    guarded.run(
        Child(polls=polls, during=lambda _poll: versions.append(guarded.store.lease.version))
    )
    assert versions[-1] - versions[0] == 2


def test_a_renewal_that_gets_no_answer_is_asked_for_again_and_loses_nothing(
    guarded: Guarded,
) -> None:
    polls = round(2 * RENEWALS / POLL_SECONDS)

    def during(poll: int) -> None:
        if poll == 2:
            guarded.store.fails = throttled("append", times=3)

    ended = guarded.run(Child(polls=polls, during=during))
    assert (ended.code, guarded.said) == (0, [])
    assert guarded.store.lease.owner is None


def test_a_renewal_whose_answer_was_lost_does_not_lose_the_lease(guarded: Guarded) -> None:
    real, lost = guarded.store.append, [False]

    def append(*arguments: object, **options: object) -> object:
        written = real(*arguments, **options)  # pyright: ignore[reportArgumentType]
        if not lost[0] and guarded.clock.at > began + RENEWALS - 1:
            lost[0] = True
            raise Unavailable("no answer")
        return written

    began = guarded.clock.at
    guarded.store.append = append  # pyright: ignore[reportAttributeAccessIssue]
    ended = guarded.run(Child(polls=round(3 * RENEWALS / POLL_SECONDS)))
    assert lost == [True]
    assert (ended.code, guarded.said) == (0, [])
    assert guarded.store.lease.owner is None


def test_a_rollback_takes_the_lease_at_once_and_the_command_goes_on(guarded: Guarded) -> None:
    codes: list[int] = []

    def during(poll: int) -> None:
        if poll == 2:
            codes.append(guarded.bench.session("back").rollback().exit)

    polls = round(2 * RENEWALS / POLL_SECONDS)
    child = Child(polls=polls, during=during)
    ended = guarded.run(child)
    assert codes == [0]
    assert guarded.world.live == {"blue": 100, "green": 0}
    assert child.asked == polls + 1
    assert child.signals == []
    assert guarded.said == [
        "the lease is lost, and the command goes on to its end: the lease has changed since it "
        "was read"
    ]
    assert ended.sentence == "the weights are as the journal left them: blue 100, green 0"
    assert ended.code == 0
    assert guarded.store.lease.owner is None


def test_a_rollback_that_is_still_at_work_is_waited_for(guarded: Guarded) -> None:
    other = Owner(run="back", purpose="rollback", host="ci", pid=1, by="ci")

    def during(poll: int) -> None:
        if poll == 2:
            guarded.store.append(guarded.store.read(), (), owner=other, run="", steal=True)
        if poll > 2:
            guarded.store.append(guarded.store.read(), (), owner=other, run="")

    def end() -> None:
        if guarded.clock.at > began + 2 * RENEWALS:
            guarded.clock.meanwhile = lambda: None
            guarded.store.append(guarded.store.read(), (), owner=other, run="", release=True)

    began = guarded.clock.at
    guarded.clock.meanwhile = end
    ended = guarded.run(Child(polls=round(1.5 * RENEWALS / POLL_SECONDS), during=during))
    assert len(guarded.said) == 2
    assert guarded.said[-1] == (
        "rollback of ci (run back, ci) has the lease: waiting 41 s at most for a sign of life"
    )
    assert guarded.clock.at > began + 2 * RENEWALS
    assert ended.code == 0
    assert guarded.store.lease.owner is None


def test_weights_that_the_command_has_set_are_told_and_left_as_they_are(guarded: Guarded) -> None:
    def during(poll: int) -> None:
        guarded.world.live = {"blue": 50, "green": 50}

    ended = guarded.run(Child(during=during))
    sentence = (
        "the weights are blue 50, green 50, and the journal left blue 0, green 100: the command "
        "has set them, or somebody beside it; `cutover verify --adopt` takes them as they are, "
        "`cutover rollback` gives all of the traffic to r0 in blue"
    )
    assert ended == Ended(code=7, sentence=sentence, foreign=True)
    assert guarded.world.live == {"blue": 50, "green": 50}
    newest = guarded.store.entries[-1]
    assert (newest.kind, newest.run, newest.data) == ("observed", "", {"what": sentence})
    assert guarded.store.lease.owner is None


def test_moved_weights_win_over_the_commands_own_failure(guarded: Guarded) -> None:
    def during(poll: int) -> None:
        guarded.world.live = {"blue": 100, "green": 0}

    ended = guarded.run(Child(code=1, during=during))
    assert ended.code == 7
    assert ended.sentence.startswith("the command ended with code 1; the weights are blue 100")


def test_a_rule_that_the_command_has_made_no_split_of_is_foreign_too(guarded: Guarded) -> None:
    def third() -> Weights:
        raise ForeignRule("the traffic rule forwards to blue, green, third")

    ended = guarded.run(Child(code=1), third)
    sentence = "the command ended with code 1; the traffic rule forwards to blue, green, third"
    assert ended == Ended(code=7, sentence=sentence, foreign=True)
    assert guarded.store.entries[-1].data == {"what": sentence}
    assert guarded.store.lease.owner is None


def test_a_command_s_own_seven_is_no_foreign_change(guarded: Guarded) -> None:
    ended = guarded.run(Child(code=7))
    assert (ended.code, ended.foreign) == (7, False)


def test_an_empty_environment_has_no_weights_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = Guarded(monkeypatch)
    guarded.world.live = {"blue": 0, "green": 100}
    assert guarded.run(Child()) == Ended(code=0, sentence="no release was ever live here")
    assert guarded.store.lease.owner is None


def test_an_open_run_is_refused_and_nothing_is_started(guarded: Guarded) -> None:
    hold(guarded)
    child = Child()
    version = guarded.store.lease.version
    with pytest.raises(
        Refused,
        match=r"^run stuck \(refresh\) is open, and nothing else may change the environment "
        r"meanwhile; `cutover resume`, `cutover rollback` or `cutover abort` ends it$",
    ):
        guarded.run(child)
    assert child.asked == 0
    assert guarded.store.lease.version == version


def hold(guarded: Guarded) -> None:
    """A refresh that AWS refuses is held, and its lease is free."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise Refused("AWS denies ecs:UpdateService")

    guarded.world.roll = refuse  # pyright: ignore[reportAttributeAccessIssue]
    result = guarded.bench.session("stuck").refresh()
    assert (result.exit, guarded.store.lease.owner) == (4, None)


def test_somebody_at_work_is_left_alone(guarded: Guarded) -> None:
    other = Owner(run="d9", purpose="deploy", host="ci", pid=1, by="ci")
    guarded.store.append(guarded.store.read(), (), owner=other, run="")
    guarded.clock.meanwhile = lambda: (
        guarded.store.append(guarded.store.read(), (), owner=other, run=""),
        None,
    )[1]
    child = Child()
    with pytest.raises(LeaseLost, match=r"^deploy of ci \(run d9, ci\) is under way; "):
        guarded.run(child)
    assert child.asked == 0
    assert guarded.store.lease.owner == other


def test_a_dead_owners_lease_is_taken_and_that_is_noted(guarded: Guarded) -> None:
    dead = Owner(run="d9", purpose="deploy", host="ci", pid=1, by="ci")
    guarded.store.append(guarded.store.read(), (), owner=dead, run="")
    began = guarded.clock.at
    assert guarded.run(Child()).code == 0
    assert guarded.clock.at - began >= SETTING.takeover_seconds
    assert guarded.store.entries[-1].data == {
        "what": "guard of ann@desk (pulumi up) took over the lease of deploy of ci (run d9, ci), "
        "which showed no life"
    }


def test_a_signal_is_passed_on_once_and_the_command_is_waited_for(guarded: Guarded) -> None:
    def during(poll: int) -> None:
        if poll == 2:
            guarded.signal = signal.SIGTERM

    child = Child(polls=6, code=130, during=during)
    assert guarded.run(child).code == 130
    assert child.signals == [signal.SIGTERM]
    assert child.asked == 7
    assert guarded.store.lease.owner is None


def test_a_freeze_meanwhile_is_written_down_by_the_guard(guarded: Guarded) -> None:
    draft = Draft("frozen", {"reason": "party", "by": "bob", "until": None})

    def during(poll: int) -> None:
        if poll == 2:
            guarded.store.want(guarded.store.read(), write_letter(draft))

    guarded.run(Child(polls=round(4 * RENEWALS / POLL_SECONDS), during=during))
    assert guarded.store.state.summary.frozen == "party"
    assert guarded.store.kinds().count("frozen") == 1
    assert guarded.store.lease.wanted == ""


def test_a_freeze_that_can_not_be_noted_at_once_does_not_end_the_guard(guarded: Guarded) -> None:
    """A renewal's answer is lost, what the next look finds is a letter, and AWS is away for it."""
    draft = Draft("frozen", {"reason": "party", "by": "bob", "until": None})
    real, appends = guarded.store.append, [0]

    def append(*arguments: object, **options: object) -> object:
        appends[0] += 1
        if appends[0] == 4:
            raise Unavailable("throttled")
        written = real(*arguments, **options)  # pyright: ignore[reportArgumentType]
        if appends[0] == 2:
            guarded.store.want(guarded.store.read(), write_letter(draft))
            raise Unavailable("no answer")
        return written

    guarded.store.append = append  # pyright: ignore[reportAttributeAccessIssue]
    child = Child(polls=round(3 * RENEWALS / POLL_SECONDS))
    ended = guarded.run(child)
    assert (ended.code, guarded.said) == (0, [])
    assert child.asked == child.polls + 1
    assert guarded.store.state.summary.frozen == "party"


def test_a_command_that_cannot_start_frees_the_lease(guarded: Guarded) -> None:
    def start() -> Child:
        raise FileNotFoundError

    guard = Guard(
        guarded.store,
        guarded.clock,
        SETTING,
        OWNER,
        weights=guarded.world.weights,
        tell=guarded.said.append,
    )
    with pytest.raises(FileNotFoundError):
        guard.run(start)
    assert guarded.store.lease.version > 0
    assert guarded.store.lease.owner is None


def test_weights_that_can_not_be_read_are_no_success(guarded: Guarded) -> None:
    def denied() -> Weights:
        raise Refused("the AWS credentials have expired (x); log in again")

    with pytest.raises(
        Refused,
        match=r"^the command ended with code 0, and the weights could not be compared: the AWS "
        r"credentials have expired \(x\); log in again; `cutover verify` compares them$",
    ):
        guarded.run(Child(), denied)
    assert guarded.store.lease.owner is None


def test_weights_are_asked_for_again_while_aws_does_not_answer(guarded: Guarded) -> None:
    guarded.world.fails = throttled("weights", times=5)
    assert guarded.run(Child()).code == 0


def test_aws_that_stays_silent_is_no_success(guarded: Guarded) -> None:
    guarded.world.fails = throttled("weights", times=10_000)
    began = guarded.clock.at
    with pytest.raises(Unavailable, match=r"^the command ended with code 3, and the weights could"):
        guarded.run(Child(code=3))
    assert guard_lease.ANSWER_SECONDS <= guarded.clock.at - began < guard_lease.ANSWER_SECONDS + 1
    assert guarded.store.lease.owner is None


@pytest.mark.parametrize("passed_on", [False, True])
def test_a_signal_ends_the_wait_for_others_unless_the_command_has_had_it(
    guarded: Guarded,
    passed_on: bool,  # noqa: FBT001
) -> None:
    other = Owner(run="d9", purpose="rollback", host="ci", pid=1, by="ci")
    looks = iter(range(100))

    def work() -> None:
        guarded.signal = signal.SIGINT
        done = next(looks) == 20
        guarded.store.append(guarded.store.read(), (), owner=other, run="", release=done)
        if done:
            guarded.clock.meanwhile = lambda: None

    def during(poll: int) -> None:
        if poll == 3:
            guarded.signal = signal.SIGINT if passed_on else None
            guarded.store.append(guarded.store.read(), (), owner=other, run="", steal=True)
        if poll == 4:
            guarded.clock.meanwhile = work

    child = Child(during=during, code=2)
    if passed_on:
        assert guarded.run(child).sentence.startswith("the command ended with code 2; the weights")
        return
    with pytest.raises(
        Interrupted,
        match=r"^the command ended with code 2, and the weights could not be compared: interrupted "
        r"while it waited for the lease; nothing was changed; `cutover verify` compares them$",
    ):
        guarded.run(child)
    assert guarded.store.lease.owner == other
    assert len(guarded.said) == 1


def test_others_that_work_for_too_long_leave_the_weights_uncompared(guarded: Guarded) -> None:
    other = Owner(run="d9", purpose="rollback", host="ci", pid=1, by="ci")

    def work() -> None:
        guarded.store.append(guarded.store.read(), (), owner=other, run="")

    def during(poll: int) -> None:
        if poll == 2:
            guarded.store.append(guarded.store.read(), (), owner=other, run="", steal=True)
            guarded.clock.meanwhile = work

    with pytest.raises(LeaseLost, match=r"^the command ended with code 0, and the weights could"):
        guarded.run(Child(during=during))
    assert guarded.store.lease.owner == other
