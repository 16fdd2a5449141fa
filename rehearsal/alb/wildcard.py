"""The patterns of an ALB's rules and of CloudFront's behaviours, as regular expressions."""

import re


def wildcard(pattern: str) -> str:
    """A regular expression for an ALB's pattern, without blanks and never past a line's end."""
    return "".join(
        {"*": ".*", "?": ".", " ": r"\x20", "\t": r"\t"}.get(character, re.escape(character))
        for character in pattern
    )
