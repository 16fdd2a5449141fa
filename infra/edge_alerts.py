"""The alerts topic of the edge: an alarm tells only a topic of its own region, and CloudFront, its
firewall, its certificate and Route 53 have their metrics in us-east-1.

Nothing of it is in the environment's region, so it can also tell that alerts there are silent.
"""

from dataclasses import dataclass

import pulumi

from infra.alerts import Alerts, AlertsArgs
from infra.encryption import publishers_may_use
from infra.key import key
from infra.settings import AlertsSettings

REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class EdgeAlertsArgs:
    settings: AlertsSettings
    account_id: str


class EdgeAlerts(pulumi.ComponentResource):
    """A topic for the same people, and a key of that region: AWS's own for SNS lets no alarm in."""

    topic_arn: pulumi.Output[str]
    """ARN of the topic."""
    topic_name: pulumi.Output[str]
    """Its name, which is the dimension of its metrics."""

    def __init__(
        self, name: str, args: EdgeAlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:EdgeAlerts", name, None, opts)
        encrypts = key(
            f"{name}-edge",
            f"Encrypts the alerts of the edge of the environment {name}",
            account_id=args.account_id,
            child=pulumi.ResourceOptions(parent=self),
            region=REGION,
            also=publishers_may_use(args.account_id),
        )
        alerts = Alerts(
            f"{name}-edge",
            AlertsArgs(
                settings=args.settings,
                account_id=args.account_id,
                key_arn=encrypts.arn,
                region=REGION,
            ),
            # It holds nothing, and nobody depends on its name.
            pulumi.ResourceOptions(parent=self, protect=False),
        )
        self.topic_arn, self.topic_name = alerts.topic_arn, alerts.topic_name
        self.register_outputs({"topic_arn": self.topic_arn})
