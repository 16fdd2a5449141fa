"""The three environments against every control, their waivers, and the page that says so."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from functools import cache

import pytest

from infra.guardrails.elsewhere import NOT_CREATED, NotCreated
from infra.guardrails.matrix import CATALOGUE, markdown, standing
from infra.guardrails.model import EnvironmentRule, Finding, ResourceRule, Rule
from infra.guardrails.rules import RULES
from infra.guardrails.verdict import Verdict
from rehearsal.guardrails import evaluated, judged, lines
from rehearsal.stack_file import ROOT
from rehearsal.synthetic import declared
from tests.environments import STACKS, previewed, recorded

# `make plan` and the policy pack judge by the day it is; a test run must not depend on that.
TODAY = date(2026, 11, 24)
BY_ID = {control.id: control for control in CATALOGUE}


@cache
def verdict(stack: str) -> Verdict:
    return judged(recorded(stack), stack, TODAY)


@pytest.mark.parametrize("stack", STACKS)
def test_an_environment_holds_to_every_control_or_says_why_not(stack: str) -> None:
    assert len(verdict(stack).types) > 60
    assert list(lines(verdict(stack), stack))[1:] == []
    assert verdict(stack).passes is True
    assert verdict(stack).unknown == ()


@pytest.mark.parametrize("stack", STACKS)
def test_nearly_every_rule_has_something_to_look_at(stack: str) -> None:
    """Those for functions, queues and vaults may have none."""
    looked_at = [rule for rule in RULES if {*rule.types} & verdict(stack).types]
    assert len(looked_at) >= 90


def test_prod_waives_nothing_that_is_high_or_critical() -> None:
    waived = [
        (finding.control.id, finding.control.severity) for finding, _ in verdict("prod").waived
    ]
    assert waived
    assert [case for case in waived if case[1] not in ("LOW", "MEDIUM")] == []


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_known_before_the_first_update_is_judged_before_it(stack: str) -> None:
    """A preview of a new stack: the same violations; unknown is what is made of ARNs and names."""
    before = evaluated(previewed(stack))
    after = evaluated(recorded(stack))

    def cases(findings: Iterable[Finding]) -> set[tuple[str, str]]:
        return {(one.control.id, one.resource.name) for one in findings}

    assert cases(before.violations) == cases(after.violations)
    unknown = {one.problem.split(" ")[0] for one in before.unknown}
    assert {"policy"} < unknown <= {"policy", "containerDefinitions", "subnetGroupName"}


def test_every_control_is_in_the_catalogue_once() -> None:
    assert len(BY_ID) == len(CATALOGUE)
    assert len(CATALOGUE) > 190


@pytest.mark.parametrize("control", NOT_CREATED, ids=lambda control: control.id)
def test_what_is_said_not_to_be_created_is_not(control: NotCreated) -> None:
    for type_ in control.types:
        assert declared(type_), type_
        assert all(type_ not in verdict(stack).types for stack in STACKS)


def test_a_type_that_is_created_after_all_fails_its_control() -> None:
    control = BY_ID["RDS.43"]
    assert isinstance(control, NotCreated)
    assert standing(control, verdict("prod")) == "not applicable"
    created = dataclasses.replace(verdict("prod"), types=frozenset(control.types))
    assert standing(control, created) == "FAILED"


@pytest.mark.parametrize(
    ("stack", "id_", "stands"),
    [
        ("prod", "RDS.5", "passed"),
        ("staging", "RDS.5", "waived"),
        ("prod", "RDS.7", "not applicable"),
        ("prod", "SQS.1", "not applicable"),
        ("prod", "RDS.1", "run time"),
        ("prod", "GuardDuty.1", "account"),
        ("prod", "CloudWatch.16", "not asked"),
    ],
)
def test_where_an_environment_stands(stack: str, id_: str, stands: str) -> None:
    assert standing(BY_ID[id_], verdict(stack)) == stands


def test_without_its_waivers_staging_fails_what_they_waive() -> None:
    waived = [finding for finding, _ in verdict("staging").waived]
    bare = dataclasses.replace(verdict("staging"), violations=tuple(waived), waived=())
    assert standing(BY_ID["RDS.5"], bare) == "FAILED"
    first, *sentences = lines(bare, "staging")
    controls = {finding.control.id for finding in waived}
    passed = sum(standing(rule, bare) == "passed" for rule in RULES)
    assert first == f"guardrails: {passed} controls passed, 0 waived, {len(controls)} failed"
    assert len(sentences) == len(waived) > len(controls) > 5
    assert all(one.endswith(" in waivers/staging.yaml") for one in sentences)


def test_the_page_says_what_is_so() -> None:
    """When this fails: `make compliance`, and look at what it changes."""
    page = markdown({stack: verdict(stack) for stack in STACKS})
    assert (ROOT / "docs" / "compliance.md").read_text() == page


def test_the_page_has_a_row_for_each_control_and_each_waiver() -> None:
    page = markdown({"prod": verdict("prod")}).splitlines()
    for control in CATALOGUE:
        row = next(line for line in page if line.startswith(f"| {control.id} |"))
        assert f"| {control.severity} | {control.title} |" in row
        assert (".py`" in row) is isinstance(control, Rule)
    assert sum("| platform | 2027-" in line for line in page) == len(verdict("prod").waived)


def test_the_guardrails_need_no_pulumi() -> None:
    """The policy pack has an environment of its own, and each import costs time in a preview."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, infra.guardrails.verdict; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "infra.guardrails.rules" in loaded
    assert not {name for name in loaded if name.startswith(("pulumi", "pydantic", "boto", "rich"))}


def test_kinds_of_rules() -> None:
    kinds = [type(rule) for rule in RULES]
    assert kinds.count(ResourceRule) > 2 * kinds.count(EnvironmentRule) > 40
