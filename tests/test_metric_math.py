"""The expressions of this program's alarms are evaluated as CloudWatch's documentation says."""

import pytest

from rehearsal.aws.metric_math import Number, evaluated


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a+b*2", 7),
        ("(a+b)/2-1", 1),
        ("a/zero", None),
        ("a+none", None),
        ("a>=b", 0),
        ("a<=b", 1),
        ("a<b", 1),
        ("a>b", 0),
        ("FILL(none,4)", 4),
        ("FILL(a,4)", 1),
        ("FILL(zero,4)", 0),
        ("IF(a<b,b,none)", 3),
        ("IF(a>b,b,5)", 5),
        ("IF(none>b,b,5)", None),
        ("IF(FILL(none,0)>=1,a/zero,0)", 0),
        ("MAX([a,b])", 3),
        ("MAX([a,none])", 1),
        ("MAX([none,none])", None),
    ],
)
def test_one_expression(expression: str, value: Number) -> None:
    assert evaluated({"it": expression}, {"a": 1, "b": 3, "zero": 0, "none": None}) == value


def test_one_builds_on_the_other_and_the_last_one_counts() -> None:
    assert evaluated({"sum": "a+1", "twice": "sum*2"}, {"a": 2}) == 6


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a)", "-a", "a if a else a", "'x'"])
def test_what_is_not_known_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match="no metric math that is known here"):
        evaluated({"it": expression}, {"a": 1})
