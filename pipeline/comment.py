"""`python3 -m pipeline.comment FOLDER`: the pages of a pull request's jobs, as one comment.

Standard library only: it runs in a job that may write to the pull request, and no package does.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

# GitHub refuses a comment of more than 65,536 characters; some are left for a last line.
MOST_CHARACTERS = 65_000


def comment(pages: Mapping[str, str], *, commit: str, run: str) -> str:
    """Every page in the order of its file's name; one that finds no room is named, not cut."""
    head = f"# What {commit[:12]} would change\n"
    foot = f"\n[The jobs that say so]({run})\n"
    text, left_out = head, []
    for name, page in sorted(pages.items()):
        if len(text) + len(page) + len(foot) < MOST_CHARACTERS:
            text += f"\n{page.strip()}\n"
        else:
            left_out.append(name)
    if left_out:
        text += f"\nToo long for a comment, and in the jobs' summaries: {', '.join(left_out)}\n"
    return text + foot


def read(folder: Path) -> dict[str, str]:
    """The Markdown files below a folder, by name."""
    return {path.stem: path.read_text() for path in folder.rglob("*.md")}


def main(arguments: Iterable[str], environment: Mapping[str, str]) -> int:
    """Prints the comment. 2 when it is called in another way."""
    match list(arguments):
        case [folder]:
            pages = read(Path(folder))
        case _:
            print("give one folder: python3 -m pipeline.comment FOLDER", file=sys.stderr)
            return 2
    print(comment(pages, commit=environment["COMMIT"], run=environment["RUN_URL"]), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
