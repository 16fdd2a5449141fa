"""The README and the pages below docs/, taken apart."""

import re
from pathlib import Path

from rehearsal.stack_file import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fenced(text: str) -> list[str]:
    """The lines of its blocks of code, those that end with a backslash with the next."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def spans(text: str) -> list[str]:
    """What is in backticks in a line, or over the end of one, without the blocks of code."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", _prose(text))]


def headings(path: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ (.+)$", _prose(path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _prose(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
