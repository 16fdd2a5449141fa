"""A waiver is a named, dated exception; what is wrong with one is said in a sentence."""

from datetime import date
from pathlib import Path

import pytest

from infra.guardrails import waiver_file
from infra.guardrails.evaluation import Evaluation, evaluate
from infra.guardrails.inputs import UNKNOWN
from infra.guardrails.model import Resource
from infra.guardrails.rules import RULES
from infra.guardrails.verdict import Verdict, judge, sentence
from infra.guardrails.waivers import Waiver, Waivers, parse

FILE = "waivers/dev.yaml"
TODAY = date(2027, 1, 15)
MULTI_AZ = [rule for rule in RULES if rule.id in ("RDS.5", "RDS.8")]
GOOD = """
waivers:
  - control: RDS.5
    resource: dev-postgres
    reason: Nobody depends on it, and a standby costs as much again.
    owner: platform
    expires: 2027-01-15
"""


def found(*, multi_az: object = False, deletion_protection: object = True) -> Evaluation:
    inputs = {"multiAz": multi_az, "deletionProtection": deletion_protection}
    return evaluate([Resource.of("aws:rds/instance:Instance", "dev-postgres", inputs)], MULTI_AZ)


def judged(text: str, evaluation: Evaluation | None = None, today: date = TODAY) -> Verdict:
    return judge(evaluation or found(), parse(text, FILE), today)


def test_a_file_is_read_as_it_is_written() -> None:
    assert parse(GOOD, FILE) == Waivers(
        entries=(
            Waiver(
                control="RDS.5",
                resource="dev-postgres",
                reason="Nobody depends on it, and a standby costs as much again.",
                owner="platform",
                expires=date(2027, 1, 15),
                place="waivers/dev.yaml, entry 1",
            ),
        )
    )


def test_a_list_of_resources_is_one_waiver_each() -> None:
    text = GOOD.replace("resource: dev-postgres", "resource: [one, two]")
    waivers = parse(text, FILE)
    assert waivers.problems == ()
    assert [(one.control, one.resource, one.place) for one in waivers.entries] == [
        ("RDS.5", "one", "waivers/dev.yaml, entry 1"),
        ("RDS.5", "two", "waivers/dev.yaml, entry 1"),
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "waivers:\n", "waivers: []\n"])
def test_a_file_may_waive_nothing(text: str) -> None:
    assert parse(text, FILE) == Waivers()


def test_a_waived_violation_is_none() -> None:
    verdict = judged(GOOD)
    assert verdict.passes is True
    assert (verdict.violations, verdict.problems) == ((), ())
    ((finding, waiver),) = verdict.waived
    assert (finding.control.id, finding.resource.name) == ("RDS.5", "dev-postgres")
    assert waiver.owner == "platform"


def test_a_waiver_waives_one_control_of_one_resource() -> None:
    verdict = judged(GOOD, found(deletion_protection=False))
    assert verdict.passes is False
    assert [one.control.id for one in verdict.violations] == ["RDS.8"]
    assert [one.control.id for one, _ in verdict.waived] == ["RDS.5"]


def test_without_a_waiver_a_violation_is_a_sentence_with_the_next_step() -> None:
    verdict = judged("")
    assert verdict.passes is False
    assert [sentence(one, FILE) for one in verdict.violations] == [
        "RDS.5 MEDIUM dev-postgres: multi_az is false, it must be true; change it, or waive RDS.5 "
        "for dev-postgres in waivers/dev.yaml"
    ]


def test_the_day_after_its_last_a_waiver_waives_nothing_and_says_so() -> None:
    verdict = judged(GOOD, today=date(2027, 1, 16))
    assert [one.control.id for one in verdict.violations] == ["RDS.5"]
    assert verdict.waived == ()
    assert verdict.problems == (
        "waivers/dev.yaml, entry 1: RDS.5 for dev-postgres expired on 2027-01-15; meet the "
        "control, or renew the waiver if its reason still holds",
    )


def test_a_waiver_that_waives_nothing_is_a_problem() -> None:
    verdict = judged(GOOD, found(multi_az=True))
    assert verdict.passes is False
    assert (verdict.violations, verdict.waived) == ((), ())
    assert verdict.problems == (
        "waivers/dev.yaml, entry 1: RDS.5 for dev-postgres waives nothing, the control holds "
        "there; delete the entry",
    )


def test_a_waiver_of_what_is_not_known_yet_is_kept() -> None:
    verdict = judged(GOOD, found(multi_az=UNKNOWN))
    assert verdict.passes is True
    assert [one.control.id for one in verdict.unknown] == ["RDS.5"]
    assert verdict.waived == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "RDS.5",
            "RDS.99",
            "entry 1: RDS.99 for dev-postgres: no rule has the id RDS.99; see docs/compliance.md",
        ),
        (
            "dev-postgres",
            "dev-postgress",
            "entry 1: RDS.5 for dev-postgress: the stack has no resource dev-postgress; did you "
            "mean dev-postgres?",
        ),
        (
            "dev-postgres",
            "something",
            "entry 1: RDS.5 for something: the stack has no resource something; delete the entry",
        ),
    ],
)
def test_an_unknown_control_or_resource_is_said(old: str, new: str, problem: str) -> None:
    verdict = judged(GOOD.replace(old, new))
    assert [one.control.id for one in verdict.violations] == ["RDS.5"]
    assert verdict.problems == (f"waivers/dev.yaml, {problem}",)


def test_the_same_case_twice_is_a_problem() -> None:
    verdict = judged(GOOD + GOOD.replace("waivers:\n", "").lstrip("\n"))
    assert len(verdict.waived) == 1
    assert verdict.problems == (
        "waivers/dev.yaml, entry 2: RDS.5 for dev-postgres is waived already, in "
        "waivers/dev.yaml, entry 1; keep one",
    )


KEYS = "control, resource, reason, owner, expires"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("waivers: [", ["is no valid YAML: "]),
        ("waiver: []", [" must have one section `waivers:` and nothing else"]),
        ("- control: RDS.5", [" must have one section `waivers:` and nothing else"]),
        ("waivers: RDS.5", [": `waivers:` must be a list of entries"]),
        ("waivers: [RDS.5]", [f", entry 1: must have {KEYS}, got 'RDS.5'"]),
        (
            GOOD.replace("owner", "team"),
            [f", entry 1: unknown key team, expected {KEYS}", ", entry 1: owner is missing"],
        ),
        (
            GOOD.replace("2027-01-15", "soon"),
            [", entry 1: expires must be a date such as 2027-05-31, got 'soon'"],
        ),
        (
            GOOD.replace("2027-01-15", "2027-01-15T10:00:00Z"),
            [", entry 1: expires must be a date such as 2027-05-31, got datetime.datetime("],
        ),
        (
            GOOD.replace("2027-01-15", "2027-02-30"),
            [" is no valid YAML: "],
        ),
        (
            GOOD.replace("Nobody depends on it, and a standby costs as much again.", "Costs."),
            [", entry 1: reason must say why in 20 characters or more, got 'Costs.'"],
        ),
        (GOOD.replace("platform", ""), [", entry 1: owner must be a text, got None"]),
        (
            GOOD.replace("dev-postgres", "[]"),
            [", entry 1: resource must be a name or a list of names, got []"],
        ),
        (
            GOOD.replace("dev-postgres", "[a, 1]"),
            [", entry 1: resource must be a name or a list of names, got ['a', 1]"],
        ),
    ],
)
def test_a_malformed_file_is_said_in_sentences(text: str, problems: list[str]) -> None:
    waivers = parse(text, FILE)
    assert waivers.entries == ()
    assert len(waivers.problems) == len(problems)
    for said, expected in zip(sorted(waivers.problems), sorted(problems), strict=True):
        assert said.startswith(f"{FILE}{'' if expected[0] in ' :,' else ' '}{expected}"), said


def test_all_problems_of_a_file_are_said_at_once() -> None:
    second = GOOD.replace("waivers:\n", "").replace("RDS.5", "RDS.99").lstrip("\n")
    third = "  - control: RDS.8\n"
    verdict = judged(GOOD + second + third, found(multi_az=True))
    assert len(verdict.problems) == 4 + 2
    assert sum("entry 3" in problem for problem in verdict.problems) == 4


def test_a_stack_without_a_file_has_no_waivers(tmp_path: Path) -> None:
    assert waiver_file.read("dev", tmp_path) == Waivers()


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "waivers").mkdir()
    (tmp_path / "waivers" / "dev.yaml").write_bytes(b"\xff\xfe\x00")
    (problem,) = waiver_file.read("dev", tmp_path).problems
    assert problem.startswith("waivers/dev.yaml can't be read: ")


def test_a_stacks_file_lies_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "waivers").mkdir()
    (tmp_path / waiver_file.name("dev")).write_text(GOOD)
    assert waiver_file.read("dev", tmp_path) == parse(GOOD, FILE)
