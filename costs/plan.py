"""A plan as `make plan ARGS=--json` prints it: the resources, and what the program exports."""

import json
from dataclasses import dataclass
from typing import Any

from costs.errors import CostError

COMPONENT = "slipway:infra:"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource: its type token, its name, its camelCase inputs, and URNs that it refers to."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    depends_on: tuple[str, ...] = ()

    @property
    def component(self) -> str:
        """The outermost component that it is a part of; "stack" when of none."""
        qualified = self.urn.split("::")[2]
        first = qualified.split("$")[0]
        return first.removeprefix(COMPONENT) if first.startswith(COMPONENT) else "stack"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One environment. `least_tasks` is how many tasks serve when nobody is there."""

    environment: str
    region: str
    least_tasks: int
    resources: tuple[Resource, ...]

    def of(self, urns: tuple[str, ...], type_: str) -> list[Resource]:
        """The resources of a type among these URNs."""
        return [one for one in self.resources if one.type == type_ and one.urn in urns]


def read_plan(text: str, source: str) -> Plan:
    """The plan in a text that came from `source`; CostError when it is none."""
    try:
        data = json.loads(text)
        return Plan(
            environment=data["environment"],
            region=data["exports"]["region"],
            least_tasks=data["exports"]["policy"]["min_tasks"],
            resources=tuple(
                Resource(
                    urn=one["urn"],
                    type=one["type"],
                    name=one["name"],
                    inputs=one["inputs"],
                    depends_on=tuple(one["depends_on"]),
                )
                for one in data["resources"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CostError(
            f"{source} is no plan ({type(error).__name__}: {error}); "
            "`make plan STACK=… ARGS=--json` prints one"
        ) from None
