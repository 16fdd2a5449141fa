"""All resources of one environment, and which of them belongs to which."""

from collections.abc import Iterable

from infra.guardrails.model import Resource


class Environment:
    """Look-ups by type and by where a property comes from; they may well find nothing."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self._by_urn = {resource.urn: resource for resource in self.resources}
        self._by_type: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    def every(self, type_: str) -> list[Resource]:
        """Each resource of a type."""
        return self._by_type.get(type_, [])

    def sources(self, resource: Resource, property_: str, type_: str) -> list[Resource]:
        """The resources of a type whose outputs a property was made of.

        A value is often passed on: a bucket's name by its versioning, for whom has to come after
        it. So what is of another type is followed through its own property of that name.
        """
        found: dict[str, Resource] = {}
        seen: set[str] = set()
        waiting = sorted(resource.sources.get(property_, ()))
        while waiting:
            urn = waiting.pop(0)
            source = self._by_urn.get(urn)
            if source is None or urn in seen:
                continue
            seen.add(urn)
            if source.type == type_:
                found[urn] = source
            else:
                waiting += sorted(source.sources.get(property_, ()))
        return list(found.values())

    def belonging(self, type_: str, property_: str, owner: Resource) -> list[Resource]:
        """The resources of a type with a property that was made of `owner`."""
        return [
            resource
            for resource in self.every(type_)
            if owner in self.sources(resource, property_, owner.type)
        ]
