"""A month's cost follows from the plan, line by line; what nobody has priced stops the estimate."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costs.cli import main
from costs.errors import CostError
from costs.estimate import Line, estimate
from costs.free import FREE
from costs.parts import PARTS
from costs.plan import Plan, Resource, read_plan
from costs.prices import Prices, Usage, read_prices, read_usage
from rehearsal import plan as plans
from tests.environments import STACKS, recorded

PRICES = Prices.model_validate(
    {
        "as_of": "2026-01-31",
        "everywhere": {
            "public IPv4 address hour": "0.005",
            "advanced parameter": "0.05",
            "function million calls": "0.2",
            "function GiB second": "0.00001",
            "schedule million calls": "1",
            "composite alarm": "0.5",
            "dashboard": "3",
            "health check": "0.5",
            "health check feature": "1",
        },
        "regions": {
            "eu-west-1": {
                "rds db.t4g.small hour": "0.035",
                "rds gp3 GiB": "0.1",
                "backup GiB": "0.2",
                "valkey cache.t4g.micro hour": "0.01",
                "nat gateway hour": "0.048",
                "nat gateway GiB": "0.05",
                "interface endpoint hour": "0.01",
                "interface endpoint GiB": "0.02",
                "fargate ARM64 vCPU hour": "0.03",
                "fargate ARM64 GiB hour": "0.004",
                "alarm metric": "0.1",
            }
        },
    }
)
USAGE = Usage.model_validate(
    {name: number for number, name in enumerate(sorted(Usage.model_fields), start=1)}
    | {"nat_gib": 10, "endpoint_gib": 3, "second_slot_hours": 20}
)
INFRA = "urn:pulumi:prod::slipway::slipway:infra:"


def resource(type_: str, component: str = "Network", **inputs: Any) -> Resource:
    name = f"prod-{component.lower()}"
    return Resource(urn=f"{INFRA}{component}${type_}::{name}", type=type_, name=name, inputs=inputs)


def plan(*resources: Resource, region: str = "eu-west-1", least_tasks: int = 2) -> Plan:
    return Plan(
        environment="prod", region=region, least_tasks=least_tasks, resources=tuple(resources)
    )


def lines(*resources: Resource) -> list[tuple[str, Decimal]]:
    return [(line.key, line.usd) for line in estimate(plan(*resources), PRICES, USAGE).lines]


@pytest.mark.parametrize(("standby", "copies"), [({}, 1), ({"multiAz": True}, 2)])
def test_a_standby_costs_a_second_instance_and_a_second_disk(
    standby: dict[str, bool], copies: int
) -> None:
    database = resource(
        "aws:rds/instance:Instance", instanceClass="db.t4g.small", allocatedStorage=20, **standby
    )

    assert lines(database) == [
        ("rds db.t4g.small hour", copies * Decimal("25.55")),
        ("rds gp3 GiB", copies * Decimal(2)),
    ]


def test_every_node_of_a_cache_costs() -> None:
    cache = resource(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        engine="valkey",
        nodeType="cache.t4g.micro",
        numCacheClusters=3,
    )

    assert lines(cache) == [("valkey cache.t4g.micro hour", Decimal("21.9"))]


def test_gateways_share_the_traffic_and_cost_an_hour_each() -> None:
    gateway = resource("aws:ec2/natGateway:NatGateway")

    assert (
        lines(gateway, gateway)
        == [
            ("nat gateway hour", Decimal("35.04")),
            ("nat gateway GiB", Decimal("0.25")),
        ]
        * 2
    )


def test_an_interface_endpoint_costs_in_every_zone_and_a_gateway_nothing() -> None:
    type_ = "aws:ec2/vpcEndpoint:VpcEndpoint"
    interface = resource(type_, vpcEndpointType="Interface", subnetIds=["a", "b"])
    gateway = resource(type_, vpcEndpointType="Gateway", routeTableIds=["a"])

    assert lines(interface, gateway) == [
        ("interface endpoint hour", Decimal("14.6")),
        ("interface endpoint GiB", Decimal("0.06")),
    ]


def test_one_slot_serves_at_its_floor_and_the_other_while_releases_overlap() -> None:
    task = resource(
        "aws:ecs/taskDefinition:TaskDefinition",
        "Tasks",
        cpu="512",
        memory="3072",
        runtimePlatform={"cpuArchitecture": "ARM64"},
    )
    service = Resource(
        urn=f"{INFRA}Service$aws:ecs/service:Service::prod-blue",
        type="aws:ecs/service:Service",
        name="prod-blue",
        inputs={},
        depends_on=(task.urn,),
    )

    # 2 tasks, 730 hours and 20 more: 1,500 task hours of half a vCPU and 3 GiB.
    assert lines(task, service, resource("aws:ecs/cluster:Cluster", "Service")) == [
        ("fargate ARM64 vCPU hour", Decimal("22.5")),
        ("fargate ARM64 GiB hour", Decimal("18")),
    ]


def test_an_alarm_costs_by_the_metrics_that_it_looks_at() -> None:
    type_ = "aws:cloudwatch/metricAlarm:MetricAlarm"
    queries = [{"id": "a", "metric": {}}, {"id": "b", "metric": {}}, {"id": "c", "expression": "a"}]

    assert lines(resource(type_, metricName="5XX"), resource(type_, metricQueries=queries)) == [
        ("alarm metric", Decimal("0.1")),
        ("alarm metric", Decimal("0.2")),
    ]


def test_a_composite_alarm_and_a_dashboard_have_a_price_of_their_own() -> None:
    composite = resource("aws:cloudwatch/compositeAlarm:CompositeAlarm")
    dashboard = resource("aws:cloudwatch/dashboard:Dashboard")

    assert lines(composite, dashboard) == [
        ("composite alarm", Decimal("0.5")),
        ("dashboard", Decimal(3)),
    ]


def test_a_health_check_costs_and_https_costs_more() -> None:
    type_ = "aws:route53/healthCheck:HealthCheck"

    assert lines(resource(type_, type="HTTP"), resource(type_, type="HTTPS")) == [
        ("health check", Decimal("0.5")),
        ("health check", Decimal("0.5")),
        ("health check feature", Decimal(1)),
    ]


def test_a_database_is_kept_a_second_time_and_restored_twice_a_week() -> None:
    database = resource(
        "aws:rds/instance:Instance", instanceClass="db.t4g.small", allocatedStorage=20
    )
    copy = resource(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    )
    tests = [
        resource(
            "aws:backup/restoreTestingSelection:RestoreTestingSelection",
            protectedResourceType=kind,
        )
        for kind in ("RDS", "DynamoDB")
    ]
    vault = resource("aws:backup/vault:Vault")
    assert lines(database, vault, copy, *tests)[2:] == [
        ("backup GiB", USAGE.vault_gib * Decimal("0.2")),
        ("backup GiB", Decimal(20) * Decimal("0.2")),
        ("rds db.t4g.small hour", Decimal(730) / 7 / 24 * 2 * 2 * Decimal("0.035")),
    ]


def test_a_function_costs_its_calls_and_a_tenth_of_a_second_of_memory_for_each() -> None:
    function = resource("aws:lambda/function:Function", memorySize=512)
    type_ = "aws:scheduler/schedule:Schedule"
    schedule = resource(type_, scheduleExpression="rate(1 minute)")
    weekly = resource(type_, scheduleExpression="cron(0 9 ? * MON *)")
    assert lines(function, schedule, weekly) == [
        ("function million calls", Decimal("0.00876")),
        ("function GiB second", Decimal("0.0219")),
        ("schedule million calls", Decimal("0.0438")),
        ("schedule million calls", Decimal("0.000005")),
    ]


def test_totals_are_of_the_outermost_components() -> None:
    address, parameter = "aws:ec2/eip:Eip", "aws:ssm/parameter:Parameter"
    found = estimate(
        plan(
            resource(address),
            resource(address),
            resource(parameter, "Contract$slipway:infra:Inner", tier="Advanced"),
            resource(parameter, "Secrets", tier="Standard"),
        ),
        PRICES,
        USAGE,
    )

    assert found.by_component() == {"Contract": Decimal("0.05"), "Network": Decimal("7.3")}
    assert found.usd == Decimal("7.35")
    assert found.as_of == "2026-01-31"


def test_all_that_is_missing_is_named_at_once() -> None:
    database = resource(
        "aws:rds/instance:Instance", instanceClass="db.x9.huge", allocatedStorage=20
    )
    unknown = resource("aws:mq/broker:Broker")

    with pytest.raises(CostError) as caught:
        estimate(plan(database, unknown), PRICES, USAGE)

    assert str(caught.value) == (
        "nobody has said what a resource of type aws:mq/broker:Broker costs; add it to "
        "costs/parts.py, or to costs/free.py if AWS charges nothing for it; "
        "prices.yaml has no price of rds db.x9.huge hour in eu-west-1; add it, from AWS's price "
        "pages, and the date of the table"
    )


def test_a_region_without_prices_is_named_once() -> None:
    gateway = resource("aws:ec2/natGateway:NatGateway")

    with pytest.raises(CostError) as caught:
        estimate(plan(gateway, region="mars-1"), PRICES, USAGE)

    assert str(caught.value) == (
        "prices.yaml has no prices of mars-1, only of eu-west-1; add the region, from AWS's price "
        "pages"
    )


def test_a_type_is_priced_or_free_and_never_both() -> None:
    assert FREE & set(PARTS) == set()


@pytest.mark.parametrize("environment", STACKS)
def test_every_environment_has_a_price_for_all_that_it_creates(environment: str) -> None:
    data = plans.data(recorded(environment), environment)
    found = estimate(
        read_plan(json.dumps(data, default=str), "the plan"),
        read_prices(),
        read_usage(environment),
    )

    components = found.by_component()
    assert {"Postgres", "Redis", "Network", "Service", "Balancer", "Waf"} <= set(components)
    assert found.usd == sum(components.values())
    assert all(line.usd >= 0 for line in found.lines)


def test_both_regions_price_the_same_things() -> None:
    regions = read_prices().regions
    assert len(regions) == 2
    assert len({frozenset(keys) for keys in regions.values()}) == 1


def test_an_environment_has_the_default_usage_with_its_own_over_it(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    numbers = dict.fromkeys(Usage.model_fields, 1)
    path.write_text(json.dumps({"default": numbers, "environments": {"prod": {"nat_gib": 7}}}))

    assert read_usage("prod", path).nat_gib == 7
    assert read_usage("prod", path).edge_gib == 1
    assert read_usage("staging", path).nat_gib == 1


def test_a_misspelt_usage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    numbers = dict.fromkeys(Usage.model_fields, 1)
    path.write_text(json.dumps({"default": numbers, "environments": {"prod": {"nat_gb": 7}}}))

    with pytest.raises(CostError, match=r"usage\.yaml says nat_gb of prod, which nobody reads"):
        read_usage("prod", path)


def test_every_problem_of_a_price_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("as_of: yesterday\neverywhere: {secret: -1}\n")

    with pytest.raises(CostError) as caught:
        read_prices(path)

    sentence = str(caught.value)
    assert sentence.startswith("prices.yaml is not right; as_of: ")
    assert "everywhere/secret: Input should be greater than or equal to 0" in sentence
    assert "regions: Field required" in sentence


def test_a_table_that_is_no_yaml_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("{")

    with pytest.raises(CostError, match=r"^prices\.yaml can't be read: while parsing"):
        read_prices(path)


def written(path: Path, *, storage: int) -> str:
    """A plan file with one database."""
    database = {
        "urn": f"{INFRA}Postgres$aws:rds/instance:Instance::prod-postgres",
        "type": "aws:rds/instance:Instance",
        "name": "prod-postgres",
        "inputs": {"instanceClass": "db.t4g.small", "allocatedStorage": storage},
        "depends_on": [],
    }
    exports = {"region": "eu-west-1", "policy": {"min_tasks": 2}}
    path.write_text(
        json.dumps({"environment": "prod", "exports": exports, "resources": [database]})
    )
    return str(path)


def test_two_plans_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path / "old.json", storage=20)
    new = written(tmp_path / "new.json", storage=120)

    assert main([new, "--against", old]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "Postgres" in line]
    assert [[cell for cell in row if cell != "│"] for row in rows] == [
        ["Postgres", "40.79", "28.09", "+12.70"]
    ]

    assert main([new, "--against", old, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["usd_a_month"] == 40.79
    assert data["usd_a_month_difference"] == 12.7
    assert [line["what"] for line in data["lines"]] == ["rds db.t4g.small hour", "rds gp3 GiB"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no plan (JSONDecodeError: "),
        ("[]", "is no plan (TypeError: "),
        ("{}", "is no plan (KeyError: 'environment'); `make plan STACK=… ARGS=--json` prints one"),
    ],
)
def test_what_is_no_plan_is_one_sentence(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)

    assert main([str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"{path} {said}")
    assert captured.err.count("\n") == 1


def test_a_plan_comes_through_a_pipe_and_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    text = Path(written(tmp_path / "plan.json", storage=20)).read_text()
    command = [sys.executable, "-m", "costs"]

    piped = subprocess.run([*command, "-"], input=text, capture_output=True, text=True, check=True)
    assert "28.09" in piped.stdout

    missing = subprocess.run([*command, "gone.json"], capture_output=True, text=True, check=False)
    assert missing.returncode == 1
    assert missing.stderr.startswith("the plan gone.json can't be read: ")
    assert missing.stderr.count("\n") == 1


def test_a_line_is_quantity_times_price() -> None:
    line = Line(
        component="Network", resource="x", key="y", quantity=Decimal(3), usd_each=Decimal("0.333")
    )
    assert line.usd == Decimal("0.999")
