"""What a new one does to what is already there: a rule, or None when it hurts nothing."""

from collections.abc import Callable

from guard.decide.rules import EDGE, Rule
from guard.decide.step import UNKNOWN, Step

Added = Callable[[Step], Rule | None]


def nothing(_step: Step) -> None:
    """It is nobody's yet."""


def always(rule: Rule) -> Added:
    return lambda _step: rule


def beside(owner: str, rule: Rule) -> Added:
    """One that is put on what is there already, and maybe over what was put on it before. What is
    made by the same plan has no id yet."""
    return lambda step: None if step.new.get(owner) == UNKNOWN else rule


def taking_over(switch: str, rule: Rule) -> Added:
    """One that is told to write over another of its name."""
    return lambda step: None if step.new.get(switch) in (None, False) else rule


def service(step: Step) -> Rule | None:
    """Its tasks answer as soon as they are in a target group that requests are sent to."""
    return EDGE if step.new.get("loadBalancers") else None
