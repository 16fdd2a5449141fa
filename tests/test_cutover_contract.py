"""The contract is read in one call, and what is wrong with it is one sentence."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import MISSING
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cutover.decide.limits import Limits
from cutover.do.aws_errors import explained
from cutover.do.clients import Clients
from cutover.do.contract import NoContract, UnreadableContract, check_account, read_contract
from cutover.do.world import Refused, Unavailable
from cutover.say.wiring import setting_of
from infra.outputs import Contract, contract_name
from tests.environments import recorded

REGION = "eu-central-1"
CREDENTIALS = (
    *("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_DEFAULT_REGION"),
)


@pytest.fixture
def aws() -> Iterator[None]:
    """Moto's account is 123456789012, and its keys are in the environment."""
    with mock_aws():
        yield


@pytest.fixture
def clients(aws: None) -> Clients:
    return Clients(REGION)


def written() -> Contract:
    """What the program writes for prod."""
    parameter = recorded("prod").only("aws:ssm/parameter:Parameter", "prod-contract")
    return Contract.from_json(parameter.inputs["value"])


def put(clients: Clients, stack: str, text: str) -> None:
    clients.call(
        "ssm",
        "put_parameter",
        Name=contract_name(stack),
        Value=text,
        Type="String",
        Tier="Advanced",
        Overwrite=True,
    )


def sentence(clients: Any, stack: str = "prod") -> str:
    with pytest.raises(Refused) as refused:
        read_contract(clients, stack)
    return str(refused.value)


def test_what_the_program_wrote_is_read_in_one_call(clients: Clients) -> None:
    put(clients, "prod", written().to_json())
    before = clients.calls
    assert read_contract(clients, "prod") == written()
    assert clients.calls == before + 1


def test_a_contract_that_is_missing(clients: Clients) -> None:
    put(clients, "prod", written().to_json())
    assert sentence(clients, "staging") == (
        "there is no contract /slipway/staging/contract in eu-central-1 (credentials from env); "
        "check the stack's name, AWS_PROFILE and AWS_REGION, or run `pulumi up --stack staging` "
        "first"
    )
    assert sentence(Clients("us-east-1")).startswith(
        "there is no contract /slipway/prod/contract in us-east-1 (credentials from env); "
    )


@pytest.mark.parametrize(
    "stack",
    ["", "p", "Prod", "prod/x", "../prod", "prod\n", "prod-", "-prod", "a--b", "prod 1", "a" * 17],
)
def test_a_name_that_no_stack_has_is_refused_without_a_call(clients: Clients, stack: str) -> None:
    assert sentence(clients, stack) == (
        f"{stack!r} is no name of a stack, which has 2 to 16 lower-case letters, digits and "
        "single hyphens; choose one that has a file Pulumi.<stack>.yaml"
    )
    assert clients.calls == 0


@pytest.mark.parametrize("stack", ["ab", "prod", "pr-12", "a" * 16])
def test_a_name_that_a_stack_may_have_is_looked_for(clients: Clients, stack: str) -> None:
    assert f"no contract /slipway/{stack}/contract" in sentence(clients, stack)
    assert clients.calls == 1


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("{", 'the contract is no JSON: "{"; run `pulumi up --stack prod` to write it again'),
        (
            '{"version": 2}',
            "the contract has version 2, and this program reads 3; run `pulumi up --stack prod` to "
            "write it again",
        ),
        (
            '{"version": 99}',
            "the contract has version 99, and this program reads 3; use the same checkout for "
            "`pulumi up` and cutover",
        ),
    ],
    ids=["no JSON", "earlier", "later"],
)
def test_a_contract_that_is_none(clients: Clients, text: str, end: str) -> None:
    put(clients, "prod", text)
    assert sentence(clients) == f"/slipway/prod/contract in eu-central-1: {end}"


def test_none_at_all_is_no_contract_that_an_up_would_mend(clients: Clients) -> None:
    with pytest.raises(NoContract) as missing:
        read_contract(clients, "prod")
    assert type(missing.value) is NoContract


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{", UnreadableContract),
        ('{"version": 2}', UnreadableContract),
        ('{"version": 99}', Refused),
    ],
    ids=["no JSON", "earlier", "later"],
)
def test_an_up_may_write_over_what_an_earlier_program_wrote_and_over_nothing_later(
    clients: Clients, text: str, kind: type[Refused]
) -> None:
    put(clients, "prod", text)
    with pytest.raises(Refused) as refused:
        read_contract(clients, "prod")
    assert type(refused.value) is kind


NEEDED = [field.name for field in dataclasses.fields(Contract) if field.default is MISSING]


def test_a_contract_that_lacks_a_field(clients: Clients) -> None:
    assert {"version", "slots", "journal_table", "policy"} <= set(NEEDED)
    for field in NEEDED:
        fields = json.loads(written().to_json())
        del fields[field]
        put(clients, "prod", json.dumps(fields))
        assert sentence(clients) == (
            f"/slipway/prod/contract in eu-central-1: the contract can't be used: {field} is "
            "missing; run `pulumi up --stack prod` to write it again"
        )


def test_all_problems_of_a_contract_are_one_sentence_without_pythons_words(
    clients: Clients,
) -> None:
    fields = json.loads(written().to_json())
    del fields["cluster"]
    fields["policy"]["step_seconds"] = "30"
    put(clients, "prod", json.dumps(fields))
    assert sentence(clients) == (
        "/slipway/prod/contract in eu-central-1: the contract can't be used: cluster is missing; "
        'policy/step_seconds must be a whole number from 1 to 1000000, and is "30"; run '
        "`pulumi up --stack prod` to write it again"
    )


def test_a_contract_that_is_another_environments(clients: Clients) -> None:
    put(clients, "staging", written().to_json())
    assert sentence(clients, "staging") == (
        "/slipway/staging/contract in eu-central-1 is the contract of prod; "
        "run `pulumi up --stack staging` to write it again"
    )


def without_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_without_credentials(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    without_environment(monkeypatch)
    assert sentence(Clients(REGION)) == (
        "there are no AWS credentials for ssm:GetParameter: Unable to locate credentials; log in, "
        "then try again"
    )


def test_without_a_region(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    without_environment(monkeypatch)
    assert sentence(Clients()) == (
        "no AWS region is chosen; set AWS_REGION to the environment's region"
    )


class Answering:
    """Clients of an AWS that gives this error."""

    region = REGION
    credentials_from = "sso"

    def __init__(self, code: str) -> None:
        self.code = code

    def call(self, service: str, operation: str, /, **_arguments: Any) -> Any:
        assert (service, operation) == ("ssm", "get_parameter")
        error = ClientError({"Error": {"Code": self.code, "Message": "Because."}}, operation)
        raise explained(error, "ssm:GetParameter") from error


def test_with_expired_credentials() -> None:
    assert sentence(Answering("ExpiredTokenException")) == (
        "the AWS credentials have expired (ssm:GetParameter: ExpiredTokenException); log in again"
    )


def test_without_permission() -> None:
    assert sentence(Answering("AccessDeniedException")) == (
        "AWS denies ssm:GetParameter (Because); allow it for the role that runs cutover, or use "
        "that role"
    )


def test_an_outage_may_be_repeated() -> None:
    throttled: Any = Answering("ThrottlingException")
    with pytest.raises(Unavailable, match="can't take ssm:GetParameter now"):
        read_contract(throttled, "prod")


def test_the_account_is_compared_in_one_call(clients: Clients) -> None:
    ours = dataclasses.replace(written(), account_id="123456789012")
    check_account(clients, ours)
    assert clients.calls == 1
    with pytest.raises(Refused) as refused:
        check_account(clients, dataclasses.replace(ours, account_id="210987654321"))
    assert str(refused.value) == (
        "the credentials are of account 123456789012, and prod is in account 210987654321; "
        "choose another AWS_PROFILE"
    )


def test_the_gates_hold_a_release_to_the_objectives_of_the_contract() -> None:
    policy = dataclasses.replace(
        written().policy, tolerated_error_ratio=0.007, latency_seconds=0.35
    )
    setting = setting_of(dataclasses.replace(written(), policy=policy))
    assert setting.limits == Limits(tolerated_error_ratio=0.007, latency_seconds=0.35)


def test_the_environments_alarms_are_the_fast_pages_of_both_budgets() -> None:
    assert setting_of(written()).alarms.environment == {
        "prod-availability-fast",
        "prod-latency-fast",
    }
