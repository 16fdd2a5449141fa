"""What is asked of AWS Budgets: one limit, four messages, all to the topic."""

import pytest

from infra.budget import Budget, BudgetArgs
from infra.settings import BudgetSettings
from rehearsal.recording import record
from tests.environments import STACKS, chosen, recorded

BUDGET = "aws:budgets/budget:Budget"


def _inputs() -> dict[str, object]:
    def program() -> None:
        Budget(
            "prod",
            BudgetArgs(settings=BudgetSettings(monthly_usd=1500), alerts_topic_arn="topic-arn"),
        )

    return record(program, stack="prod").only(BUDGET).inputs


def test_the_limit_is_in_dollars_a_month_for_what_has_the_environments_tag() -> None:
    inputs = _inputs()
    assert {
        key: inputs[key]
        for key in ("budgetType", "limitAmount", "limitUnit", "timeUnit", "costFilters")
    } == {
        "budgetType": "COST",
        "limitAmount": "1500",
        "limitUnit": "USD",
        "timeUnit": "MONTHLY",
        "costFilters": [{"name": "TagKeyValue", "values": ["user:environment$prod"]}],
    }


def test_the_topic_hears_of_half_of_it_of_most_of_it_of_all_and_of_a_forecast_beyond() -> None:
    assert _inputs()["notifications"] == [
        {
            "notificationType": kind,
            "comparisonOperator": "GREATER_THAN",
            "threshold": percent,
            "thresholdType": "PERCENTAGE",
            "subscriberSnsTopicArns": ["topic-arn"],
        }
        for kind, percent in (
            ("ACTUAL", 50),
            ("ACTUAL", 80),
            ("ACTUAL", 100),
            ("FORECASTED", 100),
        )
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_every_environment_has_the_budget_of_its_file_and_the_tag_that_it_counts(
    stack: str,
) -> None:
    inputs = recorded(stack).only(BUDGET).inputs
    assert inputs["limitAmount"] == str(chosen(stack).budget.monthly_usd)
    assert inputs["costFilters"] == [
        {"name": "TagKeyValue", "values": [f"user:environment${stack}"]}
    ]
    tags = recorded(stack).only("pulumi:providers:aws").inputs["defaultTags"]
    assert f'"environment": "{stack}"' in tags
