"""What a cutover reads and writes: table, parameter, secrets, bucket, and who may."""

from typing import Any

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators.names import physical, present, tags


def table(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    dynamodb = plane.client("dynamodb")
    table_name = physical(name, inputs)
    keys = {"HASH": inputs["hashKey"], "RANGE": inputs.get("rangeKey")}
    made = dynamodb.create_table(
        TableName=table_name,
        AttributeDefinitions=[
            {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}
            for attribute in inputs["attributes"]
        ],
        KeySchema=[
            {"AttributeName": key, "KeyType": kind} for kind, key in keys.items() if key is not None
        ],
        BillingMode=inputs["billingMode"],
        DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled", False),
    )["TableDescription"]
    if recovery := inputs.get("pointInTimeRecovery"):
        dynamodb.update_continuous_backups(
            TableName=table_name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery["enabled"]},
        )
    if expiry := inputs.get("ttl"):
        dynamodb.update_time_to_live(
            TableName=table_name,
            TimeToLiveSpecification={
                "Enabled": expiry["enabled"],
                "AttributeName": expiry["attributeName"],
            },
        )
    return {"id": table_name, "name": table_name, "arn": made["TableArn"]}


def parameter(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    ssm = plane.client("ssm")
    name = inputs["name"]
    version = ssm.put_parameter(
        Name=name, Value=inputs["value"], Type=inputs["type"], Tier=inputs.get("tier", "Standard")
    )["Version"]
    arn = ssm.get_parameter(Name=name)["Parameter"]["ARN"]
    return {"id": name, "arn": arn, "version": version}


def secret(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    secret_name = physical(name, inputs)
    arn = plane.client("secretsmanager").create_secret(
        Name=secret_name,
        **tags(inputs),
        **present(Description=inputs.get("description"), KmsKeyId=inputs.get("kmsKeyId")),
    )["ARN"]
    return {"id": arn, "arn": arn, "name": secret_name}


def secret_version(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    value = inputs.get("secretString") or inputs["secretStringWo"]
    made = plane.client("secretsmanager").put_secret_value(
        SecretId=inputs["secretId"], SecretString=value
    )
    version = made["VersionId"]
    return {"id": f"{made['ARN']}|{version}", "arn": made["ARN"], "versionId": version}


def bucket(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    bucket_name = physical(name, inputs, "bucket")
    region = inputs.get("region") or plane.region
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    plane.client("s3", region).create_bucket(
        Bucket=bucket_name, **({"CreateBucketConfiguration": place} if place else {})
    )
    return {
        "id": bucket_name,
        "bucket": bucket_name,
        "arn": f"arn:aws:s3:::{bucket_name}",
        "bucketDomainName": f"{bucket_name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{bucket_name}.s3.{region}.amazonaws.com",
    }


def bucket_versioning(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    status = inputs["versioningConfiguration"]["status"]
    plane.client("s3", inputs.get("region")).put_bucket_versioning(
        Bucket=inputs["bucket"], VersioningConfiguration={"Status": status}
    )
    return {"id": inputs["bucket"]}


def key(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    kms = plane.client("kms", inputs.get("region"))
    made = kms.create_key(
        Description=inputs.get("description", ""),
        **present(KeyUsage=inputs.get("keyUsage"), KeySpec=inputs.get("customerMasterKeySpec")),
    )["KeyMetadata"]
    return {"id": made["KeyId"], "keyId": made["KeyId"], "arn": made["Arn"]}


def role(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    role_name = physical(name, inputs)
    made = plane.client("iam").create_role(
        RoleName=role_name,
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        **present(MaxSessionDuration=inputs.get("maxSessionDuration")),
    )["Role"]
    return {"id": role_name, "name": role_name, "arn": made["Arn"], "uniqueId": made["RoleId"]}


CREATORS = {
    "aws:dynamodb/table:Table": table,
    "aws:ssm/parameter:Parameter": parameter,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretVersion:SecretVersion": secret_version,
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketVersioning:BucketVersioning": bucket_versioning,
    "aws:kms/key:Key": key,
    "aws:iam/role:Role": role,
}
