"""What each type of resource is to traffic. A type that is not here can't be judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from guard.decide import changes
from guard.decide.changes import Changed, only, other_than
from guard.decide.rules import (
    ACCESS,
    AT_ONCE,
    CUT_OFF,
    DATA,
    EDGE,
    NEXT_START,
    NO_WAY_BACK,
    RESTARTS_SLOT,
    Rule,
)
from guard.decide.step import Step


def _nothing(_step: Step) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`replaced` and `deleted` judge the loss of one, `changed` a change in place, `added` a new
    one beside what is already there. `left_alone` is what its `ignore_changes` must name."""

    replaced: Rule | None
    deleted: Rule | None
    changed: Changed
    added: Rule | None = None
    left_alone: Callable[[Step], frozenset[str]] = _nothing


def _lost(rule: Rule, changed: Changed) -> Kind:
    return Kind(replaced=rule, deleted=rule, changed=changed)


def _divided(step: Step) -> frozenset[str]:
    return frozenset({"actions"} if changes.divides_traffic(step) else ())


_WAY = _lost(CUT_OFF, other_than("description", rule=CUT_OFF))
_POLICY = _lost(NEXT_START, only("policy", rule=ACCESS))
_FRONT = _lost(EDGE, other_than(rule=AT_ONCE))
_KEPT = _lost(DATA, other_than(rule=DATA))

KINDS: Mapping[str, Kind] = {
    "aws:lb/listenerRule:ListenerRule": Kind(
        replaced=EDGE,
        deleted=EDGE,
        changed=changes.listener_rule,
        # A rule above ours would take the traffic.
        added=EDGE,
        left_alone=_divided,
    ),
    "aws:lb/listener:Listener": _lost(EDGE, changes.listener),
    "aws:lb/targetGroup:TargetGroup": _lost(EDGE, changes.target_group),
    "aws:lb/loadBalancer:LoadBalancer": _lost(
        EDGE, other_than("accessLogs", "connectionLogs", rule=EDGE)
    ),
    "aws:cloudfront/vpcOrigin:VpcOrigin": _lost(EDGE, other_than(rule=EDGE)),
    "aws:cloudfront/distribution:Distribution": _lost(EDGE, changes.distribution),
    "aws:cloudfront/cachePolicy:CachePolicy": _FRONT,
    "aws:cloudfront/function:Function": _FRONT,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _FRONT,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _FRONT,
    "aws:wafv2/webAcl:WebAcl": _FRONT,
    "aws:route53/record:Record": _lost(EDGE, other_than("ttl", rule=EDGE)),
    "aws:ecs/service:Service": Kind(
        replaced=RESTARTS_SLOT,
        deleted=RESTARTS_SLOT,
        changed=changes.service,
        left_alone=lambda _step: frozenset({"taskDefinition", "desiredCount"}),
    ),
    "aws:appautoscaling/target:Target": Kind(
        replaced=RESTARTS_SLOT,
        deleted=RESTARTS_SLOT,
        changed=changes.scalable_target,
        left_alone=lambda _step: frozenset({"minCapacity", "suspendedState"}),
    ),
    "aws:ecs/cluster:Cluster": _lost(RESTARTS_SLOT, only(rule=RESTARTS_SLOT)),
    # A new revision is its ordinary life: only a cutover brings it to a slot.
    "aws:ecs/taskDefinition:TaskDefinition": Kind(
        replaced=None, deleted=NO_WAY_BACK, changed=only(rule=NO_WAY_BACK)
    ),
    "aws:ssm/parameter:Parameter": _lost(NO_WAY_BACK, only("type", "keyId", rule=ACCESS)),
    "aws:rds/instance:Instance": _lost(DATA, changes.database),
    "aws:elasticache/replicationGroup:ReplicationGroup": _lost(DATA, changes.cache),
    "aws:elasticache/userGroup:UserGroup": _lost(CUT_OFF, other_than(rule=ACCESS)),
    # Users come and go with `secrets/generation`, two generations apart.
    "aws:elasticache/user:User": _lost(ACCESS, other_than(rule=ACCESS)),
    "aws:s3/bucket:Bucket": _lost(DATA, only("forceDestroy", rule=DATA)),
    "aws:s3/bucketVersioning:BucketVersioning": _KEPT,
    "aws:s3/bucketPolicy:BucketPolicy": _lost(CUT_OFF, other_than(rule=ACCESS)),
    "aws:dynamodb/table:Table": _lost(
        DATA, only("deletionProtectionEnabled", "pointInTimeRecovery", "ttl", rule=DATA)
    ),
    "aws:backup/vault:Vault": _lost(DATA, only("forceDestroy", rule=DATA)),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _KEPT,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _KEPT,
    "aws:kms/key:Key": _lost(DATA, changes.key),
    "aws:secretsmanager/secret:Secret": _lost(NEXT_START, only("kmsKeyId", "policy", rule=ACCESS)),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(
        replaced=None, deleted=NEXT_START, changed=only(rule=NEXT_START)
    ),
    "aws:iam/role:Role": _lost(NEXT_START, changes.role),
    "aws:iam/rolePolicy:RolePolicy": _POLICY,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _POLICY,
    "aws:cloudwatch/logGroup:LogGroup": _lost(NEXT_START, only("kmsKeyId", rule=ACCESS)),
    "aws:ec2/vpc:Vpc": _WAY,
    "aws:ec2/subnet:Subnet": _WAY,
    "aws:ec2/internetGateway:InternetGateway": _WAY,
    "aws:ec2/natGateway:NatGateway": _WAY,
    "aws:ec2/eip:Eip": _WAY,
    "aws:ec2/route:Route": _WAY,
    "aws:ec2/routeTable:RouteTable": _WAY,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _WAY,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _WAY,
    "aws:ec2/securityGroup:SecurityGroup": _WAY,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _WAY,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _WAY,
}
