"""Physical names and arguments, as Pulumi's AWS provider makes them."""

import secrets
from collections.abc import Mapping
from typing import Any


def physical(name: str, inputs: Mapping[str, Any], key: str = "name") -> str:
    """The name given, or the prefix given or the logical name with a random ending."""
    if given := inputs.get(key):
        return given
    if prefix := inputs.get(f"{key}Prefix"):
        return f"{prefix}{secrets.token_hex(8)}"
    return f"{name}-{secrets.token_hex(4)[:7]}"


def present(**arguments: Any) -> dict[str, Any]:
    """The arguments without those that are None: botocore wants an absent one left out."""
    return {key: value for key, value in arguments.items() if value is not None}


def tags(inputs: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """The argument for the resource's own tags; none without any, since a list may not be empty."""
    given = sorted(inputs.get("tags", {}).items())
    return {"Tags": [{"Key": key, "Value": value} for key, value in given]} if given else {}


def text(value: object) -> str:
    """A value as an attribute's text: AWS writes booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
