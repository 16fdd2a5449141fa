"""One input of one part asked for more weakly, in every environment that has the part."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rehearsal.recording import Recording
from rehearsal.resource import Resource
from rehearsal.stack_file import stack_names
from scripts.weakness import Weakness, weakened, weaknesses

Part = tuple[str, str]
"""A type token, and a name with `*` in the place of the environment's."""

ENVIRONMENT = re.compile(rf"\b({'|'.join(stack_names())})\b")


@dataclass(frozen=True)
class InputMutant:
    """A weakness of a part, and the stacks in which it makes a difference."""

    part: Part
    weakness: Weakness
    stacks: tuple[str, ...]

    def __str__(self) -> str:
        type_, name = self.part
        return f"{type_.rpartition(':')[2]} {name}: {self.weakness} ({', '.join(self.stacks)})"

    def apply(self, resource: Resource) -> None:
        """Weakens the resource where it stands, if it is such a part and differs by it."""
        inputs = (
            weakened(resource.inputs, self.weakness) if part_of(resource) == self.part else None
        )
        if inputs is not None:
            resource.inputs.clear()
            resource.inputs.update(inputs)


def part_of(resource: Resource) -> Part:
    """What the resource is in any environment."""
    return resource.type, ENVIRONMENT.sub("*", resource.name)


def input_mutants(recordings: Mapping[str, Recording]) -> Iterator[InputMutant]:
    """Each weakness of each input, once for all the stacks, by whose names the recordings are."""
    found: dict[tuple[Part, Weakness], dict[str, None]] = {}
    for stack, recording in recordings.items():
        for resource in recording.resources:
            if resource.custom:
                for weakness in weaknesses(resource.type, resource.inputs):
                    found.setdefault((part_of(resource), weakness), {})[stack] = None
    for (part, weakness), stacks in found.items():
        yield InputMutant(part, weakness, tuple(stacks))
