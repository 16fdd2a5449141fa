"""A dead-man's switch on the paging path: each of the two alerts topics tells of the other's end.

Two topics in two regions, with a key each. The watcher counts the people of each in the metrics of
the other's region (watcher/subscribers.py), where an alarm takes silence for the worst. And once a
week an alarm of each is set off, so that people see a real one come through.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm, Metric
from infra.alarms import Alarms, AlarmsArgs
from infra.outputs import SUBSCRIBERS_METRIC, TOPIC_DIMENSION, metrics_namespace

ALERTS, EDGE_ALERTS = "alerts", "edge-alerts"
# The watcher counts every minute; a deploy of the function, or a page of AWS's, takes a few.
_SILENT_MINUTES = 15
_TEST, _TEST_METRIC = "weekly-test", "AlertsTest"


@dataclass(frozen=True, kw_only=True)
class PagingArgs:
    """One direction: `topic_arn` tells of the silence of the topic called `other`. It is in the
    environment's own region, or in `elsewhere`."""

    environment: str
    account_id: str
    boundary_arn: str | None
    region: str
    elsewhere: str | None = None
    topic_arn: pulumi.Input[str]
    other: str


class Paging(pulumi.ComponentResource):
    """The alarm on the other topic, and this one's weekly test: an alarm, a schedule, a role."""

    def __init__(
        self, name: str, args: PagingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Paging", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        alarms = Alarms(
            name,
            AlarmsArgs(
                alarms=[silence(args.environment, args.other), weekly_test(args.environment)],
                topic_arn=args.topic_arn,
                region=args.elsewhere,
            ),
            child,
        )
        role = _role(name, args, alarms.arns[_TEST], child)
        aws.scheduler.Schedule(
            f"{name}-alerts-test",
            region=args.elsewhere,
            description="Sets off an alarm to see that people are told",
            # Monday in the morning: whoever misses the mail can ask.
            schedule_expression="cron(0 9 ? * MON *)",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn="arn:aws:scheduler:::aws-sdk:cloudwatch:setAlarmState",
                role_arn=role,
                input=pulumi.Output.json_dumps(
                    {
                        "AlarmName": alarms.names[_TEST],
                        "StateValue": "ALARM",
                        "StateReason": "the weekly test",
                    },
                    sort_keys=True,
                ),
            ),
            opts=child,
        )
        self.register_outputs({})


def silence(environment: str, topic: str) -> Alarm:
    """Fires where the watcher counts nobody, or counts no more."""
    return Alarm(
        name=f"silent-{topic}",
        severity="page",
        says=f"the topic {topic} reaches nobody, or the watcher who would know does not run",
        runbook="alarms.md#nobody-may-be-told",
        source="ours: the watcher counts every minute, and an update of it takes a few",
        metrics={
            "people": Metric(
                metrics_namespace(environment),
                SUBSCRIBERS_METRIC,
                "Minimum",
                {TOPIC_DIMENSION: topic},
            )
        },
        comparison="<",
        threshold=1,
        periods=_SILENT_MINUTES,
        missing="breaching",
    )


def weekly_test(environment: str) -> Alarm:
    """Of a metric that nobody writes: only the schedule sets it off, for a minute."""
    return Alarm(
        name=_TEST,
        severity="ticket",
        says="this is the weekly test of alerts, and nothing is wrong",
        runbook="alarms.md#the-weekly-test",
        source="none: it is set off",
        metrics={"never": Metric(metrics_namespace(environment), _TEST_METRIC, "Sum")},
        comparison=">",
        threshold=0,
        periods=1,
    )


def _role(
    name: str, args: PagingArgs, alarm_arn: pulumi.Input[str], child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ARN of the role with which EventBridge Scheduler sets off one alarm and does no more."""
    region = args.elsewhere or args.region
    group = f"arn:aws:scheduler:{region}:{args.account_id}:schedule-group/default"
    trust = {
        "Sid": "Assume",
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": args.account_id, "aws:SourceArn": group}
        },
    }
    role = aws.iam.Role(
        f"{name}-alerts-test",
        description="EventBridge Scheduler sets off the weekly test of alerts",
        permissions_boundary=args.boundary_arn,
        assume_role_policy=pulumi.Output.json_dumps(
            {"Version": "2012-10-17", "Statement": [trust]}
        ),
        opts=child,
    )
    allowed = {
        "Sid": "SetOffTheTest",
        "Effect": "Allow",
        "Action": "cloudwatch:SetAlarmState",
        "Resource": alarm_arn,
    }
    policy = aws.iam.RolePolicy(
        f"{name}-alerts-test",
        role=role.id,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        opts=child,
    )
    return pulumi.Output.all(role.arn, policy.id).apply(lambda both: both[0])
