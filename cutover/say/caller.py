"""Who runs this, where, and under what name."""

import getpass
import os
import secrets
import socket
import time


def by() -> str:
    """The job's page in GitHub Actions ("Variables reference"), else user@host."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (os.environ.get(name, "") for name in names)
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return f"{_user()}@{socket.gethostname()}"


def new_run() -> str:
    """A name that nobody else takes: the second in UTC, and three random bytes."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's uid that has no name
        return f"uid {os.getuid()}"
