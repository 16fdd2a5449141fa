"""What a job must know of the environment that it works on, from its stack file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from pipeline.errors import PipelineError
from pipeline.image import Image

# Docker's platform of each `service/architecture`, and the runner that builds it without emulation
# (GitHub-hosted runners reference).
_PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
_RUNNERS = {"ARM64": "ubuntu-24.04-arm", "X86_64": "ubuntu-24.04"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """Names of one environment. Roles are ARNs that `bootstrap` has made; images have digests."""

    stack: str
    region: str
    url: str
    platform: str
    runner: str
    registry: str
    nginx: str
    pgbouncer: str
    preview_role: str
    drift_role: str
    deploy_role: str
    cutover_role: str
    images_role: str

    @classmethod
    def of(cls, stack: str, config: Mapping[str, str]) -> Self:
        """From a stack's configuration as the engine gives it: structured values as JSON.

        PipelineError when a value is missing or not what the program would take.
        """
        account = _value(stack, config, "aws", "account_id")
        architecture = _value(stack, config, "service", "architecture")
        if architecture not in _PLATFORMS:
            raise PipelineError(
                f"Pulumi.{stack}.yaml: service/architecture is {architecture!r}; it must be one of "
                f"{', '.join(_PLATFORMS)}"
            )
        nginx = Image.of(_value(stack, config, "nginx", "image"))

        def role(account_id: str, name: str) -> str:
            return f"arn:aws:iam::{account_id}:role/slipway-{name}"

        return cls(
            stack=stack,
            region=_value(stack, config, "aws", "region"),
            url=f"https://{_value(stack, config, 'domain', 'name')}",
            platform=_PLATFORMS[architecture],
            runner=_RUNNERS[architecture],
            registry=nginx.registry,
            nginx=nginx.reference,
            pgbouncer=Image.of(_value(stack, config, "pgbouncer", "image")).reference,
            preview_role=role(account, f"{stack}-preview"),
            drift_role=role(account, f"{stack}-drift"),
            deploy_role=role(account, f"{stack}-deploy"),
            cutover_role=role(account, f"{stack}-cutover"),
            images_role=role(nginx.account_id, "images"),
        )

    def lines(self) -> list[str]:
        """`name=value`, as a step writes its outputs."""
        return [f"{name}={value}" for name, value in asdict(self).items()]


def _value(stack: str, config: Mapping[str, str], section: str, name: str) -> str:
    try:
        values: Any = json.loads(config[f"slipway:{section}"])
        value = values[name]
    except (KeyError, ValueError, TypeError):
        value = None
    if not isinstance(value, str) or not value or len(value.split()) != 1:
        raise PipelineError(
            f"Pulumi.{stack}.yaml has no usable {section}/{name}; `make plan STACK={stack}` says "
            "what it must be"
        )
    return value
