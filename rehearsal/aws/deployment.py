"""What cutover does with slots, through boto3 and the contract alone: migrate, fill and prove."""

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from infra.outputs import PROBE_HEADER, SLOTS, Contract, Slot, contract_name
from rehearsal.errors import RehearsalError
from rehearsal.releases import Release
from rehearsal.traffic.client import Client

FILL_SECONDS = 120.0
PROVE_SECONDS = 30.0
ONE_OFF_SECONDS = 180.0
# A proof asks more often than a slot has tasks, so that each of them answers.
PROOFS_PER_TASK = 3
# What a description says about a revision and a registration doesn't take.
_NOT_REGISTERED = {
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt"),
}

Clients = Callable[[str], Any]
"""boto3's client of a service."""


class Wait(Protocol):
    """Returns when `ready()` is true; RehearsalError at the timeout or when the rehearsal fails."""

    def __call__(self, ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None: ...


def read_contract(clients: Clients, environment: str) -> Contract:
    """The contract that the stack wrote."""
    found = clients("ssm").get_parameter(Name=contract_name(environment))
    return Contract.from_json(found["Parameter"]["Value"])


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One environment's slots. `client` speaks to the balancer as a probe or as anybody."""

    clients: Clients
    contract: Contract
    client: Client
    wait: Wait

    def weights(self) -> dict[Slot, int]:
        """The weights of the traffic rule, live."""
        (rule,) = self.clients("elbv2").describe_rules(RuleArns=[self.contract.traffic_rule])[
            "Rules"
        ]
        groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        by_arn = {group["TargetGroupArn"]: int(group["Weight"]) for group in groups}
        return {slot: by_arn[self.contract.slots[slot].target_group] for slot in SLOTS}

    def set_weights(self, weights: Mapping[Slot, int]) -> None:
        """Both groups in one write, as they always stand in the rule."""
        groups = [
            {"TargetGroupArn": self.contract.slots[slot].target_group, "Weight": weights[slot]}
            for slot in SLOTS
        ]
        stickiness = {"Enabled": False, "DurationSeconds": 3600}
        self.clients("elbv2").modify_rule(
            RuleArn=self.contract.traffic_rule,
            Actions=[
                {
                    "Type": "forward",
                    "ForwardConfig": {
                        "TargetGroups": groups,
                        "TargetGroupStickinessConfig": stickiness,
                    },
                }
            ],
        )

    def desired(self) -> dict[Slot, int]:
        """How many tasks each slot is to have."""
        return {slot: self._service(slot)["desiredCount"] for slot in SLOTS}

    def register(self, task_definition: str, app_container: str, release: Release) -> str:
        """A copy with the release's image and its id in every container; returns its ARN.

        It goes to the release's own family, so that Pulumi's stays Pulumi's.
        """
        ecs = self.clients("ecs")
        found = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
        copy = {key: value for key, value in found.items() if key not in _NOT_REGISTERED}
        suffix = "-migrate" if task_definition == self.contract.migrate.task_definition else ""
        copy["family"] = self.contract.release_family + suffix
        copy["containerDefinitions"] = [
            with_release(container, app_container, release)
            for container in found["containerDefinitions"]
        ]
        return ecs.register_task_definition(**copy)["taskDefinition"]["taskDefinitionArn"]

    def migrate(self, release: Release, *, verify_only: bool = False) -> None:
        """Runs the migrate family once; RehearsalError with ECS's reason when it fails."""
        migrate = self.contract.migrate
        definition = self.register(migrate.task_definition, migrate.app_container, release)
        ecs = self.clients("ecs")
        command = ["python", "run_migrations.py", *(["--verify-only"] if verify_only else [])]
        (task,) = ecs.run_task(
            cluster=self.contract.cluster,
            taskDefinition=definition,
            launchType="FARGATE",
            count=1,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(self.contract.task_subnets),
                    "securityGroups": list(self.contract.task_security_groups),
                    "assignPublicIp": "DISABLED",
                }
            },
            overrides={"containerOverrides": [{"name": migrate.app_container, "command": command}]},
        )["tasks"]

        def described() -> dict[str, Any]:
            return ecs.describe_tasks(cluster=self.contract.cluster, tasks=[task["taskArn"]])[
                "tasks"
            ][0]

        self.wait(
            lambda: described()["lastStatus"] == "STOPPED",
            what="the migrate task did not end",
            timeout_seconds=ONE_OFF_SECONDS,
        )
        ended = described()
        codes = {c["name"]: c.get("exitCode") for c in ended["containers"]}
        if any(code != 0 for code in codes.values()):
            raise RehearsalError(f"the migrate task failed: {ended['stoppedReason']}")

    def fill(self, slot: Slot, release: Release, tasks: int) -> None:
        """The slot runs that many tasks of the release, each healthy in the balancer's eyes."""
        blueprint = self.contract.blueprint
        definition = self.register(blueprint.task_definition, blueprint.app_container, release)
        self.clients("ecs").update_service(
            cluster=self.contract.cluster,
            service=self.contract.slots[slot].service,
            taskDefinition=definition,
            desiredCount=tasks,
        )
        # After the image: it pulls the desired count up to the floor, whatever the slot runs.
        self.clients("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=self.contract.slots[slot].scalable_target,
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=tasks,
        )
        self.wait(
            lambda: self._filled(slot, tasks),
            what=f"the {slot} slot has no {tasks} healthy tasks",
            timeout_seconds=FILL_SECONDS,
        )

    def prove(self, slot: Slot, release: Release, tasks: int) -> None:
        """Probes reach the slot by the test rule, and what answers is the release, every time."""
        self.wait(
            lambda: self.probe(slot) == release.release_id,
            what=f"the {slot} slot does not answer probes as release {release.release_id}",
            timeout_seconds=PROVE_SECONDS,
        )
        answers = {self.probe(slot) for _ in range(tasks * PROOFS_PER_TASK)}
        if answers != {release.release_id}:
            raise RehearsalError(
                f"the {slot} slot answers probes as {', '.join(sorted(map(str, answers)))}; "
                f"it must be {release.release_id} alone"
            )

    def probe(self, slot: Slot) -> str | None:
        """The release that answers a probe of the slot; None when it isn't healthy."""
        token = self.clients("secretsmanager").get_secret_value(
            SecretId=self.contract.probe_token_secret
        )["SecretString"]
        try:
            answer = self.client.get("/health", {PROBE_HEADER: f"{slot}:{token}"})
        except (OSError, http.client.HTTPException):
            return None
        return answer.json()["version"] if answer.status == 200 else None

    def _filled(self, slot: Slot, tasks: int) -> bool:
        service = self._service(slot)
        newest = service["deployments"][0]
        if newest["rolloutState"] == "FAILED":
            raise RehearsalError(f"the {slot} slot can't be filled: {newest['rolloutStateReason']}")
        health = self.clients("elbv2").describe_target_health(
            TargetGroupArn=self.contract.slots[slot].target_group
        )["TargetHealthDescriptions"]
        states = [target["TargetHealth"]["State"] for target in health]
        return newest["rolloutState"] == "COMPLETED" and states.count("healthy") >= tasks

    def _service(self, slot: Slot) -> dict[str, Any]:
        (service,) = self.clients("ecs").describe_services(
            cluster=self.contract.cluster, services=[self.contract.slots[slot].service]
        )["services"]
        return service


def with_release(
    container: Mapping[str, Any], app_container: str, release: Release
) -> dict[str, Any]:
    """The container with the release's id, and its image where it is the app."""
    values = {entry["name"]: entry["value"] for entry in container.get("environment", [])}
    values["RELEASE_ID"] = release.release_id
    image = release.image if container["name"] == app_container else container["image"]
    environment = [{"name": name, "value": values[name]} for name in sorted(values)]
    return {**container, "image": image, "environment": environment}


def active(weights: Mapping[Slot, int]) -> Slot:
    """The slot with all of the traffic; RehearsalError when none has."""
    for slot in SLOTS:
        if weights[slot] and not any(weights[other] for other in SLOTS if other != slot):
            return slot
    raise RehearsalError(
        f"the traffic rule's weights are {dict(weights)}; one slot must have all of the traffic"
    )


def other(slot: Slot) -> Slot:
    return "green" if slot == "blue" else "blue"
