"""Every missing program in one sentence, with the command that installs it."""

import re

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.machine import binaries


@pytest.fixture
def programs(tmp_path):
    """A directory of programs that print a version when they are asked as the real ones are."""

    def create(**said: str):
        for name, line in said.items():
            file = tmp_path / name.replace("_", "-")
            file.write_text(f"#!/bin/sh\n{line}\n")
            file.chmod(0o755)
        return str(tmp_path)

    return create


@pytest.mark.parametrize(
    ("uid", "platform", "command"),
    [
        (0, "linux", "apt-get install --yes gettext-base nginx postgresql"),
        (1000, "linux", "sudo apt-get install --yes gettext-base nginx postgresql"),
        (501, "darwin", "brew install gettext nginx postgresql@16"),
    ],
)
def test_all_that_is_missing_is_named_once_with_the_command(
    monkeypatch, programs, uid, platform, command
):
    monkeypatch.setattr(binaries.os, "geteuid", lambda: uid)
    monkeypatch.setattr(binaries.sys, "platform", platform)
    path = programs(haproxy="")
    with pytest.raises(RehearsalError) as refused:
        binaries.find(["nginx", "haproxy", "initdb", "psql", "envsubst"], path=path)
    assert str(refused.value) == (
        f"nginx, initdb, psql, envsubst are not installed; run: {command}"
    )


def test_one_missing_program_reads_as_one(monkeypatch, programs):
    monkeypatch.setattr(binaries.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(binaries.sys, "platform", "linux")
    sentence = "pgbouncer is not installed; run: sudo apt-get install --yes pgbouncer"
    with pytest.raises(RehearsalError, match=f"^{re.escape(sentence)}$"):
        binaries.find(["pgbouncer"], path=programs(haproxy=""))


def test_a_program_that_can_not_report_its_version_is_named(programs, tmp_path):
    found = binaries.find(["nginx"], path=programs(nginx="echo broken; exit 1"))
    with pytest.raises(RehearsalError, match=r"/nginx did not report a version; it may be damaged"):
        binaries.versions(found)


def test_versions_are_read_from_either_stream(programs):
    path = programs(
        nginx='[ "$1" = -v ] && echo nginx version: nginx/1.22.1 >&2',
        haproxy='[ "$1" = -v ] && echo HAProxy version 2.6.12-1+deb12u4 2026/10/17',
        redis_server='[ "$1" = --version ] && echo Redis server v=7.0.15 sha=00000000:0',
        openssl='[ "$1" = version ] && echo OpenSSL 3.0.19 27 Jan 2026',
    )
    found = binaries.find(["nginx", "haproxy", "redis-server", "openssl"], path=path)
    assert binaries.versions(found) == {
        "nginx": "1.22.1",
        "haproxy": "2.6.12",
        "redis-server": "7.0.15",
        "openssl": "3.0.19",
    }


@pytest.mark.services
def test_this_machine_has_every_program_in_a_version_that_serves():
    found = binaries.find()
    assert list(found) == list(binaries.PROGRAMS)
    major = {name: int(said.partition(".")[0]) for name, said in binaries.versions(found).items()}
    assert major["postgres"] == major["initdb"] == major["psql"]
    assert major["postgres"] >= 15
    assert major["redis-server"] >= 7
    assert major["haproxy"] >= 2
