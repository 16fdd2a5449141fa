"""Tasks that run once: migrations, and a command beside what is live."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from cutover.decide.live import TaskStatus
from cutover.decide.model import Release
from cutover.do import task_definition
from cutover.do.aws_errors import error_code
from cutover.do.clients import Clients
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract

MIGRATE = ("python", "run_migrations.py")
VERIFY = (*MIGRATE, "--verify-only")


class OneOffTasks:
    """Starts tasks in the environment's cluster, and tells how they ended."""

    def __init__(self, clients: Clients, contract: Contract) -> None:
        self._clients, self._contract = clients, contract

    def start_migration(self, release: Release, run: str, *, verify_only: bool) -> str:
        """ARN of the run's one migrate task, or of its one verify task: started now, or before.
        `run` is a name that no other run has, of which 118 characters count.

        One to five calls. `startedBy` finds a task that an earlier attempt started, and the client
        token one that ECS does not list yet ("Ensuring idempotency", ECS API reference).
        """
        contract = self._contract
        started_by = _started_by(run, "verify" if verify_only else "migrate")
        found = self._started(started_by)
        if found:
            return found
        definition = task_definition.register(
            self._clients, contract.migrate, release, family=f"{contract.release_family}-migrate"
        )
        try:
            return self._run(
                definition,
                container=contract.migrate.app_container,
                command=VERIFY if verify_only else MIGRATE,
                startedBy=started_by,
                clientToken=hashlib.sha256(started_by.encode()).hexdigest(),
            )
        except Refused as error:
            cause = error.__cause__
            if error_code(error) == "ConflictException" and isinstance(cause, ClientError):
                # The token's task runs an earlier copy of the same release.
                for arn in cause.response.get("resourceIds", []):
                    return arn
            raise

    def migration(self, run: str) -> str:
        """ARN of the migrate task that the run has started, under way or ended; empty when ECS
        lists none. One or two calls."""
        return self._started(_started_by(run, "migrate"))

    def start_shell(self, definition: str, command: Sequence[str], run: str) -> str:
        """ARN of a new task of a task definition (ARN, as a slot runs it) whose app container runs
        the command in place of its own. One call, and each one starts a task."""
        return self._run(
            definition,
            container=self._contract.blueprint.app_container,
            command=command,
            startedBy=_started_by(run, "shell"),
        )

    def task(self, arn: str) -> TaskStatus:
        """How the task is doing. One call. ECS forgets a task about an hour after its end, and may
        not know one yet that has just been started."""
        found = self._clients.call(
            "ecs", "describe_tasks", cluster=self._contract.cluster, tasks=[arn]
        )["tasks"]
        return status(found[0]) if found else TaskStatus(stopped=False, known=False)

    def _started(self, started_by: str) -> str:
        for desired in ("RUNNING", "STOPPED"):
            arns = self._clients.call(
                "ecs",
                "list_tasks",
                cluster=self._contract.cluster,
                startedBy=started_by,
                desiredStatus=desired,
            )["taskArns"]
            if arns:
                return arns[0]
        return ""

    def _run(
        self, definition: str, *, container: str, command: Sequence[str], **options: Any
    ) -> str:
        network = {
            "subnets": list(self._contract.task_subnets),
            "securityGroups": list(self._contract.task_security_groups),
            "assignPublicIp": "DISABLED",
        }
        try:
            answer = self._clients.call(
                "ecs",
                "run_task",
                cluster=self._contract.cluster,
                taskDefinition=definition,
                launchType="FARGATE",
                count=1,
                networkConfiguration={"awsvpcConfiguration": network},
                overrides={"containerOverrides": [{"name": container, "command": [*command]}]},
                **options,
            )
        except Refused as error:
            if _lacks_capacity(str(error)):
                raise Unavailable(str(error)) from error.__cause__
            raise
        if answer["tasks"]:
            return answer["tasks"][0]["taskArn"]
        reasons = [failure.get("reason", "") for failure in answer.get("failures", [])]
        reason = ", ".join(filter(None, reasons)) or "no reason given"
        kind = Unavailable if _lacks_capacity(reason) else Refused
        raise kind(f"ECS did not start a task of {definition}: {reason}")


def status(task: Mapping[str, Any]) -> TaskStatus:
    """The exit code of the container that RunTask gave its command, where that one has run: its end
    is the task's, and how ECS stops the others, or that it never starts them, says nothing of it.

    Otherwise the first exit code that isn't 0, and 0 only when every container has ended with it.
    A container that never ran has none, and then so has the task.
    """
    if task["lastStatus"] != "STOPPED":
        return TaskStatus(stopped=False)
    containers = task.get("containers", [])
    overrides = task.get("overrides", {}).get("containerOverrides", [])
    commanded = {override["name"] for override in overrides if "command" in override}
    own = [c["exitCode"] for c in containers if c["name"] in commanded and "exitCode" in c]
    codes = own or [container.get("exitCode") for container in containers]
    failed = [code for code in codes if code]
    clean = bool(codes) and None not in codes
    said = [f"{c['name']}: {c['reason']}" for c in containers if c.get("reason")]
    return TaskStatus(
        stopped=True,
        exit_code=failed[0] if failed else 0 if clean else None,
        reason="; ".join([task.get("stoppedReason") or "no reason given", *said]),
    )


def _started_by(run: str, purpose: str) -> str:
    # 128 letters, digits, "-", "/" and "_" at most (RunTask, ECS API reference).
    return f"{re.sub(r'[^A-Za-z0-9_/-]', '-', run)[:118]}/{purpose}"


def _lacks_capacity(reason: str) -> bool:
    """ "Capacity is unavailable at this time", or "RESOURCE:…": ECS's API failure reasons."""
    return "Capacity is unavailable" in reason or reason.startswith("RESOURCE:")
