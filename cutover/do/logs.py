"""Where a task's output is to be read."""

from cutover.do.clients import Clients
from infra.outputs import Contract


def log_stream(clients: Clients, contract: Contract, definition: str, task: str) -> str:
    """Log group and stream of the app container of a task (ARNs), as `aws logs tail` takes them;
    empty when it doesn't log to CloudWatch. One call.

    A stream is called prefix/container/task id (Amazon ECS developer guide, "Send Amazon ECS logs
    to CloudWatch").
    """
    found = clients.call("ecs", "describe_task_definition", taskDefinition=definition)
    app = contract.blueprint.app_container
    for container in found["taskDefinition"]["containerDefinitions"]:
        logging = container.get("logConfiguration", {})
        if container["name"] == app and logging.get("logDriver") == "awslogs":
            options = logging["options"]
            stream = f"{options['awslogs-stream-prefix']}/{app}/{task.rpartition('/')[2]}"
            return f"{options['awslogs-group']} --log-stream-names {stream}"
    return ""
