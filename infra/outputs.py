"""The contract between the stack and cutover: names and types. Imports no pulumi."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

CONTRACT_VERSION = 1
# SSM's limit for the Advanced tier (Parameter Store quotas); Standard ends at 4 KiB.
CONTRACT_MAX_BYTES = 8192
PROBE_HEADER = "X-Slipway-Probe"

Slot = Literal["blue", "green"]
SLOTS: tuple[Slot, ...] = get_args(Slot)
FIRST_SLOT: Slot = "blue"


def contract_name(environment: str) -> str:
    """The SSM parameter that holds an environment's contract."""
    return f"/slipway/{environment}/contract"


@dataclass(frozen=True, kw_only=True)
class SlotContract:
    """One slot: where its traffic arrives and what runs it. ARNs, but for `scalable_target`,
    which is Application Auto Scaling's resource id `service/<cluster>/<service>`."""

    target_group: str
    target_group_suffix: str
    test_rule: str
    service: str
    scalable_target: str


@dataclass(frozen=True, kw_only=True)
class TaskContract:
    """A task definition family and the names of the containers that cutover puts an image in."""

    family: str
    app_container: str


@dataclass(frozen=True, kw_only=True)
class PolicyContract:
    """How traffic moves: percentages of the idle slot, and seconds."""

    ladder_percent: tuple[int, ...]
    step_seconds: int
    bake_seconds: int
    drain_seconds: int
    min_tasks: int
    max_tasks: int
    freeze_windows: tuple[dict[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Everything that cutover may know of an environment, by ARN or id; never looked up by name."""

    version: int
    environment: str
    region: str
    account_id: str
    public_url: str
    listener: str
    load_balancer_suffix: str
    traffic_rule: str
    slots: dict[str, SlotContract]
    cluster: str
    blueprint: TaskContract
    migrate: TaskContract
    task_subnets: tuple[str, ...]
    task_security_groups: tuple[str, ...]
    probe_token_secret: str
    journal_table: str
    weights_role: str
    frontend_bucket: str
    distribution: str
    alarms: tuple[str, ...]
    policy: PolicyContract

    def to_json(self) -> str:
        """Canonical JSON: the same contract is the same text, so a second preview is empty."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))
