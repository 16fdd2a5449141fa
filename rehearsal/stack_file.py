"""A stack's configuration, read from its real Pulumi.<stack>.yaml as the engine would give it."""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from rehearsal.errors import RehearsalError

ROOT = Path(__file__).resolve().parent.parent


class _Loader(yaml.SafeLoader):
    """As the engine reads it: `yes`, `off` and a date are texts, and no key is given twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own way to say this)
        first: [(tag, text) for tag, text in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 (PyYAML's signature)
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError(f"a key in line {key.start_mark.line + 1} is no text")
            if key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"{key.value} is given twice, the second time in line {line}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF")
)


def stack_names(root: Path = ROOT) -> list[str]:
    """The stacks that have a settings file, sorted."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def stack_config(stack: str, root: Path = ROOT) -> dict[str, str]:
    """Configuration key -> text, structured values as JSON, as the engine passes them to a program.

    Raises RehearsalError when the file is missing, is no YAML, or holds an encrypted value.
    """
    path = root / f"Pulumi.{stack}.yaml"
    try:
        document = yaml.load(path.read_text(), _Loader)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise RehearsalError(
            f"Pulumi.{stack}.yaml does not exist; the stacks are {', '.join(stack_names(root))}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RehearsalError(f"{path.name} can't be read: {error}") from None
    except yaml.YAMLError as error:
        detail = " ".join(str(error).split())
        raise RehearsalError(f"{path.name} is not valid YAML: {detail}") from None
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise RehearsalError(f"{path.name} has no section `config:`; see Pulumi.staging.yaml")
    for key, value in config.items():
        if _is_encrypted(value):
            raise RehearsalError(
                f"{path.name}: {key} is encrypted, and a rehearsal has no key to read it; "
                "keep secrets in Secrets Manager and their ARN here"
            )
    return {str(key): _text(value) for key, value in config.items()}


def _is_encrypted(value: object) -> bool:
    match value:
        case dict():
            return "secure" in value or any(map(_is_encrypted, value.values()))
        case list():
            return any(map(_is_encrypted, value))
    return False


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
