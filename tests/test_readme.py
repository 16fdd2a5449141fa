"""What README and docs say of settings, folders and commands is what there is."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from typer.exceptions import TyperException

from infra import problems
from infra.settings import Settings
from rehearsal.stack_file import ROOT
from tests.command_lines import APPS, command_line, known, made, mentioned
from tests.workflow_files import commands

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def accepted(shape: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    hints = typing.get_type_hints(shape, include_extras=True)
    for field in dataclasses.fields(shape):
        inner = problems.bare(hints[field.name])
        if dataclasses.is_dataclass(inner):
            yield from accepted(inner, f"{prefix}{field.name}/")
        else:
            yield f"{prefix}{field.name}", problems._allowed(hints[field.name])


def rows(page: str) -> list[tuple[str, str, str]]:
    text = (ROOT / page).read_text()
    return re.findall(r"^\| `([a-z0-9_/]+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE)


def test_the_table_of_settings_is_the_programs_own() -> None:
    told = rows("docs/settings.md")
    assert [(path, allowed) for path, allowed, _ in told] == list(accepted(Settings))
    assert all(len(meaning) > 10 for _, _, meaning in told)


def test_the_readme_has_the_settings_that_everybody_sets_in_the_same_words() -> None:
    told = rows("README.md")
    assert {"aws/account_id", "domain/name", "nginx/image"} <= {path for path, *_ in told}
    assert [row for row in rows("docs/settings.md") if row in told] == told


def test_every_package_and_every_folder_that_it_names_is_there() -> None:
    table = (ROOT / "README.md").read_text().partition("## Where things are")[2].partition("## ")[0]
    first = "".join(re.findall(r"^\| (`.+?`) \| .+ \|$", table, re.MULTILINE))
    named = re.findall(r"`([a-z/_.]+)`", first)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []
    packages = {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
    assert {"infra", "cutover"} <= packages
    assert packages <= {path.split("/")[0] for path in named}


def fenced(text: str) -> list[str]:
    """The lines of its blocks of code, those that end with a backslash with the next."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def spans(text: str) -> list[str]:
    """What is in backticks in a line, or over the end of one, without the blocks of code."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


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
