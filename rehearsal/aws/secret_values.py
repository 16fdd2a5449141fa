"""What stands behind the `valueFrom` of a container's secret, read as ECS reads it."""

import json

from botocore.exceptions import ClientError

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.errors import RehearsalError
from rehearsal.recording import Recording

# arn:aws:secretsmanager:region:account:secret:name, then json key, version stage, version id.
_ARN_PARTS = 7
_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 a type token
_DATABASE = "aws:rds/instance:Instance"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"


def not_ours(recording: Recording) -> frozenset[str]:
    """ARNs of the secrets that containers name and that the program does not make.

    They exist in the team's account, before the stack does.
    """
    made = {secret.outputs["arn"] for secret in recording.every(_SECRET)}
    for instance in recording.every(_DATABASE):
        made |= {managed["secretArn"] for managed in instance.outputs["masterUserSecrets"] or ()}
    named = {
        split(secret["valueFrom"])[0]
        for task in recording.every(_TASK)
        for container in json.loads(task.inputs["containerDefinitions"])
        for secret in container["secrets"]
    }
    return frozenset(named - made)


def resolve(plane: ControlPlane, value_from: str, *, empty: frozenset[str] = frozenset()) -> str:
    """The value of a secret, of one key of its JSON, or of an SSM parameter.

    Nothing at all for a secret whose ARN is in `empty`. Raises RehearsalError for one that doesn't
    exist or has no such key; no value is ever in it.
    """
    try:
        if ":secretsmanager:" not in value_from:
            name = value_from.partition(":parameter")[2] or value_from
            found = plane.client("ssm").get_parameter(Name=name, WithDecryption=True)
            return found["Parameter"]["Value"]
        secret_arn, key, stage = split(value_from)
        if secret_arn in empty:
            return ""
        found = plane.client("secretsmanager").get_secret_value(
            SecretId=secret_arn, VersionStage=stage or "AWSCURRENT"
        )
    except ClientError as error:
        raise RehearsalError(
            f"a container's secret {value_from} can't be read: {error.response['Error']['Message']}"
        ) from None
    return _pick(found["SecretString"], key, value_from) if key else found["SecretString"]


def split(value_from: str) -> tuple[str, str, str]:
    """The secret's ARN, the key in its JSON and the version stage; the last two may be empty."""
    parts = value_from.split(":")
    key, stage, *_ = [*parts[_ARN_PARTS:], "", ""]
    return ":".join(parts[:_ARN_PARTS]), key, stage


def _pick(text: str, key: str, value_from: str) -> str:
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise RehearsalError(
            f"a container's secret {value_from} is no JSON with the key {key}"
        ) from None
    return str(value)
