"""The stack's half of the contract with cutover: one SSM parameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.outputs import Contract, contract_name


@dataclass(frozen=True, kw_only=True)
class ContractParameterArgs:
    """`fields` has the shape of infra.outputs.Contract; its values may be Outputs at any depth."""

    fields: Mapping[str, Any]


class ContractParameter(pulumi.ComponentResource):
    """What cutover may know of the environment, in the place where it looks, as canonical JSON.

    Raises ValueError for a contract of another shape or larger than SSM takes.
    """

    def __init__(
        self, name: str, args: ContractParameterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:ContractParameter", name, None, opts)
        resolved: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input(dict(args.fields))
        aws.ssm.Parameter(
            f"{name}-contract",
            name=contract_name(name),  # cutover knows the environment and nothing else
            description="What cutover may know of this environment; written by pulumi up",
            type="String",
            tier="Advanced",  # Standard ends at 4 KiB, which an environment nearly fills
            data_type="text",
            value=resolved.apply(lambda fields: Contract.of(fields).to_json()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
