"""Who runs this, where, and under what name."""

import getpass
import itertools
import os
import re
import secrets
import socket
import time
from collections.abc import Sequence
from pathlib import PurePath

# A sub-command as programs name them: `up`, `change-secrets-provider`. Keys and tokens have digits.
_SUBCOMMAND = re.compile(r"[a-z]+(-[a-z]+)*")
_SUBCOMMAND_LETTERS = 24


def by() -> str:
    """The job's page in GitHub Actions ("Variables reference"), else user@host."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ.get(name, "") for name in names)
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return f"{_user()}@{socket.gethostname()}"


def readable(text: str) -> str:
    """A word of the command line or the environment as every reader of the journal can take it:
    what is no UTF-8 is a question mark."""
    return text.encode("utf-8", "replace").decode()


def new_run() -> str:
    """A name that nobody else takes: the second in UTC, and three random bytes."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def what(command: Sequence[str]) -> str:
    """A command's name for the lease and the journal, which others read and which keep it for ever:
    `pulumi up`, without variables, options or anything else that may hold a secret."""
    words = list(itertools.dropwhile(_before_a_program, command))
    if not words:
        return "a command"
    program, *rest = words
    follows = rest[0] if rest else ""
    plain = len(follows) <= _SUBCOMMAND_LETTERS and _SUBCOMMAND.fullmatch(follows)
    return f"{PurePath(program).name} {follows}" if plain else PurePath(program).name


def _before_a_program(word: str) -> bool:
    return PurePath(word).name == "env" or word.startswith("-") or "=" in word


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's uid that has no name
        return f"uid {os.getuid()}"
