"""A preview opens one stack's state and nothing else; drift is looked for without any secret."""

import re

import pytest
import yaml

from bootstrap.actions import LOOKS_UP, READS
from infra.outputs import contract_name
from rehearsal.aws.iam_policy import actions
from rehearsal.stack_file import ROOT, stack_names
from rehearsal.synthetic import INVOKES
from tests import provider_reads
from tests.accounts import bounded, chosen, policy_of
from tests.accounts import recorded as account
from tests.environments import recorded

ACCOUNT, REGION = chosen().aws.account_id, chosen().aws.region
STACKS = ("prod", "staging", "testing")
STATE = account().only("aws:s3/bucket:Bucket").outputs["arn"]
DRIFT = ROOT / ".github" / "workflows" / "drift.yml"


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def key(name: str) -> str:
    return account().only("aws:kms/key:Key", name).outputs["arn"]


@pytest.mark.parametrize("purpose", ["preview", "drift"])
@pytest.mark.parametrize("stack", STACKS)
def test_each_opens_its_own_stacks_state_and_no_others(stack: str, purpose: str) -> None:
    role = f"slipway-{stack}-{purpose}"
    opened = [one for one in STACKS if bounded(role, "kms:Decrypt", key(f"slipway-{one}-secrets"))]
    assert opened == [stack]
    for path in ("stacks/slipway/{}.json", "history/slipway/{}/1.json", "backups/slipway/{}/1"):
        read = [
            one
            for one in STACKS
            if bounded(role, "s3:GetObject", f"{STATE}/.pulumi/{path.format(one)}")
        ]
        assert read == [stack], path
    assert not bounded(role, "s3:PutObject", f"{STATE}/.pulumi/stacks/slipway/{stack}.json")
    assert not bounded(role, "kms:Encrypt", key(f"slipway-{stack}-secrets"))


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_sees_nothing_of_the_account(stack: str) -> None:
    """It may be the code of a pull request: settings of prod are none of its business either, the
    token of its probes among them, which firewall and balancer show to whoever reads their rules.
    """
    role = f"slipway-{stack}-preview"
    assert {*actions(policy_of(role))} == {
        "s3:GetObject",
        "s3:ListBucket",
        "kms:Decrypt",
        *LOOKS_UP,
    }
    for action in ("wafv2:GetWebACL", "elasticloadbalancing:DescribeRules", "lambda:GetFunction"):
        assert not bounded(role, action), action
        assert bounded(f"slipway-{stack}-drift", action), action
    contract = arn("ssm", f"parameter{contract_name(stack)}")
    assert not bounded(role, "ssm:GetParameter", contract)


def test_a_preview_may_look_up_what_the_program_looks_up() -> None:
    """The recording refuses any other call of the program's, so these are all."""
    assert [*INVOKES] == ["aws:ec2/getManagedPrefixList:getManagedPrefixList"]
    assert LOOKS_UP == ("ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries")
    assert all(bounded("slipway-prod-preview", action) for action in LOOKS_UP)


def types() -> list[str]:
    found = {one.type for stack in stack_names() for one in recorded(stack).resources}
    return sorted(one for one in found if one.startswith("aws:"))


def test_what_a_refresh_asks_is_known_of_every_type() -> None:
    assert len(types()) > 70
    assert [one for one in types() if one not in provider_reads.READS] == []


def refreshed(role: str, type_: str) -> bool:
    """Whether the role may ask all that a refresh of the type asks."""
    parameter = arn("ssm", f"parameter{contract_name('prod')}")
    return all(
        bounded(role, action, parameter if action == "ssm:GetParameter" else "*")
        for action in provider_reads.READS[type_]
    )


SECRET = "aws:secretsmanager/secretVersion:SecretVersion"


def test_drift_is_looked_for_in_everything_but_the_values_of_secrets() -> None:
    assert [one for one in types() if not refreshed("slipway-prod-drift", one)] == [SECRET]


def test_a_deploy_refreshes_the_rest_too() -> None:
    secret = arn("secretsmanager", "secret:prod-secret-key-1a2b3c4-AbCdEf")
    assert bounded("slipway-prod-deploy", "secretsmanager:GetSecretValue", secret)
    others = [one for one in types() if one != SECRET]
    assert [one for one in others if not refreshed("slipway-prod-deploy", one)] == []


def pattern(glob: str) -> re.Pattern[str]:
    """Pulumi's: `**` is anything, `*` anything without a colon (its deploy.UrnTargets)."""
    parts = ["[^:]*".join(map(re.escape, one.split("*"))) for one in glob.split("**")]
    return re.compile(".*".join(parts))


def test_the_nightly_preview_leaves_exactly_those_out() -> None:
    [command] = [
        step["run"]
        for step in yaml.safe_load(DRIFT.read_text())["jobs"]["preview"]["steps"]
        if "pulumi preview" in step.get("run", "")
    ]
    assert " --refresh " in command
    excluded = [pattern(one) for one in re.findall(r"--exclude '([^']+)'", command)]
    assert len(excluded) == 1
    for stack in stack_names():
        left_out = [one for one in recorded(stack).resources if excluded[0].fullmatch(one.urn)]
        assert left_out == recorded(stack).every(SECRET)
        assert len(left_out) >= 4


def test_neither_reads_a_secret_or_data() -> None:
    table = arn("dynamodb", "table/prod-cutover-1a2b3c4")
    bucket = "arn:aws:s3:::prod-frontend-1a2b3c4"
    for action, resource in (
        (
            "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:prod-probe-token-1-AbCdEf"),
        ),
        ("dynamodb:Query", table),
        ("dynamodb:GetItem", table),
        ("logs:GetLogEvents", arn("logs", "log-group:/slipway/prod/app:*")),
        ("s3:GetObject", f"{bucket}/index.html"),
        ("ssm:GetParameter", arn("ssm", "parameter/of-others")),
        ("kms:Decrypt", arn("kms", "key/1234")),
        ("lambda:InvokeFunction", "*"),
    ):
        for purpose in ("preview", "drift"):
            assert not bounded(f"slipway-prod-{purpose}", action, resource), action
    reading = re.compile(r"[a-z0-9-]+:(Describe|Get|List|View)")
    assert [action for action in READS if not reading.match(action)] == []
