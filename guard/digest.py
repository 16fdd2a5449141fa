"""The shape of the engine's JSON preview (PreviewDigest in pulumi's display package)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Shape(BaseModel):
    """Nothing less and nothing more than what is named, in the engine's camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)


class State(Shape):
    model_config = ConfigDict(extra="ignore")

    urn: str
    type: str
    custom: bool
    inputs: dict[str, Any] | None = None
    protect: bool = False
    aliases: list[str] = []
    ignore_changes: list[str] = []


class Change(Shape):
    kind: Literal["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]
    input_diff: bool


class StepShown(Shape):
    op: str
    urn: str
    provider: str | None = None
    old_state: State | None = None
    new_state: State | None = None
    diff_reasons: list[str] = []
    replace_reasons: list[str] = []
    detailed_diff: dict[str, Change] | None


class Diagnostic(Shape):
    urn: str = ""
    prefix: str = ""
    message: str = ""
    severity: Literal["debug", "info", "info#err", "warning", "error"]


class Digest(Shape):
    config: dict[str, Any] | None = None
    steps: list[StepShown] = Field(min_length=1)
    diagnostics: list[Diagnostic]
    duration: int
    change_summary: dict[str, int]
    maybe_corrupt: bool = False
