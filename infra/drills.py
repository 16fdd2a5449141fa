"""What a drill needs to know, in one parameter, and the key with which it signs its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.drill_outputs import DRILLS_VERSION, DrillContract, drills_name


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
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-drills-key",
            description=f"Signs the reports of drills of the environment {name}",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P256",
            # KMS rotates no key of this kind: a signature names the key that it was made with.
            enable_key_rotation=False,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(_account_decides(args.account_id)),
            opts=child,
        )
        aws.kms.Alias(
            f"{name}-drills-key-alias",
            name=f"alias/slipway-{name}-drills",
            target_key_id=key.key_id,
            opts=child,
        )
        fields: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input(
            {
                **args.facts,
                "version": DRILLS_VERSION,
                "environment": name,
                "account_id": args.account_id,
                "signing_key": key.arn,
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


def _account_decides(account_id: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                # IAM policies of this account decide; without it the key could become unmanageable.
                "Sid": "AccountDecidesThroughIam",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
