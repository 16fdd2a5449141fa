"""From the name of a stack to everything that a verb needs, in one place."""

from dataclasses import dataclass

from cutover.decide.limits import Limits
from cutover.decide.setting import Alarms, Setting
from cutover.do.announced import Announced, Hear
from cutover.do.aws_world import AwsWorld
from cutover.do.clients import Clients
from cutover.do.contract import NoContract, check_account, read_contract
from cutover.do.metrics import alarm_name
from cutover.do.store import Store
from cutover.do.system_clock import SystemClock
from cutover.do.table import Table
from cutover.do.world import Clock, Refused
from cutover.say.answer import BadInput
from infra.outputs import SLOTS, Contract


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment on AWS, for one run."""

    contract: Contract
    clients: Clients
    world: AwsWorld
    store: Store
    clock: Clock
    setting: Setting
    credentials_end_at: float | None = None
    """Epoch seconds; None when they don't end, or nobody knows."""


def open_environment(
    stack: str, run: str, *, hear: Hear = lambda *_: None, checked: bool = True
) -> Environment:
    """By the stack's contract alone. One call, and one more when the account is `checked`.

    Raises NoContract, BadInput when the contract can't be used or is another account's, Refused
    and Unavailable when AWS says so. `hear` is told what this process has written to the journal.
    """
    clients, clock = Clients(), SystemClock()
    try:
        contract = read_contract(clients, stack)
        if checked:
            check_account(clients, contract)
    except NoContract:
        raise
    except Refused as refused:
        # What AWS itself refuses has AWS's error behind it; the rest is a matter of what was given.
        if refused.__cause__ is None:
            raise BadInput(str(refused)) from None
        raise
    setting = setting_of(contract)
    table = Table(
        clients,
        table=contract.journal_table,
        scope=contract.environment,
        clock=clock,
        lease_seconds=setting.lease_seconds,
    )
    return Environment(
        contract=contract,
        clients=clients,
        world=AwsWorld(clients, contract, run=run, clock=clock),
        store=Announced(table, hear),
        clock=clock,
        setting=setting,
        credentials_end_at=clients.credentials_end_at,
    )


def setting_of(contract: Contract) -> Setting:
    """The contract's policy, and the program's own times."""
    policy = contract.policy
    return Setting(
        ladder_percent=policy.ladder_percent,
        step_seconds=policy.step_seconds,
        bake_seconds=policy.bake_seconds,
        warm_seconds=policy.warm_seconds,
        min_tasks=policy.min_tasks,
        max_tasks=policy.max_tasks,
        alarms=Alarms(
            environment=frozenset(map(alarm_name, contract.alarms)),
            slots={
                slot: {kind: alarm_name(arn) for kind, arn in contract.slots[slot].alarms.items()}
                for slot in SLOTS
            },
        ),
        limits=Limits(
            tolerated_error_ratio=policy.tolerated_error_ratio,
            latency_seconds=policy.latency_seconds,
        ),
        freeze_windows=policy.freeze_windows,
        connections_per_task=policy.connections_per_task,
        max_connections=policy.max_connections,
        metric_period_seconds=policy.metric_period_seconds,
    )
