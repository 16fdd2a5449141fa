"""Every recording that the tests make: which file looks at what of it, and how to weaken it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

from rehearsal import monitor
from rehearsal.recording import Recording
from rehearsal.resource import Resource
from scripts.input_mutants import InputMutant, Part, part_of

LookedAt = dict[Part, set[str]]


class WatchedRecordings:
    """From when it is made to the end of the process. `file` is the test file that runs."""

    def __init__(self) -> None:
        self.file = ""
        self.near: LookedAt = defaultdict(set)
        self.far: LookedAt = defaultdict(set)
        self._by_part: dict[Part, list[Resource]] = defaultdict(list)
        self._mutant: InputMutant | None = None
        every = Recording.every

        def asked(recording: Recording, type_: str, name: str | None = None) -> list[Resource]:
            file, self.file = self.file, ""
            try:
                found = every(recording, type_, name)
            finally:
                self.file = file
            self._look(found, self.near)
            return found

        def read(recording: Recording, name: str) -> Any:
            found = object.__getattribute__(recording, name)
            if name == "resources" and self.file:
                self._look(found, self.far)
            return found

        hooks = cast(Any, Recording)
        hooks.every, hooks.__getattribute__ = asked, read
        cast(Any, monitor).Resource = self._register

    def weaken(self, mutant: InputMutant) -> None:
        """What there is, where it stands, and what is yet to come."""
        for resource in self._by_part[mutant.part]:
            mutant.apply(resource)
        self._mutant = mutant

    def _look(self, found: Iterable[Resource], looked_at: LookedAt) -> None:
        for resource in found:
            looked_at[part_of(resource)].add(self.file)

    def _register(self, **given: Any) -> Resource:
        resource = Resource(**given)
        self._by_part[part_of(resource)].append(resource)
        if self._mutant:
            self._mutant.apply(resource)
        return resource
