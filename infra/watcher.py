"""A function that looks every minute: for a cutover nobody ends, tasks to be refreshed, and people
to be told."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm, Metric
from infra.alarms import Alarms, AlarmsArgs
from infra.outputs import metrics_namespace
from infra.paging import ALERTS, EDGE_ALERTS
from infra.refresh_alarm import REFRESH_SECONDS, refresh_alarm
from infra.watcher_access import Watched, function_role, schedule_role

ROOT = Path(__file__).resolve().parent.parent
# What is in the function's archive, by the names that it has in the repository.
FILES = (
    "infra/__init__.py",
    "infra/contract_values.py",
    "infra/outputs.py",
    "infra/shape.py",
    "watcher/__init__.py",
    "watcher/handler.py",
    "watcher/refresh.py",
    "watcher/subscribers.py",
    "watcher/trouble.py",
)
# The next look is due by then; the least that both services accept.
LATE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class WatcherArgs:
    account_id: str
    boundary_arn: str | None
    region: str
    repeat_minutes: int
    log_days: int
    watched: Watched


class Watcher(pulumi.ComponentResource):
    """The function, its schedule, an alarm on overdue tasks, and alarms on the function itself,
    for when it fails or is not called any more.

    Nothing of it is retried or kept in a dead-letter queue: the next look is taken a minute later,
    and knows more than a late one.
    """

    def __init__(
        self, name: str, args: WatcherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Watcher", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = _function(name, args, child)
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-watcher",
            function_name=function.name,
            maximum_event_age_in_seconds=LATE_SECONDS,
            maximum_retry_attempts=0,
            opts=child,
        )
        aws.scheduler.Schedule(
            f"{name}-watcher",
            description="Looks at the lease of cutovers and at the age of tasks",
            schedule_expression="rate(1 minute)",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn=function.arn,
                role_arn=schedule_role(
                    name,
                    account_id=args.account_id,
                    boundary_arn=args.boundary_arn,
                    region=args.region,
                    function_arn=function.arn,
                    opts=child,
                ),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=LATE_SECONDS, maximum_retry_attempts=0
                ),
            ),
            opts=child,
        )
        Alarms(
            name,
            AlarmsArgs(
                alarms=[*_own_alarms(function.name), refresh_alarm(name)],
                topic_arn=args.watched.alerts_topic_arn,
            ),
            child,
        )
        self.register_outputs({})


def _own_alarms(function: pulumi.Input[str]) -> Iterator[Alarm]:
    for metric, says, comparison, missing in (
        ("Errors", "the watcher of cutovers fails", ">=", "notBreaching"),
        ("Throttles", "Lambda refuses to start the watcher of cutovers", ">=", "notBreaching"),
        # Lambda reports a function's metrics only when it is called.
        ("Invocations", "the watcher of cutovers is not called", "<", "breaching"),
    ):
        yield Alarm(
            name=f"watcher-{metric.lower()}",
            severity="ticket",
            says=says,
            runbook="alarms.md#the-watcher-does-not-watch",
            source="ours: it looks every minute, and the next look makes up for one that failed",
            metrics={"count": Metric("AWS/Lambda", metric, "Sum", {"FunctionName": function})},
            comparison="<" if comparison == "<" else ">=",
            threshold=1,
            periods=5,
            datapoints=3,
            missing="breaching" if missing == "breaching" else "notBreaching",
        )


def _function(name: str, args: WatcherArgs, child: pulumi.ResourceOptions) -> aws.lambda_.Function:
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-watcher-log",
        name=f"/slipway/{name}/watcher",  # people search for it by name at night
        retention_in_days=args.log_days,
        kms_key_id=args.watched.key_arn,
        opts=child,
    )
    return aws.lambda_.Function(
        f"{name}-watcher",
        description="Tells of cutovers that nobody ends, and of tasks with old secrets",
        # The newest that Lambda has and Security Hub Lambda.2 accepts.
        runtime="python3.14",
        architectures=["arm64"],
        handler="watcher.handler.handle",
        # Texts and no paths, which would differ from one machine to the next.
        code=pulumi.AssetArchive(
            {file: pulumi.StringAsset((ROOT / file).read_text()) for file in FILES}
        ),
        role=function_role(
            name,
            args.watched,
            boundary_arn=args.boundary_arn,
            region=args.region,
            log_group_arn=log_group.arn,
            opts=child,
        ),
        # It takes a second, unless AWS doesn't answer.
        timeout=30,
        memory_size=256,
        environment=aws.lambda_.FunctionEnvironmentArgs(
            variables={
                "ENVIRONMENT": name,
                "TABLE": args.watched.table_name,
                "TOPIC": args.watched.alerts_topic_arn,
                "TOPICS": pulumi.Output.json_dumps(
                    {
                        ALERTS: args.watched.alerts_topic_arn,
                        EDGE_ALERTS: args.watched.edge_alerts_topic_arn,
                    },
                    sort_keys=True,
                ),
                "REPEAT_SECONDS": str(args.repeat_minutes * 60),
                "CLUSTER": args.watched.cluster_arn,
                "SECRET_ARNS": pulumi.Output.all(*args.watched.secret_arns).apply(",".join),
                "REFRESH_SECONDS": str(REFRESH_SECONDS),
                "NAMESPACE": metrics_namespace(name),
            }
        ),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(
            log_format="Text", log_group=log_group.name
        ),
        opts=child,
    )
