"""`python3 -m pipeline.issue FOLDER`: one open issue says which environments have drifted.

Standard library only: it runs in a job that may write issues, and no package does.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline import comment
from pipeline.errors import PipelineError
from pipeline.github import gh

LABEL, TITLE = "drift", "AWS is not what the program asks for"


def commands(number: str, *, drifted: bool, all_previewed: bool) -> list[list[str]]:
    """What to have `gh` do; `number` is the open issue's, "" without one.

    The issue is closed when every stack was previewed and none differs.
    """
    if drifted and number:
        return [["issue", "edit", number, "--body-file", "-"]]
    if drifted:
        return [
            ["label", "create", LABEL, "--force", "--description", "found by the nightly preview"],
            ["issue", "create", "--title", TITLE, "--label", LABEL, "--body-file", "-"],
        ]
    if number and all_previewed:
        return [["issue", "close", number, "--comment", "No environment differs any more."]]
    return []


def main(arguments: Iterable[str], environment: Mapping[str, str]) -> int:
    """Opens, updates or closes the issue. The folder has a page for each stack that differs."""
    match list(arguments):
        case [folder]:
            pages = comment.read(Path(folder))
        case _:
            print("give one folder: python3 -m pipeline.issue FOLDER", file=sys.stderr)
            return 2
    body = comment.comment(pages, commit=environment["COMMIT"], run=environment["RUN_URL"])
    listed = ["issue", "list", "--state", "open", "--label", LABEL, "--json", "number"]
    try:
        number = gh([*listed, "--jq", ".[0].number // empty"]).strip()
        complete = environment["ALL_PREVIEWED"] == "true"
        for command in commands(number, drifted=bool(pages), all_previewed=complete):
            print(gh(command, body=body if "--body-file" in command else ""), end="")
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
