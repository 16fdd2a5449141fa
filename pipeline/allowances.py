"""What a pull request allows the guard to let pass, by its labels and its description."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# A label's name is at most 50 characters (GitHub's own limit), as in `allow edge:prod-https`.
LABEL = "allow "
_REASON = re.compile(r"^Reason:[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)


def arguments(pull_requests: Iterable[Mapping[str, Any]]) -> list[str]:
    """Options for the guard from pull requests as GitHub's API gives them; empty without a label.

    Without a reason there is no `--reason`, which the guard refuses by itself.
    """
    pulls = list(pull_requests)
    names = [label["name"] for pull in pulls for label in pull["labels"]]
    allowed = sorted({name.removeprefix(LABEL) for name in names if name.startswith(LABEL)})
    if not allowed:
        return []
    reasons = [found[1].strip() for pull in pulls if (found := _REASON.search(pull["body"] or ""))]
    options = [part for key in allowed for part in ("--allow", key)]
    return options + (["--reason", "; ".join(reasons)] if reasons else [])
