"""A real Redis that refuses what ElastiCache refuses: no TLS, no user, no administration."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rehearsal.machine.certificates import Authority
from rehearsal.machine.files import write
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.supervisor import Process, Supervisor, unprivileged_user

ADMIN = "rehearsal-admin"
MAXMEMORY_MIB = 64
START_TIMEOUT_SECONDS = 15.0
# ElastiCache takes these from every user, whatever the access string says (AWS documentation,
# "Supported and restricted Valkey and Redis OSS commands").
RESTRICTED = (
    *("acl|deluser", "acl|load", "acl|save", "acl|setuser"),
    *("bgrewriteaof", "bgsave", "config", "debug", "migrate", "module", "psync"),
    *("replicaof", "save", "shutdown", "slaveof", "sync"),
)


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of an ElastiCache user group: up to two passwords, so that they can rotate."""

    name: str
    access_string: str
    passwords: tuple[str, ...] = field(repr=False)


@dataclass(kw_only=True)
class Redis:
    """The running server, reached over TLS only."""

    port: int
    certificate_authority: Path
    process: Process = field(repr=False)
    differences: list[str]
    """One sentence for each parameter of the group that is not in force here."""
    host: str = LOOPBACK

    def client(self, user: str, password: str) -> redis.Redis:
        """A client that verifies the server's certificate, and reports a failure at once."""
        return redis.Redis(
            host=self.host,
            port=self.port,
            username=user,
            password=password,
            ssl=True,
            ssl_ca_certs=str(self.certificate_authority),
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )

    def stop(self) -> None:
        """Stops the server; what it held is gone."""
        self.process.stop()


def start(
    supervisor: Supervisor,
    *,
    binaries: Mapping[str, Path],
    authority: Authority,
    port: int,
    users: Iterable[User],
    parameters: Mapping[str, str],
) -> Redis:
    """Starts Redis on loopback with TLS only and the user group's users; `default` stays off.

    `parameters` are those of the ElastiCache parameter group; what this server doesn't have, or
    refuses, is listed in `differences`.
    """
    owner = unprivileged_user()
    directory = supervisor.make_directory("redis", run_as=owner)
    certificate = authority.issue(directory, owner=owner)
    admin = User(name=ADMIN, access_string="on ~* &* +@all", passwords=(secrets.token_hex(16),))
    files = {
        "users.acl": "\n".join(
            ["user default off", _acl_line(admin), *map(restricted_acl_line, users)]
        ),
        "redis.conf": "\n".join(
            [
                f"bind {LOOPBACK}",
                "port 0",
                f"tls-port {port}",
                f"tls-cert-file {certificate.certificate}",
                f"tls-key-file {certificate.key}",
                f"tls-ca-cert-file {authority.file}",
                "tls-auth-clients no",
                f"aclfile {directory}/users.acl",
                f"dir {directory}",
                f"maxmemory {MAXMEMORY_MIB}mb",
                'save ""',
            ]
        ),
    }
    for name, content in files.items():
        write(directory / name, content + "\n", owner=owner)
    process = supervisor.start(
        "redis",
        [str(binaries["redis-server"]), str(directory / "redis.conf")],
        env={},
        cwd=Path("/"),
        run_as=owner,
    )
    server = Redis(port=port, certificate_authority=authority.file, process=process, differences=[])
    with server.client(ADMIN, admin.passwords[0]) as client:
        supervisor.wait_until(
            lambda: _answers(client),
            what=f"Redis did not answer on port {port}",
            timeout_seconds=START_TIMEOUT_SECONDS,
            process=process,
        )
        server.differences = [
            f"maxmemory is {MAXMEMORY_MIB} MiB here, whatever the node type",
            *apply_parameters(client, parameters),
        ]
    return server


def restricted_acl_line(user: User) -> str:
    """The user's line of an ACL file, without the commands that ElastiCache keeps to itself.

    Passwords are written as their SHA-256, which is how Redis keeps them.
    """
    return " ".join([_acl_line(user), *(f"-{command}" for command in RESTRICTED)])


def apply_parameters(client: redis.Redis, parameters: Mapping[str, str]) -> list[str]:
    """Sets what the server has and accepts; returns one sentence for each that it doesn't."""
    differences = []
    for name, value in sorted(parameters.items()):
        current = client.config_get(name)
        assert isinstance(current, dict)  # noqa: S101 (the client isn't asynchronous)
        if name not in current:
            differences.append(f"{name}={value} is left out: this Redis has no such parameter")
        elif current[name] != value:
            try:
                client.config_set(name, value)
            except redis.ResponseError as error:
                differences.append(f"{name}={value} is left out: this Redis says {error}")
    return differences


def _acl_line(user: User) -> str:
    hashes = (hashlib.sha256(password.encode()).hexdigest() for password in user.passwords)
    return " ".join(["user", user.name, *(f"#{digest}" for digest in hashes), user.access_string])


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
