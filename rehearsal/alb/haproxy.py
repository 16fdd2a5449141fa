"""HAProxy's side of the balancer: its configuration and its routing map."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from rehearsal.alb.pages import Pages
from rehearsal.alb.routing import Action, Condition, FixedResponse, Routing
from rehearsal.alb.target_group import TargetGroup
from rehearsal.alb.wildcard import wildcard
from rehearsal.errors import RehearsalError

CONTENT_TYPES = (
    "text/plain",
    "text/css",
    "text/html",
    "application/javascript",
    "application/json",
)
# An ALB's forward action takes five target groups at most.
MOST_GROUPS = 5
HEADER_NAME = re.compile(r"[a-z0-9-]{1,40}")
BAD_GATEWAY = (
    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\n"
    "502 Bad Gateway"
)


@dataclass(frozen=True)
class Structure:
    """What HAProxy must know when it starts; everything else can change while it runs."""

    groups: Mapping[str, TargetGroup]
    headers: tuple[str, ...]
    fixed_responses: tuple[FixedResponse, ...]

    @classmethod
    def of(cls, groups: Sequence[TargetGroup], routing: Routing) -> "Structure":
        """Raises RehearsalError for names that HAProxy can't take."""
        for header in routing.headers:
            if not HEADER_NAME.fullmatch(header):
                raise RehearsalError(
                    f"a rule looks at the header {header!r}; a header that reaches the rules has "
                    "1 to 40 letters, digits and hyphens"
                )
        for response in routing.fixed_responses:
            if response.content_type not in CONTENT_TYPES:
                raise RehearsalError(
                    f"a fixed response has the content type {response.content_type!r}; it must be "
                    f"one of {', '.join(CONTENT_TYPES)}"
                )
        return cls(
            groups={group.arn: group for group in groups},
            headers=tuple(sorted(routing.headers)),
            fixed_responses=tuple(
                sorted(routing.fixed_responses, key=lambda r: (r.status, r.body, r.content_type))
            ),
        )

    def refuse_what_is_new(self, routing: Routing) -> None:
        """RehearsalError when the routing needs what HAProxy was not started with."""
        new = [
            *sorted(f"target group {arn}" for arn in routing.groups - set(self.groups)),
            *sorted(f"a condition on header {name}" for name in routing.headers - {*self.headers}),
            *sorted(
                f"a fixed response with status {response.status}"
                for response in routing.fixed_responses - {*self.fixed_responses}
            ),
        ]
        if new:
            raise RehearsalError(
                f"the listener now has {', '.join(new)}, which the balancer was not started with; "
                "start the rehearsal again"
            )

    def map_lines(self, routing: Routing) -> list[str]:
        """The routing as a map from expressions to actions, first match first."""
        return [
            *(
                f"{self._expression(rule.conditions)} {self._action(rule.action)}"
                for rule in routing.rules
            ),
            rf"\A {self._action(routing.default)}",
        ]

    def _expression(self, conditions: Sequence[Condition]) -> str:
        """A regular expression over host, path and headers, one line each (see the template)."""
        # Several conditions on one field must all hold: each is a look-ahead at its line.
        lines = ["(?i)", "(?-i)", *("(?i)" for _ in self.headers)]
        for condition in conditions:
            alternatives = "|".join(wildcard(pattern) for pattern in condition.patterns)
            match condition.field:
                case "host-header":
                    lines[0] += f"(?=(?:{alternatives})\\n)"
                case "path-pattern":
                    lines[1] += f"(?=(?:{alternatives})\\n)"
                case _:
                    index = 2 + self.headers.index(condition.header)
                    lines[index] += f"(?=[1-9]\\d*:(?:{alternatives})\\n)"
        return r"\A" + "".join(line + r".*\n" for line in lines)

    def _action(self, action: Action) -> str:
        if isinstance(action, FixedResponse):
            return f"fixed|{self.fixed_responses.index(action)}"
        fields, total = [], 0
        for arn, weight in action.weights:
            total += weight
            fields += [str(total), self.groups[arn].name]
        return "|".join(["forward", str(total), *fields])


def write_configuration(
    directory: Path,
    structure: Structure,
    routing: Routing,
    *,
    port: int,
    certificate: Path,
    idle_seconds: int,
    pages: Pages | None,
) -> Path:
    """Writes haproxy.cfg and all that it refers to; returns its path."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (not HTML; every value in it is checked for its alphabet)
    )
    rendered = environment.get_template("haproxy.cfg.j2").render(
        directory=directory,
        port=port,
        certificate=certificate,
        idle_seconds=idle_seconds,
        headers=structure.headers,
        fixed_responses=structure.fixed_responses,
        groups=structure.groups.values(),
        most_groups=MOST_GROUPS,
        pages=pages,
    )
    path = directory / "haproxy.cfg"
    try:
        path.write_text(rendered)
        (directory / "502.http").write_text(BAD_GATEWAY, newline="")
        (directory / "rules.map").write_text("\n".join(structure.map_lines(routing)) + "\n")
        for index, response in enumerate(structure.fixed_responses):
            (directory / f"fixed-{index}").write_text(response.body)
    except OSError as error:
        raise RehearsalError(f"can't write {error.filename}: {error.strerror}") from None
    return path
