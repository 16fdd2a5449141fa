"""The page that says what each role of bootstrap may do says all of it."""

import json
import re
from dataclasses import replace

import pytest

from rehearsal.recording import Recording
from rehearsal.rights_page import markdown
from rehearsal.stack_file import ROOT, stack_names
from tests.accounts import recorded as account

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
MANAGED_POLICY = "aws:iam/policy:Policy"
GRAMMAR = {"Statement", "Sid", "Effect", "Action", "Resource", "Condition", "Version", "2012-10-17"}
MORE = {
    "Sid": "More",
    "Effect": "Allow",
    "Action": "s3:*",
    "Resource": ["a", "b"],
    "Condition": {"Null": {"aws:TagKeys": "true"}},
}


def test_the_page_is_as_the_program_stands() -> None:
    """When this fails: `make rights`, and look at what it changes."""
    assert (ROOT / "docs" / "rights.md").read_text() == markdown(account())


@pytest.mark.parametrize("type_", [ROLE_POLICY, MANAGED_POLICY])
def test_every_word_of_every_policy_is_on_it(type_: str) -> None:
    page = markdown(account())
    for one in account().every(type_):
        policy = one.inputs["policy"]
        for stack in {*stack_names()} & {*one.name.split("-")}:
            policy = re.sub(rf"\b{stack}\b", "<environment>", policy)
        words = {*re.findall(r'"([^"]+)"', policy)} - GRAMMAR
        assert len(words) > 5
        assert sorted(word for word in words if word not in page) == []


def test_a_role_that_may_more_is_another_page() -> None:
    page = markdown(account())
    heading = "## `slipway-prod-drift`, `slipway-staging-drift`, `slipway-testing-drift`"
    assert page.count(heading) == 1
    changed = [
        replace(one, inputs=one.inputs | {"policy": json.dumps({"Statement": [MORE]})})
        if (one.type, one.name) == (ROLE_POLICY, "slipway-staging-drift")
        else one
        for one in account().resources
    ]
    wider = markdown(Recording(resources=changed))
    assert "\n## `slipway-staging-drift`\n" in wider
    assert "\n## `slipway-prod-drift`, `slipway-testing-drift`\n" in wider
    assert "| More | Allow | `s3:*` | `a`, `b` | Null `aws:TagKeys` `true` |" in wider
