"""A stack's configuration, read from its real Pulumi.<stack>.yaml as the engine would give it."""

import json
from pathlib import Path

import yaml

from rehearsal.errors import RehearsalError

ROOT = Path(__file__).resolve().parent.parent


def stack_names(root: Path = ROOT) -> list[str]:
    """The stacks that have a settings file, sorted."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def stack_config(stack: str, root: Path = ROOT) -> dict[str, str]:
    """Configuration key -> text, structured values as JSON, as the engine passes them to a program.

    Raises RehearsalError when the file is missing, is no YAML, or holds an encrypted value.
    """
    path = root / f"Pulumi.{stack}.yaml"
    try:
        document = yaml.safe_load(path.read_text())
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
        if isinstance(value, dict) and "secure" in value:
            raise RehearsalError(
                f"{path.name}: {key} is encrypted, and a rehearsal has no key to read it; "
                "keep secrets in Secrets Manager and their ARN here"
            )
    return {str(key): _text(value) for key, value in config.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
