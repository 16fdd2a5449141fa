"""What a plan says without an account: guardrails, resources, and the difference in cost."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from costs.estimate import Estimate


def page(
    plan: Mapping[str, Any], now: Estimate, base: Mapping[str, Any] | None, before: Estimate | None
) -> str:
    """`plan` and `base` as `make plan ARGS=--json` prints them; `base` is the branch that the
    change goes to, None where it has no such plan, as for a new stack."""
    lines = [f"## `{plan['environment']}`, planned without an account", ""]
    lines += _resources(_urns(plan), _urns(base) if base else None)
    lines += [*_code(plan["guardrails"]), *_costs(now, before)]
    return "\n".join([*lines, ""])


def _urns(plan: Mapping[str, Any]) -> set[str]:
    return {one["urn"] for one in plan["resources"]}


def _resources(now: set[str], before: set[str] | None) -> Iterator[str]:
    if before is None:
        yield f"{len(now)} resources; there is no plan to compare with."
        return
    yield f"{len(now)} resources: {len(now - before)} new, {len(before - now)} gone."
    changed = [*(f"+ {urn}" for urn in now - before), *(f"- {urn}" for urn in before - now)]
    if changed:
        yield from _code(sorted(line.replace("urn:pulumi:", "") for line in changed))


def _costs(now: Estimate, before: Estimate | None) -> Iterator[str]:
    yield f"**US$ {now.usd:,.2f} a month** at the list prices of {now.as_of}, without tax"
    if before is None:
        return
    yield f"({now.usd - before.usd:+,.2f})."
    new, old = now.by_component(), before.by_component()
    parts = sorted({*new, *old})
    moved = {part: _of(new, part) - _of(old, part) for part in parts}
    if not any(moved.values()):
        return
    yield from ("", "| component | US$ a month | difference |", "|---|---:|---:|")
    for part, difference in moved.items():
        if difference:
            yield f"| {part} | {_of(new, part):,.2f} | {difference:+,.2f} |"


def _of(costs: Mapping[str, Decimal], part: str) -> Decimal:
    return costs.get(part, Decimal(0))


def _code(lines: Sequence[str]) -> list[str]:
    """Indented, so that nothing in them is markup or a mention."""
    return ["", *(f"    {' '.join(line.split())}" for line in lines), ""]
