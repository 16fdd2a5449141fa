"""What must hold before and after every write: S1 to S7 of the correctness spec, each one alone."""

import math

from cutover.decide.live import Health
from cutover.decide.model import SCALE, Weights
from infra.outputs import SLOTS

# A slot that has lost more than half of its tasks is not what was proven.
LEAST_SHARE = 0.5


def whole(weights: Weights) -> bool:
    """S1, S3: both slots and no other, whole percentages that add up to SCALE."""
    return (
        set(weights) == set(SLOTS) and min(weights.values()) >= 0 and sum(weights.values()) == SCALE
    )


def healthy(health: Health, tasks: int) -> bool:
    """S2: at least one target, and at least half of the planned tasks, answers health checks."""
    return health.healthy >= max(1, math.ceil(tasks * LEAST_SHARE))


def full(health: Health, tasks: int) -> bool:
    """S6: every planned task is there and answers health checks."""
    return health.healthy >= max(1, tasks)


def capable(health: Health, tasks: int, percent: int) -> bool:
    """S6: enough targets answer for this share of a traffic that takes so many tasks in all."""
    return health.healthy >= math.ceil(tasks * percent / SCALE)


def better(one: Health, other: Health) -> bool:
    """Of two slots that are not what they should be: is this one strictly the lesser evil?"""
    return one.healthy > other.healthy


def step_size(before: Weights, after: Weights) -> int:
    """S4: how many percent of the traffic a write moves."""
    return max(abs(after[slot] - before[slot]) for slot in SLOTS)
