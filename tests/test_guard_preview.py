"""Only a whole preview of the right stack, of a known shape, is a plan that can be judged."""

import json
from collections.abc import Iterator

import pytest
from pulumi.automation import OpType

from guard.decide.step import EFFECTS
from guard.decide.verdict import judge
from guard.errors import NotAPlan
from guard.preview import read_preview
from tests.previews import (
    NAMES,
    STACK,
    Digest,
    digest,
    put,
    renamed,
    sample,
    step,
    update,
    without,
)

GROUP = "aws:lb/targetGroup:TargetGroup"
PLAN = sample("target-group-port")
YES, NO = True, False
URN = PLAN["steps"][1]["urn"]


def read(text: str) -> None:
    judge(read_preview(text, "preview.json", STACK), ())


def test_every_cut_of_a_preview_is_refused() -> None:
    """Wherever the writer of the file was killed."""
    text = json.dumps(PLAN)
    assert len(text) > 3000
    for length in range(len(text)):
        with pytest.raises(
            NotAPlan, match=r"^preview.json is not whole JSON .*run `pulumi preview"
        ):
            read(text[:length])


def every_key(place: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(place, dict):
        for key, inner in place.items():
            yield (*path, key)
            yield from every_key(inner, (*path, key))
    elif isinstance(place, list):
        for position, inner in enumerate(place):
            yield (*path, position)
            yield from every_key(inner, (*path, position))


def test_a_preview_that_lacks_a_part_never_passes() -> None:
    """The plan replaces a target group: without any one part it is refused, or no plan."""
    tried = 0
    for path in every_key(PLAN):
        tried += 1
        text = json.dumps(without(PLAN, *path))
        try:
            verdict = judge(read_preview(text, "preview.json", STACK), ())
        except NotAPlan:
            continue
        assert not verdict.passes, path
    assert tried > 100


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({}, "steps: Field required; diagnostics: Field required; duration: Field required"),
        ([], r"(all of it: must be an object); "),
        (put(PLAN, 5, "steps", 1), r"(steps/1: must be an object); "),
        ({"version": 3, "deployment": {}}, "Field required"),
        (put(PLAN, [], "steps"), "steps: List should have at least 1 item"),
        (put(PLAN, None, "steps"), "steps: Input should be a valid list"),
        (put(PLAN, 1, "newKey"), "newKey: Extra inputs are not permitted"),
        (put(PLAN, 1, "steps", 1, "newKey"), "steps/1/newKey: Extra inputs are not permitted"),
        (put(PLAN, "5", "duration"), "duration: Input should be a valid integer"),
        (put(PLAN, "yes", "steps", 1, "newState", "custom"), "newState/custom: Input should be"),
        (
            put(PLAN, "move", "steps", 1, "detailedDiff", "port", "kind"),
            "steps/1/detailedDiff/port/kind: Input should be 'add', ",
        ),
        (
            put(PLAN, [{"message": "x", "severity": "fatal"}], "diagnostics"),
            "diagnostics/0/severity: Input should be ",
        ),
    ],
)
def test_another_shape_is_no_plan(plan: object, said: str) -> None:
    with pytest.raises(NotAPlan, match="another shape than the engine's JSON") as refused:
        read(json.dumps(plan))
    assert said in str(refused.value)


def deletes(count: int) -> Digest:
    return put(digest(step("delete", GROUP, "blue")), count, "changeSummary", "delete")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            put(PLAN, "swap", "steps", 1, "op"),
            f"preview.json: {URN} has an operation 'swap', which the guard does not know",
        ),
        (
            put(PLAN, 1, "changeSummary", "swap"),
            "its summary counts an operation 'swap', which the guard does not know",
        ),
        (
            without(PLAN, "steps", 1),
            "it has 0 steps that replace, and its summary says 1; run `pulumi preview --json`",
        ),
        (without(PLAN, "changeSummary", "replace"), "1 steps that replace, and its summary says 0"),
        (put(PLAN, 1, "changeSummary", "create"), "0 steps that create, and its summary says 1"),
        (put(PLAN, 1, "changeSummary", "update"), "0 steps that update, and its summary says 1"),
        (put(PLAN, 1, "changeSummary", "import"), "0 steps that import, and its summary says 1"),
        (deletes(2), "1 steps that delete, and its summary says 2"),
        (put(PLAN, YES, "maybeCorrupt"), "the engine says that it may be corrupt"),
        (
            json.loads(json.dumps(PLAN).replace("urn:pulumi:staging:", "urn:pulumi:prod:")),
            "is not of stack staging; give the preview of that stack",
        ),
        (put(PLAN, "blue", "steps", 1, "urn"), "'blue' is no URN"),
        (put(PLAN, "urn:x::a::b::c", "steps", 1, "urn"), "'urn:x::a::b::c' is no URN"),
        (
            put(PLAN, f"{URN}2", "steps", 1, "oldState", "urn"),
            f"{URN} comes with the state of {URN}2, a {GROUP}",
        ),
        (
            put(PLAN, "aws:s3/bucket:Bucket", "steps", 1, "newState", "type"),
            f"{URN} comes with the state of {URN}, a aws:s3/bucket:Bucket",
        ),
        (
            put(PLAN, NO, "steps", 1, "newState", "custom"),
            f"{URN} is said to be a component, and its type is AWS's",
        ),
        (without(PLAN, "steps", 1, "oldState"), f"{URN} lacks a state that 'replace' needs"),
        (
            without(digest(step("update", GROUP, "b", paths=["port"])), "steps", 1, "newState"),
            "lacks a state that 'update' needs",
        ),
        (
            without(digest(step("delete", GROUP, "blue")), "steps", 1, "oldState"),
            "lacks a state that 'delete' needs",
        ),
        (
            without(digest(step("create", GROUP, "blue")), "steps", 1, "newState"),
            "lacks a state that 'create' needs",
        ),
        (
            put(PLAN, [{"severity": "error", "message": "error: no\n  way"}], "diagnostics"),
            "the preview failed, and its steps are no plan: no way",
        ),
        (
            digest(step("update", "aws:lb/trafficRule:TrafficRule", "web-traffic", paths=["x"])),
            "nobody has said what a aws:lb/trafficRule:TrafficRule such as web-traffic is",
        ),
        (
            digest(step("create", "aws:alb/listenerRule:ListenerRule", "web-traffic")),
            "nobody has said what a aws:alb/listenerRule:ListenerRule such as web-traffic is",
        ),
        (
            digest(step("update", GROUP, "web-blue")),
            "the plan says that TargetGroup web-blue changes, and not what of it",
        ),
    ],
)
def test_what_can_not_be_judged_is_no_plan(plan: Digest, said: str) -> None:
    with pytest.raises(NotAPlan) as refused:
        read(json.dumps(plan))
    assert said in str(refused.value)


def test_every_step_that_can_not_be_judged_is_named_once() -> None:
    new = "aws:sqs/queue:Queue"
    plan = digest(
        step("create", new, "jobs"), step("delete", GROUP, "b"), step("update", GROUP, "blue")
    )
    with pytest.raises(NotAPlan) as refused:
        read(json.dumps(plan))
    assert str(refused.value).split("; ") == [
        "nobody has said what a aws:sqs/queue:Queue such as jobs is to traffic",
        "add the type to guard/decide/kinds.py, or to guard/decide/ordinary.py if nothing that "
        "serves needs it",
        "the plan says that TargetGroup blue changes, and not what of it",
        "see `pulumi preview --diff`",
    ]


def test_a_key_that_stands_twice_is_no_plan() -> None:
    text = json.dumps(PLAN).replace('"op": "replace"', '"op": "replace", "op": "same"')
    with pytest.raises(NotAPlan, match="the key 'op' stands twice in one object"):
        read(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\ufeff" + json.dumps(PLAN), "Unexpected UTF-8 BOM"),
        (json.dumps(put(PLAN, float("nan"), "duration")), "NaN is no number"),
        (
            json.dumps(put(PLAN, -float("inf"), "steps", 1, "oldState", "inputs", "port")),
            "-Infinity is no number",
        ),
        (json.dumps(PLAN).replace("30", "3" * 5000, 1), "4300 digits"),
        (json.dumps(PLAN) + json.dumps(PLAN), "Extra data"),
        (json.dumps(PLAN) + "\0", "Extra data"),
    ],
)
def test_what_the_engine_never_writes_is_no_plan(text: str, said: str) -> None:
    with pytest.raises(NotAPlan, match=r"^preview.json is not whole JSON") as refused:
        read(text)
    assert said in str(refused.value)


def test_values_however_deep_are_read_or_refused() -> None:
    """The reader's own limit depends on Python; no depth leads to a crash or to a pass."""
    text = json.dumps(put(PLAN, "DEEP", "steps", 1, "newState", "inputs", "port"))
    for depth in (10, 500, 5000, 100_000):
        deep = text.replace('"DEEP"', "[" * depth + "]" * depth)
        try:
            verdict = judge(read_preview(deep, "preview.json", STACK), ())
        except NotAPlan as refused:
            assert depth > 10
            assert "is not whole JSON" in str(refused)  # noqa: PT017 (one of two good ends)
        else:
            assert not verdict.passes


def test_the_state_of_another_resource_is_no_plan_unless_an_alias_says_so() -> None:
    plan = renamed(update(GROUP, "cyan", {}, {}, "port"), "blue")
    judge(read_preview(json.dumps(digest(plan)), "preview.json", STACK), ())
    for changed in (
        without(plan, "newState", "aliases"),
        put(plan, [f"{URN}2"], "newState", "aliases"),
        put(plan, "aws:s3/bucket:Bucket", "oldState", "type"),
        put(plan, plan["oldState"]["urn"], "newState", "urn"),
    ):
        with pytest.raises(NotAPlan, match=" comes with the state of "):
            read(json.dumps(digest(changed)))


def test_a_stream_of_events_is_no_plan() -> None:
    """What the engine prints under PULUMI_ENABLE_STREAMING_JSON_PREVIEW."""
    with pytest.raises(NotAPlan, match=r"preview.json is not whole JSON \(Extra data"):
        read('{"sequence": 0}\n{"sequence": 1}\n')


def test_brackets_without_end_are_no_plan() -> None:
    with pytest.raises(NotAPlan, match=r"preview.json is not whole JSON"):
        read("[" * 100_000)


def test_warnings_and_configuration_are_no_reason_to_refuse() -> None:
    plan = put(sample("no-changes"), {"slipway:protect": "true"}, "config")
    plan["diagnostics"] = [{"severity": "warning", "message": "old"}, {"severity": "info#err"}]
    read(json.dumps(plan))


@pytest.mark.parametrize("op", sorted(EFFECTS))
def test_each_operation_of_the_engine_is_known_by_what_it_does(op: str) -> None:
    one = step(op, "aws:sns/topic:Topic", "alerts", paths=["name"])
    [_, read_] = read_preview(json.dumps(digest(one)), "preview.json", STACK)
    assert (read_.op, read_.type, read_.name) == (op, "aws:sns/topic:Topic", "alerts")
    untouched = {"same", "read", "refresh", "discard", "remove-pending-replace"}
    plain = {"create": "create", "import": "create", "update": "update", "delete": "delete"}
    assert read_.effect == ("none" if op in untouched else plain.get(op, "replace"))


def test_operations_are_all_of_the_engines() -> None:
    assert {*EFFECTS} == {op.value for op in OpType}


def test_the_samples_hold_no_place_of_a_machine() -> None:
    for name in NAMES:
        text = json.dumps(sample(name))
        assert not [word for word in ("sourcePosition", "/home/", "/root/", "AKIA") if word in text]
