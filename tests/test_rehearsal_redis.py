"""Redis as ElastiCache runs it: TLS only, users of a group, no administration."""

import dataclasses
import socket

import pytest
import redis as client_library

from rehearsal.machine import binaries, ports, redis
from rehearsal.machine.certificates import Authority
from rehearsal.machine.redis_users import User
from rehearsal.machine.supervisor import Supervisor

pytestmark = pytest.mark.services

CURRENT, PREVIOUS, READER = "current-password", "previous-password", "reader-password"


@pytest.fixture(scope="module")
def server():
    port = ports.reserve()
    with Supervisor() as supervisor:
        yield redis.start(
            supervisor,
            binaries=binaries.find(["redis-server"]),
            authority=Authority(supervisor.directory / "ca.pem"),
            port=port,
            users=[
                User(
                    name="app",
                    access_string="on ~app:* &* +@all -@dangerous +acl|setuser +config",
                    passwords=(CURRENT, PREVIOUS),
                ),
                User(name="reader", access_string="on ~* +@read", passwords=(READER,)),
                User(name="gone", access_string="off ~* +@all", passwords=(READER,)),
            ],
            parameters={
                "maxmemory-policy": "volatile-lru",
                "timeout": "300",
                "cluster-enabled": "no",
                "databases": "4",
                "reserved-memory-percent": "25",
            },
        )
        supervisor.check()
    ports.release(port)


def test_the_parameter_group_holds_and_what_does_not_is_told(server):
    assert server.differences == [
        "maxmemory is 64 MiB here, whatever the node type",
        "databases=4 is left out: this Redis says CONFIG SET failed "
        "(possibly related to argument 'databases') - can't set immutable config",
        "reserved-memory-percent=25 is left out: this Redis has no such parameter",
    ]
    memory = server.client("reader", READER)
    with pytest.raises(client_library.exceptions.NoPermissionError):
        memory.config_get("maxmemory-policy")


@pytest.mark.parametrize("password", [CURRENT, PREVIOUS])
def test_the_app_may_use_its_keys_with_either_password(server, password):
    app = server.client("app", password)
    assert app.set("app:greeting", password) is True
    assert app.get("app:greeting") == password


@pytest.mark.parametrize(
    ("user", "password"),
    [("app", "wrong"), ("default", ""), ("gone", READER), ("nobody", READER)],
)
def test_nobody_else_gets_in(server, user, password):
    with pytest.raises(
        client_library.exceptions.AuthenticationError,
        match=r"invalid username-password pair|Authentication required|NOAUTH",
    ):
        server.client(user, password).ping()


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda app: app.set("other:key", "1"),
        lambda app: app.config_get("*"),
        lambda app: app.acl_setuser("intruder", enabled=True),
        lambda app: app.execute_command("SHUTDOWN", "NOSAVE"),
        lambda app: app.bgsave(),
    ],
)
def test_what_elasticache_keeps_to_itself_is_refused_whatever_the_access_string(server, forbidden):
    with pytest.raises(client_library.exceptions.NoPermissionError):
        forbidden(server.client("app", CURRENT))


def test_a_later_group_lets_in_who_is_new_and_puts_out_who_is_gone(server):
    stays, leaves = server.client("app", CURRENT), server.client("reader", READER)
    assert stays.set("app:greeting", "hello") is True
    assert leaves.get("app:greeting") == "hello"
    connection = stays.client_id()
    later = User(name="later", access_string="on ~* +@all -@write", passwords=("later-word",))
    app = User(name="app", access_string="on ~* +@all", passwords=(CURRENT, PREVIOUS))
    server.set_users([app, later])
    assert server.client("later", "later-word").get("app:greeting") == "hello"
    for forbidden in (("SET", "app:greeting", "1"), ("CONFIG", "GET", "maxmemory")):
        with pytest.raises(client_library.exceptions.NoPermissionError):
            server.client("later", "later-word").execute_command(*forbidden)
    for refused in (leaves, server.client("reader", READER)):
        with pytest.raises(client_library.exceptions.ConnectionError):
            refused.get("app:greeting")
    # Who stays is not disconnected, and may do what it might before.
    assert stays.client_id() == connection
    assert stays.get("app:greeting") == "hello"
    with pytest.raises(client_library.exceptions.NoPermissionError):
        stays.get("other:key")


def test_a_connection_without_tls_gets_no_answer(server):
    with socket.create_connection((server.host, server.port), timeout=5) as plain:
        plain.sendall(b"PING\r\n")
        plain.settimeout(5)
        try:
            answer = plain.recv(100)
        except ConnectionResetError:
            answer = b""
    assert b"PONG" not in answer


def test_there_is_no_second_port_without_tls(server):
    file = server.process.log.parent.parent / "redis" / "redis.conf"
    ports_set = [line for line in file.read_text().splitlines() if "port" in line.split()[0]]
    assert ports_set == ["port 0", f"tls-port {server.port}"]


def test_an_unknown_certificate_is_refused(server, tmp_path):
    other = Authority(tmp_path / "other.pem")
    stranger = dataclasses.replace(server, certificate_authority=other.file).client("app", CURRENT)
    with pytest.raises(
        client_library.exceptions.ConnectionError, match="certificate verify failed"
    ):
        stranger.ping()


def test_no_password_stands_in_a_file_or_a_log(server):
    directory = server.process.log.parent.parent
    texts = [
        (directory / name).read_text()
        for name in ("redis/users.acl", "redis/redis.conf", "logs/redis.log")
    ]
    assert len(texts) == 3
    assert not any(word in text for text in texts for word in (CURRENT, PREVIOUS, READER))
