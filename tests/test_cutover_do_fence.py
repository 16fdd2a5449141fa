"""What is done under a lease ends with it, by AWS's own refusal."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cutover.do.clients import Clients
from cutover.do.fence import Fence, session_policy, skew
from cutover.do.system_clock import SystemClock
from cutover.do.world import Refused, Unavailable
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine import ports
from tests.cutover_aws import REGION, StoppedClock

ACCOUNT = "100000000017"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/weights"
# 2026-03-01 12:00:00 UTC
NOON = 1_772_366_400
# AssumeRole's at noon of AWS's clock: the session's end is a quarter of an hour later.
ANSWER = {"Credentials": {"Expiration": datetime.datetime(2026, 3, 1, 12, 15, tzinfo=datetime.UTC)}}


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(port=ports.reserve(), account_id=ACCOUNT, region=REGION) as started:
        yield started


@pytest.fixture
def clients(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Clients:
    for name, value in plane.variables.items():
        monkeypatch.setenv(name, value)
    return Clients(REGION)


def test_a_call_within_the_fence_is_the_roles_in_the_runs_name(clients: Clients) -> None:
    fence = Fence(clients, ROLE, run="20260301T120000Z-7f:é", clock=SystemClock())
    fenced = fence.until(NOON, ["sts:*"])
    arn = fenced.call("sts", "get_caller_identity")["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/weights/20260301T120000Z-7f--"
    assert clients.calls == 2


@pytest.mark.parametrize(("run", "name"), [("x", "x-"), ("r" * 70, "r" * 64)])
def test_the_session_is_named_as_sts_allows(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, run: str, name: str
) -> None:
    asked: list[dict[str, Any]] = []

    def assumed(service: str, operation: str, /, **arguments: Any) -> Any:
        asked.append({"call": f"{service}.{operation}", **arguments})
        return ANSWER

    monkeypatch.setattr(clients, "call", assumed)
    Fence(clients, ROLE, run=run, clock=StoppedClock(NOON)).until(NOON, ["ecs:RunTask"], "arn:one")
    assert asked == [
        {
            "call": "sts.assume_role",
            "RoleArn": ROLE,
            "RoleSessionName": name,
            "DurationSeconds": 900,
            "Policy": session_policy(NOON, ["ecs:RunTask"], "arn:one"),
        }
    ]


def test_the_session_may_do_what_it_is_for_and_nothing_after_its_time() -> None:
    assert json.loads(session_policy(NOON + 59.99, ["ecs:RunTask"], "arn:one")) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["ecs:RunTask"], "Resource": "arn:one"},
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T12:00:59Z"}},
            },
        ],
    }


@pytest.mark.parametrize(
    ("reason", "kind", "sentence"),
    [
        (
            "with an explicit deny in a session policy",
            Unavailable,
            "the lease's time was over before ecs was asked to update_service, and nothing was "
            "changed; it may be tried again with a renewed lease",
        ),
        (
            "because no identity-based policy allows it",
            Refused,
            "AWS denies ecs:UpdateService (because no identity-based policy allows it)",
        ),
    ],
)
def test_what_comes_too_late_may_be_tried_again_and_what_is_not_allowed_may_not(
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    kind: type[Exception],
    sentence: str,
) -> None:
    def denied(*_arguments: Any, **_named: Any) -> Any:
        raise Refused(f"AWS denies ecs:UpdateService ({reason})")

    fenced = Fence(clients, ROLE, run="run-1", clock=SystemClock()).until(NOON, ["ecs:*"])
    monkeypatch.setattr(clients, "call_as", denied)
    with pytest.raises((Unavailable, Refused)) as raised:
        fenced.call("ecs", "update_service")
    assert (type(raised.value), str(raised.value)) == (kind, sentence)


@pytest.mark.parametrize(
    ("at", "apart"),
    [
        (NOON - 10.9, "11 s behind"),
        (NOON - 10.1, "10 s behind"),
        (NOON - 10, ""),
        (NOON + 11, ""),
        (NOON + 12.1, "11 s ahead of"),
        (NOON + 3601, "3600 s ahead of"),
    ],
)
def test_a_clock_that_no_fence_can_be_built_on_is_refused(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, at: float, apart: str
) -> None:
    monkeypatch.setattr(clients, "call", lambda *_, **__: ANSWER)
    fence = Fence(clients, ROLE, run="run-1", clock=StoppedClock(at))
    if not apart:
        fence.until(at + 30, ["ecs:*"])
        return
    with pytest.raises(Refused) as refused:
        fence.until(at + 30, ["ecs:*"])
    assert str(refused.value) == (
        f"this machine's clock is {apart} AWS's, and may differ by 10 s at most, since the lease "
        "ends by it; set the clock (chrony, or another NTP client), then try again"
    )


@pytest.mark.parametrize(
    ("asked_at", "answered_at", "ahead"),
    [
        (NOON, NOON + 0.1, 0),
        (NOON + 0.9, NOON + 1.1, 0),
        (NOON - 4, NOON + 5, 0),
        (NOON + 31, NOON + 36, 30),
        (NOON - 35, NOON - 30, -30),
    ],
)
def test_how_far_apart_the_clocks_are_for_sure(
    asked_at: float, answered_at: float, ahead: float
) -> None:
    """A slow answer and whole seconds are no skew."""
    assert skew(NOON, asked_at=asked_at, answered_at=answered_at) == ahead


def test_aws_says_when_it_gave_the_role(clients: Clients) -> None:
    """The emulated one is this machine, so its clock is ours."""
    Fence(clients, ROLE, run="run-1", clock=SystemClock()).until(NOON, ["ecs:*"])
    hour_late = StoppedClock(SystemClock().now() - 3600)
    with pytest.raises(Refused, match=r"^this machine's clock is 3[56]\d\d s behind AWS's"):
        Fence(clients, ROLE, run="run-1", clock=hour_late).until(NOON, ["ecs:*"])
