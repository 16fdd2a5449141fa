"""The watcher tells people of a lease that nobody writes to any more, in one sentence, not often.

What it reads is what cutover's own store has written.
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from cutover.decide.journal import Draft, plain
from cutover.decide.model import Plan, Step
from cutover.decide.state import State, Summary
from cutover.do.clients import Clients
from cutover.do.store import Snapshot
from cutover.do.table import Table
from infra.outputs import Owner, record_key, watcher_scope
from rehearsal.stack_file import ROOT
from tests.cutover_aws import StoppedClock
from tests.decisions import SETTING
from tests.environments import recorded
from watcher import handler
from watcher.handler import STILL_SECONDS, Watcher
from watcher.trouble import trouble

REGION = "eu-central-1"
# 2026-11-24 03:12:30 UTC; the owners' clock is an hour ahead, which must not matter.
NOW = 1795489950.0
OWNERS_CLOCK = NOW + 3600
REPEAT_SECONDS = 900.0
JANE = Owner(run="r-1", purpose="deploy", host="runner-1", pid=7, by="jane")
GUARD = Owner(run="g-1", purpose="guard", host="runner-2", pid=8, by="https://ci.example.com/9")
STEPS = tuple(
    Step(key=key, kind="shift", slot="green", percent=percent)
    for key, percent in (("shift green 25", 25), ("shift green 100", 100))
)
PLAN = Plan(verb="deploy", entering="green", steps=STEPS, tasks=2, floor=1)
STARTED = Draft("started", {"plan": plain(PLAN), "reason": "", "by": "jane"})
FIRST_DONE = Draft("passed", {"step": "shift green 25", "evidence": ""})
HELD = Draft("held", {"cause": "gates", "reason": "the gates at 25 % can't tell: no data"})
COMMANDS = (
    "nothing moves by itself: `python -m cutover status --stack prod` shows it, "
    "`python -m cutover resume --stack prod` goes on, "
    "`python -m cutover rollback --stack prod` goes back"
)
DEAD = (
    "prod: deploy of jane (process 7 on runner-1) has shown no sign of life since "
    "2026-11-24 03:12 UTC; run r-1 (deploy) is open at step 'shift green 100', and " + COMMANDS
)


class World:
    """A journal that cutover writes, a topic, and the watcher that looks when a test says so."""

    def __init__(self, name: str) -> None:
        clients = Clients(REGION)
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.sns = boto3.client("sns", region_name=REGION)
        asked = recorded("prod").only("aws:dynamodb/table:Table").inputs
        self.table = name
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": asked["hashKey"], "KeyType": "HASH"},
                {"AttributeName": asked["rangeKey"], "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"}
                for key in (asked["hashKey"], asked["rangeKey"])
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.topic = self.sns.create_topic(Name=name)["TopicArn"]
        self.store = Table(
            clients, table=name, scope="prod", clock=StoppedClock(OWNERS_CLOCK), lease_seconds=30
        )
        self.watcher = Watcher(
            environment="prod",
            table=name,
            topic=self.topic,
            repeat_seconds=REPEAT_SECONDS,
            dynamodb=self.dynamodb,
            sns=self.sns,
        )
        self.now = NOW

    def write(self, *drafts: Draft, owner: Owner = JANE, release: bool = False) -> Snapshot:
        run = "" if owner is GUARD else "r-1"
        found = self.store.read()
        return self.store.append(found, drafts, owner=owner, run=run, release=release)

    def look(self, after: float = 0) -> list[str]:
        """What people are told when the watcher looks so many seconds later."""
        self.now += after
        before = len(self.sent)
        self.watcher.look(self.now)
        return [message for _, message, *_ in self.sent[before:]]

    @property
    def sent(self) -> list[tuple[Any, ...]]:
        return get_backend("sns")["123456789012"][REGION].topics[self.topic].sent_notifications

    def damage(self, **attributes: Any) -> None:
        """Changes the lease as nobody should; None takes an attribute away."""
        key = record_key("prod", "lease")
        item = self.dynamodb.get_item(TableName=self.table, Key=key).get("Item", key)
        changed = {name: value for name, value in {**item, **attributes}.items() if value}
        self.dynamodb.put_item(TableName=self.table, Item=changed)


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


_numbers = itertools.count()


@pytest.fixture
def world() -> World:
    return World(f"journal-{next(_numbers)}")


def still(world: World) -> list[str]:
    """The first look, and one after the time that a living owner never takes."""
    assert world.look() == []
    return world.look(after=STILL_SECONDS)


def test_it_waits_as_long_as_whoever_takes_a_lease_over() -> None:
    assert STILL_SECONDS == SETTING.takeover_seconds == 41


def test_a_runner_that_died_is_told_of_once_its_lease_has_been_still_for_its_term(
    world: World,
) -> None:
    world.write(STARTED, FIRST_DONE)
    assert world.look() == []
    assert world.look(after=STILL_SECONDS - 0.5) == []
    assert world.look(after=0.5) == [DEAD]
    assert world.sent[0][2] == "prod: a cutover waits for somebody"


def test_it_is_told_again_every_so_often_and_not_every_minute(world: World) -> None:
    world.write(STARTED, FIRST_DONE)
    assert still(world) == [DEAD]
    looks = [world.look(after=60) for _ in range(31)]
    assert [minute for minute, told in enumerate(looks, 1) if told] == [15, 30]
    assert looks[14] == looks[29] == [DEAD]


def test_a_living_runner_is_not_told_of_however_long_it_takes(world: World) -> None:
    world.write(STARTED)
    for _ in range(6):
        assert world.look(after=60) == []
        world.write()


def test_each_sign_of_life_begins_the_wait_anew(world: World) -> None:
    world.write(STARTED, FIRST_DONE)
    assert world.look() == []
    world.write()
    assert world.look(after=STILL_SECONDS) == []
    (told,) = world.look(after=STILL_SECONDS)
    assert "since 2026-11-24 03:13 UTC" in told


def test_a_wish_of_another_is_no_sign_of_life(world: World) -> None:
    world.write(STARTED, FIRST_DONE)
    assert world.look() == []
    world.store.want(world.store.read(), "rollback")
    assert world.look(after=STILL_SECONDS) == [DEAD]


def test_after_its_end_or_its_resumption_nothing_more_is_said(world: World) -> None:
    world.write(STARTED, FIRST_DONE)
    assert still(world) == [DEAD]
    world.write()
    assert world.look(after=REPEAT_SECONDS) == []
    summary = plain(Summary(last_run="r-1", outcome="done"))
    world.write(Draft("ended", {"outcome": "done", "summary": summary}), release=True)
    assert [world.look(after=REPEAT_SECONDS) for _ in range(3)] == [[], [], []]
    assert world.store.read().state.run is None


def test_a_run_that_is_held_is_told_of_with_its_reason(world: World) -> None:
    world.write(STARTED, HELD, release=True)
    assert still(world) == [
        "prod: run r-1 (deploy) has been held at step 'shift green 25' since 2026-11-24 03:12 UTC; "
        "the reason: the gates at 25 % can't tell: no data; " + COMMANDS
    ]
    assert world.look(after=REPEAT_SECONDS - 1) == []
    assert len(world.look(after=1)) == 1


def test_a_run_without_an_owner_is_told_of(world: World) -> None:
    world.write(STARTED, FIRST_DONE, release=True)
    assert still(world) == [
        "prod: run r-1 (deploy) has been left at step 'shift green 100' since "
        "2026-11-24 03:12 UTC; " + COMMANDS
    ]


def test_a_run_whose_steps_are_done_stands_after_the_last(world: World) -> None:
    last = Draft("passed", {"step": "shift green 100", "evidence": ""})
    world.write(STARTED, FIRST_DONE, last, release=True)
    (told,) = still(world)
    assert told.startswith("prod: run r-1 (deploy) has been left after its last step since ")


def test_a_guard_that_died_is_told_of(world: World) -> None:
    world.write(owner=GUARD)
    assert still(world) == [
        "prod: guard of https://ci.example.com/9 (process 8 on runner-2) has shown no sign of life "
        "since 2026-11-24 03:12 UTC; see that what it ran has ended; `python -m cutover verify "
        "--stack prod` compares the weights, and the next command takes the lease over"
    ]


def test_a_guard_that_lives_is_not_told_of(world: World) -> None:
    world.write(owner=GUARD)
    for _ in range(3):
        assert world.look(after=STILL_SECONDS) == []
        world.write(owner=GUARD)


def test_nothing_is_said_before_the_first_release_or_when_nothing_is_open(world: World) -> None:
    assert still(world) == []
    world.write(Draft("observed", {"what": "x"}), release=True)
    assert still(world) == []
    assert world.store.read().state != State()
    memory = record_key(watcher_scope("prod"), "memory")
    assert "Item" not in world.dynamodb.get_item(TableName=world.table, Key=memory)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"version": None}, "KeyError"),
        ({"version": {"S": "1"}}, "KeyError"),
        ({"owner": {"S": "{"}}, "JSONDecodeError"),
        ({"owner": {"S": "[]"}}, "TypeError"),
        ({"owner": {"N": "1"}}, "KeyError"),
        ({"run": {"S": '{"id":"r-1"}'}}, "TypeError"),
        ({"run": {"S": '"r-1"'}}, "TypeError"),
    ],
)
def test_a_lease_that_can_not_be_read_is_a_sentence_too(
    world: World, attributes: dict[str, Any], error: str
) -> None:
    world.write(STARTED)
    world.damage(**attributes)
    assert still(world) == [
        f"prod: the lease can't be read ({error}) since 2026-11-24 03:12 UTC; "
        "`python -m cutover history --verify --stack prod` says what is damaged"
    ]
    assert world.look(after=60) == []


def test_another_environment_in_the_same_account_is_none_of_its_business(world: World) -> None:
    world.write(STARTED)
    assert trouble("testing", {"version": {"N": "1"}}) is None
    other = Watcher(**{**vars(world.watcher), "environment": "testing"})
    for _ in range(2):
        other.look(world.now)
        world.now += STILL_SECONDS
    assert world.sent == []


def test_the_journal_is_left_as_it_was(world: World) -> None:
    before = world.write(STARTED, FIRST_DONE)
    assert len(still(world)) == 1
    assert world.store.read() == before
    assert len(world.store.history()) == 2


def test_a_failure_of_aws_is_left_to_the_alarm(world: World) -> None:
    world.dynamodb.delete_table(TableName=world.table)
    with pytest.raises(Exception, match=r"ResourceNotFoundException"):
        world.look()


def test_what_was_not_sent_is_not_remembered_as_told(world: World) -> None:
    world.write(STARTED, FIRST_DONE)
    assert world.look() == []
    topic = world.watcher.topic
    lost = Watcher(**{**vars(world.watcher), "topic": topic + "-gone"})
    with pytest.raises(Exception, match="NotFound"):
        lost.look(world.now + STILL_SECONDS)
    assert world.look(after=STILL_SECONDS) == [DEAD]


def test_lambda_finds_everything_in_the_functions_variables(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = recorded("prod").only("aws:lambda/function:Function").inputs["environment"]
    cluster = boto3.client("ecs", region_name=REGION).create_cluster(clusterName=world.table)
    there = boto3.client("sns", region_name="us-east-1").create_topic(Name=world.table)
    given = {
        **variables["variables"],
        "TABLE": world.table,
        "TOPIC": world.topic,
        "TOPICS": json.dumps({"alerts": world.topic, "edge-alerts": there["TopicArn"]}),
        "CLUSTER": cluster["cluster"]["clusterArn"],
    }
    assert given["ENVIRONMENT"] == "prod"
    for name, value in {**given, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    _forget()
    try:
        world.write(STARTED, FIRST_DONE)
        for seconds in (0.0, STILL_SECONDS):
            clock = StoppedClock(NOW + seconds)
            monkeypatch.setattr(handler, "time", SimpleNamespace(time=clock.now))
            handler.handle({}, None)
        assert [message for _, message, *_ in world.sent] == [DEAD]
        assert handler._watcher().repeat_seconds == 900
        assert handler._refresh().due_seconds == 604_800
        assert len(handler._refresh().secrets) == 3
        metrics = boto3.client("cloudwatch", region_name=REGION).list_metrics()["Metrics"]
        assert {(m["Namespace"], m["MetricName"]) for m in metrics} == {
            ("Slipway/prod", "TasksToRefresh"),
            ("Slipway/prod", "AlertsSubscribers"),
        }
        assert [(one.topic, one.called) for one in handler._subscribers()] == [
            (world.topic, "alerts"),
            (there["TopicArn"], "edge-alerts"),
        ]
        for one, region, other in zip(
            handler._subscribers(), (REGION, "us-east-1"), ("us-east-1", REGION), strict=True
        ):
            assert one.sns.meta.region_name == region
            assert one.cloudwatch.meta.region_name == other
    finally:
        _forget()


def _forget() -> None:
    handler._watcher.cache_clear()
    handler._refresh.cache_clear()
    handler._subscribers.cache_clear()


@pytest.mark.parametrize(
    "broken", [{"lease"}, {"tasks"}, {"lease", "tasks"}, {"here"}, {"there"}, {"here", "lease"}]
)
def test_no_look_waits_for_another_to_work_again(
    monkeypatch: pytest.MonkeyPatch, broken: set[str]
) -> None:
    looked: list[str] = []

    def looker(what: str) -> Any:
        def look(_now: float) -> None:
            looked.append(what)
            if what in broken:
                raise RuntimeError("AWS does not answer")

        return SimpleNamespace(look=look)

    monkeypatch.setattr(handler, "_watcher", lambda: looker("lease"))
    monkeypatch.setattr(handler, "_refresh", lambda: looker("tasks"))
    monkeypatch.setattr(handler, "_subscribers", lambda: (looker("here"), looker("there")))
    with pytest.raises(RuntimeError, match="AWS does not answer"):
        handler.handle({}, None)
    assert looked == ["lease", "tasks", "there", "here"]


def test_the_archive_is_all_that_it_needs_besides_boto3(tmp_path: Path) -> None:
    function = recorded("prod").only("aws:lambda/function:Function").inputs
    for name, text in function["code"].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        assert text == (ROOT / name).read_text()
    module, _, name = function["handler"].rpartition(".")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {module} as m; "
        f"print(callable(m.{name}), m.__file__); "
        "print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == f"True {tmp_path}/watcher/handler.py"
    loaded = set(second.split())
    assert {"boto3", "infra", "watcher"} <= loaded
    assert not loaded & {"cutover", "pulumi", "pulumi_aws", "pydantic", "rich", "typer"}
