"""An alarm for tasks that go on with a login or key of which there is a newer one."""

import pulumi
import pulumi_aws as aws

from infra.outputs import REFRESH_METRIC, metrics_namespace

# Since a secret has a new value. A login that was replaced works until the next rotation, which is
# a month away at the least (infra/settings.py): three weeks are left, and most teams have released.
REFRESH_SECONDS = 7 * 86_400


def refresh_alarm(
    name: str, alerts_topic_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Fires while the watcher counts such a task; the watcher's own alarms tell of its silence."""
    aws.cloudwatch.MetricAlarm(
        f"{name}-refresh-overdue",
        alarm_description=(
            "ticket, platform: tasks run with a login or key that was replaced a week ago. "
            "docs/runbooks/rotation.md#a-refresh-is-overdue"
        ),
        namespace=metrics_namespace(name),
        metric_name=REFRESH_METRIC,
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[alerts_topic_arn],
        ok_actions=[alerts_topic_arn],
        opts=opts,
    )
