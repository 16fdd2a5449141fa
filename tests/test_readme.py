"""What README and docs say of settings, folders and each other is what there is."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import problems
from infra.settings import Settings
from rehearsal.stack_file import ROOT
from tests.pages import PAGES, headings


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


def leads_nowhere(page: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    return not target.exists() or (bool(anchor) and anchor not in headings(target))


def test_every_link_leads_to_a_file_and_a_heading_that_are_there() -> None:
    links = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())
        if not link.startswith("https://")
    ]
    assert len(links) > 150
    assert [(page.name, link) for page, link in links if leads_nowhere(page, link)] == []


@pytest.mark.parametrize(
    "link", ["docs/nothing.md", "docs/guard.md#the-roles", "#to-azure", "docs/adr/0013-none.md"]
)
def test_a_link_that_leads_nowhere_is_seen(link: str) -> None:
    assert leads_nowhere(ROOT / "README.md", link)
