"""`python -m cutover VERB --stack STACK`."""

import sys

from cutover.say.streams import unbreakable
from scripts.packages import needed


def run() -> int:
    """The exit code of the command line, and of an answer that nobody could write."""
    lost = unbreakable()
    with needed("cutover"):
        from cutover.say.cli import main
    code = main()
    return code if not lost() else _unwritten(code, lost())


def _unwritten(code: int, why: str) -> int:
    """The command's own code, unless that would say that all is well."""
    from cutover.decide.outcome import Exit

    print(
        f"the answer could not be written to standard output: {why}; what was done is done, with "
        f"code {code}: `cutover status` says how things stand, where it can be written",
        file=sys.stderr,
    )
    return code or Exit.UNWRITTEN


if __name__ == "__main__":
    sys.exit(run())
