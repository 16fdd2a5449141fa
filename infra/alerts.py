"""Whatever needs a person reaches those listed in the stack file, encrypted until it is sent."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import AlertsSettings

# Who tells the topic something, and so needs the key that encrypts it (SNS developer guide, "Key
# management"): alarms, events of RDS, and the budget.
PUBLISHERS = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    settings: AlertsSettings
    account_id: str
    key_arn: pulumi.Input[str]
    region: str | None = None


class Alerts(pulumi.ComponentResource):
    """An SNS topic, its policy, and a subscription for each e-mail address.

    AWS sends each address a mail with a link; nothing is delivered there before it is followed.
    """

    topic_arn: pulumi.Output[str]
    """ARN of the topic, for alarms and event subscriptions."""
    topic_name: pulumi.Output[str]
    """Its name, which is the dimension of its metrics."""

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-alerts", region=args.region, kms_master_key_id=args.key_arn, opts=child
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-alerts-policy",
            region=args.region,
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(_policy(topic.arn, args.account_id)),
            opts=child,
        )
        for address in args.settings.emails:
            aws.sns.TopicSubscription(
                f"{name}-alerts-{address}",
                region=args.region,
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=child,
            )
        # From the policy, not the topic: RDS tests at once whether it may publish.
        self.topic_arn, self.topic_name = policy.arn, topic.name
        self.register_outputs({"topic_arn": self.topic_arn})


def _policy(topic_arn: pulumi.Input[str], account_id: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PublishersOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": PUBLISHERS},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
            },
            {
                # EventBridge says nothing of its account or rule when it publishes, so a condition
                # would refuse everything ("Amazon SNS permissions", EventBridge user guide).
                "Sid": "Events",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
            },
            {
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
