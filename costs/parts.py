"""What AWS charges for one resource: keys of the price table, and how many of each in a month."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from costs.plan import Plan, Resource
from costs.prices import Usage

# A month as AWS's own calculator counts it.
HOURS = Decimal(730)
MILLION = Decimal(1_000_000)

Amounts = Iterator[tuple[str, Decimal]]
Part = Callable[[Resource, Plan, Usage], Amounts]


def database(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    """A standby is a second instance with a second disk."""
    inputs = resource.inputs
    copies = Decimal(2 if inputs.get("multiAz") else 1)
    yield f"rds {inputs['instanceClass']} hour", HOURS * copies
    yield "rds gp3 GiB", Decimal(inputs["allocatedStorage"]) * copies


def cache(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    inputs = resource.inputs
    yield f"{inputs['engine']} {inputs['nodeType']} hour", HOURS * inputs["numCacheClusters"]


def nat(_resource: Resource, plan: Plan, usage: Usage) -> Amounts:
    """The traffic is shared by all the gateways there are."""
    gateways = sum(one.type == "aws:ec2/natGateway:NatGateway" for one in plan.resources)
    yield "nat gateway hour", HOURS
    yield "nat gateway GiB", usage.nat_gib / gateways


def address(_resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    yield "public IPv4 address hour", HOURS


def endpoint(resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    """An interface endpoint is paid for in each zone; a gateway endpoint is free."""
    if resource.inputs["vpcEndpointType"] == "Interface":
        yield "interface endpoint hour", HOURS * len(resource.inputs["subnetIds"])
        yield "interface endpoint GiB", usage.endpoint_gib


def balancer(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "balancer hour", HOURS
    yield "balancer LCU hour", HOURS * usage.balancer_lcus


def cluster(_resource: Resource, plan: Plan, usage: Usage) -> Amounts:
    """The serving slot at its floor all month, and a second one while releases overlap."""
    services = [one for one in plan.resources if one.type == "aws:ecs/service:Service"]
    task = plan.of(services[0].depends_on, "aws:ecs/taskDefinition:TaskDefinition")[0].inputs
    architecture = task["runtimePlatform"]["cpuArchitecture"]
    hours = plan.least_tasks * (HOURS + usage.second_slot_hours)
    yield f"fargate {architecture} vCPU hour", hours * Decimal(task["cpu"]) / 1024
    yield f"fargate {architecture} GiB hour", hours * Decimal(task["memory"]) / 1024


def key(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "kms key", Decimal(1)
    yield "kms million requests", usage.key_requests / MILLION


def secret(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "secret", Decimal(1)
    yield "secret million requests", usage.secret_requests / MILLION


def alarm(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    """By the metrics that it looks at; an expression over others is none of its own."""
    queries = resource.inputs.get("metricQueries", [])
    yield "alarm metric", Decimal(sum("metric" in query for query in queries) or 1)


def composite_alarm(_resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    yield "composite alarm", Decimal(1)


def dashboard(_resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    yield "dashboard", Decimal(1)


def log_metric(_resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    yield "metric", Decimal(1)


def log_group(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "log GiB ingested", usage.log_gib_per_group
    yield "log GiB stored", usage.log_gib_per_group


def bucket(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "s3 GiB", usage.bucket_gib


def vault(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "backup GiB", usage.vault_gib


def replicated(_resource: Resource, plan: Plan, _usage: Usage) -> Amounts:
    """One snapshot as large as the disk, and a log beside it that no plan can tell."""
    databases = [one for one in plan.resources if one.type == "aws:rds/instance:Instance"]
    yield "backup GiB", Decimal(databases[0].inputs["allocatedStorage"])


def restore_test(resource: Resource, plan: Plan, _usage: Usage) -> Amounts:
    """A restored database lives two hours, twice a week; a table costs next to nothing."""
    if resource.inputs["protectedResourceType"] == "RDS":
        databases = [one for one in plan.resources if one.type == "aws:rds/instance:Instance"]
        yield f"rds {databases[0].inputs['instanceClass']} hour", HOURS / 7 / 24 * 2 * 2


def table(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "table million writes", usage.table_requests / MILLION


def distribution(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    yield "edge GiB", usage.edge_gib
    yield "edge million requests", usage.edge_requests / MILLION


def firewall(_resource: Resource, _plan: Plan, usage: Usage) -> Amounts:
    """Its rules hold the probe's token, so a plan hides them, and their number with them."""
    yield "web ACL", Decimal(1)
    yield "web ACL rule", usage.web_acl_rules
    yield "web ACL million requests", usage.edge_requests / MILLION


def parameter(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    if resource.inputs.get("tier") == "Advanced":
        yield "advanced parameter", Decimal(1)


def function(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    """Called every minute, for a tenth of a second (infra/watcher.py)."""
    calls = HOURS * 60
    yield "function million calls", calls / MILLION
    yield "function GiB second", calls / 10 * Decimal(resource.inputs["memorySize"]) / 1024


def health_check(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    yield "health check", Decimal(1)
    if resource.inputs["type"].startswith("HTTPS"):
        yield "health check feature", Decimal(1)


def schedule(resource: Resource, _plan: Plan, _usage: Usage) -> Amounts:
    """Every minute, or once a week."""
    hourly = resource.inputs["scheduleExpression"] == "rate(1 minute)"
    yield "schedule million calls", HOURS * 60 / MILLION if hourly else 5 / MILLION


PARTS: Mapping[str, Part] = {
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": restore_test,
    "aws:backup/vault:Vault": vault,
    "aws:cloudfront/distribution:Distribution": distribution,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": log_metric,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:dynamodb/table:Table": table,
    "aws:ec2/eip:Eip": address,
    "aws:ec2/natGateway:NatGateway": nat,
    "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
    "aws:ecs/cluster:Cluster": cluster,
    "aws:elasticache/replicationGroup:ReplicationGroup": cache,
    "aws:kms/key:Key": key,
    "aws:lambda/function:Function": function,
    "aws:lb/loadBalancer:LoadBalancer": balancer,
    "aws:rds/instance:Instance": database,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": replicated,
    "aws:route53/healthCheck:HealthCheck": health_check,
    "aws:s3/bucket:Bucket": bucket,
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:ssm/parameter:Parameter": parameter,
    "aws:wafv2/webAcl:WebAcl": firewall,
}
