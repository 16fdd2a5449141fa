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
    unbreakable()
    return main()


if __name__ == "__main__":
    sys.exit(run())
