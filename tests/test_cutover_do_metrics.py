"""Samples are of whole periods, both slots in one call; what AWS does not say is not made up."""

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cutover.decide.live import Sample
from cutover.do.clients import Clients
from cutover.do.images import Images
from cutover.do.metrics import Metrics, Probed, alarm_name
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract, Slot
from rehearsal.alb.target_group import GroupObservation, Observation
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.metrics import metric_data
from tests import cutover_aws
from tests.cutover_aws import REGION, Emulated, StoppedClock

# The emulated CloudWatch forgets what is two weeks old, so the hour is one of now's.
HOUR = int(datetime.datetime.now(datetime.UTC).timestamp()) // 3600 * 3600
NOTHING = Sample(requests=0, errors=0, latency_seconds=None, newest=None)


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    with cutover_aws.emulated("100000000015") as made:
        yield made


@pytest.fixture
def plane(emulated: Emulated) -> Iterator[ControlPlane]:
    yield emulated.plane
    emulated.plane.backend("cloudwatch").metric_data.clear()


@pytest.fixture
def contract(emulated: Emulated) -> Contract:
    return emulated.contract


@pytest.fixture
def clients(emulated: Emulated) -> Clients:
    emulated.clients._calls = 0
    return emulated.clients


def unprobed(_slot: Slot, _since: float, _until: float) -> tuple[int, int]:
    return 0, 0


def metrics(
    clients: Clients,
    contract: Contract,
    now: float,
    *,
    period: int = 60,
    probed: Probed = unprobed,
) -> Metrics:
    policy = replace(contract.policy, metric_period_seconds=period)
    ours = replace(contract, policy=policy)
    return Metrics(clients, ours, clock=StoppedClock(now), probed=probed)


def watching_only(contract: Contract, *arns: str) -> Contract:
    """These are the environment's alarms, and the slots have none."""
    slots = {slot: replace(of, alarms={}) for slot, of in contract.slots.items()}
    return replace(contract, alarms=arns, slots=slots)


def put(plane: ControlPlane, contract: Contract, slot: Slot, at: float, **values: float) -> None:
    plane.client("cloudwatch").put_metric_data(
        Namespace="AWS/ApplicationELB",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [
                    {"Name": "LoadBalancer", "Value": contract.load_balancer_suffix},
                    {"Name": "TargetGroup", "Value": contract.slots[slot].target_group_suffix},
                ],
                "Timestamp": datetime.datetime.fromtimestamp(at, datetime.UTC),
                "Value": value,
            }
            for name, value in values.items()
        ],
    )


def test_both_slots_are_summed_in_one_call(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    put(plane, contract, "blue", HOUR, RequestCount=300, TargetResponseTime=0.1)
    put(plane, contract, "blue", HOUR + 60, RequestCount=100, TargetResponseTime=0.5)
    put(plane, contract, "blue", HOUR + 60, HTTPCode_Target_5XX_Count=2)
    put(plane, contract, "green", HOUR, RequestCount=10, HTTPCode_Target_5XX_Count=1)
    put(plane, contract, "green", HOUR, HTTPCode_ELB_5XX_Count=2, TargetConnectionErrorCount=4)
    put(plane, contract, "green", HOUR, TargetTLSNegotiationErrorCount=8)
    found = metrics(clients, contract, HOUR + 180).samples(HOUR)
    assert clients.calls == 1
    assert found["blue"] == Sample(
        requests=400, errors=2, latency_seconds=pytest.approx(0.2), newest=HOUR + 120
    )
    assert found["green"] == Sample(requests=10, errors=15, latency_seconds=None, newest=HOUR + 60)


def test_probes_of_the_same_periods_are_told_apart(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    """From the first whole period to the end of the last with data: later ones are not in it."""
    put(plane, contract, "blue", HOUR + 60, RequestCount=1020, HTTPCode_Target_5XX_Count=5)
    asked: list[tuple[Slot, float, float]] = []

    def probed(slot: Slot, since: float, until: float) -> tuple[int, int]:
        asked.append((slot, since, until))
        return 1000, 2

    found = metrics(clients, contract, HOUR + 200, probed=probed).samples(HOUR + 1)
    assert asked == [("blue", HOUR + 60, HOUR + 120)]
    assert (found["blue"].probes, found["blue"].probe_errors) == (1000, 2)
    assert (found["blue"].requests, found["blue"].errors) == (1020, 5)
    assert found["green"] == NOTHING


@pytest.mark.parametrize(
    ("since", "now", "requests", "newest"),
    [
        (HOUR, HOUR + 180, 6, HOUR + 180),
        (HOUR + 1, HOUR + 180, 5, HOUR + 180),
        (HOUR + 60, HOUR + 180, 5, HOUR + 180),
        (HOUR + 60, HOUR + 179.9, 2, HOUR + 120),
        (HOUR + 60.5, HOUR + 180, 3, HOUR + 180),
    ],
)
def test_a_period_counts_that_began_since_then_and_has_ended(
    clients: Clients,
    plane: ControlPlane,
    contract: Contract,
    since: float,
    now: float,
    requests: int,
    newest: float,
) -> None:
    for minute, count in enumerate((1, 2, 3)):
        put(plane, contract, "blue", HOUR + 60 * minute, RequestCount=count)
    found = metrics(clients, contract, now).samples(since)
    assert (found["blue"].requests, found["blue"].newest) == (requests, newest)
    assert found["green"] == NOTHING


def test_before_the_first_whole_period_there_is_nothing_to_ask(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    put(plane, contract, "blue", HOUR, RequestCount=1)
    found = metrics(clients, contract, HOUR + 119).samples(HOUR + 1)
    assert found == {"blue": NOTHING, "green": NOTHING}
    assert clients.calls == 0


def test_no_requests_are_data_and_no_data_is_none(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    put(plane, contract, "blue", HOUR, RequestCount=0)
    found = metrics(clients, contract, HOUR + 120).samples(HOUR)
    assert found["blue"] == replace(NOTHING, newest=HOUR + 60)
    assert found["green"] == NOTHING


def test_errors_without_requests_are_errors(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    put(plane, contract, "blue", HOUR, HTTPCode_ELB_5XX_Count=3)
    found = metrics(clients, contract, HOUR + 120).samples(HOUR)
    assert found["blue"] == replace(NOTHING, errors=3)


def test_what_the_rehearsal_reports_is_read_at_its_own_period(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    green = contract.slots["green"].target_group
    group = GroupObservation(
        requests=40,
        responses={"1xx": 0, "2xx": 37, "3xx": 0, "4xx": 0, "5xx": 2},
        balancer_5xx=1,
        in_flight=0,
        response_seconds_mean=0.025,
        response_seconds_max=0.1,
        targets=(),
    )
    data = metric_data(
        None, Observation(requests=40, groups={green: group}), contract.load_balancer_suffix
    )
    at = datetime.datetime.fromtimestamp(HOUR + 12, datetime.UTC)
    plane.client("cloudwatch").put_metric_data(
        Namespace="AWS/ApplicationELB", MetricData=[{**one, "Timestamp": at} for one in data]
    )
    found = metrics(clients, contract, HOUR + 15, period=5).samples(HOUR + 10)
    assert found["green"] == Sample(requests=40, errors=3, latency_seconds=0.025, newest=HOUR + 15)
    assert metrics(clients, contract, HOUR + 20, period=5).samples(HOUR + 11)["green"] == NOTHING


@pytest.mark.parametrize(
    "answer",
    [
        {"MetricDataResults": [{"Id": "blue_RequestCount", "StatusCode": "PartialData"}]},
        {"MetricDataResults": [], "NextToken": "more"},
    ],
)
def test_a_part_of_the_data_is_none(
    clients: Clients, contract: Contract, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(clients, "call", lambda *_, **__: answer)
    with pytest.raises(Unavailable, match=r"^CloudWatch gave a part of the slots' metrics"):
        metrics(clients, contract, HOUR + 120).samples(HOUR)


def test_alarms_are_those_of_the_contract_with_their_states(
    clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    slots = contract.slots.values()
    first, *others = [alarm_name(arn) for slot in slots for arn in slot.alarms.values()]
    assert len(others) == 3
    cloudwatch = plane.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="somebody else's",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="RequestCount",
        Namespace="AWS/ApplicationELB",
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )
    (theirs,) = cloudwatch.describe_alarms(AlarmNames=["somebody else's"])["MetricAlarms"]
    for name in others:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="quiet")
    cloudwatch.set_alarm_state(AlarmName=first, StateValue="ALARM", StateReason="loud")
    read = metrics(clients, contract, HOUR).alarms
    budgets = [alarm_name(arn) for arn in contract.alarms]
    assert len(budgets) == 2
    assert read() == {first: "ALARM", **dict.fromkeys([*others, *budgets], "OK")}
    assert clients.calls == 1
    ours = replace(contract, alarms=(theirs["AlarmArn"],))
    assert metrics(clients, ours, HOUR).alarms().keys() == {"somebody else's", first, *others}


def test_an_alarm_that_aws_does_not_give_is_missing(clients: Clients, contract: Contract) -> None:
    there = contract.slots["green"].alarms["errors"]
    asked = watching_only(contract, there, f"{there}-absent")
    assert list(metrics(clients, asked, HOUR).alarms()) == [alarm_name(there)]


def test_a_composite_alarm_is_an_alarm(
    clients: Clients, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def described(_service: str, _operation: str, /, **arguments: Any) -> Any:
        assert arguments["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm"]
        return {
            "MetricAlarms": [{"AlarmName": "one", "StateValue": "OK"}],
            "CompositeAlarms": [{"AlarmName": "all", "StateValue": "INSUFFICIENT_DATA"}],
        }

    monkeypatch.setattr(clients, "call", described)
    assert metrics(clients, contract, HOUR).alarms() == {"one": "OK", "all": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(("alarms", "sizes"), [(0, []), (100, [100]), (101, [100, 1])])
def test_alarms_are_asked_for_by_the_hundred(
    clients: Clients,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
    alarms: int,
    sizes: list[int],
) -> None:
    asked: list[list[str]] = []

    def described(_service: str, _operation: str, /, **arguments: Any) -> Any:
        assert arguments["MaxRecords"] == 100
        asked.append(arguments["AlarmNames"])
        metric = [{"AlarmName": name, "StateValue": "OK"} for name in arguments["AlarmNames"]]
        return {"MetricAlarms": metric, "CompositeAlarms": []}

    monkeypatch.setattr(clients, "call", described)
    arns = [f"arn:aws:cloudwatch:{REGION}:1:alarm:a{number}" for number in range(alarms)]
    found = metrics(clients, watching_only(contract, *arns), HOUR).alarms()
    assert [len(names) for names in asked] == sizes
    assert found == {f"a{number}": "OK" for number in range(alarms)}


def test_an_alarms_name_may_have_colons() -> None:
    assert alarm_name("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a:b") == "a:b"


REGISTRY = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
DIGEST = f"sha256:{'0' * 64}"


def test_an_image_is_looked_up_where_its_address_says(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def described(service: str, operation: str, /, **arguments: Any) -> Any:
        asked.append((service, operation, arguments))

    monkeypatch.setattr(clients, "call", described)
    assert Images(clients).image_exists(f"{REGISTRY}/team/app@{DIGEST}") is True
    assert asked == [
        (
            "ecr",
            "describe_images",
            {
                "region": "eu-north-1",
                "registryId": "123456789012",
                "repositoryName": "team/app",
                "imageIds": [{"imageDigest": DIGEST}],
            },
        )
    ]


def test_an_image_that_ecr_does_not_have_does_not_exist(
    clients: Clients, plane: ControlPlane
) -> None:
    images = Images(clients)
    account = plane.account_id
    registry = f"{account}.dkr.ecr.eu-north-1.amazonaws.com"
    assert images.image_exists(f"{registry}/nothing@{DIGEST}") is False
    plane.client("ecr", "eu-north-1").create_repository(repositoryName="app")
    assert images.image_exists(f"{registry}/app@{DIGEST}") is False
    assert clients.calls == 2


@pytest.mark.parametrize(
    "image",
    [
        f"{REGISTRY}/app:v1@{DIGEST}",
        f"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app@{DIGEST}",
        f"123456789012.dkr-ecr.eu-north-1.on.aws/app@{DIGEST}",
        f"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app@{DIGEST}",
    ],
)
def test_every_private_registry_of_aws_is_asked(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, image: str
) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise Refused("AWS denies ecr:DescribeImages (no); allow it")

    monkeypatch.setattr(clients, "call", denied)
    with pytest.raises(Refused, match="ecr:DescribeImages"):
        Images(clients).image_exists(image)


@pytest.mark.parametrize(
    "image", [f"ghcr.io/team/app@{DIGEST}", f"public.ecr.aws/team/app@{DIGEST}"]
)
def test_of_an_image_elsewhere_nothing_is_asked(clients: Clients, image: str) -> None:
    assert Images(clients).image_exists(image) is True
    assert clients.calls == 0


class Terse:
    """A CloudWatch that leaves out what is empty, as its protocol allows."""

    def __init__(self, **answer: Any) -> None:
        self._answer = answer

    def call(self, _service: str, _operation: str, /, **_arguments: Any) -> dict[str, Any]:
        return self._answer


def test_what_aws_leaves_out_is_missing_and_no_defect(contract: Contract) -> None:
    alarm = {"AlarmName": "database", "StateValue": "OK"}
    alarms = metrics(Terse(MetricAlarms=[alarm]), contract, HOUR)  # pyright: ignore[reportArgumentType]
    assert alarms.alarms() == {"database": "OK"}
    empty = {"Id": "blue_RequestCount", "StatusCode": "Complete"}
    for answer in ({}, {"MetricDataResults": [empty]}):
        terse = metrics(Terse(**answer), contract, HOUR + 180)  # pyright: ignore[reportArgumentType]
        assert terse.samples(HOUR) == {"blue": NOTHING, "green": NOTHING}
