"""Counts who would be told by an alerts topic, in the metrics of another region than the topic's.

An alarm there says that a topic has lost its people, or that this function, or all of its region,
is gone, through a topic that none of that concerns.
"""

from dataclasses import dataclass
from typing import Any

from infra.outputs import SUBSCRIBERS_METRIC, TOPIC_DIMENSION


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    """One topic by its ARN, and what the metric calls it. `sns` is a client of its region,
    `cloudwatch` one of the region whose alarm looks at it."""

    topic: str
    called: str
    namespace: str
    sns: Any
    cloudwatch: Any

    def look(self, _now: float) -> None:
        """Writes how many subscribers have followed the link of their first mail.

        Raises what boto3 raises: silence is what the alarm is for.
        """
        attributes = self.sns.get_topic_attributes(TopicArn=self.topic)["Attributes"]
        self.cloudwatch.put_metric_data(
            Namespace=self.namespace,
            MetricData=[
                {
                    "MetricName": SUBSCRIBERS_METRIC,
                    "Dimensions": [{"Name": TOPIC_DIMENSION, "Value": self.called}],
                    "Value": float(attributes["SubscriptionsConfirmed"]),
                    "Unit": "Count",
                }
            ],
        )


def region_of(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":")[3]
