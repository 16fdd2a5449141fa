"""What a Pulumi program asked for, as plain data: nothing is lost, nothing is left waiting.

Mocks prove what we ask of AWS, not that AWS accepts it; that is the preview's job.
"""

import asyncio
import gc
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi.runtime
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack, wait_for_rpcs
from pulumi.runtime.sync_await import _sync_await

from rehearsal.interrupts import interrupts_kept
from rehearsal.stack_file import stack_config
from rehearsal.synthetic import INVOKES, Outputs, declared, synthetic_outputs

STACK_TYPE = "pulumi:pulumi:Stack"
STUCK_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration: camelCase inputs, unwrapped (the secret ones are named), and options."""

    type: str
    name: str
    urn: str
    id: str
    custom: bool
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    secrets: frozenset[str]
    parent: "Resource | None" = field(repr=False)
    protect: bool
    ignore_changes: tuple[str, ...]
    provider: str | None
    depends_on: tuple[str, ...]
    sources: dict[str, frozenset[str]]
    delete_before_replace: bool
    retain_on_delete: bool
    custom_timeouts: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """One data lookup: its token, its camelCase arguments, and who answers it."""

    token: str
    args: dict[str, Any]
    provider: str | None


@dataclass(kw_only=True)
class Recording:
    """Every resource in order of its URN, every lookup in order of its token, and the stack's
    exports as plain data."""

    resources: list[Resource] = field(default_factory=list)
    invokes: list[Invoke] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
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
    as in the first preview of a new stack. `outputs` supplies what providers compute
    (default: `synthetic_outputs`), `invokes` answers data lookups by token; any other is an error.
    """
    monitor = _Monitor(
        outputs or synthetic_outputs, {**INVOKES, **(invokes or {})}, preview=preview
    )
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
    monitor.recording = Recording()
    with _collector_frozen(), _output_texts_refused(), interrupts_kept():
        _sync_await(_to_the_end(program))
    if log.errors:
        raise RuntimeError(f"the program logged an error: {log.errors[0]}")
    # Registrations race each other; what is compared or shown must not. Parents come first.
    monitor.recording.resources.sort(key=_order)
    monitor.recording.invokes.sort(key=lambda invoke: invoke.token)
    return monitor.recording


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


class _Mocks(Mocks):
    def __init__(self, invokes: Mapping[str, dict[str, Any]]) -> None:
        self.invokes = invokes

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise NotImplementedError(args.typ)  # the monitor answers registrations itself

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        if args.token not in self.invokes:
            raise LookupError(
                f"the program calls {args.token}, which the recording does not answer"
            )
        return self.invokes[args.token], []


class _Monitor(MockMonitor):
    """Sees whole registrations; the SDK's mocks hide parent, protect and ignored changes."""

    def __init__(
        self, outputs: Outputs, invokes: Mapping[str, dict[str, Any]], *, preview: bool
    ) -> None:
        super().__init__(_Mocks(invokes))
        self.outputs, self.preview = outputs, preview
        self.recording = Recording()
        self.by_urn: dict[str, Resource] = {}
        self.lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does: with the types of all parents, but for the stack."""
        parents = parent.split("::")[2] if parent else STACK_TYPE
        chain = "" if parents == STACK_TYPE else f"{parents}$"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{chain}{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        if request.type == STACK_TYPE:
            return super().RegisterResource(request)
        with self.lock:
            return self._register(request)

    def Invoke(self, request: Any) -> Any:
        args = rpc.deserialize_properties(request.args)
        invoke = Invoke(token=request.tok, args=args, provider=_provider_name(request.provider))
        with self.lock:
            self.recording.invokes.append(invoke)
        return super().Invoke(request)

    def ReadResource(self, request: Any) -> Any:
        raise LookupError(f"the program reads {request.type} {request.name!r} from the account")

    def _register(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self.by_urn:
            raise ValueError(f"two resources with one URN: {urn}")
        marked = rpc.deserialize_properties(request.object, keep_unknowns=self.preview)
        inputs = {key: _bare(value) for key, value in marked.items()}
        _refuse_gaps(f"{request.type} {request.name}", inputs)
        _refuse_unknown_names(request)
        outputs = self._computed(request, inputs)
        resource = Resource(
            type=request.type,
            name=request.name,
            urn=urn,
            id=outputs.pop("id", ""),
            custom=request.custom,
            inputs={key: _unpacked(value) for key, value in inputs.items()},
            outputs=outputs,
            secrets=frozenset(key for key, value in marked.items() if rpc.is_rpc_secret(value)),
            parent=self.by_urn.get(request.parent),
            protect=request.protect,
            ignore_changes=tuple(request.ignoreChanges),
            provider=_provider_name(request.provider),
            depends_on=tuple(request.dependencies),
            sources={
                key: frozenset(found.urns)
                for key, found in request.propertyDependencies.items()
                if found.urns
            },
            delete_before_replace=request.deleteBeforeReplace,
            retain_on_delete=request.retainOnDelete,
            custom_timeouts={
                action: text
                for action in ("create", "update", "delete")
                if (text := getattr(request.customTimeouts, action))
            },
        )
        self.by_urn[urn] = resource
        self.recording.resources.append(resource)
        # As the engine does: what goes in secret comes out secret, and some outputs always are.
        hidden = {*resource.secrets, *request.additionalSecretOutputs} & outputs.keys()
        answer = outputs | {key: rpc.wrap_rpc_secret(outputs[key]) for key in hidden}
        state = _sync_await(rpc.serialize_properties(answer, {}))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=resource.id, object=state)

    def _computed(self, request: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        if not request.custom:
            return {}
        if self.preview:
            return dict(inputs)
        return {**inputs, **self.outputs(request.type, request.name, inputs)}

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if f"::{STACK_TYPE}::" in request.urn:
            marked = rpc.deserialize_properties(request.outputs, keep_unknowns=self.preview)
            self.recording.exports = {key: _bare(value) for key, value in marked.items()}
            _refuse_gaps("an export", self.recording.exports)
            self.recording.secret_exports = frozenset(
                k for k, v in marked.items() if rpc.is_rpc_secret(v)
            )
        return super().RegisterResourceOutputs(request)


def _refuse_unknown_names(request: Any) -> None:
    # The engine takes any name; a nested or misspelt one protects nothing.
    unknown = set(request.ignoreChanges) - declared(request.type).keys()
    if unknown:
        raise ValueError(
            f"{request.name} ignores changes of {', '.join(sorted(unknown))}, "
            f"which is no property of {request.type}"
        )


def _refuse_gaps(where: str, value: Any) -> None:
    """Raises ValueError for what is left of an output that the recording does not supply."""
    match value:
        case dict():
            for key, item in value.items():
                _refuse_gaps(f"{where}: {key}", item)
        case list():
            for item in value:
                _refuse_gaps(where, "None" if item is None else item)
        case str() if re.search(r"\bNone\b|[:,\[] *null *[,}\]]", value):
            raise ValueError(f"{where} holds nothing where a value belongs, or the text None")


def _unpacked(value: Any) -> Any:
    """An archive of texts as plain data: text by name."""
    if isinstance(value, pulumi.AssetArchive):
        return {name: cast(pulumi.StringAsset, asset).text for name, asset in value.assets.items()}
    return value


def _bare(value: Any) -> Any:
    """The value without secret marks, whole numbers as int."""
    value = rpc.unwrap_rpc_secret(value) if rpc.is_rpc_secret(value) else value
    match value:
        case dict():
            return {key: _bare(item) for key, item in value.items()}
        case list():
            return [_bare(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _provider_name(reference: str) -> str | None:
    """The logical name in `urn::id` of an explicit provider."""
    return reference.rsplit("::", 2)[1] if reference else None
