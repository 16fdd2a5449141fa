"""A stack's configuration, read from its real Pulumi.<stack>.yaml as the engine would give it."""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from rehearsal.errors import RehearsalError
from rehearsal.yaml_mistakes import mistake

ROOT = Path(__file__).resolve().parent.parent


# The texts, numbers, lists and sections that JSON has too: no `!!binary`, no `!!set`.
PLAIN = ("null", "bool", "int", "float", "str", "seq", "map")
MOST_KIB = 256


class _Loader(yaml.SafeLoader):
    """As the engine reads it: `yes`, `off` and a date are texts, and no key is given twice."""

    yaml_constructors = {  # noqa: RUF012 (PyYAML's own way to say this)
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in PLAIN
    }

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own way to say this)
        first: [(tag, text) for tag, text in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            # A few of them in each other make a value that fills the memory, or holds itself.
            line = self.peek_event().start_mark.line + 1
            raise yaml.YAMLError(f"line {line} refers to an anchor; write the value out")
        return super().compose_node(parent, index)

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
        text = path.read_text()
        if len(text) > MOST_KIB * 1024:
            raise RehearsalError(f"{path.name} is larger than {MOST_KIB} KiB; a stack's has 2")
        document = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise RehearsalError(
            f"Pulumi.{stack}.yaml does not exist; the stacks are {', '.join(stack_names(root))}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RehearsalError(f"{path.name} can't be read: {error}") from None
    except RecursionError:
        raise RehearsalError(f"{path.name} is not usable: it is nested too deeply") from None
    # ValueError: a number such as `!!int x`.
    except (yaml.YAMLError, ValueError) as error:
        raise RehearsalError(f"{path.name} is not valid YAML: {mistake(error)}") from None
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
