"""Reads the contract, which is all that cutover knows of an environment."""

import re

from cutover.do.aws_errors import error_code
from cutover.do.clients import Clients
from cutover.do.world import Refused
from infra.outputs import Contract, NewerContract, contract_name

# As infra.settings has it, which pulumi alone may import.
_STACK = re.compile(r"(?=.{2,16}$)[a-z](-?[a-z0-9])*")


class NoContract(Refused):
    """There is none: `pulumi up` has never been here, or the caller is elsewhere."""


class UnreadableContract(NoContract):
    """There is one that can't be used, an earlier version's or somebody else's writing, and
    `pulumi up` writes it again."""


def read_contract(clients: Clients, stack: str) -> Contract:
    """The contract of a stack, in one call.

    Raises NoContract when there is none, UnreadableContract, and Refused when a later version of
    the program wrote it, or the credentials or the region are no good, saying what to do;
    Unavailable without an answer.
    """
    if not _STACK.fullmatch(stack):
        raise Refused(
            f"{stack!r} is no name of a stack, which has 2 to 16 lower-case letters, digits and "
            "single hyphens; choose one that has a file Pulumi.<stack>.yaml"
        )
    name = contract_name(stack)
    try:
        answer = clients.call("ssm", "get_parameter", Name=name)
    except Refused as refused:
        if error_code(refused) == "ParameterNotFound":
            raise NoContract(
                f"there is no contract {name} in {clients.region} (credentials from "
                f"{clients.credentials_from}); check the stack's name, AWS_PROFILE and AWS_REGION, "
                f"or run `pulumi up --stack {stack}` first"
            ) from None
        raise
    try:
        contract = Contract.from_json(answer["Parameter"]["Value"])
    except NewerContract as newer:
        raise Refused(f"{name} in {clients.region}: {newer}") from None
    except ValueError as error:
        raise UnreadableContract(
            f"{name} in {clients.region}: {error}; run `pulumi up --stack {stack}` to write it "
            "again"
        ) from None
    if contract.environment != stack:
        raise UnreadableContract(
            f"{name} in {clients.region} is the contract of {contract.environment}; "
            f"run `pulumi up --stack {stack}` to write it again"
        )
    return contract


def check_account(clients: Clients, contract: Contract) -> None:
    """Refused when the credentials are another account's than the environment's; one call."""
    account = clients.call("sts", "get_caller_identity")["Account"]
    if account != contract.account_id:
        raise Refused(
            f"the credentials are of account {account}, and {contract.environment} is in account "
            f"{contract.account_id}; choose another AWS_PROFILE"
        )
