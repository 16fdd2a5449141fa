"""A plan, judged: what it would hurt, what was allowed by name, and what can't be judged."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from guard.decide.kinds import KINDS
from guard.decide.ordinary import ORDINARY
from guard.decide.rules import CUTOVER_OWNS, Rule
from guard.decide.step import Step, outermost
from guard.errors import NotAPlan

_LISTENER = "aws:lb/listener:Listener"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule and one step; `what` says what the step does, as in `changes port`."""

    rule: Rule
    step: Step
    what: str

    @property
    def key(self) -> str:
        """What an allowance names: the rule and the resource."""
        return f"{self.rule.id}:{self.step.name}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Every finding is in one of the three. `unused` are allowances that no finding needed."""

    refused: tuple[Finding, ...]
    allowed: tuple[Finding, ...]
    told: tuple[Finding, ...]
    unused: tuple[str, ...]

    @property
    def passes(self) -> bool:
        return not self.refused


def judge(steps: Sequence[Step], allowances: Collection[str]) -> Verdict:
    """The verdict; NotAPlan with every step that can't be judged, whatever is allowed.

    An allowance is RULE:NAME, as in `edge:prod-https`. What is cutover's can't be allowed.
    """
    changing = [step for step in steps if step.in_cloud and step.effect != "none"]
    blind = [problem for step in changing for problem in _unjudged(step)]
    if blind:
        raise NotAPlan("; ".join(dict.fromkeys(blind)))
    first = any(step.type == _LISTENER and step.effect == "create" for step in changing)
    found = [finding for step in changing for finding in _findings(step, first=first)]
    told = [one for one in found if one.rule.level == "told"]
    allowed = [one for one in found if one.rule.level == "refused" and one.key in allowances]
    return Verdict(
        refused=tuple(one for one in found if one not in told and one not in allowed),
        allowed=tuple(allowed),
        told=tuple(told),
        unused=tuple(sorted({*allowances} - {one.key for one in allowed})),
    )


def _unjudged(step: Step) -> Iterator[str]:
    if step.type not in KINDS and step.type not in ORDINARY:
        yield (
            f"nobody has said what a {step.type} such as {step.name} is to traffic; add the type "
            "to guard/decide/kinds.py, or to guard/decide/ordinary.py if nothing that serves needs "
            "it"
        )
    elif step.type in KINDS and step.effect == "update" and not step.paths:
        yield (
            f"the plan says that {step.noun} {step.name} changes, and not what of it; see "
            "`pulumi preview --diff`"
        )


def _findings(step: Step, *, first: bool) -> Iterator[Finding]:
    """`first` is whether the plan makes a listener: nothing passes there yet."""
    kind = KINDS.get(step.type)
    if kind is None:
        return
    missing = sorted(kind.left_alone(step) - step.ignores)
    if missing and step.effect != "delete":
        what = f"no longer leaves {', '.join(missing)} alone"
        yield Finding(rule=CUTOVER_OWNS, step=step, what=what)
    match step.effect:
        case "create":
            rules = {} if first or kind.added is None else {kind.added: "adds it"}
        case "replace":
            because = f" because of {', '.join(step.paths)}" if step.paths else ""
            rules = {} if kind.replaced is None else {kind.replaced: f"replaces it{because}"}
        case "delete":
            rules = {} if kind.deleted is None else {kind.deleted: "deletes it"}
        case _:
            rules = _changed(step)
    for rule, what in rules.items():
        yield Finding(rule=rule, step=step, what=what)


def _changed(step: Step) -> dict[Rule, str]:
    """The paths that each rule is about."""
    paths: dict[Rule, list[str]] = {}
    for prop in step.properties:
        rule = KINDS[step.type].changed(step, prop)
        if rule is not None:
            touched = [path for path in step.paths if outermost(path) == prop]
            paths.setdefault(rule, []).extend(touched)
    return {rule: f"changes {', '.join(touched)}" for rule, touched in paths.items()}
