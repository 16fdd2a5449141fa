"""Whether a command that workflows run, or pages tell people to type, exists and parses."""

import importlib
import itertools
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Any

import botocore.session
import typer.main
from botocore import xform_name

from rehearsal.stack_file import ROOT
from tests.workflow_files import commands

# Programs that a runner has, or that a pinned action has put there; their options are theirs.
OTHERS = {
    *("apt-get", "aws", "cat", "cosign", "docker", "echo", "gh", "go", "npm", "pip", "pipx"),
    *("pulumi", "true"),
}
# Modules with a command line of typer's.
APPS = {
    "costs": "costs.cli",
    "cutover": "cutover.say.cli",
    "drills": "drills.say.cli",
    "guard": "guard.cli",
    "pipeline": "pipeline.cli",
    "rehearsal": "rehearsal.cli",
}
# What the AWS CLI has and no API: a command, and options of each command.
OF_THE_CLI_ALONE = {("ecr", "get-login-password")}
OF_EVERY_CALL = {"--output", "--profile", "--query", "--region"}


@cache
def command_line(module: str) -> Any:
    return typer.main.get_command(importlib.import_module(APPS[module]).app)


def parse(module: str, words: Sequence[str]) -> None:
    """Raises when the module's command line would refuse the words."""
    command, name = command_line(module), module
    if hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    context = command.make_context(name, list(words))
    # What `shell` runs, it runs in the app's image.
    if name == "guard" and context.params.get("command"):
        known(list(context.params["command"]))


def known(words: list[str]) -> None:
    """Raises when the command is neither one of ours, and well used, nor a known program."""
    program, *rest = words
    if program == "make":
        made(rest)
    elif program.rpartition("/")[2] in {"python", "python3"}:
        assert rest[0] == "-m", words
        module, *arguments = rest[1:]
        if module in APPS:
            parse(module, arguments)
        elif module in {"pip", "venv"}:
            pass
        else:
            assert module in {"pipeline.comment", "pipeline.issue"}, words
            assert len(arguments) == 1, words
    else:
        assert program.rpartition("/")[2] in OTHERS, words


def made(words: list[str]) -> None:
    """Raises when there is no such target, or when what it runs of ours would refuse ARGS."""
    targets = [word for word in words if "=" not in word]
    assert set(targets) <= set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    ), words
    variables = {word.partition("=")[0] for word in words if "=" in word}
    assert variables <= {"STACK", "ARGS"}, words
    said = subprocess.run(
        ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for line in said.splitlines():
        if re.search(rf" -m ({'|'.join(APPS)}) ", line):
            for run in commands(line):
                if "-m" in run:
                    known(run)


def mentioned(words: Sequence[str]) -> None:
    """Raises when a module has no such verb or option; what else it needs may be left out."""
    module, *rest = words
    command = command_line(module)
    if hasattr(command, "commands") and rest:
        command = command.commands[rest.pop(0)]
    ours = itertools.takewhile(lambda word: word != "--", rest)
    given = {word.partition("=")[0] for word in ours if re.match(r"--?[a-z]", word)}
    assert given <= {option for one in command.params for option in one.opts}, words


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def asked_of_aws(words: Sequence[str]) -> None:
    """Raises when the AWS CLI has no such operation, or the operation no such option."""
    service, operation, *rest = words
    if (service, operation) in OF_THE_CLI_ALONE:
        return
    model = _model({"s3api": "s3"}.get(service, service))
    if operation == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service).waiter_names
        assert rest.pop(0) in {xform_name(one, "-") for one in waiters}, words
        return
    operations = {xform_name(one, "-"): one for one in model.operation_names}
    assert operation in operations, words
    shape = model.operation_model(operations[operation]).input_shape
    members = {xform_name(one, "-") for one in (shape.members if shape else ())}
    given = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert {one.removeprefix("--").removeprefix("no-") for one in given - OF_EVERY_CALL} <= members
