"""What a drill needs to know, in one parameter, and the key with which it signs its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.drill_outputs import DRILLS_VERSION, DrillContract, drills_name
from infra.key import key


@dataclass(frozen=True, kw_only=True)
class DrillsArgs:
    """`facts` are the fields of infra.drill_outputs.DrillContract but for its `version`,
    `environment`, `account_id` and `signing_key`; its values may be Outputs."""

    account_id: str
    facts: Mapping[str, Any]


class Drills(pulumi.ComponentResource):
    """An asymmetric key, whose signature anybody can check without AWS, and an SSM parameter."""

    def __init__(
        self, name: str, args: DrillsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Drills", name, None, opts)
        signs = key(
            f"{name}-drills",
            f"Signs the reports of drills of the environment {name}",
            account_id=args.account_id,
            child=pulumi.ResourceOptions(parent=self),
            signs=True,
        )
        fields: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input(
            {
                **args.facts,
                "version": DRILLS_VERSION,
                "environment": name,
                "account_id": args.account_id,
                "signing_key": signs.arn,
            }
        )
        aws.ssm.Parameter(
            f"{name}-drills",
            name=drills_name(name),  # a drill knows the environment and nothing else
            description="What a drill may know of this environment; written by pulumi up",
            type="String",
            data_type="text",
            value=fields.apply(lambda known: DrillContract(**known).to_json()),
            opts=pulumi.ResourceOptions(parent=self, protect=False),
        )
        self.register_outputs({})
