"""What a Pulumi program asked for, as plain data: nothing is lost, nothing is left waiting.

Mocks prove what we ask of AWS, not that AWS accepts it; that is the preview's job.
"""

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi.runtime
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack, wait_for_rpcs
from pulumi.runtime.sync_await import _sync_await

from rehearsal.interrupts import interrupts_kept
from rehearsal.monitor import Monitor
from rehearsal.resource import Invoke, Resource
from rehearsal.stack_file import stack_config
from rehearsal.synthetic import INVOKES, Outputs

STUCK_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Every resource in order of its URN, every lookup in order of its token, and as plain data the
    stack's exports and, by URN, what each component registers as its outputs."""

    resources: list[Resource] = field(default_factory=list)
    invokes: list[Invoke] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    secret_exports: frozenset[str] = frozenset()

    def every(self, type_: str, name: str | None = None) -> list[Resource]:
        """At least one resource of a type, or LookupError with the types there are."""
        found = [r for r in self.resources if r.type == type_ and name in (None, r.name)]
        if not found:
            named = sorted(r.name for r in self.resources if r.type == type_)
            there = named or sorted({r.type for r in self.resources}) or ["nothing"]
            raise LookupError(f"no {type_} {name or ''} among: {', '.join(there)}")
        return found

    def only(self, type_: str, name: str | None = None) -> Resource:
        """The one resource of a type, or LookupError when there is none or more than one."""
        found = self.every(type_, name)
        if len(found) > 1:
            raise LookupError(f"{len(found)} of {type_}: {', '.join(r.name for r in found)}")
        return found[0]


def record(
    program: Callable[[], object],
    *,
    stack: str,
    config: Mapping[str, str] | None = None,
    project: str = "slipway",
    preview: bool = False,
    outputs: Outputs | None = None,
    invokes: Mapping[str, dict[str, Any]] | None = None,
) -> Recording:
    """Runs `program` as the engine would, waits for everything, raises whatever it raised.

    `config` defaults to the stack's real file. With `preview`, what a provider computes is unknown,
    as in the first preview of a new stack; with `outputs` too, it is known from an earlier update.
    `outputs` supplies what providers compute (default: `synthetic_outputs`), `invokes` answers data
    lookups by token; any other is an error.
    """
    monitor = Monitor(outputs, {**INVOKES, **(invokes or {})}, preview=preview)
    values = dict(stack_config(stack) if config is None else config)
    pulumi.runtime.set_all_config(values, [])
    log = _Log()
    # A program needs a root stack of its own. set_mocks makes one too unless there is one, and
    # that one's (no) exports would race ours: one run in forty ended without any (measured).
    set_root_resource(cast(Any, object()))
    pulumi.runtime.set_mocks(
        monitor.mocks, project=project, stack=stack, preview=preview, monitor=monitor, logger=log
    )
    set_root_resource(cast(Any, None))
    settings = cast(Any, SETTINGS)
    settings.rpc_manager.clear()
    settings.outputs.clear()
    with _collector_frozen(), _output_texts_refused(), interrupts_kept():
        _sync_await(_to_the_end(program))
    if log.errors:
        raise RuntimeError(f"the program logged an error: {log.errors[0]}")
    # Registrations race each other; what is compared or shown must not. Parents come first.
    return Recording(
        resources=sorted(monitor.by_urn.values(), key=_order),
        invokes=sorted(monitor.invokes, key=lambda invoke: invoke.token),
        exports=monitor.exports,
        component_outputs=monitor.component_outputs,
        secret_exports=monitor.secret_exports,
    )


async def _to_the_end(program: Callable[[], object]) -> None:
    """Runs the program until no task of it is left; a later run must not meet one."""
    try:
        await run_in_stack(cast(Any, program))
    finally:
        # The SDK does not wait for a call that is scheduled but has not begun.
        late: set[Any] = set()
        while pending := asyncio.all_tasks() - {asyncio.current_task()}:
            done, late = await asyncio.wait(pending, timeout=STUCK_SECONDS)
            for task in done:
                _ = task.cancelled() or task.exception()  # `wait_for_rpcs` raises the first one
            if late:
                for task in late:
                    task.cancel()
                break
    if late:
        raise TimeoutError(f"{len(late)} tasks of the program never end, such as {late.pop()}")
    await wait_for_rpcs()


@contextmanager
def _collector_frozen() -> Iterator[None]:
    # Registration allocates millions of short-lived objects: collecting doubles its time (measured)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _output_texts_refused() -> Iterator[None]:
    # An Output in an f-string becomes a warning's text; with this the SDK raises instead.
    name = "PULUMI_ERROR_OUTPUT_STRING"
    before = os.environ.get(name)
    os.environ[name] = "true"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _order(resource: Resource) -> tuple[list[str], str]:
    types, name = resource.urn.split("::", 3)[2:]
    return types.split("$"), name


class _Log(logging.Logger):
    """Keeps the errors that a program logs: the engine fails an update for them."""

    def __init__(self) -> None:
        super().__init__("program")
        self.parent = logging.getLogger()
        self.errors: list[object] = []

    def error(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.errors.append(msg)
