"""The guard's command: its exit codes, its sentences, and the page for a pull request."""

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guard import markdown
from guard.cli import MOST_CHARACTERS, main
from guard.decide.rules import RULES
from rehearsal.stack_file import ROOT
from tests.previews import SAMPLES, STACK, digest, protection, step, update

DOC = (ROOT / "docs" / "guard.md").read_text()


def given(name: str, *options: str) -> int:
    return main([str(SAMPLES / f"{name}.json"), "--stack", STACK, *options])


def test_a_plan_that_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert given("tags-only") == 0
    assert capsys.readouterr() == ("staging: passes\n", "")


def test_people_are_told_of_what_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert given("database-size") == 0
    assert capsys.readouterr().out.splitlines() == [
        "told: Instance main: the plan changes instanceClass; a restart, or a failover, in the "
        "next maintenance window. Nothing to do; it shows in every preview until then",
        "staging: passes",
    ]


def test_a_refusal_says_which_step_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert given("certificate") == 1
    assert capsys.readouterr().out.splitlines() == [
        "refused: Listener web: the plan changes certificateArn; every request passes here, and no "
        "slot can try the change first. Do it as the break-glass role and under the lease: "
        "`python -m cutover guard --stack … -- pulumi up`. To let it pass: --allow edge:web "
        "--reason …",
        "staging: refused, for 1 step",
    ]
    assert given("service-subnets") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "staging: refused, for 2 steps"


def test_what_is_cutovers_is_never_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert given("weights-not-ignored") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.endswith("fills slots. No reason lets it pass") for line in lines[:2])
    assert given("weights-not-ignored", "--allow", "cutover-owns:web-traffic", "--reason", "x") == 2
    assert "'cutover-owns:web-traffic' can't be allowed" in capsys.readouterr().err


def test_a_step_is_allowed_by_name_and_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--allow", "edge:web", "--allow", "edge:wob", "--reason", "the old one expires"]
    assert given("certificate", *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("allowed: Listener web: the plan changes certificateArn; ")
    assert lines[1:] == [
        "edge:wob is allowed, and the plan does no such thing",
        "staging: passes, with edge:web allowed, for: the old one expires",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--allow", "edge:web"], "--allow needs a --reason"),
        (["--allow", "edge:web", "--reason", " "], "--allow needs a --reason"),
        (["--allow", "edge", "--reason", "x"], "'edge' can't be allowed; it must be RULE:NAME"),
        (["--allow", "edge:", "--reason", "x"], "'edge:' can't be allowed"),
        (["--allow", "window:main", "--reason", "x"], "'window:main' can't be allowed"),
        (["--allow", "door:web", "--reason", "x"], "with a rule out of cut-off, data, downtime, "),
        (["--alow", "edge:web"], "No such option"),
    ],
)
def test_wrong_usage(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert given("certificate", *options) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert said in err


def test_the_stack_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLES / "tags-only.json")]) == 2
    assert "--stack" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "null", "not JSON"])
def test_what_is_no_plan_has_a_code_of_its_own(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = tmp_path / "preview.json", tmp_path / "page.md"
    file.write_text(text)
    options = ["--stack", STACK, "--allow", "edge:web", "--reason", "x", "--markdown", str(page)]
    assert main([str(file), *options]) == 3
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert page.read_text().startswith("## Plan of `staging`: refused\n\nIt can't be judged: ")


def test_a_file_that_is_not_there_and_one_that_is_no_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "preview.json"), "--stack", STACK]) == 3
    assert "preview.json can't be read: [Errno 2]" in capsys.readouterr().err
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    assert main([str(tmp_path / "binary.json"), "--stack", STACK]) == 3
    assert "binary.json can't be read: 'utf-8'" in capsys.readouterr().err


def test_a_file_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert MOST_CHARACTERS == 200_000_000
    monkeypatch.setattr("guard.cli.MOST_CHARACTERS", 1000)
    endless = tmp_path / "preview.json"
    endless.write_text(" " * 1001)
    assert main([str(endless), "--stack", STACK]) == 3
    out, err = capsys.readouterr()
    said = f"{endless} has more than 1,000 characters, and no preview has; "
    assert (out, err) == ("", f"{said}give what `pulumi preview --json` printed\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(" " * 1001))
    assert main(["-", "--stack", STACK]) == 3
    assert capsys.readouterr().err.startswith("standard input has more than 1,000 characters")
    endless.write_text(" " * 1000)
    assert main([str(endless), "--stack", STACK]) == 3
    assert "is not whole JSON" in capsys.readouterr().err


NASTY = "web\n::stop-commands::x\n\x1b[32mstaging: passes\u202e\ud800"
SEEN = "web ::stop-commands::x \ufffd[32mstaging: passes\ufffd\ufffd"


def test_a_name_forges_no_line_of_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that begins with :: is a command to GitHub."""
    file, page = tmp_path / "preview.json", tmp_path / "page.md"
    listener = update("aws:lb/listener:Listener", NASTY, {}, {}, "port")
    file.write_text(json.dumps(digest(listener)))
    assert main([str(file), "--stack", STACK, "--markdown", str(page)]) == 1
    out = capsys.readouterr().out
    assert [line.split(":")[0] for line in out.splitlines()] == ["refused", "staging"]
    assert f"Listener {SEEN}: the plan changes port" in out
    assert "\x1b" not in page.read_text()
    file.write_text(json.dumps(digest(step("create", "aws:sqs/queue:Queue", NASTY))))
    assert main([str(file), "--stack", STACK, "--markdown", str(page)]) == 3
    assert f"a aws:sqs/queue:Queue such as {SEEN} is to traffic" in capsys.readouterr().err
    assert len(page.read_text().splitlines()) == 3


def test_protection_that_is_taken_off_is_more_than_nothing(tmp_path: Path) -> None:
    file, page = tmp_path / "preview.json", tmp_path / "page.md"
    bucket = protection("aws:s3/bucket:Bucket", "web", before=True, after=False)
    file.write_text(json.dumps(digest(bucket)))
    assert main([str(file), "--stack", STACK, "--markdown", str(page)]) == 1
    heading, *_, finding = page.read_text().splitlines()
    assert heading == "## Plan of `staging`: refused"
    assert finding.startswith("- Bucket web: the plan takes `protect` off it; data is lost, or ")


@pytest.mark.parametrize(
    ("plan", "code", "verdict"),
    [
        ("tags-only", 3, "staging: passes"),
        ("certificate", 1, "staging: refused, for 1 step"),
    ],
)
def test_a_page_that_can_not_be_written_is_no_pass_and_hides_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: str, code: int, verdict: str
) -> None:
    page = tmp_path / "none" / "page.md"
    assert given(plan, "--markdown", str(page)) == code
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == verdict
    assert said.err == (
        f"the page {page} can't be written (No such file or directory); give --markdown a file in "
        "a folder that is there and takes it\n"
    )


def test_a_verdict_that_nobody_can_read_is_none() -> None:
    """Of a full disk; the page's too, which is written piece by piece."""
    passes = f'"$0" -m guard {SAMPLES / "tags-only.json"} --stack {STACK}'
    for line, out in ((f"{passes} >/dev/full", ""), (f"{passes} --markdown /dev/full", "passes")):
        done = subprocess.run(
            ["bash", "-c", line, sys.executable],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3
        assert out in done.stdout
        assert "No space left on device" in done.stderr


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("{"))
    assert main(["-", "--stack", STACK]) == 3
    assert capsys.readouterr().err.startswith("standard input is not whole JSON")


def test_a_run_that_is_killed_leaves_no_verdict(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("## Plan of `staging`: passes\n")
    command = [sys.executable, "-m", "guard", "-", "--stack", STACK, "--markdown", str(page)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as run:
        while page.read_text():
            assert run.poll() is None
        run.kill()
    assert run.returncode == -signal.SIGKILL
    assert page.read_text() == ""


def test_the_page_has_verdict_findings_and_what_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    options = ["--allow", "edge:web-blue", "--reason", "a new <network>", "--markdown", str(page)]
    assert given("vpc-replaced", *options) == 1
    lines = page.read_text().splitlines()
    assert lines[:3] == ["## Plan of `staging`: refused", "", "### Refused"]
    assert lines[3].startswith("- Vpc web: the plan replaces it because of cidrBlock; ")
    assert lines[4].startswith("- TargetGroup web-green: the plan replaces it because of vpcId; ")
    assert lines[5:7] == ["", "### Allowed, for: a new &#60;network&#62;"]
    assert lines[7].startswith("- TargetGroup web-blue: ")
    assert lines[8:] == [
        "",
        "<details><summary>3 to replace</summary>",
        "",
        "| | type | resource | changes |",
        "|---|---|---|---|",
        "| ± | Vpc | web | cidrBlock |",
        "| ± | TargetGroup | web-green | vpcId |",
        "| ± | TargetGroup | web-blue | vpcId |",
        "",
        "</details>",
    ]


def test_the_page_of_a_plan_that_changes_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert given("no-changes", "--markdown", str(page)) == 0
    assert page.read_text() == "## Plan of `staging`: passes\n\nNothing changes.\n"


def test_the_page_tells_and_counts(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    options = ["--allow", "data:main", "--reason", "x", "--markdown", str(page)]
    assert given("deregistration", *options) == 0
    lines = page.read_text().splitlines()
    assert lines[:3] == ["## Plan of `staging`: passes", "", "### Worth knowing"]
    assert lines[5] == "- data:main is allowed, and the plan does no such thing"
    assert lines[7] == "<details><summary>2 to update</summary>"


def test_the_page_holds_no_value_and_no_markup_of_a_name(tmp_path: Path) -> None:
    plan = digest(
        step(
            "update",
            "aws:sns/topic:Topic",
            "a|b\n@all <img> [x](y)",
            old={"token": "hunter2"},
            new={"token": "hunter3"},
            paths=["token", "x" * 100],
        ),
        step("create", "aws:sns/topic:Topic", "n" * 60),
        step("create", "aws:sns/topic:Topic", "m" * 61),
    )
    file, page = tmp_path / "preview.json", tmp_path / "page.md"
    file.write_text(json.dumps(plan))
    assert main([str(file), "--stack", STACK, "--markdown", str(page)]) == 0
    row, *others = [line for line in page.read_text().splitlines() if "Topic" in line]
    assert others == [f"| + | Topic | {'n' * 60} |  |", f"| + | Topic | {'m' * 60}… |  |"]
    name = "a&#124;b &#64;all &#60;img&#62; &#91;x&#93;(y)"
    assert row == f"| ~ | Topic | {name} | token, {'x' * 53}… |"
    assert "hunter" not in page.read_text()


def test_a_long_page_is_cut_where_github_would_refuse_it(tmp_path: Path) -> None:
    topics = (step("create", "aws:sns/topic:Topic", f"{i:03}{'n' * 60}") for i in range(400))
    file, page = tmp_path / "preview.json", tmp_path / "page.md"
    file.write_text(json.dumps(digest(*topics)))
    assert main([str(file), "--stack", STACK, "--markdown", str(page)]) == 0
    lines = page.read_text().splitlines()
    assert sum(line.startswith("| +") for line in lines) == markdown.MOST_ROWS == 150
    assert "| | | and 250 more | |" in lines
    assert "<details><summary>400 to create</summary>" in lines
    assert len(page.read_text()) < 65_536


def test_the_sample_of_another_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLES / "tags-only.json"), "--stack", "prod"]) == 3
    assert "is not of stack prod; give the preview of that stack" in capsys.readouterr().err


@pytest.mark.parametrize("id_", sorted(RULES))
def test_the_page_of_rules_has_each_as_it_is(id_: str) -> None:
    rule = RULES[id_]
    assert f"| `{id_}` | {rule.level} | {rule.harm} | {rule.way} |" in DOC.splitlines()
    assert len(re.findall(r"^\| `[a-z-]+` \|", DOC, re.MULTILINE)) == len(RULES)
