"""What is asked of Lambda, its scheduler and IAM. That AWS accepts it is the preview's to show."""

import json
from functools import cache
from typing import Any

import pytest

from infra.refresh_alarm import REFRESH_SECONDS
from infra.watcher import Watcher, WatcherArgs
from infra.watcher_access import Watched
from rehearsal.recording import Recording, record
from rehearsal.stack_file import ROOT
from tests.environments import STACKS, chosen, recorded

ACCOUNT = "210987654321"
FUNCTION = "aws:lambda/function:Function"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function/prod-watcher"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SECRET = "aws:secretsmanager/secret:Secret"


@cache
def _recorded() -> Recording:
    def program() -> None:
        Watcher(
            "prod",
            WatcherArgs(
                account_id=ACCOUNT,
                boundary_arn=None,
                region="eu-central-1",
                repeat_minutes=20,
                log_days=60,
                watched=Watched(
                    table_name="the-table",
                    table_arn="table-arn",
                    alerts_topic_arn="topic-arn",
                    edge_alerts_topic_arn="edge-topic-arn",
                    key_arn="key-arn",
                    cluster_arn="cluster-arn",
                    secret_arns=["login-arn", "key-secret-arn"],
                ),
            ),
        )

    return record(program, stack="prod", config={})


def _document(type_: str, name: str, key: str) -> Any:
    return json.loads(_recorded().only(type_, name).inputs[key])


def test_the_function_has_a_supported_runtime_and_no_place_in_the_network() -> None:
    inputs = dict(_recorded().only(FUNCTION).inputs)
    assert sorted(inputs.pop("code")) == [
        "infra/__init__.py",
        "infra/contract_values.py",
        "infra/outputs.py",
        "infra/shape.py",
        "watcher/__init__.py",
        "watcher/handler.py",
        "watcher/refresh.py",
        "watcher/subscribers.py",
        "watcher/trouble.py",
    ]
    assert inputs == {
        "description": "Tells of cutovers that nobody ends, and of tasks with old secrets",
        "runtime": "python3.14",
        "architectures": ["arm64"],
        "handler": "watcher.handler.handle",
        "role": "arn:aws:iam::123456789012:role/prod-watcher",
        "timeout": 30,
        "memorySize": 256,
        "environment": {
            "variables": {
                "ENVIRONMENT": "prod",
                "TABLE": "the-table",
                "TOPIC": "topic-arn",
                "TOPICS": '{"alerts": "topic-arn", "edge-alerts": "edge-topic-arn"}',
                "REPEAT_SECONDS": "1200",
                "CLUSTER": "cluster-arn",
                "SECRET_ARNS": "login-arn,key-secret-arn",
                "REFRESH_SECONDS": "604800",
                "NAMESPACE": "Slipway/prod",
            }
        },
        "loggingConfig": {"logFormat": "Text", "logGroup": "/slipway/prod/watcher"},
    }


def test_its_log_is_encrypted_and_has_an_end() -> None:
    assert _recorded().only("aws:cloudwatch/logGroup:LogGroup").inputs == {
        "name": "/slipway/prod/watcher",
        "retentionInDays": 60,
        "kmsKeyId": "key-arn",
    }


def test_it_reads_the_lease_and_the_age_of_tasks_writes_its_own_item_counts_and_publishes() -> None:
    policy = _document("aws:iam/rolePolicy:RolePolicy", "prod-watcher", "policy")
    assert policy["Statement"] == [
        {
            "Sid": "ReadTheLease",
            "Effect": "Allow",
            "Action": "dynamodb:GetItem",
            "Resource": "table-arn",
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["prod"]}},
        },
        {
            "Sid": "RememberWhatWasTold",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
            "Resource": "table-arn",
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["prod/watcher"]}},
        },
        {"Sid": "Tell", "Effect": "Allow", "Action": "sns:Publish", "Resource": "topic-arn"},
        {
            "Sid": "CountWhoIsTold",
            "Effect": "Allow",
            "Action": "sns:GetTopicAttributes",
            "Resource": ["topic-arn", "edge-topic-arn"],
        },
        {
            "Sid": "SeeTheTasks",
            "Effect": "Allow",
            "Action": ["ecs:DescribeTasks", "ecs:ListTasks"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"ecs:cluster": "cluster-arn"}},
        },
        {
            "Sid": "SeeWhenSecretsCame",
            "Effect": "Allow",
            "Action": ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
            "Resource": ["login-arn", "key-secret-arn"],
        },
        {
            "Sid": "Count",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "Slipway/prod"}},
        },
        {
            "Sid": "UseTheirKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "key-arn",
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        "dynamodb.eu-central-1.amazonaws.com",
                        "sns.eu-central-1.amazonaws.com",
                    ]
                }
            },
        },
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "arn:aws:cloudwatch:eu-west-1:123456789012:logGroup/prod-watcher-log:*",
        },
    ]
    assert _document("aws:iam/role:Role", "prod-watcher", "assumeRolePolicy")["Statement"] == [
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ]


def test_only_the_scheduler_of_this_account_calls_it_and_it_calls_nothing_else() -> None:
    policy = _document("aws:iam/rolePolicy:RolePolicy", "prod-watcher-schedule", "policy")
    assert policy["Statement"] == [
        {
            "Sid": "CallTheWatcher",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": FUNCTION_ARN,
        }
    ]
    trust = _document("aws:iam/role:Role", "prod-watcher-schedule", "assumeRolePolicy")
    assert trust["Statement"] == [
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": ACCOUNT,
                    "aws:SourceArn": (
                        f"arn:aws:scheduler:eu-central-1:{ACCOUNT}:schedule-group/default"
                    ),
                }
            },
        }
    ]


def test_it_looks_every_minute_and_never_late() -> None:
    assert _recorded().only("aws:scheduler/schedule:Schedule").inputs == {
        "description": "Looks at the lease of cutovers and at the age of tasks",
        "scheduleExpression": "rate(1 minute)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": FUNCTION_ARN,
            "roleArn": "arn:aws:iam::123456789012:role/prod-watcher-schedule",
            "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0},
        },
    }
    config = _recorded().only("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    assert config.inputs == {
        "functionName": "prod-watcher.name",
        "maximumEventAgeInSeconds": 60,
        "maximumRetryAttempts": 0,
    }


@pytest.mark.parametrize(
    ("metric", "description", "comparison", "missing"),
    [
        ("Errors", "the watcher of cutovers fails", "GreaterThanOrEqualTo", "notBreaching"),
        (
            "Throttles",
            "Lambda refuses to start the watcher of cutovers",
            *("GreaterThanOrEqualTo", "notBreaching"),
        ),
        ("Invocations", "the watcher of cutovers is not called", "LessThan", "breaching"),
    ],
)
def test_a_watcher_that_fails_or_is_silent_is_told_of(
    metric: str, description: str, comparison: str, missing: str
) -> None:
    assert _recorded().only(ALARM, f"prod-watcher-{metric.lower()}").inputs == {
        "alarmDescription": (
            f"ticket, platform: {description}. docs/runbooks/alarms.md#the-watcher-does-not-watch"
        ),
        "namespace": "AWS/Lambda",
        "metricName": metric,
        "dimensions": {"FunctionName": "prod-watcher.name"},
        "statistic": "Sum",
        "period": 60,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 3,
        "comparisonOperator": f"{comparison}Threshold",
        "threshold": 1,
        "treatMissingData": missing,
        "alarmActions": ["topic-arn"],
        "okActions": ["topic-arn"],
    }


def test_a_refresh_that_is_overdue_is_told_of_while_it_is() -> None:
    assert _recorded().only(ALARM, "prod-refresh-overdue").inputs == {
        "alarmDescription": (
            "ticket, platform: tasks run with a login or key that was replaced a week ago. "
            "docs/runbooks/rotation.md#a-refresh-is-overdue"
        ),
        "namespace": "Slipway/prod",
        "metricName": "TasksToRefresh",
        "statistic": "Maximum",
        "period": 60,
        "evaluationPeriods": 1,
        "datapointsToAlarm": 1,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "treatMissingData": "notBreaching",
        "alarmActions": ["topic-arn"],
        "okActions": ["topic-arn"],
    }
    assert "# A refresh is overdue\n" in (ROOT / "docs/runbooks/rotation.md").read_text()


def test_a_login_outlives_the_alarm_by_weeks() -> None:
    least = min(chosen(stack).postgres.rotation_days for stack in STACKS)
    assert least * 86_400 >= 4 * REFRESH_SECONDS


def test_that_is_all() -> None:
    assert len(_recorded().resources) == 14


@pytest.mark.parametrize("stack", STACKS)
def test_each_environment_watches_its_own_lease(stack: str) -> None:
    made = recorded(stack)
    variables = made.only(FUNCTION).inputs["environment"]["variables"]
    assert variables == {
        "ENVIRONMENT": stack,
        "TABLE": made.exports["journal_table"],
        "TOPIC": made.exports["alerts_topic"],
        "TOPICS": json.dumps(
            {
                called: made.only("aws:sns/topic:Topic", f"{stack}-{called}").outputs["arn"]
                for called in ("alerts", "edge-alerts")
            }
        ),
        "REPEAT_SECONDS": str(chosen(stack).alerts.repeat_minutes * 60),
        "CLUSTER": made.exports["cluster"],
        "SECRET_ARNS": ",".join(_secrets_of_tasks(stack)),
        "REFRESH_SECONDS": "604800",
        "NAMESPACE": f"Slipway/{stack}",
    }
    policy = json.loads(
        made.only("aws:iam/rolePolicy:RolePolicy", f"{stack}-watcher").inputs["policy"]
    )
    lease, memory, topic, told, tasks, secrets, _, key, _ = policy["Statement"]
    table = made.only("aws:dynamodb/table:Table").outputs["arn"]
    assert lease["Resource"] == memory["Resource"] == table
    assert topic["Resource"] == made.exports["alerts_topic"]
    assert told["Resource"] == [*json.loads(variables["TOPICS"]).values()]
    assert tasks["Condition"] == {"ArnEquals": {"ecs:cluster": made.exports["cluster"]}}
    assert secrets["Resource"] == _secrets_of_tasks(stack)
    assert key["Resource"] == made.only("aws:kms/key:Key", f"{stack}-key").outputs["arn"]
    # What stops a cutover is the health of the slots, and not who watches it.
    watcher = {alarm.outputs["arn"] for alarm in made.every(ALARM) if "-watcher-" in alarm.name}
    assert len(watcher) == 3
    assert not watcher & set(made.exports["alarms"])


def _secrets_of_tasks(stack: str) -> list[str]:
    """Those of which a task of a slot is given a value, but for the probe token, which stays."""
    blueprint = recorded(stack).only("aws:ecs/taskDefinition:TaskDefinition", f"{stack}-blueprint")
    given = [
        secret["valueFrom"]
        for container in json.loads(blueprint.inputs["containerDefinitions"])
        for secret in container["secrets"]
    ]
    arns = {made.name: made.outputs["arn"] for made in recorded(stack).every(SECRET)}
    del arns[f"{stack}-probe-token"]
    return [arns[name] for name in sorted(arns) if any(v.startswith(arns[name]) for v in given)]
