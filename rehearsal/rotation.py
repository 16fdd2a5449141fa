"""Every login and key is replaced twice while requests never stop.

The login of the database rotates, and `secrets/generation` goes up, which replaces SECRET_KEY and
the user of Redis; `cutover refresh` takes up the new values. Once more, and the first are no good.
"""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from redis.exceptions import AuthenticationError

from cutover.decide.outcome import Exit
from infra.outputs import REFRESH_METRIC
from rehearsal.aws.login_rotation import Login, current_login, rotate
from rehearsal.aws.secret_values import split
from rehearsal.checks import expect
from rehearsal.environment import Environment
from rehearsal.machine import postgres, redis

# The watcher's interval, and two periods of an alarm, on a busy machine.
ALARM_SECONDS = 60.0
# Until the servers have noticed who is gone.
SESSIONS_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Logins:
    """What a task is given that starts now."""

    database: Login
    redis: Login

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.database.username, self.redis.username})

    def __str__(self) -> str:
        return " and ".join(sorted(self.names))


def rotated(environment: Environment) -> str:
    """Two rotations of everything, and a refresh between them; Unmet for what must not be seen."""
    first = _current(environment)
    _rotate(environment)
    second, replaced_at = _current(environment), time.time()
    _wait_for_alarm(environment, overdue=True)
    told_seconds = time.time() - replaced_at
    _wait_for_sessions(environment, first)
    ended = environment.note(environment.tool.run("refresh", "--reason", "rotated"))
    expect(ended.exit == Exit.DONE, f"refresh ended with {ended.exit}: {ended.sentence}")
    _wait_for_sessions(environment, second)
    _wait_for_alarm(environment, overdue=False)
    _rotate(environment)
    for what, refuses in (
        ("PostgreSQL", _postgres_refuses(environment, first.database)),
        ("Redis", _redis_refuses(environment, first.redis)),
    ):
        expect(refuses, f"after two rotations {what} still takes the first login")
    _wait_for_sessions(environment, second)
    return (
        f"an overdue refresh was told of after {told_seconds:.0f} s; in {ended.seconds:.0f} s "
        f"{first} gave way to {second}, and after the next rotation the first are refused"
    )


def _rotate(environment: Environment) -> None:
    login = split(_secrets(environment)["DB_USER"])[0]
    rotate(environment.clients, environment.postgres, login)
    environment.generations.up()


def _current(environment: Environment) -> Logins:
    secrets = _secrets(environment)
    found = environment.clients("secretsmanager").get_secret_value(SecretId=secrets["REDIS_URL"])
    url = urlsplit(found["SecretString"])
    return Logins(
        database=current_login(environment.clients, split(secrets["DB_USER"])[0]),
        redis=Login(username=url.username or "", password=url.password or ""),
    )


def _secrets(environment: Environment) -> dict[str, str]:
    """`valueFrom` by variable, of all of the blueprint's containers."""
    definition = environment.clients("ecs").describe_task_definition(
        taskDefinition=environment.contract.blueprint.task_definition
    )["taskDefinition"]
    return {
        secret["name"]: secret["valueFrom"]
        for container in definition["containerDefinitions"]
        for secret in container["secrets"]
    }


def _wait_for_alarm(environment: Environment, *, overdue: bool) -> None:
    cloudwatch = environment.clients("cloudwatch")

    def seen() -> bool:
        alarms = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
        return any(alarm.get("MetricName") == REFRESH_METRIC for alarm in alarms)

    environment.watch.wait_until(
        lambda: seen() == overdue,
        what=f"the alarm on an overdue refresh was {'not raised' if overdue else 'still raised'}",
        timeout_seconds=ALARM_SECONDS,
    )


def _wait_for_sessions(environment: Environment, logins: Logins) -> None:
    """Until all sessions of the app with database and Redis are theirs."""
    environment.watch.wait_until(
        lambda: _in_use(environment) == logins.names,
        what=f"not every task used {logins}",
        timeout_seconds=SESSIONS_SECONDS,
    )


def _in_use(environment: Environment) -> frozenset[str]:
    database = environment.postgres
    with database.connect_as_admin(database.database) as session:
        # Workers of the server itself have no name.
        rows = session.execute(
            "SELECT usename FROM pg_stat_activity WHERE datname = %s AND usename IS NOT NULL",
            [database.database],
        ).fetchall()
    with environment.redis.admin() as client:
        clients = client.client_list()
        assert isinstance(clients, list)  # noqa: S101 (the client isn't asynchronous)
    return frozenset(
        {str(name) for (name,) in rows} - {postgres.ADMIN, database.owner}
        | {one["user"] for one in clients} - {redis.ADMIN}
    )


def _postgres_refuses(environment: Environment, login: Login) -> bool:
    database = environment.postgres
    try:
        database.connect(login.username, login.password, database.database).close()
    except psycopg.OperationalError:
        return True
    return False


def _redis_refuses(environment: Environment, login: Login) -> bool:
    try:
        with environment.redis.client(login.username, login.password) as client:
            client.ping()
    except AuthenticationError:
        return True
    return False
