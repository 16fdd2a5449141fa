"""The README's table of settings says what the program accepts, no more and no less."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from typing import Any

from infra import problems
from infra.settings import Settings
from rehearsal.stack_file import ROOT


def accepted(shape: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    hints = typing.get_type_hints(shape, include_extras=True)
    for field in dataclasses.fields(shape):
        inner = problems.bare(hints[field.name])
        if dataclasses.is_dataclass(inner):
            yield from accepted(inner, f"{prefix}{field.name}/")
        else:
            yield f"{prefix}{field.name}", problems._allowed(hints[field.name])


def test_the_table_of_settings_is_the_programs_own() -> None:
    readme = (ROOT / "README.md").read_text()
    told = re.findall(r"^\| `([a-z0-9_/]+)` \| (.+?) \| (.+) \|$", readme, re.MULTILINE)
    assert [(path, allowed) for path, allowed, _ in told] == list(accepted(Settings))
    assert all(len(meaning) > 10 for _, _, meaning in told)


def test_every_target_that_it_names_exists() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {"rehearse", "test", "plan", "up", "check", "mutate"} <= named
    assert named <= targets
