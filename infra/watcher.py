"""A function that looks every minute: for a cutover nobody ends, and for tasks to be refreshed."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.outputs import metrics_namespace
from infra.refresh_alarm import REFRESH_SECONDS, refresh_alarm
from infra.watcher_access import Watched, function_role, schedule_role

ROOT = Path(__file__).resolve().parent.parent
# What is in the function's archive, by the names that it has in the repository.
FILES = (
    "infra/__init__.py",
    "infra/outputs.py",
    "watcher/__init__.py",
    "watcher/handler.py",
    "watcher/refresh.py",
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
        for metric, what, comparison, missing in (
            ("Errors", "fails", "GreaterThanOrEqualToThreshold", "notBreaching"),
            # Lambda reports a function's metrics only when it is called.
            ("Invocations", "is not called", "LessThanThreshold", "breaching"),
        ):
            aws.cloudwatch.MetricAlarm(
                f"{name}-watcher-{metric.lower()}",
                alarm_description=f"The watcher of cutovers {what}, see docs/runbooks/cutover.md",
                namespace="AWS/Lambda",
                metric_name=metric,
                dimensions={"FunctionName": function.name},
                statistic="Sum",
                period=60,
                # One look that failed is made up for by the next.
                evaluation_periods=5,
                datapoints_to_alarm=3,
                comparison_operator=comparison,
                threshold=1,
                treat_missing_data=missing,
                alarm_actions=[args.watched.alerts_topic_arn],
                ok_actions=[args.watched.alerts_topic_arn],
                opts=child,
            )
        refresh_alarm(name, args.watched.alerts_topic_arn, child)
        self.register_outputs({})


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
