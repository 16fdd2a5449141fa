"""Ports that nobody else takes between the choice of a port and the server that listens on it."""

import re
import socket
import subprocess
import sys

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.machine import ports

pytestmark = pytest.mark.services


@pytest.fixture
def reserved():
    taken = []
    yield lambda: taken.append(ports.reserve()) or taken[-1]
    for port in taken:
        ports.release(port)


@pytest.fixture
def listener():
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server


def test_a_server_of_ours_can_listen_on_a_reserved_port(reserved):
    port = reserved()
    with (
        socket.create_server((ports.LOOPBACK, port)),
        socket.create_connection((ports.LOOPBACK, port)) as client,
    ):
        assert client.getpeername() == (ports.LOOPBACK, port)


def test_no_reservation_repeats_or_lies_where_outgoing_connections_do(reserved):
    chosen = [reserved() for _ in range(50)]
    assert len(set(chosen)) == 50
    assert not set(chosen) & set(ports.ephemeral_ports())


def test_another_process_can_not_have_a_reserved_port(reserved):
    port = reserved()
    other = subprocess.run(
        [sys.executable, "-c", f"from rehearsal.machine import ports; ports.claim({port})"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 1
    assert f"RehearsalError: port {port} is in use on 127.0.0.1" in other.stderr


def test_a_port_is_held_for_a_block_and_no_longer():
    with ports.held() as port:
        with pytest.raises(RehearsalError, match=f"^port {port} is in use"), ports.held(port):
            pass
        with pytest.raises(RehearsalError, match=f"^port {port} is in use"):
            ports.claim(port)
    with ports.held(port) as again:
        assert again == port


def test_a_released_port_can_be_claimed_and_a_second_release_is_harmless(reserved):
    port = reserved()
    ports.release(port)
    ports.release(port)
    ports.claim(port)
    with pytest.raises(RehearsalError, match=f"port {port} is in use"):
        ports.claim(port)


def test_a_failed_claim_holds_nothing(listener):
    port = listener.getsockname()[1]
    with pytest.raises(RehearsalError, match="is in use"):
        ports.claim(port)
    listener.close()
    ports.claim(port)
    ports.release(port)


def test_the_message_names_the_port_and_the_option(listener):
    port = listener.getsockname()[1]
    with pytest.raises(RehearsalError) as refused:
        ports.claim(port, option="--https-port")
    assert (
        str(refused.value)
        == f"port {port} is in use on 127.0.0.1; choose another with --https-port"
    )


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_does_not_exist_is_refused(port):
    sentence = f"port {port} does not exist; choose one between 1024 and 65535 with --port"
    with pytest.raises(RehearsalError, match=f"^{re.escape(sentence)}$"):
        ports.claim(port)


@pytest.mark.parametrize(
    ("ephemeral", "candidates"),
    [
        (range(32768, 61000), range(10000, 32768)),
        (range(49152, 65536), range(10000, 49152)),
        (range(1024, 40000), range(40000, 65536)),
        (range(1024, 65536), range(10000, 65536)),
    ],
)
def test_candidates_lie_outside_the_ephemeral_range_where_there_is_room(ephemeral, candidates):
    assert ports.outside(ephemeral) == candidates
