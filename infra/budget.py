"""What the environment may cost a month, and who hears of it when it is about to cost more."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import BudgetSettings

# Percent of the month's limit: two warnings on the way, the limit itself, and a month whose
# forecast goes beyond it, while there is time to do something.
_SPENT = (50, 80, 100)
_FORECAST = 100


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    settings: BudgetSettings
    alerts_topic_arn: pulumi.Input[str]


class Budget(pulumi.ComponentResource):
    """One budget over everything with the environment's tag; nothing is stopped by it.

    AWS knows costs by a tag only after "environment" was made a cost allocation tag, by hand and
    once for an organization ("Activating user-defined cost allocation tags", billing user guide).
    """

    def __init__(
        self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Budget", name, None, opts)
        topic = [args.alerts_topic_arn]
        aws.budgets.Budget(
            f"{name}-budget",
            budget_type="COST",
            limit_amount=str(args.settings.monthly_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_filters=[
                aws.budgets.BudgetCostFilterArgs(
                    name="TagKeyValue", values=[f"user:environment${name}"]
                )
            ],
            notifications=[
                *(_notification("ACTUAL", percent, topic) for percent in _SPENT),
                _notification("FORECASTED", _FORECAST, topic),
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _notification(
    kind: str, percent: int, topic: list[pulumi.Input[str]]
) -> aws.budgets.BudgetNotificationArgs:
    return aws.budgets.BudgetNotificationArgs(
        notification_type=kind,
        comparison_operator="GREATER_THAN",
        threshold=percent,
        threshold_type="PERCENTAGE",
        subscriber_sns_topic_arns=topic,
    )
