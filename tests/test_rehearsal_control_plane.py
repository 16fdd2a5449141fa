"""The emulated AWS holds what the program of staging asked for, and is never the real one."""

import copy
import dataclasses
import datetime
import http.server
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import boto3
import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from infra.outputs import PROBE_HEADER, SLOTS, Contract, contract_name
from rehearsal.alb.balancer import Balancer
from rehearsal.alb.routing import Routing
from rehearsal.alb.target_group import GroupObservation, Observation, TargetHealth, TargetState
from rehearsal.aws.contract import Pace, localize, read_contract, write_contract
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.aws.follower import METRICS_SECONDS, Follower, read_routing, weights
from rehearsal.aws.secret_values import not_ours, resolve
from rehearsal.errors import RehearsalError
from rehearsal.machine import ports
from rehearsal.recording import Recording, record
from rehearsal.stack_file import stack_config
from stacks.environment import environment
from tests.environments import chosen

CHOSEN = chosen("staging")
ACCOUNT, REGION = CHOSEN.aws.account_id, CHOSEN.aws.region


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(port=ports.reserve(), account_id=ACCOUNT, region=REGION) as started:
        yield started


@pytest.fixture(scope="module")
def recording(plane: ControlPlane) -> Recording:
    endpoints = Endpoints(postgres_port=15433, redis_port=16379)
    return record(environment, stack="staging", outputs=creating(plane, endpoints))


@pytest.fixture(scope="module")
def contract(plane: ControlPlane, recording: Recording) -> Contract:
    assert recording.exports
    return read_contract(plane.client, "staging")


def tiers(plane: ControlPlane) -> dict[str, str]:
    """Tier by parameter."""
    found = plane.client("ssm").describe_parameters()["Parameters"]
    return {parameter["Name"]: parameter["Tier"] for parameter in found}


def test_another_terminal_finds_the_balancer_of_this_machine(
    plane: ControlPlane, recording: Recording, tmp_path: Path
) -> None:
    assert recording.exports
    before = read_contract(plane.client, "staging")
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    try:
        pace = Pace(step_seconds=1, bake_seconds=2, warm_seconds=3)
        localized = localize(plane, "staging", port=18443, authority=authority, pace=pace)
        assert read_contract(plane.client, "staging") == localized
        assert tiers(plane)["/slipway/staging/contract"] == "Advanced"
    finally:
        write_contract(plane, before)
    assert read_contract(plane.client, "staging") == before
    assert (localized.public_address, localized.public_authority) == (
        "127.0.0.1:18443",
        "-----BEGIN CERTIFICATE-----\n",
    )
    policy = dataclasses.replace(
        before.policy,
        step_seconds=1,
        bake_seconds=2,
        warm_seconds=3,
        metric_period_seconds=METRICS_SECONDS,
    )
    assert (localized.policy, METRICS_SECONDS) == (policy, 5)
    assert before == dataclasses.replace(
        localized, public_address="", public_authority="", policy=before.policy
    )


def test_only_the_calls_of_others_are_counted(plane: ControlPlane, contract: Contract) -> None:
    before = len(plane.calls())
    plane.client("elbv2").describe_rules(RuleArns=[contract.traffic_rule])
    assert len(plane.calls()) == before
    variables = plane.variables
    other = boto3.client(
        "elbv2",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    )
    other.describe_rules(RuleArns=[contract.traffic_rule])
    other.describe_rules(RuleArns=[contract.traffic_rule])
    *_, first, second = plane.calls()
    assert len(plane.calls()) - before == 2
    assert first.at <= second.at
    assert (first.service, second.service) == ("elasticloadbalancing", "elasticloadbalancing")
    assert (first.operation, first.region) == ("DescribeRules", plane.region)
    assert first.given["RuleArns.member.1"] == contract.traffic_rule


def test_a_call_is_read_in_every_protocol(plane: ControlPlane, contract: Contract) -> None:
    own = boto3.Session(
        aws_access_key_id=plane.variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=plane.variables["AWS_SECRET_ACCESS_KEY"],
        region_name=plane.region,
    )

    def client(service: str) -> Any:
        return own.client(service, endpoint_url=plane.url)  # pyright: ignore[reportArgumentType, reportCallIssue]

    before = len(plane.calls())
    name = contract_name(contract.environment)
    client("ssm").get_parameter(Name=name)
    client("cloudwatch").describe_alarms()
    bucket, key = contract.frontend_bucket, "releases/a b/index.html"
    version = client("s3").put_object(Bucket=bucket, Key=key, Body=b"<!doctype html>")["VersionId"]
    page = client("s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    assert page == b"<!doctype html>"
    read, alarms, put, get = plane.calls()[before:]
    assert (read.service, read.operation, read.given["Name"]) == ("ssm", "GetParameter", name)
    assert (alarms.service, alarms.operation) == ("monitoring", "DescribeAlarms")
    assert (put.operation, put.given["Bucket"], put.given["Key"]) == ("PUT", bucket, key)
    assert (get.operation, get.given["versionId"]) == ("GET", version)
    assert {one.key for one in (read, alarms, put, get)} == {plane.variables["AWS_ACCESS_KEY_ID"]}


def test_the_keys_of_a_session_are_known_by_role_and_policy(
    plane: ControlPlane, contract: Contract
) -> None:
    given = plane.client("sts").assume_role(
        RoleArn=contract.weights_role, RoleSessionName="run", Policy='{"Statement": []}'
    )["Credentials"]
    session = plane.sessions()[given["AccessKeyId"]]
    assert (session.role, session.policy) == (contract.weights_role, '{"Statement": []}')


def test_the_calls_of_what_stands_in_for_aws_are_not_those_of_others(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in plane.own_variables.items():
        monkeypatch.setenv(name, value)
    before = len(plane.calls())
    assert boto3.client("sns").list_topics()["Topics"]
    assert len(plane.calls()) == before
    monkeypatch.delenv("AWS_SDK_UA_APP_ID")
    assert boto3.client("sns").list_topics()["Topics"]
    assert len(plane.calls()) == before + 1


def containers(plane: ControlPlane, task_definition: str) -> dict[str, dict[str, Any]]:
    found = plane.client("ecs").describe_task_definition(taskDefinition=task_definition)
    return {c["name"]: c for c in found["taskDefinition"]["containerDefinitions"]}


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["environment"]}


def test_cutover_reads_the_same_contract_that_the_stack_exports(
    recording: Recording, contract: Contract
) -> None:
    assert Contract.of(recording.exports) == contract
    assert contract.account_id == ACCOUNT
    assert contract.policy.min_tasks == 2


def test_the_contract_fits_only_the_advanced_tier(plane: ControlPlane, contract: Contract) -> None:
    assert tiers(plane) == {
        f"/slipway/{contract.environment}/contract": "Advanced",
        f"/slipway/{contract.environment}/drills": "Standard",
    }


def test_all_of_the_traffic_goes_to_blue_and_both_groups_stand_in_the_rule(
    plane: ControlPlane, contract: Contract
) -> None:
    (rule,) = plane.client("elbv2").describe_rules(RuleArns=[contract.traffic_rule])["Rules"]
    assert rule["Priority"] == "100"
    assert rule["Conditions"] == [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*", "/health"]}}
    ]
    assert rule["Actions"][0]["ForwardConfig"] == {
        "TargetGroups": [
            {"TargetGroupArn": contract.slots["blue"].target_group, "Weight": 100},
            {"TargetGroupArn": contract.slots["green"].target_group, "Weight": 0},
        ],
        "TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 3600},
    }


@pytest.mark.parametrize("slot", SLOTS)
def test_a_test_rule_sends_who_knows_the_token_to_its_slot(
    plane: ControlPlane, contract: Contract, slot: str
) -> None:
    elbv2 = plane.client("elbv2")
    (rule,) = elbv2.describe_rules(RuleArns=[contract.slots[slot].test_rule])["Rules"]
    token = plane.client("secretsmanager").get_secret_value(SecretId=contract.probe_token_secret)
    config = {"HttpHeaderName": PROBE_HEADER, "Values": [f"{slot}:{token['SecretString']}"]}
    assert rule["Conditions"] == [{"Field": "http-header", "HttpHeaderConfig": config}]
    assert rule["Actions"][0]["TargetGroupArn"] == contract.slots[slot].target_group
    assert len(bytes.fromhex(token["SecretString"])) == 32


def test_the_listener_answers_404_to_what_no_rule_knows(
    plane: ControlPlane, contract: Contract
) -> None:
    elbv2 = plane.client("elbv2")
    (listener,) = elbv2.describe_listeners(ListenerArns=[contract.listener])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert listener["DefaultActions"][0]["FixedResponseConfig"] == {
        "StatusCode": "404",
        "ContentType": "application/json",
        "MessageBody": '{"error":"not found"}',
    }
    certificate = plane.client("acm").describe_certificate(
        CertificateArn=listener["Certificates"][0]["CertificateArn"]
    )["Certificate"]
    assert certificate["DomainName"] == CHOSEN.domain.name


@pytest.mark.parametrize("slot", SLOTS)
def test_target_groups_are_checked_and_drained_as_asked(
    plane: ControlPlane, contract: Contract, slot: str
) -> None:
    elbv2, arn = plane.client("elbv2"), contract.slots[slot].target_group
    (group,) = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("HTTPS", 8443, "ip")
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTPS", "/readyz")
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (5, 4)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert group["Matcher"] == {"HttpCode": "200"}
    found = elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    attributes = {attribute["Key"]: attribute["Value"] for attribute in found}
    assert attributes["deregistration_delay.timeout_seconds"] == str(CHOSEN.cutover.drain_seconds)
    assert attributes["stickiness.enabled"] == "false"
    assert contract.slots[slot].target_group_suffix == arn.rsplit(":", 1)[1]


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slot_starts_with_no_task_and_a_suspended_target(
    plane: ControlPlane, contract: Contract, slot: str
) -> None:
    mine = contract.slots[slot]
    (service,) = plane.client("ecs").describe_services(
        cluster=contract.cluster, services=[mine.service]
    )["services"]
    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (0, 0, 0)
    assert service["taskDefinition"] == contract.blueprint.task_definition
    assert service["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": list(contract.task_subnets),
        "securityGroups": list(contract.task_security_groups),
        "assignPublicIp": "DISABLED",
    }
    assert service["loadBalancers"] == [
        {"targetGroupArn": mine.target_group, "containerName": "nginx", "containerPort": 8443}
    ]
    (target,) = plane.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[mine.scalable_target]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, CHOSEN.service.max_tasks)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": True,
        "ScheduledScalingSuspended": True,
    }


def test_tasks_find_the_data_stores_of_this_rehearsal(
    plane: ControlPlane, contract: Contract
) -> None:
    pgbouncer = variables(containers(plane, contract.blueprint.task_definition)["pgbouncer"])
    assert (pgbouncer["DB_HOST"], pgbouncer["DB_PORT"]) == ("127.0.0.1", "15433")
    migrate = variables(containers(plane, contract.migrate.task_definition)["app"])
    assert migrate["DATABASE_URL"] == "postgresql://127.0.0.1:15433/app?sslmode=require"


def test_the_secrets_that_tasks_name_exist_and_are_random(
    plane: ControlPlane, contract: Contract
) -> None:
    app = containers(plane, contract.blueprint.task_definition)["app"]
    names = {entry["name"]: entry["valueFrom"] for entry in app["secrets"]}
    secrets = plane.client("secretsmanager")
    key_arn = names["SECRET_KEY"].removesuffix(":current::")
    keys = json.loads(secrets.get_secret_value(SecretId=key_arn)["SecretString"])
    assert sorted(keys) == ["current", "next", "previous"]
    assert [len(key) for key in keys.values()] == [64, 64, 64]
    assert len(set(keys.values())) == 3
    url = secrets.get_secret_value(SecretId=names["REDIS_URL"])["SecretString"]
    assert url.startswith(f"rediss://app-g{CHOSEN.secrets.generation}:")
    assert url.endswith("@127.0.0.1:16379/0")


SENTRY_DSN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sentry-AbCdEf"


def test_a_secret_that_the_stack_only_names_is_empty(
    plane: ControlPlane, recording: Recording
) -> None:
    with_sentry = stack_config("staging")
    secrets = json.loads(with_sentry["slipway:secrets"])
    with_sentry["slipway:secrets"] = json.dumps({**secrets, "sentry_dsn_secret": SENTRY_DSN})
    named = record(environment, stack="staging", config=with_sentry)
    assert SENTRY_DSN in not_ours(named)
    assert resolve(plane, SENTRY_DSN, empty=not_ours(named)) == ""
    with pytest.raises(RehearsalError, match="can't be read"):
        resolve(plane, SENTRY_DSN)
    ours = {CHOSEN.secrets.sentry_dsn_secret} - {None}
    assert not_ours(recording) == ours


def test_the_table_recovers_to_a_point_in_time(plane: ControlPlane, contract: Contract) -> None:
    dynamodb = plane.client("dynamodb")
    table = dynamodb.describe_table(TableName=contract.journal_table)["Table"]
    assert table["KeySchema"] == [
        {"AttributeName": "scope", "KeyType": "HASH"},
        {"AttributeName": "record", "KeyType": "RANGE"},
    ]
    backups = dynamodb.describe_continuous_backups(TableName=contract.journal_table)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_cancelled_transaction_undoes_nobody_elses_write(
    plane: ControlPlane, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb, table = plane.client("dynamodb"), contract.journal_table
    begun, deepcopy = threading.Event(), copy.deepcopy

    def slowly(of: Any) -> Any:
        copied = deepcopy(of)
        begun.set()
        time.sleep(0.5)
        return copied

    # What moto keeps for the case that the transaction is cancelled.
    monkeypatch.setattr("moto.dynamodb.models.copy.deepcopy", slowly)
    impossible = {
        "TableName": table,
        "Item": {"scope": {"S": "crowd"}, "record": {"S": "never"}},
        "ConditionExpression": "attribute_exists(nothing)",
    }
    with ThreadPoolExecutor(1) as pool:
        transaction = pool.submit(
            dynamodb.transact_write_items, TransactItems=[{"Put": impossible}]
        )
        assert begun.wait(20)
        item = {"scope": {"S": "crowd"}, "record": {"S": "meanwhile"}}
        dynamodb.put_item(TableName=table, Item=item)
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            transaction.result()
    assert dynamodb.get_item(TableName=table, Key=item)["Item"] == item


def test_the_alarms_of_a_cutover_watch_the_slots(plane: ControlPlane, contract: Contract) -> None:
    described = plane.client("cloudwatch").describe_alarms()["MetricAlarms"]
    alarms = {alarm["AlarmArn"]: alarm for alarm in described}
    for slot in SLOTS:
        here = contract.slots[slot]
        assert here.alarms.keys() == {"errors", "unhealthy"}
        for arn in here.alarms.values():
            assert alarms[arn]["StateValue"] == "OK"
            parts = [
                q["MetricStat"]["Metric"]
                for q in alarms[arn].get("Metrics", [])
                if "MetricStat" in q
            ]
            for part in parts or [alarms[arn]]:
                watched = {d["Name"]: d["Value"] for d in part["Dimensions"]}
                assert watched["TargetGroup"] == here.target_group_suffix


def test_the_environments_alarms_are_composite_ones(
    plane: ControlPlane, contract: Contract
) -> None:
    names = [arn.rpartition(":")[2] for arn in contract.alarms]
    assert names == ["staging-availability-fast", "staging-latency-fast"]
    described = plane.client("cloudwatch").describe_alarms(
        AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    assert described["MetricAlarms"] == []
    found = {one["AlarmArn"]: one["StateValue"] for one in described["CompositeAlarms"]}
    assert found == dict.fromkeys(contract.alarms, "OK")


def test_the_role_that_writes_weights_exists(plane: ControlPlane, contract: Contract) -> None:
    name = contract.weights_role.rsplit("/", 1)[1]
    assert plane.client("iam").get_role(RoleName=name)["Role"]["Arn"] == contract.weights_role
    assumed = plane.client("sts").assume_role(
        RoleArn=contract.weights_role, RoleSessionName="cutover", Policy="{}"
    )["Credentials"]
    elbv2 = boto3.client(
        "elbv2",
        endpoint_url=plane.url,
        region_name=REGION,
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
    )
    (rule,) = elbv2.describe_rules(RuleArns=[contract.traffic_rule])["Rules"]
    assert rule["RuleArn"] == contract.traffic_rule


def test_who_publishes_to_the_alerts_topic_reaches_one(
    plane: ControlPlane, contract: Contract
) -> None:
    sns = plane.client("sns")
    assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [contract.alerts_topic]
    before = plane.published(contract.alerts_topic)
    for message in ("one", "two"):
        sns.publish(TopicArn=contract.alerts_topic, Message=message, Subject="of both")
    assert plane.published(contract.alerts_topic) == (*before, "one", "two")


def test_the_frontend_bucket_keeps_versions(plane: ControlPlane, contract: Contract) -> None:
    status = plane.client("s3").get_bucket_versioning(Bucket=contract.frontend_bucket)["Status"]
    assert status == "Enabled"


def test_random_values_are_as_long_as_asked_and_different_each_time(plane: ControlPlane) -> None:
    made: list[tuple[str, str]] = []

    def program() -> None:
        password = random.RandomPassword("p", length=32, special=False)
        token = random.RandomBytes("b", length=16)
        identifier = random.RandomId("i", byte_length=4)
        pulumi.export("made", [password.result, token.hex, identifier.hex])

    outputs = creating(plane, Endpoints(postgres_port=1, redis_port=2))
    for _ in range(2):
        password, token, identifier = record(
            program, stack="staging", config={}, outputs=outputs
        ).exports["made"]
        assert (len(password), len(token), len(identifier)) == (32, 32, 8)
        assert password.isalnum()
        made.append((password, token))
    assert made[0] != made[1]


def test_what_the_control_plane_refuses_is_one_sentence(plane: ControlPlane) -> None:
    def program() -> None:
        aws.ec2.Subnet(
            "lost", vpc_id="vpc-none", cidr_block="10.0.0.0/24", availability_zone="eu-west-1a"
        )

    outputs = creating(plane, Endpoints(postgres_port=1, redis_port=2))
    with pytest.raises(
        RehearsalError, match=r"the emulated AWS refuses Subnet lost: .*vpc-none.* does not exist"
    ):
        record(program, stack="staging", config=stack_config("staging"), outputs=outputs)


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that is not ours, and the requests that it got."""
    met: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            met.append(self.path)
            self.send_error(500)

        do_GET = do_CONNECT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", met
        server.shutdown()


def test_a_client_never_leaves_this_process_whatever_the_users_shell_says(
    elsewhere: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, met = elsewhere
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECS", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("AWS_PROFILE", "their-real-account")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATHEIRREALKEY0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    with ControlPlane(port=ports.reserve(), account_id="210987654321", region=REGION) as other:
        ecs = other.client("ecs")
        arn = ecs.create_cluster(clusterName="mine")["cluster"]["clusterArn"]
        credentials = ecs._request_signer._credentials
    assert arn == f"arn:aws:ecs:{REGION}:210987654321:cluster/mine"
    assert (credentials.access_key, credentials.token) == ("REHEARSALNOTREALKEYS", None)
    assert met == []


def test_the_variables_point_another_terminal_at_the_control_plane(plane: ControlPlane) -> None:
    assert plane.variables == {
        "AWS_ENDPOINT_URL": plane.url,
        "AWS_ACCESS_KEY_ID": "REHEARSALNOTREALKEYS",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_DEFAULT_REGION": REGION,
    }
    assert plane.url.startswith("http://127.0.0.1:")


class StubBalancer:
    """Shows what it is told to show, and remembers what routing it was given."""

    def __init__(self, in_force: Routing, groups: dict[str, GroupObservation]) -> None:
        self.in_force, self.groups = in_force, groups
        self.applied: list[Routing] = []

    def apply(self, routing: Routing) -> None:
        self.applied.append(routing)

    def observe(self) -> Observation:
        return Observation(requests=0, groups=self.groups)


def group(*targets: TargetHealth) -> GroupObservation:
    return GroupObservation(
        requests=0,
        responses=dict.fromkeys(("1xx", "2xx", "3xx", "4xx", "5xx"), 0),
        balancer_5xx=0,
        in_flight=0,
        response_seconds_mean=0.0,
        response_seconds_max=0.0,
        targets=targets,
    )


def target(port: int, state: TargetState, reason: str | None = None) -> TargetHealth:
    return TargetHealth(host="127.0.0.1", port=port, state=state, reason=reason, in_flight=0)


def follower(plane: ControlPlane, contract: Contract, balancer: StubBalancer) -> Follower:
    return Follower(
        plane,
        cast(Balancer, balancer),
        listener_arn=contract.listener,
        load_balancer_suffix=contract.load_balancer_suffix,
        groups={contract.slots[slot].target_group: slot for slot in SLOTS},
        addresses=lambda: {("127.0.0.1", 20001): "10.20.0.1", ("127.0.0.1", 20002): "10.20.0.2"},
    )


def test_targets_are_as_healthy_as_the_balancer_finds_them(
    plane: ControlPlane, contract: Contract
) -> None:
    blue, green = (contract.slots[slot].target_group for slot in SLOTS)
    sick = target(20002, "unhealthy", "Target.Timeout")
    balancer = StubBalancer(
        read_routing(plane, contract.listener),
        {blue: group(target(20001, "healthy"), sick), green: group()},
    )
    following = follower(plane, contract, balancer)

    def seen(arn: str) -> list[tuple[str, int, str, str | None]]:
        found = plane.client("elbv2").describe_target_health(TargetGroupArn=arn)
        return [
            (d["Target"]["Id"], d["Target"]["Port"], health["State"], health.get("Reason"))
            for d in found["TargetHealthDescriptions"]
            for health in [d["TargetHealth"]]
        ]

    following.step()
    assert seen(blue) == [
        ("10.20.0.1", 8443, "healthy", None),
        ("10.20.0.2", 8443, "unhealthy", "Target.Timeout"),
    ]
    assert seen(green) == []
    balancer.groups = {blue: group(), green: group(target(20001, "initial"))}
    following.step()
    assert seen(blue) == []
    assert [state for _, _, state, _ in seen(green)] == ["initial"]


def test_the_balancer_is_given_the_live_rules_and_their_weights_are_noted(
    plane: ControlPlane, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.aws.follower.ROUTING_SECONDS", 0.0)
    groups = {contract.slots[slot].target_group: group() for slot in SLOTS}
    balancer = StubBalancer(read_routing(plane, contract.listener), groups)
    following = follower(plane, contract, balancer)
    following.step()
    elbv2 = plane.client("elbv2")
    (rule,) = elbv2.describe_rules(RuleArns=[contract.traffic_rule])["Rules"]
    before = rule["Actions"]
    changed = [
        {"TargetGroupArn": arn, "Weight": weight}
        for arn, weight in zip(groups, (25, 75), strict=True)
    ]
    try:
        elbv2.modify_rule(
            RuleArn=contract.traffic_rule,
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": changed}}],
        )
        following.step()
    finally:
        elbv2.modify_rule(RuleArn=contract.traffic_rule, Actions=before)
    first, second = balancer.applied
    slots = {arn: slot for slot, arn in zip(SLOTS, groups, strict=True)}
    assert weights(first, slots) == {"blue": 100, "green": 0}
    assert weights(second, slots) == {"blue": 25, "green": 75}
    # It is noted only when requests meet it.
    assert [event.weights for event in following.weights()] == [{"blue": 100, "green": 0}]
    balancer.in_force = second
    following.step()
    assert [event.weights for event in following.weights()][1:] == [{"blue": 25, "green": 75}]


def test_metrics_are_written_after_each_period_and_bear_its_beginning(
    plane: ControlPlane, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = 360_000_000
    monkeypatch.setattr("rehearsal.aws.follower._period", lambda: period)
    blue, green = (contract.slots[slot].target_group for slot in SLOTS)
    balancer = StubBalancer(read_routing(plane, contract.listener), {blue: group(), green: group()})
    following = follower(plane, contract, balancer)

    def written() -> list[tuple[datetime.datetime, float]]:
        found = plane.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApplicationELB",
            MetricName="RequestCount",
            Dimensions=[
                {"Name": "LoadBalancer", "Value": contract.load_balancer_suffix},
                {"Name": "TargetGroup", "Value": contract.slots["blue"].target_group_suffix},
            ],
            StartTime=datetime.datetime.fromtimestamp(360_000_000 * 5, datetime.UTC),
            EndTime=datetime.datetime.fromtimestamp(360_000_009 * 5, datetime.UTC),
            Period=5,
            Statistics=["Sum"],
        )["Datapoints"]
        return [(point["Timestamp"], point["Sum"]) for point in found]

    def served(requests: int) -> None:
        balancer.groups = {blue: dataclasses.replace(group(), requests=requests), green: group()}
        following.step()

    served(3)
    assert written() == []
    period += 1
    served(10)
    served(12)
    period += 1
    served(12)
    first, second = (
        datetime.datetime.fromtimestamp(number * 5, datetime.UTC)
        for number in (360_000_000, 360_000_001)
    )
    assert written() == [(first, 10.0), (second, 2.0)]
