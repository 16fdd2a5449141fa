"""The contract between the stack and cutover: names and types. Imports no pulumi."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from infra.contract_values import (
    ALIKE,
    AlarmArn,
    Count,
    FreezeWindow,
    Ladder,
    Natural,
    Ratio,
    RoleArn,
    Seconds,
)
from infra.shape import problems, shown

CONTRACT_VERSION = 3
# SSM's limit for the Advanced tier (Parameter Store quotas); Standard ends at 4 KiB.
CONTRACT_MAX_BYTES = 8192
PROBE_HEADER = "X-Slipway-Probe"
# How often a balancer reports its metrics (CloudWatch metrics for your ALB, ELB user guide).
METRIC_PERIOD_SECONDS = 60
# How many periods an alarm of a slot looks at: one minute is noise, and ten would be too late.
ALARM_PERIODS = 3

Slot = Literal["blue", "green"]
SLOTS: tuple[Slot, ...] = get_args(Slot)
FIRST_SLOT: Slot = "blue"

# A probe's header is `<route>:<token>`: a slot's test rule takes it, or none does, and the request
# goes where the traffic rule sends everybody's.
ProbeRoute = Literal[Slot, "live"]
PROBE_ROUTES: tuple[ProbeRoute, ...] = (*SLOTS, "live")


def contract_name(environment: str) -> str:
    """The SSM parameter that holds an environment's contract."""
    return f"/slipway/{environment}/contract"


# The one record of an environment's partition of the journal table that is no entry of its journal.
LEASE_RECORD = "lease"
# A lease's term, and the longest that one call to AWS may take, connection and answer.
LEASE_SECONDS = 30.0
CALL_SECONDS = 5.0


def takeover_seconds(lease_seconds: float, call_seconds: float) -> float:
    """After so long without a sign of life a lease may be taken, and no call of its owner is
    still under way: its term, the longest call (a role and a write), and a second of skew."""
    return lease_seconds + 2 * call_seconds + 1


def record_key(scope: str, record: str) -> dict[str, dict[str, str]]:
    """The key of a record of the journal table, as DynamoDB takes it."""
    return {"scope": {"S": scope}, "record": {"S": record}}


def metrics_namespace(environment: str) -> str:
    """CloudWatch's namespace of what no service of AWS measures by itself."""
    return f"Slipway/{environment}"


# How many tasks run with a secret's value that was replaced too long ago; in `metrics_namespace`.
REFRESH_METRIC = "TasksToRefresh"


# How many people an alerts topic tells, in `metrics_namespace` of the other topic's region.
SUBSCRIBERS_METRIC = "AlertsSubscribers"
TOPIC_DIMENSION = "Topic"


def watcher_scope(environment: str) -> str:
    """The watcher's own partition of the journal table, which no environment's name can be."""
    return f"{environment}/watcher"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who holds the lease, for a person who wonders: JSON in its record's `owner`."""

    run: str
    purpose: str
    """deploy, rollback, guard, …"""
    host: str
    pid: int
    by: str
    """The person or CI job, a URL if there is one."""


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """The run that the journal has open, for who only watches: JSON in the lease's `run`.

    `step` is the step it stands at, empty when all are done; `held` why it is held, empty when
    it isn't.
    """

    id: str
    verb: str
    step: str
    held: str


@dataclass(frozen=True, kw_only=True)
class SlotContract:
    """One slot: where its traffic arrives, what runs it, and its alarms by kind, of which both have
    the same. ARNs, but for `scalable_target`, which is Application Auto Scaling's resource id
    `service/<cluster>/<service>`."""

    target_group: str
    target_group_suffix: str
    test_rule: str
    service: str
    scalable_target: str
    alarms: dict[str, AlarmArn]


@dataclass(frozen=True, kw_only=True)
class TaskContract:
    """A task definition by ARN with revision, and the container that takes a release's image."""

    task_definition: str
    app_container: str


@dataclass(frozen=True, kw_only=True)
class PolicyContract:
    """How traffic moves: percentages of the idle slot, and seconds. A slot that was left keeps its
    tasks until it has been sent nothing for `warm_seconds`.

    The service level objective: `tolerated_error_ratio` of the requests may fail, a ratio of 1, and
    they may take `latency_seconds`.

    A task opens at most `connections_per_task` to the database, which takes `max_connections`,
    or 0 when the stack can't tell.
    """

    ladder_percent: Ladder
    step_seconds: Natural
    bake_seconds: Natural
    warm_seconds: Natural
    min_tasks: Natural
    max_tasks: Natural
    tolerated_error_ratio: Ratio
    latency_seconds: Seconds
    connections_per_task: Count
    max_connections: Count
    freeze_windows: tuple[FreezeWindow, ...]
    metric_period_seconds: Natural = METRIC_PERIOD_SECONDS


class NewerContract(ValueError):
    """A later version of the program wrote it, and this one must not write over it."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Everything that cutover may know of an environment, by ARN or id; never looked up by name.

    `release_family` is the family in which cutover registers its copies of the blueprint, apart
    from the blueprint's own, so that the newest revision of each family has one owner. `alarms` are
    those of the whole environment, whichever slot serves.

    Where the public name is not in public DNS, `public_address` ("host:port") is connected to in
    its place, and `public_authority` (PEM) has signed its certificate; "" elsewhere.
    """

    version: int
    environment: str
    region: str
    account_id: str
    public_url: str
    listener: str
    load_balancer_suffix: str
    traffic_rule: str
    slots: Annotated[dict[Slot, SlotContract], ALIKE]
    cluster: str
    release_family: str
    blueprint: TaskContract
    migrate: TaskContract
    task_subnets: tuple[str, ...]
    task_security_groups: tuple[str, ...]
    probe_token_secret: str
    journal_table: str
    weights_role: RoleArn
    frontend_bucket: str
    distribution: str
    alarms: tuple[AlarmArn, ...]
    alerts_topic: str
    policy: PolicyContract
    public_address: str = ""
    public_authority: str = ""

    def to_json(self) -> str:
        """Canonical JSON: the same contract is the same text, so a second preview is empty.

        Raises ValueError when it is larger than the parameter may be.
        """
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))
        size = len(text.encode())
        if size > CONTRACT_MAX_BYTES:
            raise ValueError(
                f"the contract of {self.environment} has {size} bytes, and an SSM parameter takes "
                f"{CONTRACT_MAX_BYTES}; shorten cutover/freeze_windows"
            )
        return text

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Contract":
        """The contract of plain nested data; TypeError or KeyError when its shape is another."""
        slots = {slot: SlotContract(**fields["slots"][slot]) for slot in SLOTS}
        policy = dict(fields["policy"])
        for name in ("ladder_percent", "freeze_windows"):
            policy[name] = tuple(policy[name])
        lists = ("task_subnets", "task_security_groups", "alarms")
        return cls(
            **{
                **fields,
                **{name: tuple(fields[name]) for name in lists},
                "slots": slots,
                "blueprint": TaskContract(**fields["blueprint"]),
                "migrate": TaskContract(**fields["migrate"]),
                "policy": PolicyContract(**policy),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Contract":
        """The contract that `to_json` wrote; ValueError with all that is wrong when it is none, or
        of an earlier version, and NewerContract of a later one."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError(f"the contract is no JSON: {shown(text)}") from None
        version = fields.get("version") if isinstance(fields, dict) else None
        if type(version) is int and version != CONTRACT_VERSION:
            reads = f"the contract has version {version}, and this program reads {CONTRACT_VERSION}"
            if version < CONTRACT_VERSION:
                raise ValueError(reads)
            raise NewerContract(f"{reads}; use the same checkout for `pulumi up` and cutover")
        if found := list(problems(fields, cls)):
            raise ValueError(f"the contract can't be used: {'; '.join(found)}")
        return cls.of(fields)
