"""Nothing of a rehearsal survives it: not after Ctrl-C, not after SIGKILL, not after a crash."""

import errno
import os
import pwd
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from rehearsal.errors import RehearsalError
from rehearsal.machine import guardian
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

pytestmark = pytest.mark.services

SLEEP = ["sleep", "600"]
# A leader with a child of its own; both print their pid and end only by SIGKILL.
STUBBORN = [
    "sh",
    "-c",
    "trap 'echo refused' TERM; sleep 600 & echo $! $$; while :; do sleep 0.05; done",
]


def running(pid: int) -> bool:
    """Whether a process runs; a zombie that init has yet to reap doesn't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(condition, *, seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def supervised():
    with Supervisor() as started:
        yield started


@pytest.fixture
def rehearsal():
    """Starts a script with a Supervisor `s`; gives its process and the words it printed first."""
    begun = []

    def begin(body: str) -> tuple[subprocess.Popen[str], list[str]]:
        script = (
            "import time\nfrom rehearsal.machine.supervisor import Supervisor\n"
            + "with Supervisor() as s:\n"
            + textwrap.indent(textwrap.dedent(body), "    ")
            + "\n    time.sleep(600)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        assert process.stdout
        return process, process.stdout.readline().split()

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


TWO_CHILDREN = """
    one = s.start("one", ["sleep", "600"], env={})
    two = s.start("two", ["sh", "-c", "sleep 600 & echo $!; wait"], env={})
    s.wait_until(lambda: two.output().endswith("\\n"), what="two", timeout_seconds=10)
    print(s.directory, one.pid, two.pid, two.output().strip(), flush=True)
"""


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
    ],
)
def test_whatever_ends_the_rehearsal_nothing_is_left(rehearsal, number, exit_code):
    process, (directory, *pids) = rehearsal(TWO_CHILDREN)
    assert len(pids) == 3
    assert all(running(int(pid)) for pid in pids)
    assert Path(directory, "logs", "two.log").exists()
    process.send_signal(number)
    assert process.wait(15) == exit_code
    assert eventually(lambda: not any(running(int(pid)) for pid in pids))
    assert eventually(lambda: not Path(directory).exists())


def test_an_error_in_the_rehearsal_leaves_nothing(rehearsal):
    process, (directory, *pids) = rehearsal(TWO_CHILDREN + "    raise ValueError('broken')\n")
    assert process.wait(15) == 1
    assert not any(running(int(pid)) for pid in pids)
    assert not Path(directory).exists()


def test_a_second_interrupt_kills_what_refuses_to_stop(rehearsal):
    process, (directory, log, *pids) = rehearsal(
        f"""
        p = s.start("stubborn", {STUBBORN!r}, env={{}}, stop_timeout_seconds=600)
        s.wait_until(lambda: p.output().endswith("\\n"), what="it", timeout_seconds=10)
        print(s.directory, p.log, p.output().strip(), flush=True)
        """
    )
    process.send_signal(signal.SIGINT)
    assert eventually(lambda: "refused" in Path(log).read_text())
    assert running(int(pids[1]))
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == -signal.SIGINT
    assert eventually(lambda: not any(running(int(pid)) for pid in pids))
    assert not Path(directory).exists()


def test_the_guardian_kills_what_refuses_to_stop(supervised, monkeypatch):
    monkeypatch.setattr(guardian, "GRACE_SECONDS", 0.2)
    process = supervised.start("stubborn", STUBBORN, env={})
    supervised.wait_until(lambda: " " in process.output(), what="it", timeout_seconds=10)
    pids = process.output().split()
    guardian.end({process.pid: signal.SIGTERM})
    assert process.exited.wait(10)
    assert process.exit_code == -signal.SIGKILL
    assert eventually(lambda: not any(running(int(pid)) for pid in pids))


def test_without_its_guardian_a_rehearsal_starts_nothing_more(supervised):
    supervised._lifeline._guardian.kill()
    supervised._lifeline._guardian.wait()
    with pytest.raises(RehearsalError, match=r"^the guardian of this rehearsal was killed, so "):
        supervised.start("late", SLEEP, env={})
    supervised.close()
    assert not supervised.directory.exists()


def test_a_child_that_dies_is_named_with_its_exit_code_and_last_words(supervised):
    supervised.check()
    process = supervised.start(
        "nginx of blue-1", ["sh", "-c", "echo one; echo two; exit 3"], env={}
    )
    assert supervised.died.wait(10)
    with pytest.raises(RehearsalError) as refused:
        supervised.check()
    assert str(refused.value) == (
        "nginx of blue-1 died unexpectedly: it ended with exit code 3; its log ends with:\n"
        "    one\n    two"
    )
    assert (process.alive, process.exit_code) == (False, 3)


def test_a_child_that_is_killed_is_named_with_the_signal(supervised):
    process = supervised.start("redis", SLEEP, env={})
    os.kill(process.pid, signal.SIGKILL)
    assert supervised.died.wait(10)
    with pytest.raises(
        RehearsalError,
        match=r"^redis died unexpectedly: it was ended by SIGKILL; its log is empty$",
    ):
        supervised.check()


def test_a_child_that_was_told_to_stop_did_not_die(supervised):
    process = supervised.start("app", SLEEP, env={})
    process.stop()
    process.stop()
    assert process.exit_code == -signal.SIGTERM
    assert process.expected_to_stop is True
    supervised.check()
    assert not supervised.died.is_set()


def test_what_a_dead_leader_leaves_behind_is_killed_with_it(supervised):
    process = supervised.start("leader", ["sh", "-c", "sleep 600 & echo $!; exit 1"], env={})
    assert process.exited.wait(10)
    left = int(process.output())
    assert eventually(lambda: not running(left))


def test_children_stop_in_reverse_order_each_by_its_own_signal(tmp_path):
    told = tmp_path / "told"
    with Supervisor() as started:
        for name, number in (("first", "TERM"), ("second", "QUIT"), ("third", "TERM")):
            script = (
                f"trap 'echo {name} {number} >>{told}; exit' {number}; echo up; "
                "while :; do sleep 0.05; done"
            )
            process = started.start(
                name, ["sh", "-c", script], env={}, stop_signal=signal.Signals[f"SIG{number}"]
            )
            started.wait_until(lambda p=process: bool(p.output()), what=name, timeout_seconds=10)
    assert told.read_text().splitlines() == ["third TERM", "second QUIT", "first TERM"]


def test_after_its_stop_timeout_a_child_is_killed(supervised):
    process = supervised.start("stubborn", STUBBORN, env={}, stop_timeout_seconds=0.3)
    supervised.wait_until(lambda: " " in process.output(), what="it", timeout_seconds=10)
    process.stop()
    assert process.exit_code == -signal.SIGKILL
    assert "refused" in process.output()


def test_close_may_be_called_twice_and_then_nothing_starts():
    started = Supervisor()
    started.start("one", SLEEP, env={})
    started.close()
    started.close()
    assert not started.directory.exists()
    with pytest.raises(RehearsalError, match=r"^two can't start: the rehearsal is being stopped$"):
        started.start("two", SLEEP, env={})


def test_signal_handlers_are_as_before():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with Supervisor():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in numbers] == before


def test_what_nohup_ignores_ends_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Supervisor() as kept:
            process = kept.start("kept", ["sleep", "600"], env={})
            signal.raise_signal(signal.SIGHUP)
            assert process.alive
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_two_rehearsals_side_by_side_do_not_touch_each_other(supervised):
    kept = supervised.start("same", ["sh", "-c", "echo kept; sleep 600"], env={})
    with Supervisor() as other:
        assert other.directory != supervised.directory
        gone = other.start("same", ["sh", "-c", "echo gone; sleep 600"], env={})
        other.wait_until(lambda: gone.output() == "gone\n", what="gone", timeout_seconds=10)
    assert not gone.alive
    assert kept.alive
    supervised.wait_until(lambda: kept.output() == "kept\n", what="kept", timeout_seconds=10)


def test_a_missing_program_is_one_sentence(supervised):
    with pytest.raises(RehearsalError) as refused:
        supervised.start("haproxy", ["/usr/sbin/no-such-proxy", "-f", "x"], env={})
    assert str(refused.value) == (
        "haproxy can't start: there is no program /usr/sbin/no-such-proxy, or it is not executable"
    )


def test_a_full_disk_is_one_sentence(supervised, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/x.log")

    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(
        RehearsalError, match=r"^can't start app: No space left on device \(/tmp/x\.log\)$"
    ):
        supervised.start("app", SLEEP, env={})


def test_a_child_gets_no_variable_of_ours(supervised, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    completed = supervised.run("env", ["env"], env={"GIVEN": "1"}, timeout_seconds=10)
    names = {line.partition("=")[0] for line in completed.output.splitlines()}
    assert names - {"PWD"} == {"PATH", "LANG", "HOME", "TMPDIR", "GIVEN"}


def test_a_server_that_refuses_root_runs_as_somebody_else(supervised):
    user = unprivileged_user()
    uid = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    own = supervised.make_directory("own", run_as=user)
    ours = os.getgroups()
    if user:
        os.setgroups([1])  # a group of ours that must not be handed on
    completed = supervised.run(
        "who",
        ["sh", "-c", "id -u; touch file && echo 'again by name' >>/dev/stdout; id -G"],
        env={},
        cwd=own,
        timeout_seconds=10,
        run_as=user,
    )
    if user:
        os.setgroups(ours)
    lines = completed.output.splitlines()
    assert lines[:2] == [str(uid), "again by name"]
    assert (own / "file").stat().st_uid == uid
    if user:
        assert lines[2] == str(pwd.getpwnam(user).pw_gid)


def test_a_one_off_reports_its_exit_code_and_is_no_death(supervised):
    completed = supervised.run(
        "one-off", ["sh", "-c", "echo out; echo err >&2; exit 7"], env={}, timeout_seconds=10
    )
    assert (completed.exit_code, completed.output) == (7, "out\nerr\n")
    supervised.check()
    assert not supervised.died.is_set()


def test_a_one_off_that_takes_too_long_is_killed(supervised):
    with pytest.raises(
        RehearsalError,
        match=re.escape(
            "slow did not end within 0.3 seconds and was killed; its log ends with:\n    begun"
        ),
    ):
        supervised.run("slow", ["sh", "-c", "echo begun; sleep 600"], env={}, timeout_seconds=0.3)


def test_waiting_ends_at_once_when_the_process_dies(supervised):
    process = supervised.start("redis", ["sh", "-c", "echo bad config; exit 1"], env={})
    with pytest.raises(RehearsalError) as refused:
        supervised.wait_until(
            lambda: False, what="Redis did not answer", timeout_seconds=600, process=process
        )
    assert str(refused.value) == (
        "Redis did not answer: it ended with exit code 1; its log ends with:\n    bad config"
    )


def test_waiting_for_anything_ends_at_once_when_any_process_dies(supervised):
    supervised.start("haproxy", ["false"], env={})
    with pytest.raises(
        RehearsalError, match=r"^haproxy died unexpectedly: it ended with exit code"
    ):
        supervised.wait_until(lambda: False, what="the page is missing", timeout_seconds=600)


def test_waiting_takes_a_refused_connection_as_not_yet_and_has_an_end(supervised):
    process = supervised.start("app", ["sh", "-c", "echo booting; sleep 600"], env={})
    supervised.wait_until(lambda: bool(process.output()), what="app", timeout_seconds=10)

    def refused() -> bool:
        raise ConnectionRefusedError

    with pytest.raises(RehearsalError) as failed:
        supervised.wait_until(
            refused, what="the app did not answer", timeout_seconds=0.2, process=process
        )
    assert str(failed.value) == (
        "the app did not answer within 0.2 seconds; its log ends with:\n    booting"
    )
