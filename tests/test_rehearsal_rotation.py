"""The scenario notices whatever of a rotation does not hold, and says what it saw when all does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from redis.exceptions import AuthenticationError

from rehearsal import rotation
from rehearsal.aws.login_rotation import Login
from rehearsal.checks import Unmet
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.tool import Ended
from rehearsal.watch import Watch

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
DATABASE = ("app", "app_clone", "app")
REDIS = ("app-g1", "app-g2", "app-g3")
PASSWORDS = ("first", "second", "third")


class Acted:
    """What is replaced, refreshed and admitted as it should be, but for one `fault`."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.rotations = self.generation = self.held = 0
        self.ran: list[tuple[str, ...]] = []
        self.contract = SimpleNamespace(blueprint=SimpleNamespace(task_definition="blueprint:1"))
        self.watch = Watch(())
        self.tool = SimpleNamespace(run=self._run)
        self.generations = SimpleNamespace(up=self._up)
        self.postgres = SimpleNamespace(
            database="app",
            owner="owner",
            connect=self._connect,
            connect_as_admin=lambda _: self._session("owner", "rdsadmin", DATABASE[self.held]),
        )
        self.redis = SimpleNamespace(
            admin=lambda: self._clients("rehearsal-admin", REDIS[self.held]), client=self._client
        )

    def rotate(self, _clients: object, _postgres: object, secret_arn: str) -> None:
        assert secret_arn == f"{ARN}:login"
        self.rotations += 1

    def login(self, _clients: object, secret_arn: str) -> Login:
        assert secret_arn == f"{ARN}:login"
        return Login(username=DATABASE[self.rotations], password=PASSWORDS[self.rotations])

    def clients(self, service: str) -> Any:
        secrets = {"DB_USER": f"{ARN}:login:username::", "REDIS_URL": f"{ARN}:redis"}
        definition = {
            "containerDefinitions": [
                {"secrets": [{"name": name, "valueFrom": secrets[name]}]} for name in secrets
            ]
        }
        url = f"rediss://{REDIS[self.generation]}:{PASSWORDS[self.generation]}@127.0.0.1:1/0"
        overdue = self.rotations != self.held
        if self.fault in ("alarm stays", "no alarm"):
            overdue = self.fault == "alarm stays"
        alarms = [{"AlarmArn": "arn:expression"}]
        alarms += [{"MetricName": "TasksToRefresh"}] if overdue else []
        return {
            "ecs": SimpleNamespace(
                describe_task_definition=lambda taskDefinition: {"taskDefinition": definition}
            ),
            "secretsmanager": SimpleNamespace(
                get_secret_value=lambda SecretId: {"SecretString": url}
            ),
            "cloudwatch": SimpleNamespace(
                describe_alarms=lambda StateValue: {"MetricAlarms": alarms}
            ),
        }[service]

    def note(self, ended: Ended) -> Ended:
        return ended

    def _up(self) -> None:
        self.generation += 1

    def _run(self, *arguments: str) -> Ended:
        self.ran.append(arguments)
        if self.fault != "tasks stay":
            self.held = self.rotations
        return Ended(
            verb="refresh",
            exit=4 if self.fault == "refresh fails" else 0,
            answer={"sentence": "blue was rolled"},
            output="",
            began_at=0.0,
            ended_at=12.0,
            asked=(),
        )

    @contextmanager
    def _session(self, *users: str) -> Iterator[Any]:
        rows = [(user,) for user in users]
        yield SimpleNamespace(execute=lambda *_: SimpleNamespace(fetchall=lambda: rows))

    @contextmanager
    def _clients(self, *users: str) -> Iterator[Any]:
        yield SimpleNamespace(client_list=lambda: [{"user": user} for user in users])

    def _connect(self, user: str, password: str, database: str) -> Any:
        assert (user, password, database) == ("app", "first", "app")
        if self.fault != "old database login":
            raise psycopg.OperationalError("password authentication failed")
        return SimpleNamespace(close=lambda: None)

    @contextmanager
    def _client(self, user: str, password: str) -> Iterator[Any]:
        assert (user, password) == ("app-g1", "first")

        def ping() -> None:
            if self.fault != "old Redis login":
                raise AuthenticationError("invalid username-password pair")

        yield SimpleNamespace(ping=ping)


def play(monkeypatch: pytest.MonkeyPatch, environment: Acted) -> str:
    """The scenario, without any patience."""
    monkeypatch.setattr(rotation, "rotate", environment.rotate)
    monkeypatch.setattr(rotation, "current_login", environment.login)
    monkeypatch.setattr(rotation, "ALARM_SECONDS", 0.0)
    monkeypatch.setattr(rotation, "SESSIONS_SECONDS", 0.0)
    return rotation.rotated(cast(Environment, environment))


def test_everything_is_replaced_twice_and_refreshed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = Acted()
    assert play(monkeypatch, environment) == (
        "an overdue refresh was told of after 0 s; in 12 s app and app-g1 gave way to app-g2 and "
        "app_clone, and after the next rotation the first are refused"
    )
    assert environment.ran == [("refresh", "--reason", "rotated")]
    assert (environment.rotations, environment.generation, environment.held) == (2, 2, 1)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("no alarm", RehearsalError, "the alarm on an overdue refresh was not raised within 0 "),
        ("alarm stays", RehearsalError, "the alarm on an overdue refresh was still raised within"),
        ("refresh fails", Unmet, "refresh ended with 4: blue was rolled"),
        ("tasks stay", RehearsalError, "not every task used app-g2 and app_clone within 0 seconds"),
        ("old database login", Unmet, "after two rotations PostgreSQL still takes the first login"),
        ("old Redis login", Unmet, "after two rotations Redis still takes the first login"),
    ],
)
def test_what_does_not_hold_is_noticed(
    monkeypatch: pytest.MonkeyPatch, fault: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match="^" + re.escape(said)):
        play(monkeypatch, Acted(fault))
