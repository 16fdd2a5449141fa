"""Which inputs of a resource type a plan shows: what costs money, loses data or opens a door.

A path goes into nested values: `healthCheck.path`; a number is a place in a list, `*` all places.
A type that is not listed is shown by its names alone; `--json` has every input of every resource.
"""

_RULE = (
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "prefixListId",
    "referencedSecurityGroupId",
)

SHOWN: dict[str, tuple[str, ...]] = {
    "aws:acm/certificate:Certificate": ("domainName", "region", "keyAlgorithm"),
    "aws:appautoscaling/target:Target": (
        "minCapacity",
        "maxCapacity",
        "suspendedState.dynamicScalingInSuspended",
        "suspendedState.dynamicScalingOutSuspended",
    ),
    "aws:backup/plan:Plan": ("rules.*.ruleName", "rules.*.lifecycle.deleteAfter"),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": ("scheduleExpression",),
    "aws:backup/vault:Vault": ("region",),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": (
        "minRetentionDays",
        "maxRetentionDays",
    ),
    "aws:cloudfront/distribution:Distribution": (
        "aliases",
        "priceClass",
        "httpVersion",
        "viewerCertificate.minimumProtocolVersion",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("retentionInDays",),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("metricName", "threshold", "evaluationPeriods"),
    "aws:dynamodb/table:Table": (
        "billingMode",
        "pointInTimeRecovery.enabled",
        "serverSideEncryption.enabled",
        "deletionProtectionEnabled",
    ),
    "aws:ec2/flowLog:FlowLog": ("trafficType", "maxAggregationInterval"),
    "aws:ec2/subnet:Subnet": ("cidrBlock", "availabilityZone", "mapPublicIpOnLaunch"),
    "aws:ec2/vpc:Vpc": ("cidrBlock",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("serviceName", "vpcEndpointType"),
    "aws:ecs/cluster:Cluster": ("settings.0.value",),
    "aws:ecs/service:Service": ("desiredCount", "launchType", "platformVersion"),
    "aws:ecs/taskDefinition:TaskDefinition": ("cpu", "memory", "runtimePlatform.cpuArchitecture"),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "engine",
        "engineVersion",
        "nodeType",
        "numCacheClusters",
        "multiAzEnabled",
        "automaticFailoverEnabled",
        "atRestEncryptionEnabled",
        "transitEncryptionEnabled",
        "snapshotRetentionLimit",
    ),
    "aws:kms/key:Key": ("enableKeyRotation", "deletionWindowInDays"),
    "aws:lb/listener:Listener": ("port", "protocol", "sslPolicy"),
    "aws:lb/listenerRule:ListenerRule": ("priority", "actions.0.forward.targetGroups.*.weight"),
    "aws:lb/loadBalancer:LoadBalancer": (
        "internal",
        "dropInvalidHeaderFields",
        "enableDeletionProtection",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "protocol",
        "port",
        "healthCheck.protocol",
        "healthCheck.path",
        "deregistrationDelay",
    ),
    "aws:rds/instance:Instance": (
        "engine",
        "engineVersion",
        "instanceClass",
        "allocatedStorage",
        "maxAllocatedStorage",
        "multiAz",
        "port",
        "backupRetentionPeriod",
        "storageEncrypted",
        "publiclyAccessible",
        "deletionProtection",
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "region",
        "retentionPeriod",
    ),
    "aws:route53/record:Record": ("name", "type"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("versioningConfiguration.status",),
    "aws:secretsmanager/secret:Secret": ("recoveryWindowInDays",),
    "aws:secretsmanager/secretRotation:SecretRotation": ("rotationRules.automaticallyAfterDays",),
    "aws:ssm/parameter:Parameter": ("name", "tier"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULE,
    "aws:wafv2/webAcl:WebAcl": ("scope",),
}
