"""What is asked of Route 53: somebody outside asks for /health, and somebody is told."""

import pytest

from infra.balancer import API_PATHS
from tests.environments import STACKS, chosen, recorded

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.mark.parametrize("stack", STACKS)
def test_health_is_asked_by_the_public_name_over_tls_from_three_continents(stack: str) -> None:
    check = recorded(stack).only("aws:route53/healthCheck:HealthCheck")
    assert check.inputs == {
        "type": "HTTPS",
        "fqdn": chosen(stack).domain.name,
        "port": 443,
        "enableSni": True,
        "resourcePath": "/health",
        "requestInterval": 30,
        "failureThreshold": 3,
        "measureLatency": False,
        "invertHealthcheck": False,
        "disabled": False,
        "regions": ["ap-southeast-1", "eu-west-1", "us-east-1"],
        "tags": {"Name": f"{stack}-health"},
    }
    assert check.inputs["resourcePath"] in API_PATHS


@pytest.mark.parametrize("stack", STACKS)
def test_whoever_can_not_reach_it_is_told_of_by_the_edge(stack: str) -> None:
    topic = recorded(stack).only("aws:sns/topic:Topic", f"{stack}-edge-alerts").outputs["arn"]
    assert recorded(stack).only(ALARM, f"{stack}-health-unreachable").inputs == {
        "region": "us-east-1",
        "alarmDescription": (
            "page, platform: /health does not answer 200 to whoever asks from outside. "
            "docs/runbooks/alarms.md#nobody-can-reach-it"
        ),
        "namespace": "AWS/Route53",
        "metricName": "HealthCheckStatus",
        "dimensions": {"HealthCheckId": f"{stack}-health-id"},
        "statistic": "Minimum",
        "period": 60,
        "evaluationPeriods": 2,
        "datapointsToAlarm": 2,
        "comparisonOperator": "LessThanThreshold",
        "threshold": 1,
        "treatMissingData": "breaching",
        "alarmActions": [topic],
        "okActions": [topic],
    }
