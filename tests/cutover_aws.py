"""The emulated AWS with the environment of a stack file in it, and cutover's clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from cutover.do.clients import Clients
from cutover.do.contract import read_contract
from infra.outputs import Contract
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.machine import ports
from rehearsal.recording import record
from stacks.environment import environment

REGION = "eu-west-1"
IMAGE = f"registry.example.com/app@sha256:{'b' * 64}"


@dataclass(frozen=True)
class Emulated:
    """An environment with nothing in its slots, and clients as a person gets them who exports
    what the rehearsal prints."""

    plane: ControlPlane
    contract: Contract
    clients: Clients


@contextmanager
def emulated(account_id: str) -> Iterator[Emulated]:
    """What Pulumi.testing.yaml asks for. What moto has made it keeps for the life of the process,
    so each test file has an account of its own."""
    with (
        ControlPlane(port=ports.reserve(), account_id=account_id, region=REGION) as plane,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        for name, value in plane.variables.items():
            monkeypatch.setenv(name, value)
        endpoints = Endpoints(postgres_port=15433, redis_port=16379)
        record(environment, stack="testing", outputs=creating(plane, endpoints))
        clients = Clients(plane.region, call_seconds=60)
        yield Emulated(plane, read_contract(clients, "testing"), clients)


@dataclass
class StoppedClock:
    """Stands still, but for sleeping."""

    at: float = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
