"""For each rule one environment that passes and at least one that fails, as small as they get.

An environment is a list of resources; what belongs together is linked as the engine links it.
"""

import json
from typing import Any

from infra.guardrails import (
    backup,
    cloudfront,
    cloudwatch,
    dynamodb,
    ecr,
    ecs,
    elasticache,
    elb,
    functions,
    identity,
    messaging,
    network,
    rds,
    rds_environment,
    routes,
    s3,
    secrets,
    security_groups,
    waf,
)
from infra.guardrails.model import Resource

Scene = list[Resource]

EVERYBODY = {"Effect": "Allow", "Principal": "*", "Resource": "*"}
OURS = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": "*"}


def a(type_: str, name: str = "it", links: dict[str, str] | None = None, **inputs: Any) -> Resource:
    """A resource; `links` has the name of the one that each property was made of."""
    sources = {property_: frozenset(target.split()) for property_, target in (links or {}).items()}
    return Resource.of(type_, name, inputs, sources=sources)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _each(type_: str, passes: dict[str, Any], *fails: dict[str, Any]) -> tuple[Scene, ...]:
    return tuple([a(type_, **inputs)] for inputs in (passes, *fails))


def _database(*fails: dict[str, Any], **passes: Any) -> tuple[Scene, ...]:
    return _each(rds.INSTANCE, passes, {}, *fails)


def _selected(type_: str, *right: Resource) -> tuple[Scene, ...]:
    equal = {"key": "aws:ResourceTag/backup", "value": "snapshots"}
    selection = a(backup.SELECTION, "plan", conditions=[{"stringEquals": [equal]}])
    return (
        [a(type_, tags={"backup": "snapshots"}), selection, *right],
        [a(type_, tags={"backup": "none"}), selection],
        [a(type_), selection],
        [a(type_, tags={"backup": "snapshots"})],
    )


def _events(source: str, *categories: str) -> tuple[Scene, ...]:
    def scene(**inputs: Any) -> Scene:
        return [a(rds.INSTANCE), a(rds_environment.EVENTS, "events", **inputs)]

    every = list(categories)
    return (
        scene(sourceType=source, eventCategories=[*every, "other"], enabled=True),
        scene(sourceType=source, eventCategories=every[1:] or ["other"], enabled=True),
        scene(sourceType="other", eventCategories=every, enabled=True),
        scene(sourceType=source, eventCategories=every, enabled=False),
        [a(rds.INSTANCE)],
    )


def _in_subnets(*, public: bool) -> Scene:
    target = {"gatewayId": "internet"} if public else {"natGatewayId": "nat"}
    return [
        a(rds.INSTANCE, "db", {"dbSubnetGroupName": "group"}),
        a(rds_environment.SUBNET_GROUP, "group", {"subnetIds": "subnet"}),
        a(network.SUBNET, "subnet"),
        a(routes.ASSOCIATION, "pair", {"subnetId": "subnet", "routeTableId": "table"}),
        a(routes.TABLE, "table"),
        a(routes.ROUTE, "way", {"routeTableId": "table", **target}),
        a(routes.GATEWAY, "internet"),
    ]


def _inline_route() -> Scene:
    table = a(routes.TABLE, "table", {"routes": "internet"})
    return [*(one for one in _in_subnets(public=False) if one.name != "table"), table]


def _cache(*fails: dict[str, Any], **passes: Any) -> tuple[Scene, ...]:
    return _each(elasticache.GROUP, passes, {}, *fails)


def _bucket(type_: str = "", /, **inputs: Any) -> Scene:
    bucket = a(s3.BUCKET, "bucket")
    return [bucket, a(type_, "setting", {"bucket": "bucket"}, **inputs)] if type_ else [bucket]


def _bucket_policy(*statements: dict[str, Any]) -> Scene:
    # The policy has the bucket's name from its versioning, as a component's order may want it.
    passed_on = a("aws:s3/bucketVersioning:BucketVersioning", "versions", {"bucket": "bucket"})
    return [
        *_bucket(),
        passed_on,
        a(s3.POLICY, "policy", {"bucket": "versions"}, policy=policy(*statements)),
    ]


def _blocks(**changed: bool) -> Scene:
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return _bucket(s3.BLOCK, **{**dict.fromkeys(flags, True), **changed})


def _cdn(*fails: dict[str, Any], **passes: Any) -> tuple[Scene, ...]:
    plain = {"defaultCacheBehavior": {"viewerProtocolPolicy": "https-only"}}
    return _each(cloudfront.DISTRIBUTION, {**plain, **passes}, *({**plain, **f} for f in fails))


def _from(**config: Any) -> dict[str, Any]:
    return {"origins": [{"originId": "app", "domainName": "app.example.com", **config}]}


def _vpc_origin(protocol: str, tls: str) -> Scene:
    config = {"originProtocolPolicy": protocol, "originSslProtocols": {"items": [tls]}}
    return [a(cloudfront.VPC_ORIGIN, vpcOriginEndpointConfig=config)]


def _bucket_origin(links: dict[str, str]) -> Scene:
    origin = _from(originAccessControlId="access")
    return [a(cloudfront.DISTRIBUTION, "cdn", links, **origin), a(s3.BUCKET, "bucket")]


def _balancer(*fails: dict[str, Any], **passes: Any) -> tuple[Scene, ...]:
    return _each(elb.BALANCER, passes, {}, *fails)


def _in_zones(type_: str, property_: str, *zones: str, **inputs: Any) -> Scene:
    subnets = [a(network.SUBNET, f"subnet-{n}", availabilityZone=z) for n, z in enumerate(zones)]
    return [a(type_, "it", {property_: " ".join(s.name for s in subnets)}, **inputs), *subnets]


def _task(*fails: dict[str, Any], **passes: Any) -> tuple[Scene, ...]:
    """The second container is the one that passes or fails."""
    return tuple(
        [
            a(
                ecs.TASK,
                containerDefinitions=json.dumps(
                    [{"name": "first", **passes}, {"name": "app", **container}]
                ),
            )
        ]
        for container in (passes, *fails)
    )


def _windows(container: dict[str, Any]) -> Scene:
    family = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    return [a(ecs.TASK, runtimePlatform=family, containerDefinitions=json.dumps([container]))]


def _variable(name: str, value: str) -> dict[str, Any]:
    return {"environment": [{"name": name, "value": value}]}


def _open(network_: str, low: int, high: int, protocol: str = "tcp") -> Scene:
    key = "cidrIpv6" if ":" in network_ else "cidrIpv4"
    rule = {key: network_, "fromPort": low, "toPort": high, "ipProtocol": protocol}
    return [a(security_groups.INGRESS, **rule)]


def _open_inline(low: int, high: int, **networks: list[str]) -> Scene:
    rule = {"protocol": "tcp", "fromPort": low, "toPort": high, **networks}
    return [a(security_groups.GROUP, ingress=[rule])]


_OPEN_TO_UDP = {
    "protocol": "udp",
    "fromPort": 443,
    "toPort": 443,
    "cidrBlocks": ["0.0.0.0/0"],
}


def _open_old(low: int, high: int, way: str = "ingress") -> Scene:
    rule = {"protocol": "tcp", "fromPort": low, "toPort": high, "cidrBlocks": ["0.0.0.0/0"]}
    return [a(security_groups.RULE, type=way, **rule)]


def _vpc(type_: str = "", /, **inputs: Any) -> Scene:
    vpc = a(network.VPC, "vpc")
    return [vpc, a(type_, "part", {"vpcId": "vpc"}, **inputs)] if type_ else [vpc]


def _endpoint(service: str) -> tuple[Scene, ...]:
    def scene(name: str, kind: str) -> Scene:
        full = f"com.amazonaws.eu-west-1.{name}"
        return _vpc(network.ENDPOINT, serviceName=full, vpcEndpointType=kind)

    return (
        scene(service, "Interface"),
        _vpc(),
        scene(service, "Gateway"),
        scene(f"{service}-other", "Interface"),
    )


def _allows(type_: str, *cases: tuple[Any, Any]) -> tuple[Scene, ...]:
    return tuple(
        [a(type_, policy=policy({"Effect": "Allow", "Action": action, "Resource": resource}))]
        for action, resource in cases
    )


def _public(type_: str, action: str) -> tuple[Scene, ...]:
    narrowed = {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}
    other = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    return tuple(
        [a(type_, policy=policy({**statement, "Action": action}))]
        for statement in (
            {**EVERYBODY, **narrowed},
            EVERYBODY,
            {**EVERYBODY, **other},
            {**EVERYBODY, "Principal": {"AWS": "*"}},
        )
    )


_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
_EVERY_KEY = "arn:aws:kms:eu-west-1:123456789012:key/*"
_DECRYPTS = (
    ("kms:Decrypt", _KEY),
    ("kms:Decrypt", "*"),
    ("kms:*", _EVERY_KEY),
    ("kms:ReEncrypt*", "*"),
)

# More that passes: what a rule leaves out, and the other values that it allows.
ALSO_PASS: dict[str, tuple[Scene, ...]] = {
    "RDS.11": ([a(rds.INSTANCE, replicateSourceDb="source")],),
    "RDS.25": ([a(rds.INSTANCE, replicateSourceDb="source")],),
    "RDS.46": ([a(rds.INSTANCE, replicateSourceDb="source")],),
    "RDS.21": (
        [
            a(rds.INSTANCE),
            a(
                rds_environment.EVENTS,
                "events",
                sourceType="db-parameter-group",
                eventCategories=["configuration change"],
            ),
        ],
        # None listed means all of them.
        [a(rds.INSTANCE), a(rds_environment.EVENTS, "events", sourceType="db-parameter-group")],
    ),
    "ElastiCache.6": (
        [a(elasticache.GROUP, engineVersion="6.x", userGroupIds=["users"])],
        [a(elasticache.GROUP, engineVersion="5.0.6", authToken="token")],
    ),
    "CloudFront.10": (_vpc_origin("https-only", "TLSv1.3"),),
    "CloudFront.13": (
        *_cdn(**_from(customOriginConfig={"httpPort": 80})),
        *_cdn(**_from(vpcOriginConfig={"vpcOriginId": "origin"})),
    ),
    "CloudFront.16": (
        *_cdn(**_from(customOriginConfig={"httpPort": 80})),
        *_cdn(**_from(domainName="x.lambda-url.eu-west-1.on.aws")),
    ),
    "CloudFront.17": _cdn(
        orderedCacheBehaviors=[{"pathPattern": "/x", "trustedKeyGroups": ["keys"]}]
    ),
    "ELB.1": _each(elb.LISTENER, {"protocol": "HTTPS", "defaultActions": [{"type": "forward"}]}),
    "ELB.12": _each(elb.BALANCER, {"desyncMitigationMode": "defensive"}),
    "ELB.18": _each(elb.LISTENER, {"protocol": "TLS"}),
    "ELB.21": _each(elb.TARGET_GROUP, {"targetType": "lambda"}),
    "ELB.22": _each(
        elb.TARGET_GROUP,
        {"targetType": "lambda"},
        {"targetType": "alb", "protocol": "TCP"},
        {"protocol": "QUIC"},
        {"protocol": "TLS"},
    ),
    "ELB.17": _each(
        elb.LISTENER,
        *(
            {"sslPolicy": f"ELBSecurityPolicy-TLS13-1-{policy}"}
            for policy in (
                *("2-Res-2021-06", "2-Res-FIPS-2023-04", "2-Res-PQ-2025-09", "3-2021-06"),
                *("3-FIPS-2023-04", "3-FIPS-PQ-2025-09", "3-PQ-2025-09"),
            )
        ),
    ),
    "ECS.3": _each(ecs.TASK, {"pidMode": "task"}),
    "ECS.10": _each(ecs.SERVICE, {}, {"platformVersion": "LATEST"}),
    "ECS.12": _each(ecs.CLUSTER, {"settings": [{"name": "containerInsights", "value": "enabled"}]}),
    "ECS.8": _task(environment=[{"name": "SECRET_KEY"}]),
    "EC2.18": (_open("::/0", 80, 80), _open_inline(22, 22, cidrBlocks=["10.0.0.0/8"])),
    "KMS.5": (
        [a(identity.KEY)],
        [
            a(
                identity.KEY,
                policy=policy({"Effect": "Allow", "Principal": {"AWS": "x"}, "Action": "kms:*"}),
            )
        ],
    ),
    "SecretsManager.4": _each(secrets.ROTATION, {"rotationRules": {"automaticallyAfterDays": 1}}),
    "SQS.1": _each(messaging.QUEUE, {}, {"sqsManagedSseEnabled": True}),
    "Lambda.1": _each(
        functions.PERMISSION,
        {"principal": "events.amazonaws.com"},
        {"principal": "*", "principalOrgId": "o-1"},
    ),
    "Lambda.2": _each(functions.FUNCTION, {"packageType": "Image"}),
    "Lambda.5": ([a(functions.FUNCTION)],),
}

EXAMPLES: dict[str, tuple[Scene, ...]] = {
    "RDS.2": _database({"publiclyAccessible": True}, publiclyAccessible=False),
    "RDS.3": _database({"storageEncrypted": False}, storageEncrypted=True),
    "RDS.5": _database({"multiAz": False}, multiAz=True),
    "RDS.6": _database(
        {"monitoringInterval": 0, "monitoringRoleArn": "arn"},
        {"monitoringInterval": 60},
        monitoringInterval=1,
        monitoringRoleArn="arn",
    ),
    "RDS.8": _database({"deletionProtection": False}, deletionProtection=True),
    "RDS.9": _database(
        {"enabledCloudwatchLogsExports": ["postgresql"]},
        enabledCloudwatchLogsExports=["postgresql", "upgrade"],
    ),
    "RDS.10": _database(
        {"iamDatabaseAuthenticationEnabled": False}, iamDatabaseAuthenticationEnabled=True
    ),
    "RDS.11": _database({"backupRetentionPeriod": 6}, backupRetentionPeriod=7),
    "RDS.13": _database({"autoMinorVersionUpgrade": False}, autoMinorVersionUpgrade=True),
    "RDS.17": _database({"copyTagsToSnapshot": False}, copyTagsToSnapshot=True),
    "RDS.23": _database({"port": 5432}, port=5433),
    "RDS.25": _database({"username": "postgres"}, {"username": "admin"}, username="owner"),
    "RDS.36": _database(
        {"enabledCloudwatchLogsExports": ["upgrade"]}, enabledCloudwatchLogsExports=["postgresql"]
    ),
    "RDS.20": _events("db-instance", "maintenance", "configuration change", "failure"),
    "RDS.21": _events("db-parameter-group", "configuration change"),
    "RDS.22": _events("db-security-group", "configuration change", "failure"),
    "RDS.46": (
        _in_subnets(public=False),
        _in_subnets(public=True),
        _inline_route(),
        [a(rds.INSTANCE)],
    ),
    "ElastiCache.1": _cache({"snapshotRetentionLimit": 0}, snapshotRetentionLimit=1),
    "ElastiCache.2": _cache({"autoMinorVersionUpgrade": False}, autoMinorVersionUpgrade=True),
    "ElastiCache.3": _cache({"automaticFailoverEnabled": False}, automaticFailoverEnabled=True),
    "ElastiCache.4": _cache({"atRestEncryptionEnabled": False}, atRestEncryptionEnabled=True),
    "ElastiCache.5": _cache({"transitEncryptionEnabled": False}, transitEncryptionEnabled=True),
    "ElastiCache.6": _cache(
        {"engineVersion": "5.0.6", "userGroupIds": ["users"]},
        {"engineVersion": "7.1", "authToken": "token"},
        engineVersion="7.1",
        userGroupIds=["users"],
    ),
    "ElastiCache.7": _cache({"subnetGroupName": "default"}, subnetGroupName="ours"),
    "DynamoDB.1": _each(
        dynamodb.TABLE, {"billingMode": "PAY_PER_REQUEST"}, {"billingMode": "PROVISIONED"}, {}
    ),
    "DynamoDB.2": _each(
        dynamodb.TABLE,
        {"pointInTimeRecovery": {"enabled": True}},
        {"pointInTimeRecovery": {"enabled": False}},
        {},
    ),
    "DynamoDB.6": _each(
        dynamodb.TABLE,
        {"deletionProtectionEnabled": True},
        {"deletionProtectionEnabled": False},
        {},
    ),
    "ECR.1": _each(
        ecr.REPOSITORY,
        {"imageScanningConfiguration": {"scanOnPush": True}},
        {"imageScanningConfiguration": {"scanOnPush": False}},
        {},
    ),
    "ECR.2": _each(
        ecr.REPOSITORY,
        {"imageTagMutability": "IMMUTABLE"},
        {"imageTagMutability": "MUTABLE"},
        {},
    ),
    "ECR.3": (
        [a(ecr.REPOSITORY, "r"), a(ecr.LIFECYCLE, "l", {"repository": "r"})],
        [a(ecr.REPOSITORY, "r")],
        [a(ecr.REPOSITORY, "r"), a(ecr.LIFECYCLE, "l", {"repository": "other"})],
    ),
    "S3.2": (
        _bucket_policy({**OURS, "Action": "s3:GetObject"}, {**EVERYBODY, "Action": "s3:PutObject"}),
        _bucket_policy({**EVERYBODY, "Action": "s3:Get*"}),
        _bucket_policy({**EVERYBODY, "Action": ["s3:PutObject", "s3:ListBucket"]}),
        _bucket_policy({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "s3:*"}),
        [a(s3.BUCKET, acl="public-read")],
    ),
    "S3.3": (
        _bucket_policy({**OURS, "Action": "s3:PutObject"}, {**EVERYBODY, "Action": "s3:GetObject"}),
        _bucket_policy({**EVERYBODY, "Action": "s3:*"}),
        _bucket_policy({**EVERYBODY, "NotAction": "s3:GetObject"}),
        [a(s3.BUCKET, acl="public-read-write")],
    ),
    "S3.5": (
        _bucket_policy(
            {
                **EVERYBODY,
                "Effect": "Deny",
                "Action": "s3:*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ),
        _bucket_policy({**EVERYBODY, "Effect": "Deny", "Action": "s3:*"}),
        _bucket_policy(
            {
                **EVERYBODY,
                "Effect": "Deny",
                "Action": "s3:GetObject",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ),
        _bucket_policy({**OURS, "Action": "s3:*"}),
        _bucket(),
    ),
    "S3.6": (
        _bucket_policy(
            {**OURS, "Action": "s3:PutBucketPolicy"},
            {**EVERYBODY, "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject"},
        ),
        _bucket_policy(
            {**EVERYBODY, "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:Put*"}
        ),
        _bucket_policy({**EVERYBODY, "Action": "s3:DeleteBucketPolicy"}),
    ),
    "S3.8": (
        _blocks(),
        _blocks(blockPublicAcls=False),
        _blocks(blockPublicPolicy=False),
        _blocks(ignorePublicAcls=False),
        _blocks(restrictPublicBuckets=False),
        _bucket(),
    ),
    "S3.9": (_bucket(s3.LOGGING), _bucket(), _bucket(s3.OWNERSHIP)),
    "S3.12": (
        _bucket(s3.OWNERSHIP, rule={"objectOwnership": "BucketOwnerEnforced"}),
        _bucket(s3.OWNERSHIP, rule={"objectOwnership": "ObjectWriter"}),
        _bucket(),
    ),
    "S3.13": (
        _bucket(s3.LIFECYCLE, rules=[{"status": "Enabled"}]),
        _bucket(s3.LIFECYCLE, rules=[{"status": "Disabled"}]),
        _bucket(),
    ),
    "CloudFront.1": _cdn({}, defaultRootObject="index.html"),
    "CloudFront.3": _cdn(
        {"defaultCacheBehavior": {"viewerProtocolPolicy": "allow-all"}},
        {"orderedCacheBehaviors": [{"pathPattern": "/x", "viewerProtocolPolicy": "allow-all"}]},
        orderedCacheBehaviors=[{"pathPattern": "/x", "viewerProtocolPolicy": "redirect-to-https"}],
    ),
    "CloudFront.4": _cdn(
        {},
        {"originGroups": [{"members": [{"originId": "one"}]}]},
        originGroups=[{"members": [{"originId": "one"}, {"originId": "two"}]}],
    ),
    "CloudFront.5": _cdn({}, {"loggingConfig": {}}, loggingConfig={"bucket": "logs"}),
    "CloudFront.6": _cdn({}, webAclId="arn"),
    "CloudFront.7": _cdn(
        {},
        {"viewerCertificate": {"cloudfrontDefaultCertificate": True}},
        viewerCertificate={"acmCertificateArn": "arn"},
    ),
    "CloudFront.8": _cdn(
        {},
        {"viewerCertificate": {"sslSupportMethod": "vip"}},
        viewerCertificate={"sslSupportMethod": "sni-only"},
    ),
    "CloudFront.9": (
        *_cdn(
            _from(customOriginConfig={"originProtocolPolicy": "http-only"}),
            _from(customOriginConfig={"originProtocolPolicy": "match-viewer"}),
            **_from(customOriginConfig={"originProtocolPolicy": "https-only"}),
        ),
        _vpc_origin("match-viewer", "TLSv1.2"),
    ),
    "CloudFront.10": (
        *_cdn(
            _from(customOriginConfig={"originSslProtocols": ["TLSv1.2", "SSLv3"]}),
            _from(customOriginConfig={"originSslProtocols": ["TLSv1.1"]}),
            **_from(customOriginConfig={"originSslProtocols": ["TLSv1.2"]}),
        ),
        _vpc_origin("https-only", "TLSv1"),
    ),
    "CloudFront.12": (_bucket_origin({"origins": "bucket"}), _bucket_origin({})),
    "CloudFront.13": _cdn(_from(), **_from(originAccessControlId="access")),
    "CloudFront.15": _cdn(
        {},
        {"viewerCertificate": {"minimumProtocolVersion": "TLSv1.2_2019"}},
        viewerCertificate={"minimumProtocolVersion": "TLSv1.2_2025"},
    ),
    "CloudFront.16": _cdn(
        _from(domainName="x.lambda-url.eu-west-1.on.aws", customOriginConfig={"httpPort": 80}),
        **_from(
            domainName="x.lambda-url.eu-west-1.on.aws",
            customOriginConfig={"httpPort": 80},
            originAccessControlId="access",
        ),
    ),
    "CloudFront.17": _cdn({}, defaultCacheBehavior={"trustedKeyGroups": ["keys"]}),
    "ELB.1": _each(
        elb.LISTENER,
        {"protocol": "HTTP", "defaultActions": [{"redirect": {"protocol": "HTTPS"}}]},
        {"protocol": "HTTP", "defaultActions": [{"redirect": {"protocol": "HTTP"}}]},
        {"protocol": "HTTP", "defaultActions": [{"type": "forward"}]},
    ),
    "ELB.4": _balancer({"dropInvalidHeaderFields": False}, dropInvalidHeaderFields=True),
    "ELB.5": _balancer({"accessLogs": {"enabled": False}}, accessLogs={"enabled": True}),
    "ELB.6": _balancer({"enableDeletionProtection": False}, enableDeletionProtection=True),
    "ELB.12": _balancer({"desyncMitigationMode": "monitor"}, desyncMitigationMode="strictest"),
    "ELB.13": (
        _in_zones(elb.BALANCER, "subnets", "a", "b"),
        _in_zones(elb.BALANCER, "subnets", "a", "a"),
    ),
    "ELB.17": _each(
        elb.LISTENER,
        {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09"},
        {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
        {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2021-06"},
        {"sslPolicy": "ELBSecurityPolicy-2016-08"},
        {},
    ),
    "ELB.18": _each(elb.LISTENER, {"protocol": "HTTPS"}, {"protocol": "HTTP"}, {}),
    "ELB.21": _each(
        elb.TARGET_GROUP,
        {"healthCheck": {"protocol": "HTTPS"}},
        {"healthCheck": {"protocol": "HTTP"}},
        {"healthCheck": {"protocol": "TCP"}},
        {"targetType": "ip"},
    ),
    "ELB.22": _each(elb.TARGET_GROUP, {"protocol": "HTTPS"}, {"protocol": "HTTP"}, {}),
    "ECS.2": _each(
        ecs.SERVICE,
        {"networkConfiguration": {"assignPublicIp": False}},
        {"networkConfiguration": {"assignPublicIp": True}},
        {},
    ),
    "ECS.3": _each(ecs.TASK, {}, {"pidMode": "host"}),
    "ECS.4": _task({"privileged": True}, privileged=False),
    "ECS.5": _task({}, {"readonlyRootFilesystem": False}, readonlyRootFilesystem=True),
    "ECS.8": _task(
        _variable("AWS_ACCESS_KEY_ID", "AKIA"),
        _variable("SECRET_KEY_PREVIOUS", "x"),
        _variable("DATABASE_URL", "postgresql://app:hush@db:5432/app"),
        **_variable("DATABASE_URL", "postgresql://app@127.0.0.1:6432/app"),
    ),
    "ECS.9": _task({}, {"logConfiguration": {}}, logConfiguration={"logDriver": "awslogs"}),
    "ECS.10": _each(ecs.SERVICE, {"platformVersion": "1.4.0"}, {"platformVersion": "1.3.0"}),
    "ECS.12": _each(
        ecs.CLUSTER,
        {"settings": [{"name": "containerInsights", "value": "enhanced"}]},
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        {},
    ),
    "ECS.18": _each(
        ecs.TASK,
        {"volumes": [{"efsVolumeConfiguration": {"transitEncryption": "ENABLED"}}]},
        {"volumes": [{"efsVolumeConfiguration": {"fileSystemId": "fs"}}]},
    ),
    "ECS.20": _task({}, {"user": "root"}, {"user": "0:10001"}, user="10001:10001"),
    "ECS.21": (
        _windows({"user": "ContainerUser"}),
        _windows({}),
        _windows({"user": "ContainerAdministrator"}),
    ),
    "EC2.2": (
        _vpc(network.DEFAULT_GROUP, ingress=[], egress=[]),
        _vpc(network.DEFAULT_GROUP, ingress=[{"protocol": "-1"}]),
        _vpc(network.DEFAULT_GROUP, egress=[{"protocol": "-1"}]),
        _vpc(),
    ),
    "EC2.6": (_vpc(network.FLOW_LOG), _vpc()),
    "EC2.15": _each(
        network.SUBNET,
        {"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
        {"mapPublicIpOnLaunch": True, "assignIpv6AddressOnCreation": False},
        {"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": True},
    ),
    "EC2.10": _endpoint("ec2"),
    "EC2.55": _endpoint("ecr.api"),
    "EC2.56": _endpoint("ecr.dkr"),
    "EC2.57": _endpoint("ssm"),
    "EC2.58": _endpoint("ssm-contacts"),
    "EC2.60": _endpoint("ssm-incidents"),
    "EC2.18": (
        [*_open("0.0.0.0/0", 443, 443), *_open("10.0.0.0/8", 22, 22)],
        _open("0.0.0.0/0", 443, 444),
        _open("::/0", 8443, 8443),
        _open("0.0.0.0/0", 443, 443, "udp"),
        _open("0.0.0.0/0", 443, 443, "-1"),
        [a(security_groups.GROUP, ingress=[_OPEN_TO_UDP])],
        [a(security_groups.GROUP, ingress=[{"protocol": "tcp", "ipv6CidrBlocks": ["::/0"]}])],
    ),
    "EC2.19": (
        [*_open("0.0.0.0/0", 443, 443), *_open_old(1, 65535, "egress")],
        _open("::/0", 5432, 5432),
        _open_inline(1, 1024, cidrBlocks=["0.0.0.0/0"]),
        _open_old(9200, 9200),
        [a(security_groups.GROUP, ingress=[{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}])],
    ),
    "EC2.53": (
        _open("::/0", 22, 22),
        _open("0.0.0.0/0", 22, 22),
        _open_inline(3389, 3389, cidrBlocks=["10.0.0.0/8", "0.0.0.0/0"]),
    ),
    "EC2.54": (
        _open("0.0.0.0/0", 22, 22),
        _open("::/0", 22, 22),
        _open_inline(3000, 4000, ipv6CidrBlocks=["::/0"]),
        [a(security_groups.RULE, type="ingress", protocol="-1", ipv6CidrBlocks=["::/0"])],
        [
            a(
                security_groups.RULE,
                type="ingress",
                protocol="-1",
                fromPort=0,
                toPort=0,
                ipv6CidrBlocks=["::/0"],
            )
        ],
    ),
    "IAM.1": (
        *_allows(identity.INLINE, ("*", "arn:x"), ("*", "*")),
        [
            a(
                identity.MANAGED,
                policy=policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:x"}),
            )
        ],
    ),
    "IAM.21": _allows(identity.INLINE, ("s3:Get*", "*"), ("s3:*", "arn:x"), ("*", "arn:x")),
    "KMS.1": _allows(identity.MANAGED, *_DECRYPTS),
    "KMS.2": _allows(identity.INLINE, *_DECRYPTS),
    "KMS.4": _each(
        identity.KEY,
        {"enableKeyRotation": True},
        {"enableKeyRotation": False},
        {"keyUsage": "ENCRYPT_DECRYPT"},
        {},
    ),
    "KMS.5": (*_public(identity.KEY, "kms:*"), [a(identity.KEY, policy=policy(OURS, EVERYBODY))]),
    "SecretsManager.1": (
        [a(secrets.SECRET, "s"), a(secrets.ROTATION, "r", {"secretId": "s"})],
        [a(secrets.SECRET, "s")],
    ),
    "SecretsManager.4": _each(
        secrets.ROTATION,
        {"rotationRules": {"automaticallyAfterDays": 90}},
        {"rotationRules": {"automaticallyAfterDays": 91}},
        {"rotationRules": {"automaticallyAfterDays": 0}},
        {"rotationRules": {"scheduleExpression": "rate(10 days)"}},
    ),
    "ACM.2": _each(secrets.CERTIFICATE, {"keyAlgorithm": "RSA_2048"}, {"keyAlgorithm": "RSA_1024"}),
    "WAF.10": _each(waf.WEB_ACL, {"rules": [{"name": "rate"}]}, {"rules": []}, {}),
    "WAF.11": (
        [a(waf.WEB_ACL, "acl"), a(waf.LOGGING, "log", {"resourceArn": "acl"})],
        [a(waf.WEB_ACL, "acl")],
    ),
    "WAF.12": _each(
        waf.WEB_ACL,
        {"rules": [{"name": "r", "visibilityConfig": {"cloudwatchMetricsEnabled": True}}]},
        {"rules": [{"name": "r", "visibilityConfig": {"cloudwatchMetricsEnabled": False}}]},
        {"rules": [{"name": "r"}]},
    ),
    "CloudWatch.15": (
        [
            a(cloudwatch.ALARM, "own", alarmActions=["arn"]),
            a(cloudwatch.ALARM),
            a(cloudwatch.COMPOSITE, "both", {"alarmRule": "it"}, alarmActions=["arn"]),
        ],
        [a(cloudwatch.ALARM, alarmActions=[])],
        [a(cloudwatch.ALARM)],
        [a(cloudwatch.COMPOSITE, alarmRule='ALARM("other")')],
        [a(cloudwatch.ALARM), a(cloudwatch.COMPOSITE, "both", alarmActions=["arn"])],
        [
            a(cloudwatch.ALARM),
            a(cloudwatch.COMPOSITE, "both", {"alarmRule": "it"}, alarmActions=[]),
        ],
    ),
    "CloudWatch.17": _each(cloudwatch.ALARM, {}, {"actionsEnabled": False}),
    "SNS.4": _public(messaging.TOPIC_POLICY, "sns:Publish"),
    "SQS.1": _each(
        messaging.QUEUE,
        {"sqsManagedSseEnabled": False, "kmsMasterKeyId": "key"},
        {"sqsManagedSseEnabled": False},
    ),
    "SQS.3": _public(messaging.QUEUE_POLICY, "sqs:SendMessage"),
    "Backup.1": _each(backup.VAULT, {"kmsKeyArn": "arn"}, {}),
    "DynamoDB.4": _selected(dynamodb.TABLE),
    "RDS.26": _selected(rds.INSTANCE, a(rds.INSTANCE, "replica", replicateSourceDb="it")),
    "Lambda.1": _each(
        functions.PERMISSION,
        {"principal": "s3.amazonaws.com", "sourceAccount": "123456789012"},
        {"principal": "s3.amazonaws.com"},
        {"principal": "*"},
    ),
    "Lambda.2": _each(functions.FUNCTION, {"runtime": "python3.13"}, {"runtime": "python3.8"}, {}),
    "Lambda.5": (
        _in_zones(functions.FUNCTION, "vpcConfig", "a", "b", vpcConfig={"subnetIds": ["x"]}),
        _in_zones(functions.FUNCTION, "vpcConfig", "a", vpcConfig={"subnetIds": ["x"]}),
    ),
}
