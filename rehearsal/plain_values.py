"""What goes over the engine's wire, as Python's own values."""

import re
from typing import Any, cast

import pulumi
from pulumi.runtime import rpc


def bare(value: Any) -> Any:
    """The value without secret marks, whole numbers as int."""
    value = rpc.unwrap_rpc_secret(value) if rpc.is_rpc_secret(value) else value
    match value:
        case dict():
            return {key: bare(item) for key, item in value.items()}
        case list():
            return [bare(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


def unpacked(value: Any) -> Any:
    """An archive of texts as plain data: text by name."""
    if isinstance(value, pulumi.AssetArchive):
        return {name: cast(pulumi.StringAsset, asset).text for name, asset in value.assets.items()}
    return value


def refuse_gaps(where: str, value: Any) -> None:
    """Raises ValueError for what is left of an output that the recording does not supply."""
    match value:
        case dict():
            for key, item in value.items():
                refuse_gaps(f"{where}: {key}", item)
        case list():
            for item in value:
                refuse_gaps(where, "None" if item is None else item)
        case str() if re.search(r"\bNone\b|[:,\[] *null *[,}\]]", value):
            raise ValueError(f"{where} holds nothing where a value belongs, or the text None")
