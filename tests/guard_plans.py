"""Plans in few words, and what the guard says of one."""

import json

from guard.decide.verdict import Verdict, judge
from guard.preview import read_preview
from tests.previews import STACK, Digest, digest, step, update

RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER = "aws:lb/listener:Listener"
GROUP = "aws:lb/targetGroup:TargetGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGET = "aws:appautoscaling/target:Target"
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
BUCKET = "aws:s3/bucket:Bucket"
TABLE = "aws:dynamodb/table:Table"
KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROLE = "aws:iam/role:Role"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PROVIDER = "pulumi:providers:aws"
FLOOR = "aws:appautoscaling/scheduledAction:ScheduledAction"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BACKUPS = "aws:backup/plan:Plan"
POLICY = "aws:iam/rolePolicy:RolePolicy"
USER = "aws:elasticache/user:User"
RECORD = "aws:route53/record:Record"
PARAMETER = "aws:ssm/parameter:Parameter"
ROUTE = "aws:ec2/route:Route"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
OF_SERVICE = ("taskDefinition", "desiredCount")
OF_TARGET = ("minCapacity", "suspendedState")

TWO = {"actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "b"}, {"arn": "g"}]}}]}
ALONE = {"actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "b"}]}}]}
ONE = {"actions": [{"type": "forward", "targetGroupArn": "b"}]}
TOKEN = "conditions[0].httpHeader.values[0]"


def days(number: object) -> dict[str, object]:
    return {"rules": [{"expiration": {"days": number}}]}


def grants(*actions: str, effect: str = "Allow", resource: str = "*") -> dict[str, object]:
    """The inputs of a policy of one statement."""
    statement = {"Effect": effect, "Action": [*actions], "Resource": resource}
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


READS, WRITES = "s3:GetObject", "s3:PutObject"


def unprotected(plan: Digest) -> Digest:
    """The same, and its last step takes the protection off."""
    [*before, last] = plan["steps"]
    last["oldState"]["protect"] = True
    return plan | {"steps": [*before, last]}


def no_way(type_: str, name: str, *paths: str, ignores: tuple[str, ...] = ()) -> Digest:
    return digest(step("update", type_, name, paths=paths, ignores=ignores))


def at_once(type_: str, path: str) -> Digest:
    return digest(update(type_, "main", {}, {"applyImmediately": True}, path))


def number(type_: str, prop: str, before: object, after: object) -> Digest:
    return digest(update(type_, "main", {prop: before}, {prop: after}, prop, ignores=OF_TARGET))


def verdict_of(plan: Digest, *allowances: str) -> Verdict:
    return judge(read_preview(json.dumps(plan), "preview.json", STACK), allowances)


def keys(plan: Digest) -> list[str]:
    """What is refused, and what is told in brackets."""
    verdict = verdict_of(plan)
    assert verdict.allowed == ()
    return [one.key for one in verdict.refused] + [f"({one.key})" for one in verdict.told]
