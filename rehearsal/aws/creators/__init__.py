"""Creates on the control plane what a stack program asks for: one small creator per type.

A creator takes the plane, the logical name and Pulumi's camelCase inputs, and returns the outputs
that a provider computes: what the control plane answered, never something made up beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import balancing, compute, data, network, randomness, state, watching
from rehearsal.errors import RehearsalError
from rehearsal.synthetic import Outputs, synthetic_outputs

Creator = Callable[[ControlPlane, str, dict[str, Any]], dict[str, Any]]

CREATORS: Mapping[str, Creator] = {
    **network.CREATORS,
    **balancing.CREATORS,
    **compute.CREATORS,
    **state.CREATORS,
    **watching.CREATORS,
}


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the data stores of this rehearsal listen, on loopback."""

    postgres_port: int
    redis_port: int


def creating(plane: ControlPlane, endpoints: Endpoints) -> Outputs:
    """An `outputs` function for `record`: creates each resource, then lets the program go on.

    A type without a creator is outside the traffic plane and gets synthetic outputs. Raises
    RehearsalError with the control plane's own words when it refuses a resource.
    """
    creators = {
        **CREATORS,
        **randomness.CREATORS,
        **data.creators(endpoints.postgres_port, endpoints.redis_port),
    }

    def create(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        synthetic = synthetic_outputs(type_, name, inputs)
        if type_ not in creators:
            return synthetic
        try:
            return {**synthetic, **creators[type_](plane, name, inputs)}
        except (ClientError, BotoCoreError) as error:
            raise RehearsalError(
                f"the emulated AWS refuses {type_.rsplit(':', 1)[1]} {name}: {error}"
            ) from error

    return create
