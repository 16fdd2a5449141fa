"""The workflows and actions of this repository as data, and the commands that their steps run."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rehearsal.stack_file import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
# What ends one command and begins another, or is no command at all.
_SEPARATORS = {";", "&&", "||", "|", "do", "done", "then", "fi", "else"}
_OPENERS = ("for ", "if ", "while ")


@dataclass(frozen=True, kw_only=True)
class Step:
    """`job` is empty in an action."""

    file: str
    job: str
    fields: dict[str, Any]

    @property
    def name(self) -> str:
        """As people know it: its name, or the action that it uses."""
        return self.fields.get("name") or self.fields["uses"].partition("@")[0]

    @property
    def commands(self) -> list[list[str]]:
        return commands(self.fields.get("run", ""))


@cache
def read(path: Path) -> dict[str, Any]:
    """A workflow; `on` is a key, not YAML's other word for true."""
    found = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """File, id and fields of every job."""
    for path in WORKFLOWS:
        for job, fields in read(path)["jobs"].items():
            yield path.name, job, fields


def steps() -> list[Step]:
    """Every step of every workflow and action."""
    found = [
        Step(file=file, job=job, fields=fields)
        for file, job, described in jobs()
        for fields in described.get("steps", ())
    ]
    for path in ACTIONS:
        name = f"{path.parent.name}/action.yml"
        found += [Step(file=name, job="", fields=one) for one in read(path)["runs"]["steps"]]
    return found


def commands(script: str) -> list[list[str]]:
    """The words of each command of a script: redirections and `exec` left out, and what a
    variable adds only when it is set, as in `${UNTIL:+--until "$UNTIL"}`, taken as added."""
    found: list[list[str]] = []
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", script))
    for line in joined.splitlines():
        if line.strip().startswith(_OPENERS):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
        lexer.whitespace_split = True
        found += _parted(list(lexer))
    return found


def _parted(words: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    redirected = False
    for word in words:
        if word in _SEPARATORS:
            parts.append([])
        elif word in {">", ">>"}:
            redirected = True
        elif redirected:
            redirected = False
        elif word != "exec":
            parts[-1].append(word)
    return [part for part in parts if part]
