"""The contract on the control plane, with what only this machine can say of the environment."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.outputs import Contract, contract_name
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.follower import METRICS_SECONDS
from rehearsal.machine.ports import LOOPBACK

Clients = Callable[[str], Any]
"""boto3's client of a service."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a cutover takes its time here; the ladder is the stack's own."""

    step_seconds: int
    bake_seconds: int
    warm_seconds: int


REHEARSED = Pace(step_seconds=6, bake_seconds=8, warm_seconds=6)
# Many cutovers in a row: no step lasts longer than the metrics of two periods take.
SOAKED = Pace(step_seconds=2, bake_seconds=2, warm_seconds=5)


def read_contract(clients: Clients, environment: str) -> Contract:
    """The contract that is on the control plane now."""
    found = clients("ssm").get_parameter(Name=contract_name(environment))
    return Contract.from_json(found["Parameter"]["Value"])


def localize(
    plane: ControlPlane, environment: str, *, port: int, authority: Path, pace: Pace
) -> Contract:
    """The contract that the stack wrote, told where the balancer listens and whom to trust.

    So `python -m cutover` finds its way with the control plane's variables alone, and nobody waits
    as long as in production. `authority` is the PEM file of whoever signed the balancer's
    certificate.
    """
    written = read_contract(plane.client, environment)
    policy = {**dataclasses.asdict(pace), "metric_period_seconds": METRICS_SECONDS}
    contract = dataclasses.replace(
        written,
        public_address=f"{LOOPBACK}:{port}",
        public_authority=authority.read_text(),
        policy=dataclasses.replace(written.policy, **policy),
    )
    write_contract(plane, contract)
    return contract


def write_contract(plane: ControlPlane, contract: Contract) -> None:
    """Puts the contract in the place of the one that is there."""
    plane.client("ssm").put_parameter(
        Name=contract_name(contract.environment), Value=contract.to_json(), Overwrite=True
    )
