"""Through the real entry point: exit codes, and one sentence for whatever is wrong."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal import cli, commands
from rehearsal import drill as drills
from rehearsal.stack_file import ROOT

PROGRAM = (
    "infra",
    "stacks",
    "cutover",
    "drills",
    "rehearsal",
    "images",
    "examples",
    "scripts",
    "requirements.txt",
)


def rehearsal(
    *arguments: str, root: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rehearsal", *arguments],
        cwd=root,
        env={**os.environ, "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder, with a space in its name, that has the program and settings of its own."""
    root = tmp_path / "a clone"
    root.mkdir()
    for name in PROGRAM:
        (root / name).symlink_to(ROOT / name)
    # Not a link: the program looks for its settings beside its own files.
    (root / "rehearsal").unlink()
    shutil.copytree(ROOT / "rehearsal", root / "rehearsal")
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, root)
    shutil.copytree(ROOT / "waivers", root / "waivers")
    return root


def edit(root: Path, before: str, after: str) -> None:
    path = root / "Pulumi.prod.yaml"
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def test_a_plan_of_prod_ends_with_the_totals() -> None:
    done = rehearsal("plan", "prod")
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last, guardrails = done.stdout.splitlines()
    count = first.removeprefix("prod: ").removesuffix(" resources")
    assert int(count) > 150
    assert f": {count} resources in " in last
    assert re.fullmatch(r"guardrails: \d+ controls passed, \d+ waived, 0 failed", guardrails)
    assert "\x1b" not in done.stdout


def test_a_plan_as_json_is_nothing_but_json() -> None:
    done = rehearsal("plan", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert list(found) == ["environment", "exports", "guardrails", "resources", "totals"]
    assert found["environment"] == "staging"
    assert found["exports"]["public_url"] == "https://staging.example.com"


def test_a_plan_that_violates_a_control_says_so_and_fails(clone: Path) -> None:
    edit(clone, "multi_az: true", "multi_az: false")
    done = rehearsal("plan", "prod", root=clone)
    assert (done.returncode, done.stderr) == (1, "")
    # The clone has no waivers either.
    assert (
        "RDS.5 MEDIUM prod-postgres: multi_az is false, it must be true; change it, or waive RDS.5 "
        "for prod-postgres in waivers/prod.yaml"
    ) in done.stdout.splitlines()


def test_capacity_is_said_of_one_stack_and_written_of_all(clone: Path) -> None:
    (clone / "docs").mkdir()
    edit(clone, "max_tasks: 30", "max_tasks: 29")
    done = rehearsal("capacity", "prod", root=clone)
    assert (done.returncode, done.stderr) == (0, "")
    row = next(line for line in done.stdout.splitlines() if "tasks of a slot" in line)
    assert "raise service/max_tasks from 29 to 30" in row
    page = (clone / "docs" / "capacity.md").read_text()
    assert "| tasks of a slot | 3 | 30 | 29 | raise service/max_tasks from 29 to 30 |" in page
    assert re.findall("^## (.*)", page, re.MULTILINE) == ["prod", "staging", "testing"]


def test_capacity_refuses_a_bad_settings_file(clone: Path) -> None:
    edit(clone, "multi_az: true", "multi_az: 1")
    done = rehearsal("capacity", "prod", root=clone)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Pulumi.prod.yaml is not usable:\n  postgres/multi_az: must be true or false, got 1\n"
    )


def test_the_stack_may_come_from_the_environment() -> None:
    done = rehearsal("plan", "--json", SLIPWAY_STACK="testing")
    assert json.loads(done.stdout)["environment"] == "testing"


def test_help_lists_the_commands() -> None:
    done = rehearsal("--help")
    assert (done.returncode, done.stderr) == (0, "")
    commands = [line.split()[0] for line in done.stdout.split("Commands:\n")[1].splitlines()]
    pages = ["compliance", "capacity", "alarms", "rights"]
    assert commands == ["plan", *pages, "up", "run", "soak", "drill"]
    # What takes long is not loaded for it.
    script = "import sys; from rehearsal.cli import main; main(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "rehearsal.cli" in loaded
    assert not {"pulumi", "pulumi_aws", "boto3", "moto", "grpc"} & set(loaded)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plna"], "No such command 'plna'. Did you mean 'plan'?"),
        (["plan", "--jsno"], "No such option: --jsno"),
        (["run", "--rate", "0"], "Invalid value for '--rate': "),
        (["run", "--rate", "many"], "Invalid value for '--rate': "),
        (["run", "--scenarios"], "Option '--scenarios' requires an argument."),
        (["soak", "--cutovers", "0"], "Invalid value for '--cutovers': "),
        (
            ["soak", "--cutovers", "2", "--rollbacks", "3"],
            "Invalid value for --rollbacks: must be at most the number of cutovers",
        ),
        (["up", "--port", "65536"], "Invalid value for '--port': "),
        (["run", "--report-dir", "/no/such"], "Invalid value for '--report-dir': dir '/no/such'"),
        (["plan", "prod", "staging"], "Got unexpected extra argument(s) (staging)"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments: list[str], sentence: str) -> None:
    done = rehearsal(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["plan", "capacity", "up", "run", "soak", "drill"])
def test_an_unknown_stack_is_told_which_there_are(command: str) -> None:
    done = rehearsal(command, "production")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Pulumi.production.yaml does not exist; the stacks are prod, staging, testing\n"
    )


def test_a_bad_settings_file_is_told_as_pulumi_would(clone: Path) -> None:
    edit(clone, "backup_days: 35", "backup_days: 36")
    edit(clone, "multi_az: true", "multi_azz: true")
    done = rehearsal("plan", "prod", root=clone)
    assert (done.returncode, done.stdout) == (1, "")
    heading, *problems = done.stderr.splitlines()
    assert heading == "Pulumi.prod.yaml is not usable:"
    assert [problem.split(",")[0] for problem in sorted(problems)] == [
        "  postgres/backup_days: must be 1 to 35",
        "  postgres/multi_az: is missing",
        "  postgres/multi_azz: unknown key",
    ]
    assert rehearsal("plan", "testing", root=clone).returncode == 0


def test_a_defect_of_the_program_shows_where_it_is(clone: Path) -> None:
    (clone / "stacks").unlink()
    (clone / "stacks").mkdir()
    (clone / "stacks" / "environment.py").write_text("def environment() -> None:\n    1 / 0\n")
    done = rehearsal("plan", root=clone)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "environment.py" in done.stderr


def test_a_reader_that_stops_reading_is_no_accident() -> None:
    command = f"{sys.executable} -m rehearsal plan staging | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("staging: ")
    assert done.stderr == ""


def test_ctrl_c_is_quiet_and_exits_with_130(clone: Path) -> None:
    # The program itself says when it runs, and would take minutes.
    (clone / "stacks").unlink()
    (clone / "stacks").mkdir()
    (clone / "stacks" / "environment.py").write_text(
        "import pathlib, time\n"
        "def environment() -> None:\n"
        "    pathlib.Path('running').touch()\n"
        "    time.sleep(300)\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-m", "rehearsal", "plan"],
        cwd=clone,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (clone / "running").exists():
        assert started.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    output, errors = started.communicate(timeout=60)
    assert (started.returncode, output, errors) == (130, "", "")


@pytest.mark.parametrize("code", [0, 1])
def test_a_run_exits_with_0_only_when_every_check_held(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def run(stack: str, **options: object) -> bool:
        assert (stack, options) == (
            "prod",
            {"port": None, "rate": 5, "scenarios": "all", "report_directory": Path()},
        )
        return code == 0

    monkeypatch.setattr(commands, "run", run)
    monkeypatch.setattr(sys, "argv", ["rehearsal", "run", "prod", "--rate", "5"])
    assert cli.main() == code


@pytest.mark.parametrize("code", [0, 1])
def test_a_soak_exits_with_0_only_when_nothing_failed(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def soak(stack: str, **options: object) -> bool:
        assert (stack, options) == (
            "staging",
            {"cutovers": 20, "rollbacks": 2, "requests": 1_000_000, "rate": 300},
        )
        return code == 0

    monkeypatch.setattr(commands, "soak", soak)
    monkeypatch.setattr(sys, "argv", ["rehearsal", "soak", "--rollbacks", "2"])
    assert cli.main() == code


@pytest.mark.parametrize("code", [0, 1])
def test_a_drill_exits_with_0_only_when_everything_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int
) -> None:
    def drill(stack: str, **options: object) -> bool:
        assert (stack, options) == ("testing", {"rate": 60, "report_directory": tmp_path})
        return code == 0

    monkeypatch.setattr(drills, "drill", drill)
    monkeypatch.setattr(
        sys, "argv", ["rehearsal", "drill", "testing", "--report-dir", str(tmp_path)]
    )
    assert cli.main() == code


def test_an_unknown_scenario_is_told_which_there_are() -> None:
    done = rehearsal("run", "staging", "--scenarios", "errors,eror")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("there is no scenario eror; they are good-release, rotation, ")


@pytest.mark.services
@pytest.mark.parametrize("command", ["up", "run"])
def test_a_port_in_use_is_one_sentence(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = rehearsal(command, "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"port {port} is in use on 127.0.0.1; choose another with --port\n"
