"""The engine's side of a Pulumi program: sees every registration whole, and answers it."""

import threading
from collections.abc import Mapping
from typing import Any

import pulumi.runtime
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.sync_await import _sync_await

from rehearsal.plain_values import bare, refuse_gaps, unpacked
from rehearsal.resource import Invoke, Resource
from rehearsal.synthetic import Outputs, declared, synthetic_outputs

STACK_TYPE = "pulumi:pulumi:Stack"


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


class Monitor(MockMonitor):
    """Sees whole registrations; the SDK's mocks hide parent, protect and ignored changes."""

    def __init__(
        self, outputs: Outputs | None, invokes: Mapping[str, dict[str, Any]], *, preview: bool
    ) -> None:
        super().__init__(_Mocks(invokes))
        self.outputs, self.preview = outputs, preview
        self.invokes: list[Invoke] = []
        self.exports: dict[str, Any] = {}
        self.component_outputs: dict[str, dict[str, Any]] = {}
        self.secret_exports: frozenset[str] = frozenset()
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
            self.invokes.append(invoke)
        return super().Invoke(request)

    def ReadResource(self, request: Any) -> Any:
        raise LookupError(f"the program reads {request.type} {request.name!r} from the account")

    def _register(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self.by_urn:
            raise ValueError(f"two resources with one URN: {urn}")
        marked = rpc.deserialize_properties(request.object, keep_unknowns=self.preview)
        inputs = {key: bare(value) for key, value in marked.items()}
        refuse_gaps(f"{request.type} {request.name}", inputs)
        _refuse_unknown_names(request)
        outputs = self._computed(request, inputs)
        resource = Resource(
            type=request.type,
            name=request.name,
            urn=urn,
            id=outputs.pop("id", ""),
            custom=request.custom,
            inputs={key: unpacked(value) for key, value in inputs.items()},
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
        # As the engine does: what goes in secret comes out secret, and some outputs always are.
        hidden = {*resource.secrets, *request.additionalSecretOutputs} & outputs.keys()
        answer = outputs | {key: rpc.wrap_rpc_secret(outputs[key]) for key in hidden}
        state = _sync_await(rpc.serialize_properties(answer, {}))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=resource.id, object=state)

    def _computed(self, request: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        if not request.custom:
            return {}
        if self.preview and self.outputs is None:
            return dict(inputs)
        outputs = self.outputs or synthetic_outputs
        return {**inputs, **outputs(request.type, request.name, inputs)}

    def RegisterResourceOutputs(self, request: Any) -> Any:
        marked = rpc.deserialize_properties(request.outputs, keep_unknowns=self.preview)
        registered = {key: bare(value) for key, value in marked.items()}
        if f"::{STACK_TYPE}::" not in request.urn:
            self.component_outputs[request.urn] = registered
        else:
            self.exports = registered
            refuse_gaps("an export", self.exports)
            self.secret_exports = frozenset(k for k, v in marked.items() if rpc.is_rpc_secret(v))
        return super().RegisterResourceOutputs(request)


def _refuse_unknown_names(request: Any) -> None:
    # The engine takes any name; a nested or misspelt one protects nothing.
    unknown = set(request.ignoreChanges) - declared(request.type).keys()
    if unknown:
        raise ValueError(
            f"{request.name} ignores changes of {', '.join(sorted(unknown))}, "
            f"which is no property of {request.type}"
        )


def _provider_name(reference: str) -> str | None:
    """The logical name in `urn::id` of an explicit provider."""
    return reference.rsplit("::", 2)[1] if reference else None
