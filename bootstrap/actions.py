"""What a refresh reads of the types that an environment is made of, and what an `up` writes."""

from collections.abc import Mapping

from bootstrap.statements import Statement, allow

_READS: Mapping[str, str] = {
    "acm": "Describe* ListTagsForCertificate",
    "application-autoscaling": "Describe* ListTagsForResource",
    "backup": "Describe* GetBackup* GetRestoreTesting* List*",
    "budgets": "ListTagsForResource ViewBudget",
    "cloudformation": "DescribeChangeSet DescribeStackEvents DescribeStacks GetTemplate",
    "cloudfront": "Describe* Get* List*",
    "cloudwatch": "Describe* GetDashboard ListTagsForResource",
    "dynamodb": "Describe* ListTagsOfResource",
    "ec2": "Describe* GetManagedPrefixListEntries",
    "ecr": "DescribeImages DescribeRepositories",
    "ecs": "Describe* List*",
    "elasticache": "Describe* ListTagsForResource",
    "elasticloadbalancing": "Describe*",
    "events": "Describe* List*",
    "iam": (
        "GetPolicy GetPolicyVersion GetRole GetRolePolicy ListAttachedRolePolicies "
        "ListInstanceProfilesForRole ListRolePolicies ListRoleTags"
    ),
    "kms": "DescribeKey GetKeyPolicy GetKeyRotationStatus ListAliases ListResourceTags",
    "lambda": (
        "GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration "
        "GetFunctionEventInvokeConfig GetPolicy ListTags ListVersionsByFunction"
    ),
    "logs": "Describe* GetDelivery* ListTagsForResource",
    "rds": "Describe* ListTagsForResource",
    "route53": "GetChange GetHealthCheck GetHostedZone ListResourceRecordSets ListTagsForResource",
    # Settings of buckets; no object of one, which would be s3:GetObject.
    "s3": (
        "GetAccelerateConfiguration GetBucket* GetEncryptionConfiguration "
        "GetLifecycleConfiguration GetReplicationConfiguration ListBucket ListTagsForResource"
    ),
    "scheduler": "GetSchedule GetScheduleGroup ListTagsForResource",
    # What there is, and not what is in it.
    "secretsmanager": "DescribeSecret GetResourcePolicy ListSecretVersionIds",
    "serverlessrepo": "GetApplication GetCloudFormationTemplate",
    "sns": "GetSubscriptionAttributes GetTopicAttributes ListTagsForResource",
    "ssm": "DescribeParameters ListTagsForResource",
    "sts": "GetCallerIdentity",
    "tag": "GetResources",
    "wafv2": "GetLoggingConfiguration GetWebACL ListTagsForResource",
}

# By the environment's name in the ARN, where a service has one there: bootstrap/deploy_policy.py.
_WRITES: Mapping[str, str] = {
    "acm": (
        "AddTagsToCertificate DeleteCertificate RemoveTagsFromCertificate RequestCertificate "
        "UpdateCertificateOptions"
    ),
    "application-autoscaling": "Delete* Deregister* Put* Register* TagResource UntagResource",
    # No recovery point is deleted, and no restore begun, by an `up`.
    "backup": (
        "CreateBackup* CreateRestoreTesting* DeleteBackup* DeleteRestoreTesting* PutBackup* "
        "TagResource UntagResource UpdateBackup* UpdateRestoreTesting*"
    ),
    "backup-storage": "MountCapsule",
    "budgets": "ModifyBudget TagResource UntagResource",
    "cloudfront": "Create* Delete* PublishFunction TagResource UntagResource Update*",
    "cloudwatch": (
        "DeleteAlarms DeleteDashboards PutCompositeAlarm PutDashboard PutMetricAlarm "
        "TagResource UntagResource"
    ),
    "ec2": (
        "Allocate* Associate* Attach* Authorize* Create* Delete* Detach* Disassociate* "
        "Modify* Release* Replace* Revoke* Update*"
    ),
    "ecs": (
        "CreateCluster CreateService DeleteCluster DeleteService DeregisterTaskDefinition "
        "RegisterTaskDefinition TagResource UntagResource UpdateCluster* UpdateService"
    ),
    "elasticache": (
        "AddTagsToResource Create* DecreaseReplicaCount Delete* IncreaseReplicaCount Modify* "
        "RemoveTagsFromResource"
    ),
    "elasticloadbalancing": "AddTags Create* Delete* Modify* RemoveTags Set*",
    "events": "DeleteRule PutRule PutTargets RemoveTargets TagResource UntagResource",
    "iam": "CreateServiceLinkedRole",
    "kms": (
        "CreateAlias CreateKey DeleteAlias EnableKeyRotation PutKeyPolicy ScheduleKeyDeletion "
        "TagResource UntagResource UpdateAlias UpdateKeyDescription"
    ),
    "logs": (
        "AssociateKmsKey CreateDelivery CreateLogGroup DeleteDelivery* DeleteLogGroup "
        "DeleteMetricFilter DeleteQueryDefinition DeleteResourcePolicy DeleteRetentionPolicy "
        "PutDelivery* PutMetricFilter PutQueryDefinition PutResourcePolicy PutRetentionPolicy "
        "TagResource UntagResource"
    ),
    "rds": (
        "AddTagsToResource Create* Delete* Modify* RemoveTagsFromResource "
        "StartDBInstanceAutomatedBackupsReplication StopDBInstanceAutomatedBackupsReplication"
    ),
    "route53": (
        "ChangeResourceRecordSets ChangeTagsForResource CreateHealthCheck DeleteHealthCheck "
        "UpdateHealthCheck"
    ),
    "scheduler": "CreateSchedule DeleteSchedule TagResource UpdateSchedule",
    "serverlessrepo": "CreateCloudFormationChangeSet CreateCloudFormationTemplate",
    "sns": (
        "CreateTopic DeleteTopic SetSubscriptionAttributes SetTopicAttributes Subscribe "
        "TagResource Unsubscribe UntagResource"
    ),
    "wafv2": (
        "CreateWebACL DeleteLoggingConfiguration DeleteWebACL PutLoggingConfiguration "
        "TagResource UntagResource UpdateWebACL"
    ),
}


def _named(actions: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{service}:{name}" for service, names in actions.items() for name in names.split()
    )


READS = _named(_READS)
WRITES = _named(_WRITES)
SERVICES = tuple(
    sorted({*_READS, *_WRITES, "dynamodb", "iam", "s3", "secretsmanager", "ssm", "sts"})
)


# What the program itself looks up while it runs: the CDN's address ranges.
LOOKS_UP = ("ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries")


def reading(account_id: str, region: str) -> list[Statement]:
    """What a refresh asks AWS. No secret's value, no row, no object, no line of a log."""
    return [
        allow("Read", READS, "*"),
        allow(
            "ReadContracts",
            ["ssm:GetParameter", "ssm:GetParameters"],
            f"arn:aws:ssm:{region}:{account_id}:parameter/slipway/*",
        ),
    ]
