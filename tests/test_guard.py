"""The guard refuses what hurts what is serving, and nothing else: by a corpus of plans."""

import json

import pytest

from guard.decide.changes import OWNER_TAG
from guard.decide.kinds import KINDS
from guard.decide.ordinary import ORDINARY
from guard.decide.rules import RULES
from guard.errors import NotAPlan
from rehearsal.synthetic import declared
from tests import guard_access_plans as access
from tests import guard_edge_plans as edge
from tests import guard_slot_plans as slot
from tests import guard_store_plans as store
from tests.environments import STACKS, recorded
from tests.guard_harmless_plans import GOOD
from tests.guard_kinds import CHANGED, LOST
from tests.guard_plans import (
    BUCKET,
    DATABASE,
    GROUP,
    LISTENER,
    OF_SERVICE,
    OF_TARGET,
    ONE,
    RULE,
    SERVICE,
    TABLE,
    keys,
    no_way,
    unprotected,
    verdict_of,
)
from tests.guard_told_plans import TOLD
from tests.previews import NAMES, digest, first, sample, step, update

# Real plans of the engine: what the guard must say of each. None: it is no plan.
SAMPLES: dict[str, list[str] | None] = {
    "certificate": ["edge:web"],
    "database-removed": ["data:main"],
    "database-replaced": ["data:main"],
    "database-size": ["(window:main)"],
    "database-version": ["(window:main)"],
    "deregistration": ["(drain:web-blue)", "(drain:web-green)"],
    "first-preview": [],
    "listener-default": ["edge:web"],
    "no-changes": [],
    "program-error": None,
    "protected-database-replaced": None,
    "refresh-after-cutover": [],
    "rule-priority": ["edge:web-traffic"],
    "rule-removed": ["edge:web-traffic"],
    "secret-renamed": ["next-start:secret-key"],
    "service-subnets": ["restarts-slot:blue", "restarts-slot:green"],
    "tags-only": [],
    "target-group-port": ["edge:web-green"],
    "task-definition": [],
    "vpc-replaced": ["cut-off:web", "edge:web-green", "edge:web-blue"],
    "weights-ignored": [],
    "weights-not-ignored": ["cutover-owns:web-traffic", "cutover-owns:web-traffic"],
}


BAD = edge.REFUSED | slot.REFUSED | store.REFUSED | access.REFUSED


def test_the_corpus_is_whole() -> None:
    assert sorted(SAMPLES) == NAMES
    assert len(SAMPLES) == 22
    assert (len(GOOD), len(TOLD), len(BAD)) == (49, 14, 129)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_plan_of_the_engine_is_judged(name: str) -> None:
    expected = SAMPLES[name]
    if expected is None:
        with pytest.raises(NotAPlan, match="the preview failed, and its steps are no plan: "):
            verdict_of(sample(name))
    else:
        assert keys(sample(name)) == expected


@pytest.mark.parametrize("name", GOOD)
def test_a_harmless_plan_passes(name: str) -> None:
    assert keys(GOOD[name]) == []


@pytest.mark.parametrize("name", TOLD)
def test_people_are_told_of_a_plan_that_passes(name: str) -> None:
    plan, expected = TOLD[name]
    assert keys(plan) == expected
    assert verdict_of(plan).passes


@pytest.mark.parametrize("name", BAD)
def test_a_plan_that_hurts_is_refused(name: str) -> None:
    plan, expected = BAD[name]
    assert keys(plan) == expected
    assert not verdict_of(plan).passes


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_a_loss_is_judged_by_its_type(type_: str) -> None:
    replaced, deleted = LOST[type_]
    ignores = (*OF_SERVICE, *OF_TARGET, "actions")
    for op, rule in (("replace", replaced), ("delete", deleted)):
        found = verdict_of(digest(step(op, type_, "one", ignores=ignores)))
        assert [one.rule.id for one in (*found.refused, *found.told)] == ([rule] if rule else [])


@pytest.mark.parametrize(("type_", "prop", "rule"), CHANGED)
def test_a_change_in_place_is_judged_by_its_property(
    type_: str, prop: str, rule: str | None
) -> None:
    found = verdict_of(no_way(type_, "one", prop, ignores=(*OF_SERVICE, *OF_TARGET)))
    assert [one.rule.id for one in (*found.refused, *found.told)] == ([rule] if rule else [])
    assert prop in declared(type_)


def test_types_are_the_sdks_and_stand_in_one_list() -> None:
    assert set(LOST) == set(KINDS)
    assert not set(KINDS) & ORDINARY
    unknown = [type_ for type_ in {*KINDS, *ORDINARY} if not declared(type_)]
    assert unknown == ["pulumi:providers:aws"]


@pytest.mark.parametrize("stack", STACKS)
def test_everything_that_the_program_asks_for_can_be_judged(stack: str) -> None:
    """A first `up` of the real program passes; to lose what holds it together does not."""
    asked = [one for one in recorded(stack).resources if one.custom]
    assert len(asked) > 150
    assert {one.type for one in asked} <= {*KINDS, *ORDINARY}
    plan = first(
        *(
            step("create", one.type, one.name, new=one.inputs, ignores=one.ignore_changes)
            for one in asked
        )
    )
    assert keys(json.loads(json.dumps(plan, default=str))) == []


def test_the_tag_is_the_one_that_the_balancer_carries() -> None:
    tagged = [RULE, LISTENER, GROUP]
    owned = [
        one for one in recorded("staging").resources if OWNER_TAG in one.inputs.get("tags", {})
    ]
    assert sorted({one.type for one in owned}) == sorted(tagged)


def test_a_step_passes_when_it_is_allowed_by_name() -> None:
    plan = sample("vpc-replaced")
    verdict = verdict_of(plan, "edge:web-blue", "edge:web-green", "cut-off:web", "data:main")
    assert verdict.passes
    assert [one.key for one in verdict.allowed] == SAMPLES["vpc-replaced"]
    assert verdict.unused == ("data:main",)
    partly = verdict_of(plan, "edge:web-blue")
    assert not partly.passes
    assert [one.key for one in partly.refused] == ["cut-off:web", "edge:web-green"]
    assert [one.key for one in partly.allowed] == ["edge:web-blue"]


def test_an_allowance_of_a_change_lets_nothing_else_of_that_name_pass() -> None:
    """Who put the label there had seen a new certificate."""
    certificate = update(LISTENER, "web", {}, {}, "certificateArn")
    sneaky = step("create", RULE, "web", new=ONE)
    verdict = verdict_of(digest(certificate, sneaky), "edge:web")
    assert [one.key for one in verdict.refused] == ["edge:Listener/web", "edge:ListenerRule/web"]
    assert (verdict.allowed, verdict.unused) == ((), ("edge:web",))
    partly = verdict_of(digest(certificate, sneaky), "edge:Listener/web")
    assert [one.key for one in partly.refused] == ["edge:ListenerRule/web"]
    switched = update(BUCKET, "main", {}, {}, "policy")
    opened = unprotected(no_way(DATABASE, "main", "tags.team"))["steps"][1]
    assert not verdict_of(digest(switched, opened), "data:main").passes
    assert verdict_of(digest(switched), "data:main").passes
    assert verdict_of(digest(opened), "data:main").passes
    together = digest(step("delete", LISTENER, "web"), step("delete", RULE, "web"))
    assert verdict_of(together, "edge:web").passes


def test_what_is_cutovers_is_refused_whatever_is_allowed() -> None:
    verdict = verdict_of(sample("weights-not-ignored"), "cutover-owns:web-traffic")
    assert (verdict.passes, verdict.allowed) == (False, ())
    assert verdict.unused == ("cutover-owns:web-traffic",)


def test_a_finding_says_what_the_step_does() -> None:
    said = [
        (one.key, one.what)
        for name in ("weights-not-ignored", "rule-removed", "target-group-port", "service-subnets")
        for one in verdict_of(sample(name)).refused
    ]
    weights = "actions[0].forward.targetGroups[{}].weight"
    assert said == [
        ("cutover-owns:web-traffic", "no longer leaves actions alone"),
        ("cutover-owns:web-traffic", f"changes {weights.format(0)}, {weights.format(1)}"),
        ("edge:web-traffic", "deletes it"),
        ("edge:web-green", "replaces it because of port"),
        ("restarts-slot:blue", "changes networkConfiguration.subnets[1]"),
        ("restarts-slot:green", "changes networkConfiguration.subnets[1]"),
    ]
    [added] = verdict_of(BAD["a rule above ours"][0]).refused
    assert added.what == "adds it"
    [gone] = verdict_of(digest(step("replace", TABLE, "t"))).refused
    assert gone.what == "replaces it"
    [nothing] = verdict_of(digest(step("create", SERVICE, "blue"))).refused
    assert nothing.what == "no longer leaves desiredCount, taskDefinition alone"


def test_rules_have_levels_of_which_one_allows_nothing() -> None:
    levels = {level: [] for level in ("told", "refused", "never")}
    for rule in RULES.values():
        levels[rule.level].append(rule.id)
    assert levels == {
        "told": ["window", "drain", "access", "at-once"],
        "refused": [
            *("edge", "data", "downtime", "restarts-slot", "next-start", "cut-off", "no-way-back"),
            *("weights-role", "provider"),
        ],
        "never": ["cutover-owns"],
    }


def test_a_replacement_says_all_that_it_is_for() -> None:
    (found,) = verdict_of(digest(step("replace", GROUP, "web", paths=["port", "vpcId"]))).refused
    assert found.what == "replaces it because of port, vpcId"
