"""Somebody outside asks for /health every half minute, by the public name, as a user would."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm, Metric
from infra.alarms import Alarms, AlarmsArgs
from infra.edge_alerts import REGION

# Three are the least that Route 53 takes, and the ones furthest from each other.
CHECKED_FROM = ("ap-southeast-1", "eu-west-1", "us-east-1")
_PATH = "/health"
_INTERVAL_SECONDS = 30
_FAILURES = 3


@dataclass(frozen=True, kw_only=True)
class HealthCheckArgs:
    domain_name: str
    topic_arn: pulumi.Input[str]


class HealthCheck(pulumi.ComponentResource):
    """Route 53's health check, and its alarm, which is where its metrics are.

    Everything is in it: DNS, CloudFront, its firewall, the balancer, a task, and the database, for
    /health answers 503 without one. No name follows it: nothing fails over.
    """

    def __init__(
        self, name: str, args: HealthCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:HealthCheck", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        check = aws.route53.HealthCheck(
            f"{name}-health",
            type="HTTPS",
            fqdn=args.domain_name,
            port=443,
            enable_sni=True,
            resource_path=_PATH,
            request_interval=_INTERVAL_SECONDS,
            failure_threshold=_FAILURES,
            measure_latency=False,
            invert_healthcheck=False,
            disabled=False,
            regions=list(CHECKED_FROM),
            tags={"Name": f"{name}-health"},
            opts=child,
        )
        Alarms(
            f"{name}-health",
            AlarmsArgs(alarms=[unreachable(check.id)], topic_arn=args.topic_arn, region=REGION),
            child,
        )
        self.register_outputs({})


def unreachable(check: pulumi.Input[str]) -> Alarm:
    """Before the first release nothing answers /health: it fires until then."""
    return Alarm(
        name="unreachable",
        severity="page",
        says="/health does not answer 200 to whoever asks from outside",
        runbook="alarms.md#nobody-can-reach-it",
        source=f"ours: {_FAILURES} in a row, one each {_INTERVAL_SECONDS} s, and two minutes",
        metrics={
            "healthy": Metric(
                "AWS/Route53", "HealthCheckStatus", "Minimum", {"HealthCheckId": check}
            )
        },
        comparison="<",
        threshold=1,
        periods=2,
        missing="breaching",
    )
