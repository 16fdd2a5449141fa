"""Reads what the stack has written for drills, which is all that a drill knows beforehand."""

import re

from drills.do.aws import Aws, Refused
from drills.do.errors import BadInput
from infra.drill_outputs import DrillContract, drills_name

_STACK = re.compile(r"(?=.{2,16}$)[a-z](-?[a-z0-9])*")


def read_contract(aws: Aws, stack: str) -> DrillContract:
    """BadInput for a name that is none, an environment that is not there, or another account's."""
    if not _STACK.fullmatch(stack):
        raise BadInput(
            f"{stack!r} is no name of a stack, which has 2 to 16 lower-case letters, digits and "
            "single hyphens"
        )
    name = drills_name(stack)
    try:
        found = aws.call("ssm", "get_parameter", Name=name)
    except Refused as refused:
        if refused.code != "ParameterNotFound":
            raise
        raise BadInput(
            f"there is no {name} in {aws.region}; check the stack's name, AWS_PROFILE and "
            f"AWS_REGION, or run `pulumi up --stack {stack}` first"
        ) from None
    try:
        contract = DrillContract.from_json(found["Parameter"]["Value"])
    except ValueError as error:
        raise BadInput(f"{name} in {aws.region}: {error}") from None
    account = aws.call("sts", "get_caller_identity")["Account"]
    if account != contract.account_id:
        raise BadInput(
            f"the credentials are of account {account}, and {stack} is in account "
            f"{contract.account_id}; choose another AWS_PROFILE"
        )
    return contract
