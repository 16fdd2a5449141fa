"""A plan, judged: what it would hurt, what was allowed by name, and what can't be judged."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from guard.decide.kinds import KINDS
from guard.decide.ordinary import ORDINARY
from guard.decide.rules import CUTOVER_OWNS, Rule
from guard.decide.step import Effect, Step
from guard.errors import NotAPlan

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule and one step; `what` says what the step does, as in `changes port`. `shared` is
    whether another resource of the same name has something else done to it under this rule."""

    rule: Rule
    step: Step
    what: str
    shared: bool = False

    @property
    def key(self) -> str:
        """What an allowance names: the rule and the resource, with its type where the name alone
        would let more pass than one thing."""
        name = f"{self.step.noun}/{self.step.name}" if self.shared else self.step.name
        return f"{self.rule.id}:{name}"


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
    in_cloud = [step for step in steps if step.in_cloud]
    changing = [step for step in in_cloud if step.effect != "none"]
    blind = [problem for step in changing for problem in _unjudged(step)]
    if blind:
        raise NotAPlan("; ".join(dict.fromkeys(blind)))
    first = any(step.type == _STACK and step.effect == "create" for step in steps)
    found = [*_told_apart([one for step in in_cloud for one in _findings(step, first=first)])]
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


def _told_apart(found: Sequence[Finding]) -> Iterator[Finding]:
    done: defaultdict[str, set[tuple[Effect, bool]]] = defaultdict(set)
    for one in found:
        done[one.key].add((one.step.effect, one.step.unprotected))
    for one in found:
        yield replace(one, shared=len(done[one.key]) > 1)


def _findings(step: Step, *, first: bool) -> Iterator[Finding]:
    """`first` is whether the plan makes the stack itself: there is nothing that it could hurt."""
    kind = KINDS.get(step.type)
    if kind is None:
        return
    missing = sorted(kind.left_alone(step) - step.ignores)
    if missing and step.effect not in ("none", "delete"):
        what = f"no longer leaves {', '.join(missing)} alone"
        yield Finding(rule=CUTOVER_OWNS, step=step, what=what)
    if step.unprotected and kind.deleted is not None:
        yield Finding(rule=kind.deleted, step=step, what="takes `protect` off it")
    rules: Iterable[tuple[Rule | None, str]]
    match step.effect:
        case "none":
            rules = ()
        case "create":
            rules = ((None if first else kind.added(step), "adds it"),)
        case "replace":
            because = f" because of {', '.join(step.paths)}" if step.paths else ""
            rules = ((kind.replaced, f"replaces it{because}"),)
        case "delete":
            rules = ((kind.deleted, "deletes it"),)
        case "update":
            rules = _changed(step).items()
    for rule, what in rules:
        if rule is not None:
            yield Finding(rule=rule, step=step, what=what)


def _changed(step: Step) -> dict[Rule, str]:
    """The paths that each rule is about."""
    paths: dict[Rule, list[str]] = {}
    for prop in step.properties:
        rule = KINDS[step.type].changed(step, prop)
        if rule is not None:
            paths.setdefault(rule, []).extend(step.paths_of(prop))
    return {rule: f"changes {', '.join(touched)}" for rule, touched in paths.items()}
