"""What people watch an environment by: alarms, the topic that tells them, logs."""

from typing import Any

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators.names import physical, present


def alarm(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    cloudwatch = plane.client("cloudwatch", inputs.get("region"))
    alarm_name = physical(name, inputs)
    given = {
        "AlarmDescription": "alarmDescription",
        "ActionsEnabled": "actionsEnabled",
        "AlarmActions": "alarmActions",
        "OKActions": "okActions",
        "InsufficientDataActions": "insufficientDataActions",
        "MetricName": "metricName",
        "Namespace": "namespace",
        "Statistic": "statistic",
        "ExtendedStatistic": "extendedStatistic",
        "Period": "period",
        "Threshold": "threshold",
        "TreatMissingData": "treatMissingData",
        "DatapointsToAlarm": "datapointsToAlarm",
    }
    dimensions = inputs.get("dimensions", {})
    cloudwatch.put_metric_alarm(
        AlarmName=alarm_name,
        ComparisonOperator=inputs["comparisonOperator"],
        EvaluationPeriods=inputs["evaluationPeriods"],
        Dimensions=[{"Name": key, "Value": value} for key, value in sorted(dimensions.items())],
        **present(
            **{argument: inputs.get(key) for argument, key in given.items()},
            Metrics=_metrics(inputs.get("metricQueries")),
        ),
    )
    made = cloudwatch.describe_alarms(AlarmNames=[alarm_name])["MetricAlarms"][0]
    return {"id": alarm_name, "name": alarm_name, "arn": made["AlarmArn"]}


def composite_alarm(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """moto describes such an alarm and knows no call that makes one. It is OK for ever: nobody here
    evaluates the windows that it is made of (rehearsal/aws/alarms.py)."""
    made = plane.backend("cloudwatch").put_metric_alarm(
        name=inputs["alarmName"],
        namespace="",
        metric_name="",
        comparison_operator="",
        evaluation_periods=0,
        period=0,
        threshold=0,
        statistic="",
        description=inputs.get("alarmDescription", ""),
        dimensions=[],
        alarm_actions=inputs.get("alarmActions", []),
        ok_actions=inputs.get("okActions", []),
        rule=inputs["alarmRule"],
    )
    return {"id": made.name, "arn": made.alarm_arn}


def _metrics(queries: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    if not queries:
        return None

    def metric(given: dict[str, Any] | None) -> dict[str, Any] | None:
        if given is None:
            return None
        dimensions = given.get("dimensions", {})
        return {
            "Metric": {
                "Namespace": given["namespace"],
                "MetricName": given["metricName"],
                "Dimensions": [{"Name": k, "Value": v} for k, v in sorted(dimensions.items())],
            },
            "Period": given["period"],
            "Stat": given["stat"],
        }

    return [
        present(
            Id=query["id"],
            Expression=query.get("expression"),
            Label=query.get("label"),
            ReturnData=query.get("returnData", False),
            MetricStat=metric(query.get("metric")),
        )
        for query in queries
    ]


def topic(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    topic_name = physical(name, inputs)
    sns = plane.client("sns", inputs.get("region"))
    arn = sns.create_topic(Name=topic_name)["TopicArn"]
    return {"id": arn, "arn": arn, "name": topic_name}


def log_group(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    logs = plane.client("logs", inputs.get("region"))
    group_name = physical(name, inputs)
    logs.create_log_group(logGroupName=group_name)
    if days := inputs.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=group_name, retentionInDays=days)
    region = inputs.get("region") or plane.region
    arn = f"arn:aws:logs:{region}:{plane.account_id}:log-group:{group_name}"
    return {"id": group_name, "name": group_name, "arn": arn}


CREATORS = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:sns/topic:Topic": topic,
}
