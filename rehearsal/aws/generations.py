"""A later `pulumi up`, with the next generation of secrets, of what exists already."""

import json
from collections.abc import Callable
from typing import Any

from rehearsal.recording import Recording, record
from rehearsal.resource import Resource
from rehearsal.stack_file import stack_config
from rehearsal.synthetic import Outputs

_SECTION = "slipway:secrets"
_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"


class Generations:
    """`create` makes what is new; `follow` brings the servers to what the program now says."""

    def __init__(
        self,
        stack: str,
        recording: Recording,
        *,
        create: Outputs,
        follow: Callable[[Recording], None],
    ) -> None:
        self._stack, self._recording = stack, recording
        self._create, self._follow = create, follow
        self._config = stack_config(stack)

    def up(self) -> None:
        """`secrets/generation` is raised by one in the stack file, and the stack is updated.

        New resources are made, and a secret's value that differs becomes a new version. Whatever
        else there is stays as it is: nothing else depends on a generation.
        """
        section = json.loads(self._config[_SECTION])
        section["generation"] += 1
        self._config = {**self._config, _SECTION: json.dumps(section)}
        there = {(made.type, made.name): made for made in self._recording.resources}

        def update(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
            made = there.get((type_, name))
            if made is None or (type_ == _VERSION and made.inputs != inputs):
                return self._create(type_, name, inputs)
            return {**_computed(made), "id": made.id}

        # The SDK is loaded since the first `up`.
        from stacks.environment import environment

        self._recording = record(
            environment, stack=self._stack, config=self._config, outputs=update
        )
        self._follow(self._recording)


def _computed(made: Resource) -> dict[str, Any]:
    """What the provider has said, and not the program."""
    return {key: value for key, value in made.outputs.items() if made.inputs.get(key) != value}
