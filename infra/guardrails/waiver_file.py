"""Where the waivers of a stack are kept: waivers/<stack>.yaml, beside its settings."""

from pathlib import Path

from infra.guardrails.waivers import Waivers, parse


def name(stack: str) -> str:
    """The file's path within the project."""
    return f"waivers/{stack}.yaml"


def read(stack: str, root: Path) -> Waivers:
    """The waivers of a stack; a stack without a file has none."""
    file = name(stack)
    try:
        return parse((root / file).read_text(), file)
    except FileNotFoundError:
        return Waivers()
    except (OSError, UnicodeDecodeError) as error:
        return Waivers(problems=(f"{file} can't be read: {error}",))
