"""What the AWS provider asks AWS when it refreshes a resource, by the resource's type.

From the read functions of terraform-provider-aws 6, which pulumi-aws 7 wraps; a call that the
service authorizes under another name is under that name.
"""

from collections.abc import Mapping

_READS: Mapping[str, str] = {
    "acm/certificate:Certificate": "acm:DescribeCertificate acm:ListTagsForCertificate",
    "acm/certificateValidation:CertificateValidation": "acm:DescribeCertificate",
    "appautoscaling/policy:Policy": "application-autoscaling:DescribeScalingPolicies",
    "appautoscaling/scheduledAction:ScheduledAction": (
        "application-autoscaling:DescribeScheduledActions"
    ),
    "appautoscaling/target:Target": (
        "application-autoscaling:DescribeScalableTargets "
        "application-autoscaling:ListTagsForResource"
    ),
    "backup/plan:Plan": "backup:GetBackupPlan backup:ListTags",
    "backup/restoreTestingPlan:RestoreTestingPlan": "backup:GetRestoreTestingPlan backup:ListTags",
    "backup/restoreTestingSelection:RestoreTestingSelection": "backup:GetRestoreTestingSelection",
    "backup/selection:Selection": "backup:GetBackupSelection",
    "backup/vault:Vault": "backup:DescribeBackupVault backup:ListTags",
    "backup/vaultLockConfiguration:VaultLockConfiguration": "backup:DescribeBackupVault",
    "backup/vaultPolicy:VaultPolicy": "backup:GetBackupVaultAccessPolicy",
    # DescribeBudget, its notifications and their subscribers.
    "budgets/budget:Budget": "budgets:ViewBudget budgets:ListTagsForResource",
    "cloudfront/cachePolicy:CachePolicy": "cloudfront:GetCachePolicy",
    "cloudfront/distribution:Distribution": (
        "cloudfront:GetDistribution cloudfront:ListTagsForResource"
    ),
    "cloudfront/function:Function": "cloudfront:DescribeFunction cloudfront:GetFunction",
    "cloudfront/originAccessControl:OriginAccessControl": "cloudfront:GetOriginAccessControl",
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": "cloudfront:GetResponseHeadersPolicy",
    "cloudfront/vpcOrigin:VpcOrigin": "cloudfront:GetVpcOrigin cloudfront:ListTagsForResource",
    "cloudwatch/eventRule:EventRule": "events:DescribeRule events:ListTagsForResource",
    "cloudwatch/eventTarget:EventTarget": "events:ListTargetsByRule",
    "cloudwatch/logDelivery:LogDelivery": "logs:GetDelivery logs:ListTagsForResource",
    "cloudwatch/logDeliveryDestination:LogDeliveryDestination": (
        "logs:GetDeliveryDestination logs:ListTagsForResource"
    ),
    "cloudwatch/logDeliverySource:LogDeliverySource": (
        "logs:GetDeliverySource logs:ListTagsForResource"
    ),
    "cloudwatch/logGroup:LogGroup": "logs:DescribeLogGroups logs:ListTagsForResource",
    "cloudwatch/logMetricFilter:LogMetricFilter": "logs:DescribeMetricFilters",
    "cloudwatch/logResourcePolicy:LogResourcePolicy": "logs:DescribeResourcePolicies",
    "cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource"
    ),
    "cloudwatch/compositeAlarm:CompositeAlarm": (
        "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource"
    ),
    "cloudwatch/dashboard:Dashboard": "cloudwatch:GetDashboard",
    "cloudwatch/queryDefinition:QueryDefinition": "logs:DescribeQueryDefinitions",
    "dynamodb/table:Table": (
        "dynamodb:DescribeContinuousBackups dynamodb:DescribeTable dynamodb:DescribeTimeToLive "
        "dynamodb:ListTagsOfResource"
    ),
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": "ec2:DescribeSecurityGroups",
    "ec2/eip:Eip": "ec2:DescribeAddresses ec2:DescribeAddressesAttribute",
    "ec2/flowLog:FlowLog": "ec2:DescribeFlowLogs",
    "ec2/internetGateway:InternetGateway": "ec2:DescribeInternetGateways",
    "ec2/natGateway:NatGateway": "ec2:DescribeNatGateways",
    "ec2/route:Route": "ec2:DescribeRouteTables",
    "ec2/routeTable:RouteTable": "ec2:DescribeRouteTables",
    "ec2/routeTableAssociation:RouteTableAssociation": "ec2:DescribeRouteTables",
    "ec2/securityGroup:SecurityGroup": "ec2:DescribeSecurityGroups",
    "ec2/subnet:Subnet": "ec2:DescribeSubnets",
    "ec2/vpc:Vpc": (
        "ec2:DescribeNetworkAcls ec2:DescribeRouteTables ec2:DescribeSecurityGroups "
        "ec2:DescribeVpcAttribute ec2:DescribeVpcs"
    ),
    "ec2/vpcEndpoint:VpcEndpoint": "ec2:DescribePrefixLists ec2:DescribeVpcEndpoints",
    "ecs/cluster:Cluster": "ecs:DescribeClusters",
    "ecs/service:Service": "ecs:DescribeServices",
    "ecs/taskDefinition:TaskDefinition": "ecs:DescribeTaskDefinition",
    "elasticache/parameterGroup:ParameterGroup": (
        "elasticache:DescribeCacheParameterGroups elasticache:DescribeCacheParameters "
        "elasticache:ListTagsForResource"
    ),
    "elasticache/replicationGroup:ReplicationGroup": (
        "elasticache:DescribeCacheClusters elasticache:DescribeReplicationGroups "
        "elasticache:ListTagsForResource"
    ),
    "elasticache/subnetGroup:SubnetGroup": (
        "elasticache:DescribeCacheSubnetGroups elasticache:ListTagsForResource"
    ),
    # Neither shows a password.
    "elasticache/user:User": "elasticache:DescribeUsers elasticache:ListTagsForResource",
    "elasticache/userGroup:UserGroup": (
        "elasticache:DescribeUserGroups elasticache:ListTagsForResource"
    ),
    "iam/role:Role": (
        "iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies"
    ),
    "iam/rolePolicy:RolePolicy": "iam:GetRolePolicy",
    "iam/rolePolicyAttachment:RolePolicyAttachment": "iam:ListAttachedRolePolicies",
    "kms/alias:Alias": "kms:ListAliases",
    "kms/key:Key": (
        "kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags"
    ),
    "lambda/function:Function": (
        "lambda:GetFunction lambda:GetFunctionCodeSigningConfig lambda:ListVersionsByFunction"
    ),
    "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "lambda:GetFunctionEventInvokeConfig"
    ),
    "lb/listener:Listener": (
        "elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeListeners "
        "elasticloadbalancing:DescribeTags"
    ),
    "lb/listenerRule:ListenerRule": (
        "elasticloadbalancing:DescribeRules elasticloadbalancing:DescribeTags"
    ),
    "lb/loadBalancer:LoadBalancer": (
        "elasticloadbalancing:DescribeCapacityReservation "
        "elasticloadbalancing:DescribeLoadBalancerAttributes "
        "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTags"
    ),
    "lb/targetGroup:TargetGroup": (
        "elasticloadbalancing:DescribeTags elasticloadbalancing:DescribeTargetGroupAttributes "
        "elasticloadbalancing:DescribeTargetGroups"
    ),
    "rds/eventSubscription:EventSubscription": (
        "rds:DescribeEventSubscriptions rds:ListTagsForResource"
    ),
    # The owner's secret by its ARN.
    "rds/instance:Instance": "rds:DescribeDBInstances rds:ListTagsForResource",
    "rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "rds:DescribeDBInstanceAutomatedBackups"
    ),
    "rds/parameterGroup:ParameterGroup": (
        "rds:DescribeDBParameterGroups rds:DescribeDBParameters rds:ListTagsForResource"
    ),
    "rds/subnetGroup:SubnetGroup": "rds:DescribeDBSubnetGroups rds:ListTagsForResource",
    "route53/healthCheck:HealthCheck": "route53:GetHealthCheck route53:ListTagsForResource",
    "route53/record:Record": "route53:GetHostedZone route53:ListResourceRecordSets",
    "s3/bucket:Bucket": (
        "s3:GetAccelerateConfiguration s3:GetBucketAcl s3:GetBucketCORS s3:GetBucketLocation "
        "s3:GetBucketLogging s3:GetBucketObjectLockConfiguration s3:GetBucketPolicy "
        "s3:GetBucketRequestPayment s3:GetBucketTagging s3:GetBucketVersioning "
        "s3:GetBucketWebsite s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration "
        "s3:GetReplicationConfiguration s3:ListBucket s3:ListTagsForResource"
    ),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3/bucketLogging:BucketLogging": "s3:GetBucketLogging",
    "s3/bucketOwnershipControls:BucketOwnershipControls": "s3:GetBucketOwnershipControls",
    "s3/bucketPolicy:BucketPolicy": "s3:GetBucketPolicy",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3/bucketReplicationConfig:BucketReplicationConfig": "s3:GetReplicationConfiguration",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3:GetEncryptionConfiguration"
    ),
    "s3/bucketVersioning:BucketVersioning": "s3:GetBucketVersioning",
    "scheduler/schedule:Schedule": "scheduler:GetSchedule",
    "secretsmanager/secret:Secret": (
        "secretsmanager:DescribeSecret secretsmanager:GetResourcePolicy"
    ),
    "secretsmanager/secretRotation:SecretRotation": "secretsmanager:DescribeSecret",
    # The value itself: terraform-provider-aws#42383.
    "secretsmanager/secretVersion:SecretVersion": "secretsmanager:GetSecretValue",
    "serverlessrepository/cloudFormationStack:CloudFormationStack": (
        "cloudformation:DescribeStacks serverlessrepo:GetApplication"
    ),
    "sns/topic:Topic": "sns:GetTopicAttributes sns:ListTagsForResource",
    "sns/topicPolicy:TopicPolicy": "sns:GetTopicAttributes",
    "sns/topicSubscription:TopicSubscription": "sns:GetSubscriptionAttributes",
    # Ours are plain text: one that is encrypted would need the key as well.
    "ssm/parameter:Parameter": "ssm:DescribeParameters ssm:GetParameter ssm:ListTagsForResource",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "ec2:DescribeSecurityGroupRules",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ec2:DescribeSecurityGroupRules",
    "wafv2/webAcl:WebAcl": "wafv2:GetWebACL wafv2:ListTagsForResource",
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "wafv2:GetLoggingConfiguration",
}
READS = {f"aws:{type_}": tuple(actions.split()) for type_, actions in _READS.items()}
