"""The contract on the control plane, with what only this machine can say of the environment."""

import dataclasses
from pathlib import Path

from infra.outputs import Contract, contract_name
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.deployment import read_contract
from rehearsal.aws.follower import METRICS_SECONDS
from rehearsal.machine.ports import LOOPBACK


def localize(plane: ControlPlane, environment: str, *, port: int, authority: Path) -> Contract:
    """The contract that the stack wrote, told where the balancer listens and whom to trust.

    So `python -m cutover` finds its way with the control plane's variables alone. `authority` is
    the PEM file of whoever signed the balancer's certificate.
    """
    written = read_contract(plane.client, environment)
    contract = dataclasses.replace(
        written,
        public_address=f"{LOOPBACK}:{port}",
        public_authority=authority.read_text(),
        policy=dataclasses.replace(written.policy, metric_period_seconds=METRICS_SECONDS),
    )
    write_contract(plane, contract)
    return contract


def write_contract(plane: ControlPlane, contract: Contract) -> None:
    """Puts the contract in the place of the one that is there."""
    plane.client("ssm").put_parameter(
        Name=contract_name(contract.environment), Value=contract.to_json(), Overwrite=True
    )
