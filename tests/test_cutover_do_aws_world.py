"""The world of the loop is AWS, whole: every part of the protocol is there and speaks to it."""

import inspect
from collections.abc import Iterator

import pytest

from cutover.decide.live import Health, Split
from cutover.do.aws_world import AwsWorld
from cutover.do.system_clock import SystemClock
from cutover.do.world import World
from tests import cutover_aws
from tests.cutover_aws import Emulated


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    with cutover_aws.emulated("100000000016") as made:
        yield made


@pytest.fixture
def world(emulated: Emulated) -> World:
    return AwsWorld(emulated.clients, emulated.contract, run="run-1", clock=SystemClock())


def test_every_method_takes_what_the_protocol_says(world: World) -> None:
    names = [name for name, _ in inspect.getmembers(World, inspect.isfunction) if name[0] != "_"]
    assert len(names) == 20
    for name in names:
        asked = list(inspect.signature(getattr(World, name)).parameters.values())[1:]
        found = list(inspect.signature(getattr(world, name)).parameters.values())
        assert [(p.name, p.kind, p.default) for p in found] == [
            (p.name, p.kind, p.default) for p in asked
        ], name


def test_what_it_says_is_what_the_emulated_aws_says(world: World, emulated: Emulated) -> None:
    before = emulated.clients.calls
    assert world.weights() == {"blue": 100, "green": 0}
    assert world.set_weights({"blue": 0, "green": 100}, not_after=1) == {"blue": 0, "green": 100}
    assert world.weights() == {"blue": 0, "green": 100}
    assert world.health("blue") == Health(healthy=0, total=0)
    services = world.services()
    assert {slot: service.desired for slot, service in services.items()} == {"blue": 0, "green": 0}
    # Two of each slot, and the fast pages of both budgets.
    assert len(world.alarms()) == 6
    assert world.samples(SystemClock().now())["blue"].requests == 0
    assert world.image_exists("ghcr.io/team/app") is True
    assert world.split(0) == Split(answers={}, unknown=0)
    assert emulated.clients.calls - before == 7
