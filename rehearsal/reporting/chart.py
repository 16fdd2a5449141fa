"""Turns a load's timeline into panels of shapes; pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rehearsal.reporting.drawing import Tick, box, line, nice_ceiling, rounded, ticks, x_of, y
from rehearsal.reporting.report import WeightEvent
from rehearsal.traffic.tally import UNKNOWN_SLOT, LoadResult

SLOTS = ("blue", "green", UNKNOWN_SLOT)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A path and the CSS class that gives it its colour; `name` is for the legend."""

    style: str
    name: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    title: str
    description: str
    """In words, for those who don't see the picture."""
    y_ticks: tuple[Tick, ...]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Panels that share one time axis, with a mark at each change of weights."""

    panels: tuple[Panel, ...]
    x_ticks: tuple[Tick, ...]
    marks: tuple[Tick, ...]


def timeline(load: LoadResult, events: Sequence[WeightEvent]) -> Timeline:
    seconds = max(1.0, float(len(load.timeline)))
    x = partial(x_of, seconds=seconds)
    in_order = sorted(events, key=lambda event: event.at)
    changes = [(event.at - load.started_at, event.weights) for event in in_order]
    marks = [
        Tick(at=rounded(x(at)), label=" / ".join(f"{s} {w}" for s, w in sorted(weights.items())))
        for at, weights in changes
        if 0 < at < seconds
    ]
    step = max(1.0, nice_ceiling(seconds / 12, (1, 2, 5)))
    return Timeline(
        panels=(
            *([_weights(changes, seconds, x)] if changes else []),
            _requests(load, x),
            _latency(load, x),
            _failures(load, x),
        ),
        x_ticks=tuple(
            Tick(at=rounded(x(step * n)), label=f"{step * n:g} s")
            for n in range(math.floor(seconds / step) + 1)
        ),
        marks=tuple(marks),
    )


def _weights(
    changes: Sequence[tuple[float, dict[str, int]]], seconds: float, x: Callable[[float], float]
) -> Panel:
    starts = [max(0.0, at) for at, _ in changes] + [seconds]
    names = [slot for slot in SLOTS if any(slot in weights for _, weights in changes)]
    spans = []
    for (_, weights), start, end in zip(changes, starts, starts[1:], strict=False):
        total = sum(weights.values()) or 1
        spans.append((start, end, [100 * weights.get(slot, 0) / total for slot in names]))
    return Panel(
        title="Weights in force, % of requests",
        description="; ".join(
            f"from {max(0.0, at):.1f} s "
            + ", ".join(f"{slot} {weight}" for slot, weight in sorted(weights.items()))
            for at, weights in changes
        ),
        y_ticks=ticks(100),
        shapes=_stack(spans, names, 100, x),
    )


def _requests(load: LoadResult, x: Callable[[float], float]) -> Panel:
    names = [slot for slot in SLOTS if load.slots.get(slot)]
    spans = [
        (s.second, s.second + 1, [float(s.slots.get(slot, 0)) for slot in names])
        for s in load.timeline
    ]
    top = nice_ceiling(max((sum(values) for _, _, values in spans), default=1.0))
    return Panel(
        title="Answered requests per second, by slot",
        description=", ".join(f"{slot} answered {load.slots[slot]:,}" for slot in names)
        or "no request succeeded",
        y_ticks=ticks(top),
        shapes=_stack(spans, names, top, x),
    )


def _latency(load: LoadResult, x: Callable[[float], float]) -> Panel:
    top = nice_ceiling(max((s.p99_ms for s in load.timeline), default=1.0))
    series = {"p99": [s.p99_ms for s in load.timeline], "p50": [s.p50_ms for s in load.timeline]}
    return Panel(
        title="Latency from the moment a request was due, ms",
        description=f"median {load.p50_ms:g} ms, 99th percentile {load.p99_ms:g} ms, "
        f"longest {load.max_ms:g} ms over the whole load",
        y_ticks=ticks(top),
        shapes=tuple(
            Shape(style=name, name=name, path=line(values, top, x))
            for name, values in series.items()
        ),
    )


def _failures(load: LoadResult, x: Callable[[float], float]) -> Panel:
    top = nice_ceiling(max((float(s.failed) for s in load.timeline), default=1.0))
    bars = "".join(
        box(x(s.second), x(s.second + 1), y(0, top), y(s.failed, top))
        for s in load.timeline
        if s.failed
    )
    return Panel(
        title="Failed requests per second",
        description=f"{load.failed:,} of {load.requests:,} requests failed",
        y_ticks=ticks(top),
        shapes=(Shape(style="failed", name="failed", path=bars),) if bars else (),
    )


def _stack(
    spans: Sequence[tuple[float, float, list[float]]],
    names: Sequence[str],
    top: float,
    x: Callable[[float], float],
) -> tuple[Shape, ...]:
    """One shape per name, each drawn on top of the ones before it."""
    shapes = []
    for index, name in enumerate(names):
        boxes = "".join(
            box(
                x(start),
                x(end),
                y(sum(values[:index]), top),
                y(sum(values[: index + 1]), top),
            )
            for start, end, values in spans
            if values[index] and end > start
        )
        shapes.append(Shape(style=name, name=name, path=boxes))
    return tuple(shapes)
