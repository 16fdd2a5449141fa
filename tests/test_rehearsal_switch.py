"""Moving traffic: both slots stand in every write, and a move is over when requests show it."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from infra.outputs import SLOTS, Slot
from rehearsal import switch
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.aws.deployment import Deployment, active, other, read_contract, with_release
from rehearsal.errors import RehearsalError
from rehearsal.machine import ports
from rehearsal.machine.containers import Workload
from rehearsal.recording import record
from rehearsal.releases import Release, build, command, digest
from rehearsal.traffic.client import Client
from stacks.environment import environment

# What moto has made it keeps for the life of the process: an account of our own.
ACCOUNT, REGION = "100000000002", "eu-west-1"
RELEASE = Release(
    release_id="r-2",
    image=f"registry/app@sha256:{'b' * 64}",
    workload=Workload(directory=Path("/app"), command=("serve",)),
)


def wait(ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
    """A hundred looks, without a clock."""
    assert timeout_seconds > 0
    for _ in range(100):
        if ready():
            return
    raise RehearsalError(what)


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(port=ports.reserve(), account_id=ACCOUNT, region=REGION) as started:
        endpoints = Endpoints(postgres_port=15433, redis_port=16379)
        record(environment, stack="testing", outputs=creating(started, endpoints))
        yield started


@pytest.fixture
def deployment(plane: ControlPlane) -> Iterator[Deployment]:
    made = Deployment(
        clients=plane.client,
        contract=read_contract(plane.client, "testing"),
        client=Client(port=1, host="testing.example.com", authority=None),
        wait=wait,
    )
    yield made
    made.set_weights({"blue": 100, "green": 0})


def test_weights_are_written_as_one_rule_and_read_back(deployment: Deployment) -> None:
    assert deployment.weights() == {"blue": 100, "green": 0}
    deployment.set_weights({"green": 75, "blue": 25})
    assert deployment.weights() == {"blue": 25, "green": 75}
    elbv2 = deployment.clients("elbv2")
    (rule,) = elbv2.describe_rules(RuleArns=[deployment.contract.traffic_rule])["Rules"]
    config = rule["Actions"][0]["ForwardConfig"]
    assert [group["TargetGroupArn"] for group in config["TargetGroups"]] == [
        deployment.contract.slots[slot].target_group for slot in SLOTS
    ]
    assert config["TargetGroupStickinessConfig"]["Enabled"] is False


def test_a_copy_of_the_blueprint_has_the_release_and_leaves_the_rest_alone(
    deployment: Deployment,
) -> None:
    blueprint = deployment.contract.blueprint
    arn = deployment.register(blueprint.task_definition, blueprint.app_container, RELEASE)
    ecs = deployment.clients("ecs")

    def described(task_definition: str) -> dict[str, Any]:
        return ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]

    before, after = described(blueprint.task_definition), described(arn)
    assert after["family"] == deployment.contract.release_family == "testing-release"
    assert described(blueprint.task_definition)["revision"] == 1
    for key in ("cpu", "memory", "networkMode", "executionRoleArn", "runtimePlatform"):
        assert after[key] == before[key]
    for old, new in zip(before["containerDefinitions"], after["containerDefinitions"], strict=True):
        expected = {e["name"]: e["value"] for e in old["environment"]} | {"RELEASE_ID": "r-2"}
        assert {e["name"]: e["value"] for e in new["environment"]} == expected
        assert new["image"] == (RELEASE.image if old["name"] == "app" else old["image"])
        assert new["secrets"] == old["secrets"]


def test_a_copy_of_the_migrate_family_has_a_family_of_its_own(deployment: Deployment) -> None:
    migrate = deployment.contract.migrate
    arn = deployment.register(migrate.task_definition, migrate.app_container, RELEASE)
    assert arn.endswith(":task-definition/testing-release-migrate:1")


def test_a_container_without_environment_is_told_the_release() -> None:
    container = {"name": "sidecar", "image": "theirs"}
    assert with_release(container, "app", RELEASE) == {
        "name": "sidecar",
        "image": "theirs",
        "environment": [{"name": "RELEASE_ID", "value": "r-2"}],
    }


def test_filling_raises_the_floor_and_asks_for_tasks(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deployment, "_filled", lambda _self, slot, tasks: (slot, tasks))
    deployment.fill("green", RELEASE, 3)
    mine = deployment.contract.slots["green"]
    (target,) = deployment.clients("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[mine.scalable_target]
    )["ScalableTargets"]
    assert target["MinCapacity"] == 3
    assert target["SuspendedState"]["DynamicScalingInSuspended"] is True
    assert deployment.desired() == {"blue": 0, "green": 3}


def test_a_slot_whose_deployment_failed_is_refused_with_ecs_reason(
    deployment: Deployment, plane: ControlPlane
) -> None:
    (service,) = (
        s for s in plane.backend("ecs").services.values() if s.arn == _green(deployment).service
    )
    service.deployments[0] |= {"rolloutState": "FAILED", "rolloutStateReason": "no such image"}
    with pytest.raises(RehearsalError, match="the green slot can't be filled: no such image"):
        deployment._filled("green", 1)


def _green(deployment: Deployment) -> Any:
    return deployment.contract.slots["green"]


@pytest.mark.parametrize(
    ("weights", "slot"),
    [({"blue": 100, "green": 0}, "blue"), ({"blue": 0, "green": 1}, "green")],
)
def test_the_active_slot_is_the_one_with_all_of_the_traffic(
    weights: dict[Slot, int], slot: Slot
) -> None:
    assert active(weights) == slot
    assert active({other(s): w for s, w in weights.items()}) == other(slot)


@pytest.mark.parametrize("weights", [{"blue": 50, "green": 50}, {"blue": 0, "green": 0}])
def test_no_slot_is_active_while_traffic_is_shared(weights: dict[Slot, int]) -> None:
    with pytest.raises(RehearsalError, match="one slot must have all of the traffic"):
        active(weights)


class StubDeployment:
    """Remembers what was asked of it, in order."""

    def __init__(self, answers: dict[Slot, str | None]) -> None:
        self.calls: list[Any] = []
        self.answers = answers
        self.wait = wait

    def weights(self) -> dict[Slot, int]:
        return {"blue": 100, "green": 0}

    def desired(self) -> dict[Slot, int]:
        return {"blue": 2, "green": 0}

    def fill(self, slot: Slot, release: Release, tasks: int) -> None:
        self.calls.append(("fill", slot, release.release_id, tasks))

    def prove(self, slot: Slot, release: Release, tasks: int) -> None:
        self.calls.append(("prove", slot, release.release_id, tasks))

    def set_weights(self, weights: dict[Slot, int]) -> None:
        self.calls.append(weights)


def test_the_idle_slot_gets_as_many_tasks_as_the_active_one_and_is_proved() -> None:
    stub = StubDeployment({})
    assert switch.fill_idle(cast(Deployment, stub), RELEASE) == "green"
    assert stub.calls == [("fill", "green", "r-2", 2), ("prove", "green", "r-2", 2)]


def move(counts: list[tuple[int, int]], *, quiet: float) -> StubDeployment:
    """Moves to green; each look at the clock is a second, each at the counts the next of them."""
    stub, clock = StubDeployment({}), itertools.count()
    looks = itertools.chain(counts, itertools.repeat(counts[-1]))

    def look() -> dict[Slot, int]:
        blue, green = next(looks)
        return {"blue": blue, "green": green}

    switch.move(
        cast(Deployment, stub), "green", look, quiet_seconds=quiet, clock=lambda: float(next(clock))
    )
    return stub


def test_a_move_is_over_when_the_leaving_slot_is_quiet_and_the_other_serves() -> None:
    stub = move([(10, 0), (12, 1), (13, 2), (13, 3)], quiet=3)
    assert stub.calls == [{"green": 100, "blue": 0}]


def test_a_move_is_not_over_while_the_leaving_slot_is_sent_requests() -> None:
    busy = [(n, n) for n in range(150)]
    with pytest.raises(RehearsalError, match="the blue slot is still sent requests"):
        move(busy, quiet=3)


def test_silence_of_both_slots_is_no_move() -> None:
    with pytest.raises(RehearsalError, match="the blue slot is still sent requests"):
        move([(10, 5)], quiet=3)


class ScriptedProbes(Deployment):
    """Probes that are answered from a list."""

    answers: Iterator[str | None]

    def probe(self, slot: Slot) -> str | None:
        return next(type(self).answers)


def proving(deployment: Deployment, answers: list[str | None]) -> Deployment:
    ScriptedProbes.answers = iter([*answers, *["r-2"] * 100])
    return ScriptedProbes(
        clients=deployment.clients,
        contract=deployment.contract,
        client=deployment.client,
        wait=wait,
    )


def test_a_slot_is_proved_when_it_answers_as_the_release_every_time(
    deployment: Deployment,
) -> None:
    proving(deployment, [None, "r-1", "r-2"]).prove("green", RELEASE, 2)


def test_a_slot_that_also_answers_as_another_release_is_not_proved(
    deployment: Deployment,
) -> None:
    with pytest.raises(RehearsalError, match="answers probes as r-1, r-2; it must be r-2 alone"):
        proving(deployment, ["r-2", "r-2", "r-1"]).prove("green", RELEASE, 2)


def app(directory: Path) -> Path:
    (directory / "webapp").mkdir(parents=True)
    (directory / "webapp" / "__init__.py").write_text("x = 1\n")
    (directory / "Dockerfile").write_text('FROM python\nCMD ["serve", "--fast"]\n')
    return directory


def test_the_digest_of_an_image_follows_its_content_and_nothing_else(tmp_path: Path) -> None:
    one, two = app(tmp_path / "one"), app(tmp_path / "two")
    assert digest(one) == digest(two)
    (two / "webapp" / "__pycache__").mkdir()
    (two / "webapp" / "__pycache__" / "x.pyc").write_bytes(b"left behind")
    assert digest(one) == digest(two)
    (two / "webapp" / "__init__.py").write_text("x = 2\n")
    assert digest(one) != digest(two)
    (one / "webapp" / "__init__.py").rename(one / "webapp" / "other.py")
    assert digest(one) != digest(app(tmp_path / "three"))


def test_a_release_runs_the_command_of_its_dockerfile(tmp_path: Path) -> None:
    release = build(app(tmp_path / "app"), release_id="r-1", environment={"WEB_CONCURRENCY": "1"})
    assert release.image == f"rehearsal/webapp@sha256:{digest(tmp_path / 'app')}"
    assert release.workload.command == ("python", "-m", "serve", "--fast")
    assert release.workload.environment["WEB_CONCURRENCY"] == "1"


@pytest.mark.parametrize("text", ["", "CMD serve --fast\n"])
def test_a_dockerfile_without_a_command_in_exec_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises(RehearsalError, match="has no line such as CMD"):
        command(tmp_path / "Dockerfile")
