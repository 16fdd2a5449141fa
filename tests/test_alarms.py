"""Whatever is created is watched, or named with a reason; and every alarm says what to do.

That a metric of this name exists is AWS's documentation's word, and a first hour in an account.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.alarm import OWNER
from infra.edge_alerts import REGION
from infra.log_metrics import LOG_METRICS
from infra.part_alarms import log_alarms
from rehearsal.alarms_page import markdown
from rehearsal.recording import Recording, Resource
from rehearsal.stack_file import ROOT
from tests.environments import STACKS, chosen, recorded
from tests.pages import headings

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
BALANCED = "AWS/ApplicationELB"

# Type -> what of a resource its alarms name, and the metrics that are watched of every one.
WATCHED: dict[str, tuple[str, set[str]]] = {
    "aws:acm/certificate:Certificate": ("arn", {"DaysToExpiry"}),
    "aws:cloudfront/distribution:Distribution": ("id", {"5xxErrorRate", "Requests"}),
    "aws:cloudfront/function:Function": (
        "name",
        {"FunctionExecutionErrors", "FunctionThrottles", "FunctionValidationErrors"},
    ),
    "aws:cloudwatch/eventRule:EventRule": ("name", {"FailedInvocations"}),
    "aws:dynamodb/table:Table": ("name", {"ReadThrottleEvents", "WriteThrottleEvents"}),
    "aws:ec2/natGateway:NatGateway": (
        "id",
        {
            *("ErrorPortAllocation", "PacketsDropCount"),
            *("PacketsInFromDestination", "PacketsInFromSource"),
        },
    ),
    "aws:ecs/service:Service": (
        "name",
        {"CPUUtilization", "DesiredTaskCount", "MemoryUtilization", "RunningTaskCount"},
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "replicationGroupId",
        {
            *("AuthenticationFailures", "CurrConnections", "DatabaseMemoryUsagePercentage"),
            *("EngineCPUUtilization", "ReplicationLag"),
        },
    ),
    "aws:lambda/function:Function": ("name", {"Errors", "Invocations", "Throttles"}),
    "aws:lb/loadBalancer:LoadBalancer": (
        "arnSuffix",
        {
            *(
                "ClientTLSNegotiationErrorCount",
                "HTTPCode_ELB_5XX_Count",
                "HTTPCode_Target_5XX_Count",
            ),
            *("HealthyHostCount", "RejectedConnectionCount", "RequestCount"),
            *("TargetConnectionErrorCount", "TargetResponseTime", "UnHealthyHostCount"),
        },
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "arnSuffix",
        {"HTTPCode_Target_5XX_Count", "HealthyHostCount", "RequestCount", "UnHealthyHostCount"},
    ),
    "aws:rds/instance:Instance": (
        "identifier",
        {
            *("CPUUtilization", "DatabaseConnections", "EBSByteBalance%", "EBSIOBalance%"),
            *("FreeStorageSpace", "FreeableMemory", "ReadLatency", "WriteLatency"),
        },
    ),
    "aws:route53/healthCheck:HealthCheck": ("id", {"HealthCheckStatus"}),
    "aws:serverlessrepository/cloudFormationStack:CloudFormationStack": (
        "functionName",
        {"Errors", "Throttles"},
    ),
    "aws:sns/topic:Topic": ("name", {"NumberOfNotificationsFailed"}),
    "aws:wafv2/webAcl:WebAcl": ("metricName", {"BlockedRequests"}),
}
# Of one resource of a type, beside what every one has.
ALSO: dict[str, set[str]] = {"postgres": {"MaximumUsedTransactionIDs"}}

_SETTING = "a setting of another resource, whose alarms see what goes wrong with it"
_ALARM = "it is what watches"
_RIGHTS = "who may do what: whoever lacks a right fails, and is watched"
_NETWORK = "it carries no metric of its own; what can't be reached is watched at both ends"
_STORED = (
    "S3 has metrics of requests for a price; what is read fails at the edge, what is written in CI"
)
WITHOUT: dict[str, str] = {
    "aws:acm/certificateValidation:CertificateValidation": _SETTING,
    "aws:appautoscaling/policy:Policy": _SETTING,
    "aws:appautoscaling/scheduledAction:ScheduledAction": _SETTING,
    "aws:appautoscaling/target:Target": "the service's alarm at-its-ceiling is about it",
    "aws:backup/plan:Plan": "a job that failed or is missing is told by kind of resource",
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": "a test that is missing is told by kind",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": _SETTING,
    "aws:backup/selection:Selection": _SETTING,
    "aws:backup/vault:Vault": "what should be in it is watched by kind; a failed copy is an event",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _SETTING,
    "aws:backup/vaultPolicy:VaultPolicy": _RIGHTS,
    "aws:budgets/budget:Budget": "it tells the topic by itself",
    "aws:cloudfront/cachePolicy:CachePolicy": _SETTING,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _SETTING,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _SETTING,
    "aws:cloudfront/vpcOrigin:VpcOrigin": "what it can't reach is a 5xx of the distribution",
    COMPOSITE: _ALARM,
    "aws:cloudwatch/dashboard:Dashboard": _ALARM,
    "aws:cloudwatch/eventTarget:EventTarget": _SETTING,
    "aws:cloudwatch/logDelivery:LogDelivery": _SETTING,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _SETTING,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _SETTING,
    "aws:cloudwatch/logGroup:LogGroup": "what is written there is counted by metric filters",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _ALARM,
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": _RIGHTS,
    ALARM: _ALARM,
    "aws:cloudwatch/queryDefinition:QueryDefinition": "a text",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _NETWORK,
    "aws:ec2/eip:Eip": _NETWORK,
    "aws:ec2/flowLog:FlowLog": "a record for afterwards, of which nothing depends",
    "aws:ec2/internetGateway:InternetGateway": _NETWORK,
    "aws:ec2/route:Route": _NETWORK,
    "aws:ec2/routeTable:RouteTable": _NETWORK,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _NETWORK,
    "aws:ec2/securityGroup:SecurityGroup": _NETWORK,
    "aws:ec2/subnet:Subnet": _NETWORK,
    "aws:ec2/vpc:Vpc": _NETWORK,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _NETWORK,
    "aws:ecs/cluster:Cluster": "Fargate: there is nothing of it but its services",
    "aws:ecs/taskDefinition:TaskDefinition": _SETTING,
    "aws:elasticache/parameterGroup:ParameterGroup": _SETTING,
    "aws:elasticache/subnetGroup:SubnetGroup": _SETTING,
    "aws:elasticache/user:User": "a wrong login is an alarm of the node",
    "aws:elasticache/userGroup:UserGroup": _SETTING,
    "aws:iam/role:Role": _RIGHTS,
    "aws:iam/rolePolicy:RolePolicy": _RIGHTS,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _RIGHTS,
    "aws:kms/alias:Alias": "a name",
    "aws:kms/key:Key": "whatever it can't decrypt any more fails, and is watched",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _SETTING,
    "aws:lb/listener:Listener": "the balancer's alarms are about it",
    "aws:lb/listenerRule:ListenerRule": "the target groups' alarms are about it",
    "aws:rds/eventSubscription:EventSubscription": _ALARM,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "it has no metric; RDS tells of a replication that failed by an event of the instance"
    ),
    "aws:rds/parameterGroup:ParameterGroup": _SETTING,
    "aws:rds/subnetGroup:SubnetGroup": _SETTING,
    "aws:route53/record:Record": "whoever can't resolve it can't reach /health",
    "aws:s3/bucket:Bucket": _STORED,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _SETTING,
    "aws:s3/bucketLogging:BucketLogging": _SETTING,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _SETTING,
    "aws:s3/bucketPolicy:BucketPolicy": _RIGHTS,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _RIGHTS,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (
        "a release's files are few; the drill of the copy compares them all"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _SETTING
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _SETTING,
    "aws:scheduler/schedule:Schedule": "what it calls is watched for not being called",
    "aws:secretsmanager/secret:Secret": "a secret that can't be read is a task that doesn't start",
    "aws:secretsmanager/secretRotation:SecretRotation": "its function is watched",
    "aws:secretsmanager/secretVersion:SecretVersion": _SETTING,
    "aws:sns/topicPolicy:TopicPolicy": _RIGHTS,
    "aws:sns/topicSubscription:TopicSubscription": "the topic's alarm is about those it fails",
    "aws:ssm/parameter:Parameter": "cutover says when it can't be read",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _NETWORK,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _NETWORK,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _SETTING,
    "pulumi:providers:aws": "no resource of AWS's",
    "random:index/randomBytes:RandomBytes": "no resource of AWS's",
    "random:index/randomId:RandomId": "no resource of AWS's",
    "random:index/randomPassword:RandomPassword": "no resource of AWS's",
}


def metrics(alarm: Resource) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each metric that an alarm looks at."""
    queries = [
        query["metric"] for query in alarm.inputs.get("metricQueries", []) if "metric" in query
    ]
    for one in queries or [alarm.inputs]:
        yield one["namespace"], one["metricName"], one.get("dimensions", {})


def called(resource: Resource, by: str) -> str:
    """What the alarms of a resource name of it."""
    if by == "id":
        return resource.id
    if by == "metricName":
        return resource.inputs["visibilityConfig"]["metricName"]
    if by == "functionName":
        return resource.inputs["parameters"]["functionName"]
    return {**resource.inputs, **resource.outputs}[by]


def watched(recording: Recording, resource: Resource) -> set[str]:
    """The metrics of a resource that some alarm looks at."""
    name = called(resource, WATCHED[resource.type][0])
    return {
        metric
        for alarm in recording.every(ALARM)
        for _, metric, dimensions in metrics(alarm)
        if any(
            value == name or re.fullmatch(rf"{re.escape(name)}-\d{{3}}", value)
            for value in dimensions.values()
        )
    }


@pytest.mark.parametrize("stack", STACKS)
def test_every_type_is_watched_or_named_with_a_reason(stack: str) -> None:
    types = {resource.type for resource in recorded(stack).resources if resource.custom}
    assert not types - WATCHED.keys() - WITHOUT.keys()
    assert not WATCHED.keys() & WITHOUT.keys()
    assert all(len(reason) > 5 for reason in WITHOUT.values())


def test_no_type_is_named_that_no_environment_has() -> None:
    types = {resource.type for stack in STACKS for resource in recorded(stack).resources}
    by_dials = {"aws:appautoscaling/scheduledAction:ScheduledAction"}
    assert (WATCHED.keys() | WITHOUT.keys()) - types <= by_dials


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_of_a_watched_type_has_all_its_alarms(stack: str) -> None:
    seen = 0
    for resource in recorded(stack).resources:
        if resource.type in WATCHED:
            also = ALSO.get(resource.name.removeprefix(f"{stack}-"), set[str]())
            assert watched(recorded(stack), resource) == WATCHED[resource.type][1] | also, (
                resource.name
            )
            seen += 1
    assert seen >= 17 + len(chosen(stack).network.zones) * (chosen(stack).network.nat == "per_zone")


def test_an_alarm_that_is_missing_is_missed() -> None:
    """The test above can fail: without the alarms of one part, its resource lacks them."""
    lacking = Recording(
        resources=[r for r in recorded("prod").resources if not r.name.startswith("prod-waf-")]
    )
    web_acl = recorded("prod").only("aws:wafv2/webAcl:WebAcl")
    assert watched(recorded("prod"), web_acl) == {"BlockedRequests"}
    assert watched(lacking, web_acl) == set()


def told(stack: str) -> list[Resource]:
    return [
        alarm
        for type_ in (ALARM, COMPOSITE)
        for alarm in recorded(stack).every(type_)
        if "alarmActions" in alarm.inputs
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_every_alarm_says_how_bad_whose_what_and_where_to_read_on(stack: str) -> None:
    alarms = [alarm for type_ in (ALARM, COMPOSITE) for alarm in recorded(stack).every(type_)]
    assert len(alarms) > 60
    for alarm in alarms:
        text = alarm.inputs["alarmDescription"]
        found = re.fullmatch(
            rf"(page|ticket), {OWNER}: ([^.]+(?:\.\d[^.]*)?)\. docs/runbooks/(\w+\.md)#([a-z-]+)",
            text,
        )
        assert found, text
        assert found[4] in headings(ROOT / "docs" / "runbooks" / found[3]), text
        assert len(text) <= 1024


@pytest.mark.parametrize("stack", STACKS)
def test_an_alarm_of_several_metrics_looks_at_the_last_alone(stack: str) -> None:
    several = [one for one in recorded(stack).every(ALARM) if "metricQueries" in one.inputs]
    assert len(several) > 20
    for alarm in several:
        returned = [query["returnData"] for query in alarm.inputs["metricQueries"]]
        assert returned == [*([False] * (len(returned) - 1)), True], alarm.name


@pytest.mark.parametrize("stack", STACKS)
def test_every_alarm_tells_the_topic_of_its_own_region_when_it_begins_and_ends(stack: str) -> None:
    topics = {
        region: recorded(stack).only("aws:sns/topic:Topic", f"{stack}{part}-alerts").outputs["arn"]
        for region, part in ((None, ""), (REGION, "-edge"))
    }
    assert len({*topics.values()}) == 2
    at_the_edge = 0
    for alarm in told(stack):
        topic = topics[alarm.inputs.get("region")]
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [topic], alarm.name
        at_the_edge += "region" in alarm.inputs
    assert (
        at_the_edge == len([a for a in recorded(stack).every(ALARM) if "region" in a.inputs]) >= 5
    )


@pytest.mark.parametrize("stack", STACKS)
def test_what_has_its_metrics_at_the_edge_is_watched_there(stack: str) -> None:
    edge = {"AWS/CloudFront", "AWS/Route53", "AWS/WAFV2"}
    certificate = recorded(stack).only(
        "aws:acm/certificate:Certificate", f"{stack}-edge-certificate"
    )
    for alarm in recorded(stack).every(ALARM):
        for namespace, _, dimensions in metrics(alarm):
            there = namespace in edge or certificate.outputs["arn"] in dimensions.values()
            if namespace not in ("AWS/SNS", f"Slipway/{stack}"):
                assert (alarm.inputs.get("region") == REGION) is there, alarm.name


@pytest.mark.parametrize("stack", STACKS)
def test_no_alarm_looks_back_further_than_cloudwatch_does(stack: str) -> None:
    """A day, or a week where a period is an hour or longer; a period is a day at most."""
    for alarm in recorded(stack).every(ALARM):
        periods = alarm.inputs["evaluationPeriods"]
        found = [
            q["metric"]["period"] for q in alarm.inputs.get("metricQueries", []) if "metric" in q
        ]
        lengths = {*found} or {alarm.inputs["period"]}
        assert len(lengths) == 1
        (length,) = lengths
        assert length <= 86_400
        assert length * periods <= (604_800 if length >= 3600 else 86_400), alarm.name
        assert 1 <= alarm.inputs["datapointsToAlarm"] <= periods
        assert len(found) <= 10


@pytest.mark.parametrize("stack", STACKS)
def test_only_a_heartbeat_is_missed_by_silence(stack: str) -> None:
    missed = {
        metric
        for alarm in recorded(stack).every(ALARM)
        if alarm.inputs["treatMissingData"] == "breaching"
        for _, metric, _ in metrics(alarm)
    }
    assert missed <= {
        "Invocations",
        "NumberOfBackupJobsCompleted",
        "NumberOfRestoreJobsCompleted",
        "AlertsSubscribers",
        "HealthCheckStatus",
    }


def test_alarms_of_log_lines_are_on_metrics_that_are_counted() -> None:
    named = [alarm.metrics["value"].name for alarm in log_alarms("Slipway/prod")]
    assert {*named} <= {one.metric for one in LOG_METRICS}
    assert named == ["PoolErrors", "PoolWait", "AppErrors"]


def test_the_page_is_current() -> None:
    """When this fails: `make alarms`, and look at what it changes."""
    assert (ROOT / "docs" / "alarms.md").read_text() == markdown(recorded("prod"), "prod")


def numbers(alarm: Resource) -> tuple[Any, ...]:
    inputs = alarm.inputs
    period = inputs.get("period") or inputs["metricQueries"][0]["metric"]["period"]
    return (
        inputs["comparisonOperator"].removesuffix("Threshold"),
        inputs["threshold"],
        inputs["datapointsToAlarm"],
        inputs["evaluationPeriods"],
        period,
    )


def test_the_numbers_that_follow_from_dials() -> None:
    of = {
        alarm.name.removeprefix("prod-"): numbers(alarm) for alarm in recorded("prod").every(ALARM)
    }
    settings = chosen("prod")
    assert settings.postgres.instance_class == "db.m7g.large"
    assert of["postgres-connections"] == ("GreaterThan", 788 * 9 // 10, 5, 5, 60)
    assert of["postgres-memory"] == ("LessThan", 8 * 2**30 // 10, 15, 15, 60)
    assert of["postgres-storage"] == (
        "LessThan",
        settings.postgres.storage_gib * 2**30 // 10,
        *(30, 30, 60),
    )
    for slot in ("blue", "green"):
        ceiling = settings.service.max_tasks
        assert of[f"{slot}-at-its-ceiling"] == ("GreaterThanOrEqualTo", ceiling, 15, 15, 60)
    limit = settings.cdn.waf_requests_per_5_minutes
    assert of["waf-blocks"] == ("GreaterThanOrEqualTo", limit, 1, 1, 300)
    blocks = recorded("prod").only(ALARM, "prod-waf-blocks").inputs
    assert blocks["dimensions"] == {"Rule": "ALL", "WebACL": "prod-edge"}
    assert of["balancer-errors"] == ("GreaterThan", 0.0144, 2, 3, 60)
    assert len([name for name in of if re.fullmatch(r"redis-\d-cpu", name)]) == settings.redis.nodes


@pytest.mark.parametrize("stack", STACKS)
def test_no_alarm_waits_for_a_minute_that_is_always_filled_in(stack: str) -> None:
    """The newest minute has no data yet, so FILL's number stands there (CloudWatch user guide,
    "Using metric math", FILL): an alarm on every one of the last minutes would never fire."""
    seen = 0
    for alarm in recorded(stack).every(ALARM):
        queries = alarm.inputs.get("metricQueries", [])
        minutes = any(q["metric"]["period"] == 60 for q in queries if "metric" in q)
        if minutes and any("FILL(" in q.get("expression", "") for q in queries):
            assert alarm.inputs["datapointsToAlarm"] < alarm.inputs["evaluationPeriods"], alarm.name
            seen += 1
    assert seen == 6
