"""Each scenario notices what must not happen, and says what it saw when all went well."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.outputs import Slot
from rehearsal import scenarios
from rehearsal import scene as scene_module
from rehearsal.aws.calls import Call
from rehearsal.checks import Unmet
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.reporting.report import WeightEvent
from rehearsal.scene import Scene
from rehearsal.tool import Ended
from rehearsal.watch import Watch

BEGAN = 1000.0
DEAD = (
    "staging: deploy of jane (process 7 on runner-1) has shown no sign of life since "
    "2026-11-24 03:12 UTC; run r-1 (deploy) is open at step 'watch 25', and nothing moves by "
    "itself: `python -m cutover status --stack staging` shows it, `python -m cutover resume "
    "--stack staging` goes on, `python -m cutover rollback --stack staging` goes back"
)


def ended(
    code: int, *, verb: str = "deploy", seconds: float = 40.0, loaded: float = 0.5, calls: int = 9
) -> Ended:
    """Its last call before the weights are in force, which they are 10 s after its begin, is 2 s
    older than that; its first tells that it has been loaded."""
    at = [loaded, *[8.0] * (calls - 2), 11.0]
    return Ended(
        verb=verb,
        exit=code,
        answer={"sentence": "release-2 serves from green"},
        output="12:00:00 the run goes back: 5 of 100 answers were errors\n",
        began_at=BEGAN,
        ended_at=BEGAN + seconds,
        asked=(*(Call(BEGAN + s, "sts") for s in at), Call(BEGAN + 11, "sns")),
    )


class Acted:
    """An environment on which each command ends as scripted, and moves weights as scripted."""

    def __init__(self, outcome: Ended, *shares: int, resumed: Ended | None = None) -> None:
        self.outcome, self.shares, self.resumed = outcome, shares, resumed
        self.slot: Slot = "blue"
        self.events = [WeightEvent(at=0.0, weights={"blue": 100, "green": 0})]
        self.contract = SimpleNamespace(
            policy=SimpleNamespace(ladder_percent=(25, 100)),
            alarms=("arn:slo",),
            slots={
                slot: SimpleNamespace(alarms={"errors": f"arn:{slot}-errors"})
                for slot in ("blue", "green")
            },
        )
        self.watch = Watch(())
        self.releases: dict[Slot, str] = {"blue": "release-2", "green": "release-1"}
        self.uploaded: list[str] = []
        self.shown = "release-2"
        self.deployed: list[tuple[str, ...]] = []
        # One that would stop a release, and one that would not.
        self.alarming = [["arn:blue-errors"], ["arn:refresh-overdue"]]
        self.definitions = [["a:1"], ["a:1"]]
        self.tool = SimpleNamespace(run=self._run)
        self.stack = "staging"
        self.pages = [DEAD]

    def _run(self, verb: str) -> Ended:
        assert verb in ("resume", "rollback")
        self._move()
        return self.resumed or self.outcome

    def note(self, of: Ended) -> Ended:
        return of

    def told(self) -> tuple[str, ...]:
        return ("staging: deploy of release release-2 has started", *self.pages)

    def upload_page(self, release_id: str) -> str:
        self.uploaded.append(release_id)
        return f"{release_id}.html"

    def page(self) -> str:
        return self.shown

    def weights(self) -> tuple[WeightEvent, ...]:
        return tuple(self.events)

    def tasks(self, _slot: Slot) -> list[tuple[str, int]]:
        return [("10.0.0.1", 8443)]

    def deploy(self, *arguments: str, fault: str | None = None) -> Ended:
        self.deployed.append((*arguments, *([fault] if fault else [])))
        self._move()
        if self.outcome.exit == 0:
            self.slot = "green"
        return self.outcome

    def start_deploy(self, *arguments: str) -> Any:
        self._move()
        self.shares = (100,)
        return SimpleNamespace(kill=lambda: ended(-9), wait=lambda: self._back())

    def _back(self) -> Ended:
        self.events.append(WeightEvent(at=BEGAN + 50, weights={"blue": 100, "green": 0}))
        return self.outcome

    def kill_tasks(self, slot: Slot) -> int:
        assert slot == "green"
        return 2

    def clients(self, service: str) -> Any:
        def describe_alarms(StateValue: str) -> Any:
            assert StateValue == "ALARM"
            alarming = self.alarming.pop(0) if len(self.alarming) > 1 else self.alarming[0]
            return {"MetricAlarms": [{"AlarmArn": arn} for arn in alarming]}

        return {
            "cloudwatch": SimpleNamespace(describe_alarms=describe_alarms),
            "ecs": SimpleNamespace(
                list_task_definitions=lambda: {"taskDefinitionArns": self.definitions.pop(0)}
            ),
        }[service]

    def _move(self) -> None:
        for number, share in enumerate(self.shares):
            weights = {"blue": 100 - share, "green": share}
            self.events.append(WeightEvent(at=BEGAN + 10 * (number + 1), weights=weights))


def scene(environment: Acted) -> Scene:
    return Scene(environment=cast(Environment, environment))


def refused(act: Callable[[Scene], str], environment: Acted, said: str) -> None:
    with pytest.raises(Unmet, match="^" + re.escape(said)):
        act(scene(environment))


def test_a_good_release_goes_through_the_whole_ladder() -> None:
    environment = Acted(ended(0), 25, 100)
    assert scenarios.good_release(scene(environment)) == (
        "25 %, 100 % and retired in 40 s: release-2 serves from green"
    )
    assert environment.deployed == [("release-2", "--frontend", "release-2.html")]
    # The first look at the alarms still found one that would stand in the way.
    assert environment.alarming == [["arn:refresh-overdue"]]


@pytest.mark.parametrize(
    ("outcome", "shares", "said"),
    [
        (ended(3), (25, 0), "cutover deploy ended with 3 and not 0: release-2 serves from green"),
        (ended(0), (100,), "requests met shares of [100] % and not [25, 100] %"),
        (ended(0, seconds=90.0), (25, 100), "it took 90 s; 90 are allowed"),
    ],
)
def test_a_good_release_that_did_not_go_its_way_is_noticed(
    outcome: Ended, shares: Sequence[int], said: str
) -> None:
    refused(scenarios.good_release, Acted(outcome, *shares), said)


@pytest.mark.parametrize("fault", ["errors", "slow"])
def test_a_bad_release_gets_the_first_share_and_is_rolled_back(fault: str) -> None:
    environment = Acted(ended(3), 25, 0)
    played = scene(environment)
    assert getattr(scenarios, fault)(played) == (
        "at 25 % for 10 s, then rolled back: 5 of 100 answers were errors"
    )
    assert environment.deployed == [("release-2", "--frontend", "release-2.html", fault)]
    assert (played.faulty, played.kept_out) == ({"release-2": fault}, [])


@pytest.mark.parametrize(
    ("outcome", "shares", "said"),
    [
        (ended(0), (25, 100), "cutover deploy ended with 0 and not 3"),
        (ended(3), (25, 100, 0), "requests met shares of [25, 100, 0] %, not 25 % and 0"),
        (ended(3), (25,), "requests met shares of [25] %, not 25 % and 0"),
    ],
)
def test_a_bad_release_that_came_too_far_is_noticed(
    outcome: Ended, shares: Sequence[int], said: str
) -> None:
    refused(scenarios.errors, Acted(outcome, *shares), said)


@pytest.mark.parametrize("fault", ["crashing", "unready", "failing_migration"])
def test_what_can_not_start_moves_nothing(fault: str) -> None:
    environment = Acted(ended(3))
    played = scene(environment)
    assert getattr(scenarios, fault)(played) == "given up after 40 s: 5 of 100 answers were errors"
    assert (played.faulty, played.kept_out) == ({}, ["release-2"])
    refused(getattr(scenarios, fault), Acted(ended(0)), "cutover deploy ended with 0 and not 3")
    moved = "the weights became [{'blue': 99, 'green': 1}]"
    refused(getattr(scenarios, fault), Acted(ended(3), 1), moved)


def test_an_incompatible_release_is_refused_before_anything_is_touched() -> None:
    environment = Acted(ended(5, seconds=1.5))
    played = scene(environment)
    assert scenarios.incompatible(played) == "refused in 1.5 s: release-2 serves from green"
    assert played.kept_out == ["release-2"]
    refused(scenarios.incompatible, Acted(ended(3)), "cutover deploy ended with 3 and not 5")
    touched = Acted(ended(5))
    touched.definitions = [["a:1"], ["a:1", "a:2"]]
    refused(scenarios.incompatible, touched, "a task definition was registered")


def test_a_killed_runner_is_told_of_and_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios.time, "time", lambda: BEGAN + 40 + 43)
    resumed = ended(0, verb="resume", seconds=70.0)
    assert scenarios.runner_killed(scene(Acted(ended(0), 25, resumed=resumed))) == (
        "killed at 25 %, and people told 43 s later; resume went on to 100 % in 70 s, the wait for "
        "the dead runner's lease included"
    )
    held = Acted(ended(0), 25, resumed=ended(4, verb="resume"))
    refused(scenarios.runner_killed, held, "cutover resume ended with 4 and not 0")


@pytest.mark.parametrize(
    "pages", [[], [DEAD.replace("staging", "testing")], [DEAD.replace("resume", "abort")]]
)
def test_a_killed_runner_that_nobody_is_told_of_is_noticed(
    pages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenarios, "TOLD_SECONDS", 0.0)
    environment = Acted(ended(0), 25)
    environment.pages = pages
    with pytest.raises(
        RehearsalError, match=r"^nobody was told of the dead runner within 0 seconds$"
    ):
        scenarios.runner_killed(scene(environment))


def test_a_killed_runner_that_people_are_told_of_twice_is_noticed() -> None:
    environment = Acted(ended(0), 25, resumed=ended(0, verb="resume"))
    environment.pages = [DEAD, DEAD]
    refused(scenarios.runner_killed, environment, "people were told 2 times: ")


def rolled_back(*shares: int, **changes: Any) -> Acted:
    environment = Acted(ended(0, verb="rollback", **{"seconds": 12.5, **changes}), *shares)
    environment.slot = "green"
    return environment


@pytest.mark.parametrize("loaded", [8.0, 7.6])
def test_a_rollback_says_what_it_cost(loaded: float) -> None:
    rest = 12.5 - 2 - loaded
    assert scenarios.rollback_by_hand(scene(rolled_back(0, loaded=loaded))) == (
        f"proven 12.5 s after the command: {loaded} s to load the program, 2.0 s of propagation "
        f"and {rest:.1f} s for all else; 9 API calls, and 1 messages to the alert topic; the page "
        "was back after 12.5 s"
    )


def test_the_page_of_a_rollback_comes_after_its_proof() -> None:
    environment = rolled_back(0, loaded=8.0, seconds=60.0)
    asked = (*environment.outcome.asked, *[Call(BEGAN + 12, "s3")] * 5)
    environment.outcome = dataclasses.replace(environment.outcome, asked=asked)
    assert scenarios.rollback_by_hand(scene(environment)) == (
        "proven 12.0 s after the command: 8.0 s to load the program, 2.0 s of propagation and 2.0 "
        "s for all else; 9 API calls, and 1 messages to the alert topic; the page was back after "
        "60.0 s"
    )


def test_a_page_of_another_release_is_noticed() -> None:
    environment = Acted(ended(0))
    scene(environment).page_follows()
    environment.slot = "green"
    with pytest.raises(Unmet, match=r"^the page is release-2's, and release-1 serves$"):
        scene(environment).page_follows()


@pytest.mark.parametrize("changes", [{"loaded": 7.4}, {"loaded": 8.0, "calls": 11}])
def test_a_rollback_that_costs_too_much_is_noticed(changes: dict[str, Any]) -> None:
    refused(scenarios.rollback_by_hand, rolled_back(0, **changes), "proven 12.5 s")
    assert scenarios.rollback_by_hand(scene(rolled_back(0, loaded=8.0, calls=10)))


def test_a_rollback_is_not_to_a_release_that_failed() -> None:
    """Another one is deployed first, and left where it was."""
    environment = Acted(ended(0), 100)
    played = scene(environment)
    played.faulty["release-1"] = "errors"
    with pytest.raises(Unmet, match=r"^blue has 0 %"):
        scenarios.rollback_by_hand(played)
    assert environment.deployed == [("release-2", "--frontend", "release-2.html", "--no-retire")]


def test_a_rollback_without_an_effect_is_noticed() -> None:
    refused(scenarios.rollback_by_hand, rolled_back(75), "blue has 25 %")


def test_killed_tasks_send_the_traffic_back_and_are_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "INTO_THE_BAKE_SECONDS", 0.0)
    monkeypatch.setattr(scenarios.time, "time", lambda: BEGAN + 45)
    played = scene(Acted(ended(3), 25, 100))
    assert scenarios.tasks_killed(played) == (
        "2 tasks killed; blue had all of the traffic again 5.0 s later"
    )
    (loss,) = played.losses
    assert (loss.release, loss.began_at, loss.ended_at) == ("release-2", BEGAN + 45, BEGAN + 64)


def test_killed_tasks_that_nobody_noticed_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "INTO_THE_BAKE_SECONDS", 0.0)
    environment = Acted(ended(0), 25, 100)
    refused(scenarios.tasks_killed, environment, "cutover deploy ended with 0 and not 3")


def test_alarms_that_stay_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_module, "QUIET_SECONDS", 0.0)
    environment = Acted(ended(0), 25, 100)
    with pytest.raises(Exception, match=r"^the alarms were not quiet again within 0 seconds$"):
        scenarios.good_release(scene(environment))
    assert environment.deployed == []
