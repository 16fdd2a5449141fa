"""What each type of resource is to traffic. A type that is not here can't be judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from guard.decide import additions, changes, stores
from guard.decide.additions import Added, always, beside, taking_over
from guard.decide.changes import Changed, only, other_than, policy
from guard.decide.rules import (
    ACCESS,
    AT_ONCE,
    CUT_OFF,
    DATA,
    EDGE,
    NEXT_START,
    NO_WAY_BACK,
    PROVIDER,
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
    added: Added = additions.nothing
    left_alone: Callable[[Step], frozenset[str]] = _nothing


def _lost(rule: Rule, changed: Changed, added: Added = additions.nothing) -> Kind:
    return Kind(replaced=rule, deleted=rule, changed=changed, added=added)


def _divided(step: Step) -> frozenset[str]:
    return frozenset({"actions"} if changes.divides_traffic(step) else ())


_WAY = _lost(CUT_OFF, other_than("description", rule=CUT_OFF))
_POLICY = _lost(
    NEXT_START,
    changes.for_people(policy(NEXT_START, only(rule=ACCESS))),
    beside("role", ACCESS),
)
_FRONT = _lost(EDGE, other_than(rule=AT_ONCE))
_KEPT = _lost(DATA, other_than(rule=DATA))
_KEPT_IN_BUCKET = _lost(DATA, other_than(rule=DATA), beside("bucket", DATA))
# Most parameters count as soon as they are written; what belongs to a group shows in its own step.
_PARAMETERS = Kind(replaced=None, deleted=None, changed=other_than(rule=AT_ONCE))

KINDS: Mapping[str, Kind] = {
    "aws:lb/listenerRule:ListenerRule": Kind(
        replaced=EDGE,
        deleted=EDGE,
        changed=changes.listener_rule,
        # A rule above ours would take the traffic.
        added=always(EDGE),
        left_alone=_divided,
    ),
    "aws:lb/listener:Listener": _lost(EDGE, changes.listener),
    "aws:lb/targetGroup:TargetGroup": _lost(EDGE, changes.target_group),
    "aws:lb/loadBalancer:LoadBalancer": _lost(
        EDGE,
        stores.unless(
            "enableDeletionProtection",
            safe=True,
            otherwise=other_than("accessLogs", "connectionLogs", rule=EDGE),
        ),
    ),
    "aws:cloudfront/vpcOrigin:VpcOrigin": _lost(EDGE, other_than(rule=EDGE)),
    "aws:cloudfront/distribution:Distribution": _lost(EDGE, changes.distribution),
    "aws:cloudfront/cachePolicy:CachePolicy": _FRONT,
    "aws:cloudfront/function:Function": _FRONT,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _FRONT,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _FRONT,
    "aws:wafv2/webAcl:WebAcl": _lost(EDGE, changes.firewall),
    "aws:route53/record:Record": _lost(
        EDGE, other_than("ttl", rule=EDGE), taking_over("allowOverwrite", EDGE)
    ),
    "aws:ecs/service:Service": Kind(
        replaced=RESTARTS_SLOT,
        deleted=RESTARTS_SLOT,
        changed=changes.service,
        added=additions.service,
        left_alone=lambda _step: frozenset({"taskDefinition", "desiredCount"}),
    ),
    "aws:appautoscaling/target:Target": Kind(
        replaced=RESTARTS_SLOT,
        deleted=RESTARTS_SLOT,
        changed=changes.scalable_target,
        # Registering a second one of a service overwrites the first one's floor and ceiling.
        added=always(RESTARTS_SLOT),
        left_alone=lambda _step: frozenset({"minCapacity", "suspendedState"}),
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Kind(
        replaced=RESTARTS_SLOT, deleted=None, changed=changes.scheduled, added=changes.ceiling
    ),
    "aws:ecs/cluster:Cluster": _lost(RESTARTS_SLOT, only(rule=RESTARTS_SLOT)),
    # A new revision is its ordinary life: only a cutover brings it to a slot.
    "aws:ecs/taskDefinition:TaskDefinition": Kind(
        replaced=None, deleted=NO_WAY_BACK, changed=only(rule=NO_WAY_BACK)
    ),
    "aws:ssm/parameter:Parameter": _lost(
        NO_WAY_BACK, only("type", "keyId", rule=ACCESS), taking_over("overwrite", NO_WAY_BACK)
    ),
    "aws:rds/instance:Instance": _lost(DATA, stores.database),
    "aws:rds/parameterGroup:ParameterGroup": _PARAMETERS,
    "aws:elasticache/replicationGroup:ReplicationGroup": _lost(DATA, stores.cache),
    "aws:elasticache/parameterGroup:ParameterGroup": _PARAMETERS,
    "aws:elasticache/userGroup:UserGroup": _lost(CUT_OFF, other_than(rule=ACCESS)),
    # Users come and go with `secrets/generation`, two generations apart; one that stays is in use.
    "aws:elasticache/user:User": Kind(
        replaced=CUT_OFF, deleted=ACCESS, changed=other_than(rule=CUT_OFF)
    ),
    "aws:s3/bucket:Bucket": _lost(
        DATA,
        stores.unless(
            "forceDestroy",
            safe=False,
            otherwise=other_than("accelerationStatus", "logging", "requestPayer", rule=DATA),
        ),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _KEPT_IN_BUCKET,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _KEPT_IN_BUCKET,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Kind(
        replaced=DATA, deleted=None, changed=stores.kept_longer, added=beside("bucket", DATA)
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _lost(
        CUT_OFF, policy(CUT_OFF, other_than(rule=ACCESS)), beside("bucket", CUT_OFF)
    ),
    "aws:dynamodb/table:Table": _lost(
        DATA,
        stores.unless(
            "deletionProtectionEnabled",
            safe=True,
            otherwise=other_than("billingMode", "streamEnabled", "tableClass", rule=DATA),
        ),
    ),
    "aws:backup/plan:Plan": Kind(replaced=None, deleted=DATA, changed=stores.kept_longer),
    "aws:backup/selection:Selection": _lost(DATA, other_than(rule=DATA)),
    "aws:backup/vault:Vault": _lost(DATA, only("forceDestroy", rule=DATA)),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _KEPT,
    "aws:backup/vaultPolicy:VaultPolicy": _KEPT,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _KEPT,
    "aws:kms/key:Key": _lost(DATA, changes.key),
    "aws:secretsmanager/secret:Secret": _lost(
        NEXT_START, policy(NEXT_START, only("kmsKeyId", rule=ACCESS))
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(
        replaced=None, deleted=NEXT_START, changed=only("versionStages", rule=NEXT_START)
    ),
    "aws:iam/role:Role": _lost(NEXT_START, changes.for_people(changes.role)),
    "aws:iam/rolePolicy:RolePolicy": _POLICY,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _POLICY,
    "aws:cloudwatch/logGroup:LogGroup": _lost(NEXT_START, only("kmsKeyId", rule=ACCESS)),
    "pulumi:providers:aws": Kind(
        replaced=PROVIDER,
        deleted=None,
        changed=other_than("defaultTags", "ignoreTags", "version", rule=PROVIDER),
    ),
    "aws:ec2/vpc:Vpc": _WAY,
    "aws:ec2/subnet:Subnet": _WAY,
    "aws:ec2/internetGateway:InternetGateway": _WAY,
    "aws:ec2/natGateway:NatGateway": _WAY,
    "aws:ec2/eip:Eip": _WAY,
    "aws:ec2/route:Route": _lost(
        CUT_OFF, other_than(rule=CUT_OFF), beside("routeTableId", CUT_OFF)
    ),
    "aws:ec2/routeTable:RouteTable": _WAY,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _WAY,
    # Its private names are everybody's in the VPC as soon as it is there.
    "aws:ec2/vpcEndpoint:VpcEndpoint": _lost(
        CUT_OFF, other_than(rule=CUT_OFF), beside("vpcId", AT_ONCE)
    ),
    "aws:ec2/securityGroup:SecurityGroup": _WAY,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _WAY,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _WAY,
}
