"""A real Redis that refuses what ElastiCache refuses: no TLS, no user, no administration."""

import dataclasses
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rehearsal.errors import RehearsalError
from rehearsal.machine.certificates import Authority
from rehearsal.machine.files import disk_errors, write
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.process import Process
from rehearsal.machine.redis_users import User, acl_line, restricted_acl_line
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

ADMIN = "rehearsal-admin"
MAXMEMORY_MIB = 64
SNAPSHOT = "dump.rdb"  # Redis's own name for it
START_TIMEOUT_SECONDS = 15.0


@dataclass(kw_only=True)
class Redis:
    """The running server, reached over TLS only."""

    port: int
    certificate_authority: Path
    process: Process = field(repr=False)
    differences: list[str]
    """One sentence for each parameter of the group that is not in force here."""
    _supervisor: Supervisor = field(repr=False)
    _directory: Path = field(repr=False)
    _argv: list[str] = field(repr=False)
    _admin_password: str = field(repr=False)
    host: str = LOOPBACK

    def client(self, user: str, password: str, *, decoded: bool = True) -> redis.Redis:
        """A client that verifies the server's certificate, and reports a failure at once.

        Answers are texts, or as they are: bytes.
        """
        return redis.Redis(
            host=self.host,
            port=self.port,
            username=user,
            password=password,
            ssl=True,
            ssl_ca_certs=str(self.certificate_authority),
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
            decode_responses=decoded,
        )

    def admin(self, *, decoded: bool = True) -> redis.Redis:
        """A client that may do what ElastiCache keeps to itself."""
        return self.client(ADMIN, self._admin_password, decoded=decoded)

    def set_users(self, users: Iterable[User]) -> None:
        """Lets in these and nobody else, as a change of ElastiCache's user group does: who is new
        may come, who is gone is disconnected, and who stays is left alone."""
        lines = {user.name: restricted_acl_line(user) for user in users}
        with self.admin() as client:
            listed = client.acl_users()
            assert isinstance(listed, list)  # noqa: S101 (the client isn't asynchronous)
            known = {*listed} - {ADMIN, "default"}
            for name in lines.keys() - known:
                _, _, *rules = lines[name].split(" ")
                client.execute_command("ACL SETUSER", name, *rules)
            if gone := known - lines.keys():
                client.acl_deluser(*gone)

    def snapshot(self, target: Path) -> None:
        """Writes all that it holds at one moment into a file of the target directory."""
        with self.admin() as client:
            client.bgsave()
            self._supervisor.wait_until(
                lambda: _saved(client),
                what=f"Redis on port {self.port} did not save a snapshot",
                timeout_seconds=START_TIMEOUT_SECONDS,
                process=self.process,
            )
        with disk_errors("copy a snapshot of Redis"):
            shutil.copy(self._directory / SNAPSHOT, target / SNAPSHOT)
            if owner := unprivileged_user():
                shutil.chown(target / SNAPSHOT, owner)

    def copied(self, name: str, *, port: int, directory: Path) -> "Redis":
        """A second server with the same users, from the snapshot in that directory."""
        process = self._supervisor.start(
            name,
            [*self._argv, "--tls-port", str(port), "--dir", str(directory)],
            env={},
            cwd=Path("/"),
            run_as=unprivileged_user(),
        )
        server = dataclasses.replace(self, port=port, process=process, _directory=directory)
        server.wait()
        return server

    def wait(self) -> None:
        """Returns when it answers."""
        with self.admin() as client:
            self._supervisor.wait_until(
                lambda: _answers(client),
                what=f"Redis did not answer on port {self.port}",
                timeout_seconds=START_TIMEOUT_SECONDS,
                process=self.process,
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
            ["user default off", acl_line(admin), *map(restricted_acl_line, users)]
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
    argv = [str(binaries["redis-server"]), str(directory / "redis.conf")]
    server = Redis(
        port=port,
        certificate_authority=authority.file,
        process=supervisor.start("redis", argv, env={}, cwd=Path("/"), run_as=owner),
        differences=[],
        _supervisor=supervisor,
        _directory=directory,
        _argv=argv,
        _admin_password=admin.passwords[0],
    )
    server.wait()
    with server.admin() as client:
        server.differences = [
            f"maxmemory is {MAXMEMORY_MIB} MiB here, whatever the node type",
            *apply_parameters(client, parameters),
        ]
    return server


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


def _saved(client: redis.Redis) -> bool:
    info = client.info("persistence")
    assert isinstance(info, dict)  # noqa: S101 (the client isn't asynchronous)
    if info["rdb_last_bgsave_status"] != "ok":
        raise RehearsalError("Redis could not save a snapshot; the disk may be full")
    return info["rdb_bgsave_in_progress"] == 0


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
