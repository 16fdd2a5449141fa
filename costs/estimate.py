"""Every resource of a plan, priced; a type that nobody has priced stops the estimate."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costs.errors import CostError
from costs.free import FREE
from costs.parts import PARTS
from costs.plan import Plan
from costs.prices import Prices, Usage

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """So much of something, in a month; `usd` is rounded to cents only when it is shown."""

    component: str
    resource: str
    key: str
    quantity: Decimal
    usd_each: Decimal

    @property
    def usd(self) -> Decimal:
        return self.quantity * self.usd_each


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A month of one environment, in US dollars, at the prices of `as_of`."""

    environment: str
    as_of: str
    lines: tuple[Line, ...]

    @property
    def usd(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal(0))

    def by_component(self) -> Mapping[str, Decimal]:
        """Component -> dollars, those that cost something."""
        totals: dict[str, Decimal] = {}
        for line in self.lines:
            totals[line.component] = totals.get(line.component, Decimal(0)) + line.usd
        return {name: usd for name, usd in sorted(totals.items()) if usd}


def estimate(plan: Plan, prices: Prices, usage: Usage) -> Estimate:
    """What the plan costs a month. CostError names every type and every price that is missing."""
    unknown = sorted({one.type for one in plan.resources} - set(PARTS) - FREE)
    problems = [
        f"nobody has said what a resource of type {type_} costs; add it to costs/parts.py, or to "
        "costs/free.py if AWS charges nothing for it"
        for type_ in unknown
        if not type_.startswith(_NOT_AWS)
    ]
    lines = tuple(_priced(plan, prices, usage, problems.append))
    if problems:
        raise CostError("; ".join(dict.fromkeys(problems)))
    return Estimate(environment=plan.environment, as_of=prices.as_of.isoformat(), lines=lines)


# Components, the state's own resources, and providers: names that AWS has never heard of.
_NOT_AWS = ("slipway:", "random:", "pulumi:")


def _priced(
    plan: Plan, prices: Prices, usage: Usage, problem: Callable[[str], None]
) -> Iterator[Line]:
    for resource in plan.resources:
        part = PARTS.get(resource.type)
        for key, quantity in part(resource, plan, usage) if part else ():
            try:
                each = prices.of(plan.region, key)
            except CostError as error:
                problem(str(error))
                continue
            yield Line(
                component=resource.component,
                resource=resource.name,
                key=key,
                quantity=Decimal(quantity),
                usd_each=each,
            )
