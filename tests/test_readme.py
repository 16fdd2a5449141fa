"""What README and docs say of settings and targets is what there is, no more and no less."""

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


def test_every_target_that_it_names_exists() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {"rehearse", "test", "plan", "up", "check", "mutate"} <= named
    assert named <= targets
