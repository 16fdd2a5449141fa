"""`python -m cutover VERB --stack STACK`."""

import sys


def run() -> int:
    """The exit code of the command line; 2, and what to do, where its packages are missing."""
    try:
        from cutover.say.cli import main
        from cutover.say.streams import unbreakable
    except ModuleNotFoundError as missing:
        print(
            f"this Python has no {missing.name}, which cutover needs; run `make setup`, and "
            "`. .venv/bin/activate` in this shell",
            file=sys.stderr,
        )
        return 2
    lost = unbreakable()
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
