"""Coordinates and SVG paths of a panel; the only place that knows about pixels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEFT, RIGHT, WIDTH = 52.0, 944.0, 960.0
TOP, BOTTOM, HEIGHT = 14.0, 124.0, 148.0


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on an axis, or across a panel."""

    at: float
    label: str


def x_of(second: float, seconds: float) -> float:
    """Where a second is on an axis of so many; at its end when it lies beyond."""
    return LEFT + (RIGHT - LEFT) * min(max(second / seconds, 0.0), 1.0)


def box(left: float, right: float, low: float, high: float) -> str:
    """The path of a filled rectangle."""
    return f"M{rounded(left)} {rounded(low)}V{rounded(high)}H{rounded(right)}V{rounded(low)}Z"


def line(values: Sequence[float], top: float, x: Callable[[float], float]) -> str:
    """The path through one value a second, each in the middle of its second."""
    points = [f"{rounded(x(n + 0.5))} {rounded(y(value, top))}" for n, value in enumerate(values)]
    # A single point has no line; a round cap makes it visible.
    return ("M" + "L".join(points) + ("h0" if len(points) == 1 else "")) if points else ""


def y(value: float, top: float) -> float:
    """Where a value is on an axis from 0 to `top`."""
    return BOTTOM - (BOTTOM - TOP) * min(value / top, 1.0)


def ticks(top: float) -> tuple[Tick, ...]:
    """Of the axis from 0 to `top`."""
    values = (0, top / 2, top) if top > 1 else (0, top)
    return tuple(Tick(at=rounded(y(value, top)), label=f"{value:g}") for value in values)


def nice_ceiling(value: float, steps: Sequence[float] = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)) -> float:
    """The smallest step times a power of ten that is not below the value; 1 for 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (*steps, 10) if step * power >= value * (1 - 1e-9))


def rounded(value: float) -> float:
    """As precise as a screen, for a file that stays small."""
    return round(value, 1)
