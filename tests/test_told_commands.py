"""What the pages tell people to type exists: every verb, option and target, of ours or of make."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.exceptions import TyperException

from rehearsal.stack_file import ROOT
from tests.command_lines import APPS, asked_of_aws, command_line, known, made, mentioned
from tests.pages import PAGES, fenced, spans
from tests.workflow_files import commands

OURS = re.compile(rf"(?:.* )?(?:\S*python3? -m (?:{'|'.join(APPS)})|make)(?: .*)?")
VERBS = command_line("cutover").commands


def told() -> Iterator[tuple[str, str, str]]:
    """Page, how it is told there, and a command of ours or of the Makefile."""
    for path in PAGES:
        text, page = path.read_text(), path.relative_to(ROOT).as_posix()
        yield from ((page, "typed", line) for line in fenced(text) if OURS.fullmatch(line))
        for span in spans(text):
            first, *rest = span.removeprefix("cutover ").split(" ")
            if OURS.match(span):
                yield page, "mentioned", span
            elif rest and (span.startswith("cutover ") or (first in VERBS and " --" in span)):
                yield page, "mentioned", f"python -m cutover {span.removeprefix('cutover ')}"


def exists(how: str, line: str) -> None:
    """Raises when a command that is told can't be given like that."""
    for words in commands(re.sub(r"[][]", "", line)):
        if words[0] == "make":
            made(words[1:])
        elif how == "typed" and "-m" in words:
            known(words)
        elif words[1:2] == ["-m"]:
            mentioned(words[2:])


TOLD = sorted(set(told()))


def test_there_are_commands_on_the_pages_where_people_look_for_them() -> None:
    typed = {page for page, how, _ in TOLD if how == "typed"}
    assert typed >= {"README.md", "docs/guard.md", "docs/runbooks/cutover.md"}
    lines = {line for _, _, line in TOLD}
    assert {"make rehearse STACK=staging", "python -m cutover resume --adopt"} <= {
        line.partition("  ")[0] for line in lines
    }
    assert len(TOLD) > 90


@pytest.mark.parametrize(("page", "how", "line"), TOLD)
def test_every_command_that_is_told_exists(page: str, how: str, line: str) -> None:
    exists(how, line)


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("typed", "make everything"),
        ("typed", 'make soak ARGS="--speed 320"'),
        ("typed", "make plan STACKS=prod"),
        ("typed", "python -m cutover freeze --stack prod"),
        ("typed", "python -m cutover roll-back --stack prod"),
        ("typed", "python -m cutover guard --stack prod -- terraform apply"),
        ("typed", ". .venv/bin/activate && python -m drills verify --stack prod"),
        ("mentioned", "make everything"),
        ("mentioned", "python -m cutover roll-back"),
        ("mentioned", "python -m cutover resume --onwards"),
        ("mentioned", 'python -m cutover freeze --reason "…" [--till TIME]'),
    ],
)
def test_a_command_that_does_not_exist_is_seen(how: str, line: str) -> None:
    with pytest.raises((AssertionError, KeyError, TyperException)):
        exists(how, line)


def unset(text: str) -> set[str]:
    """Variables that a page's blocks of code use and don't set."""
    lines = [re.sub(r"'[^']*'", "", line) for line in fenced(text)]
    used = {name for line in lines for name in re.findall(r"\$\{?(\w+)", line)}
    return used - {name for line in lines for name in re.findall(r"(?:^|\s)(\w+)=", line)}


def test_every_variable_that_is_typed_is_set_on_its_page() -> None:
    assert {page.name: unset(page.read_text()) for page in PAGES if unset(page.read_text())} == {}
    assert unset("```\nA=1\necho $A ${B} '$C' # $D\n```\n`$E`\n") == {"B", "D"}


def test_every_folder_with_a_command_line_is_looked_at() -> None:
    run_by_the_engine = {"bootstrap", "policy"}
    assert {path.parent.name for path in ROOT.glob("*/__main__.py")} == {*APPS} | run_by_the_engine


@pytest.mark.parametrize("module", [*APPS, "scripts.mutate"])
def test_a_python_without_its_packages_says_what_to_do(module: str) -> None:
    """Whoever is on call types `python`, and that is not always the one of the environment."""
    bare = [sys.executable, "-S", "-m", module, "--help"]
    ended = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        2,
        "",
        f"this Python has no typer, which {module} needs; run `make setup`, and "
        "`. .venv/bin/activate` in this shell\n",
    )


def told_of_aws() -> Iterator[tuple[str, str]]:
    """Page, and a command of the AWS CLI, of which the prose may tell no more than the operation;
    without what it is piped into."""
    for path in PAGES:
        text = path.read_text()
        for line in (*fenced(text), *spans(text)):
            for found in re.findall(r"\baws ([a-z0-9]+ [a-z-]+(?:(?! &&)[^|)])*)", line):
                yield path.relative_to(ROOT).as_posix(), found


OF_AWS = sorted(set(told_of_aws()))


def test_there_are_commands_of_aws_where_people_look_for_them() -> None:
    assert {page for page, _ in OF_AWS} >= {"README.md", "docs/runbooks/restore.md"}
    assert len(OF_AWS) > 30


@pytest.mark.parametrize(("page", "line"), OF_AWS)
def test_every_command_of_aws_that_is_told_exists(page: str, line: str) -> None:
    asked_of_aws(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "rds restore-database",
        "rds restore-db-instance-to-point-in-time --restore-at now",
        "dynamodb wait table-there --table-name t",
        "ecs stop-task --task … --service …",
    ],
)
def test_a_command_that_aws_has_not_is_seen(line: str) -> None:
    with pytest.raises(AssertionError):
        asked_of_aws(line.split())
