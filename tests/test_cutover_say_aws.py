"""Against an emulated AWS with real boto3: bad input is one sentence, and changes nothing."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cutover.do.clients import Clients
from cutover.do.logs import log_stream
from cutover.say import cli
from infra.outputs import Contract, contract_name
from rehearsal.aws.control_plane import ControlPlane
from tests.cutover_aws import IMAGE, REGION, Emulated, emulated

ACCOUNT = "100000000077"
Run = Callable[..., int]
Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def environment() -> Iterator[Emulated]:
    with emulated(ACCOUNT) as made:
        yield made


@pytest.fixture
def plane(environment: Emulated, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    for name in ("CUTOVER_WEBHOOK_URL", "SLIPWAY_STACK", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    return environment.plane


@pytest.fixture
def contract(environment: Emulated, plane: ControlPlane) -> Contract:
    """The environment's, in the account of this file: a test may write another in its place."""
    contract = dataclasses.replace(environment.contract, account_id=ACCOUNT)
    write_contract(plane, contract.to_json())
    return contract


def write_contract(plane: ControlPlane, text: str, stack: str = "testing") -> None:
    plane.client("ssm").put_parameter(
        Name=contract_name(stack), Value=text, Type="String", Overwrite=True
    )


def items(plane: ControlPlane, contract: Contract) -> list[dict[str, object]]:
    return plane.client("dynamodb").scan(TableName=contract.journal_table)["Items"]


@pytest.fixture
def cutover(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["cutover", *arguments])
        return cli.main()

    return run


DEPLOY = ("deploy", "--image", IMAGE, "--release", "r1", "--stack")


def test_a_stack_without_contract(plane: ControlPlane, cutover: Run, capsys: Output) -> None:
    assert cutover(*DEPLOY, "nowhere") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"there is no contract /slipway/nowhere/contract in {REGION} (")
    assert said.err.endswith("or run `pulumi up --stack nowhere` first\n")


def test_what_is_no_name_of_a_stack(plane: ControlPlane, cutover: Run, capsys: Output) -> None:
    assert cutover("status", "--stack", "../prod") == 2
    assert capsys.readouterr().err.startswith("'../prod' is no name of a stack, ")


def test_a_contract_of_another_version(
    contract: Contract, plane: ControlPlane, cutover: Run, capsys: Output
) -> None:
    write_contract(plane, dataclasses.replace(contract, version=99).to_json())
    assert cutover("status", "--stack", "testing") == 2
    assert capsys.readouterr() == (
        "",
        f"/slipway/testing/contract in {REGION}: the contract has version 99, and this program "
        "reads 3; use the same checkout for `pulumi up` and cutover\n",
    )


def test_credentials_of_another_account(
    contract: Contract, plane: ControlPlane, cutover: Run, capsys: Output
) -> None:
    write_contract(plane, dataclasses.replace(contract, account_id="100000000078").to_json())
    assert cutover(*DEPLOY, "testing") == 2
    assert capsys.readouterr() == (
        "",
        f"the credentials are of account {ACCOUNT}, and testing is in account 100000000078; "
        "choose another AWS_PROFILE\n",
    )
    assert items(plane, contract) == []


def test_no_credentials(
    plane: ControlPlane, cutover: Run, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert cutover("status", "--stack", "testing") == 5
    said = capsys.readouterr().err
    assert said.startswith("there are no AWS credentials for ssm:GetParameter: ")
    assert said.endswith("; log in, then try again\n")


class Expired(BaseHTTPRequestHandler):
    """AWS, to whom credentials of yesterday are shown."""

    def do_POST(self) -> None:
        body = json.dumps({"__type": "ExpiredTokenException", "message": "The token is expired"})
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_expired_credentials(
    plane: ControlPlane, cutover: Run, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HTTPServer(("127.0.0.1", 0), Expired) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
            assert cutover("rollback", "--stack", "testing") == 5
        finally:
            server.shutdown()
            thread.join()
    assert capsys.readouterr() == (
        "",
        "the AWS credentials have expired (ssm:GetParameter: ExpiredTokenException); log in "
        "again\n",
    )


def test_aws_that_is_not_there_may_be_asked_again(
    plane: ControlPlane, cutover: Run, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert cutover("status", "--stack", "testing") == 10
    said = capsys.readouterr().err
    assert said.startswith("ssm:GetParameter got no answer from AWS: ")
    assert said.endswith("; give the same command again\n")


LEADS_NOWHERE = "; check the variables that begin with AWS_, and the profile\n"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"AWS_ENDPOINT_URL": "nonsense"},
            "ssm:get_parameter was not sent to AWS: Invalid endpoint: nonsense" + LEADS_NOWHERE,
        ),
        (
            {"AWS_REGION": "eu west"},
            "ssm:get_parameter was not sent to AWS: Provided region_name 'eu west' doesn't match a "
            "supported format" + LEADS_NOWHERE,
        ),
        (
            {"AWS_CREDENTIAL_EXPIRATION": "2026-03-01T12:00:00Z"},
            "the AWS credentials have expired (ssm:GetParameter was not sent); log in again\n",
        ),
        (
            {"AWS_CREDENTIAL_EXPIRATION": "soon"},
            "ssm:get_parameter was not sent to AWS: Unknown string format: soon" + LEADS_NOWHERE,
        ),
        (
            {"AWS_DEFAULT_REGION": None, "AWS_CONFIG_FILE": "/dev/null"},
            "no AWS region is chosen; set AWS_REGION to the environment's region\n",
        ),
    ],
)
def test_an_environment_that_leads_nowhere(
    plane: ControlPlane,
    cutover: Run,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str | None],
    sentence: str,
) -> None:
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    assert cutover(*DEPLOY, "testing") == 5
    assert capsys.readouterr() == ("", sentence)


def test_authorities_that_are_not_there(
    plane: ControlPlane, cutover: Run, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = plane.variables["AWS_ENDPOINT_URL"].replace("http:", "https:")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/bundle.pem")
    assert cutover("rollback", "--stack", "testing") == 5
    assert capsys.readouterr().err == (
        f"nobody vouches for who answers ssm:GetParameter (SSL validation failed for {endpoint}/ "
        "[Errno 2] No such file or directory); check AWS_CA_BUNDLE, and what stands between this "
        "machine and AWS\n"
    )


@pytest.mark.parametrize(
    "verb",
    [
        *(DEPLOY[:-1], ("plan", *DEPLOY[1:-1]), ("status",), ("resume",), ("rollback",)),
        *(("abort",), ("retire",), ("refresh",), ("history",), ("freeze", "--reason", "x")),
        *(("unfreeze",), ("verify",), ("shell",), ("guard",)),
    ],
    ids=lambda verb: verb[0],
)
def test_every_verb_refuses_in_one_sentence_and_as_an_object(
    plane: ControlPlane,
    cutover: Run,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    verb: tuple[str, ...],
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    as_json = () if verb[0] == "guard" else ("--json",)
    program = ("--", "false") if verb[0] in ("shell", "guard") else ()
    assert cutover(*verb, "--stack", "testing", *as_json, *program) == 5
    said = capsys.readouterr()
    sentence = (
        "The config profile (nobody) could not be found; set AWS_PROFILE to one that `aws "
        "configure list-profiles` names, or unset it"
    )
    assert said.err == f"{sentence}\n"
    if as_json:
        assert json.loads(said.out) == {
            "command": verb[0],
            "stack": "testing",
            "exit": 5,
            "sentence": sentence,
        }


def test_a_table_of_another_shape(
    contract: Contract, plane: ControlPlane, cutover: Run, capsys: Output
) -> None:
    plane.client("dynamodb").create_table(
        TableName="another",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    write_contract(plane, dataclasses.replace(contract, journal_table="another").to_json())
    for verb in (DEPLOY, ("rollback", "--stack"), ("freeze", "--reason", "x", "--stack")):
        assert cutover(*verb, "testing") == 5
        said = capsys.readouterr().err
        assert said.startswith("table another is not shaped as the journal of testing (")
        assert said.endswith("); run `pulumi up` again\n")
        assert said.count("\n") == 1
    assert plane.client("dynamodb").scan(TableName="another")["Items"] == []


def test_a_missing_table(
    contract: Contract, plane: ControlPlane, cutover: Run, capsys: Output
) -> None:
    write_contract(plane, dataclasses.replace(contract, journal_table="no-table").to_json())
    assert cutover(*DEPLOY, "testing") == 5
    said = capsys.readouterr().err
    assert said.startswith("there is no table no-table for the journal of testing in ")
    assert said.count("\n") == 1


def test_a_journal_that_somebody_has_changed(
    contract: Contract, plane: ControlPlane, cutover: Run, capsys: Output
) -> None:
    dynamodb = plane.client("dynamodb")
    assert cutover("freeze", "--reason", "party", "--stack", "testing") == 0
    (entry,) = [item for item in items(plane, contract) if item["record"]["S"] != "lease"]
    text = entry["entry"]["S"]
    assert "party" in text
    changed = {**entry, "entry": {"S": text.replace("party", "tempo")}}
    dynamodb.put_item(TableName=contract.journal_table, Item=changed)
    before = items(plane, contract)
    capsys.readouterr()
    for verb in (("status",), ("history", "--verify"), ("rollback",), ("retire",)):
        assert cutover(*verb, "--stack", "testing") == 8
        assert capsys.readouterr() == (
            "",
            "entry 1 of the journal was changed after it was written\n",
        )
    assert items(plane, contract) == before
    dynamodb.put_item(TableName=contract.journal_table, Item=entry)
    assert cutover("unfreeze", "--stack", "testing") == 0
    assert cutover("history", "--verify", "--stack", "testing") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("the chain of 2 entries is whole, up to ")


def test_an_empty_environment_from_end_to_end(
    contract: Contract, plane: ControlPlane, cutover: Run, capfd: Output
) -> None:
    assert cutover("status", "--json", "--stack", "testing") == 0
    found = json.loads(capfd.readouterr().out)
    assert found["weights"]["journal"] is None
    assert sum(found["weights"]["live"].values()) == 100
    assert found["active"] is None
    assert cutover("guard", "--stack", "testing", "--", "echo", "up") == 0
    assert capfd.readouterr().out == "up\nno release was ever live here\n"
    assert cutover("verify", "--stack", "testing") == 0
    assert capfd.readouterr().out == "the environment is empty: no release was ever live here\n"
    assert cutover("plan", *DEPLOY[1:], "testing") in (0, 5)
    assert "deploy of r1 to " in capfd.readouterr().out


def test_where_a_task_s_output_is(contract: Contract, plane: ControlPlane) -> None:
    clients = Clients(REGION)
    task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/cluster/0123456789abcdef"
    found = log_stream(clients, contract, contract.blueprint.task_definition, task)
    group, option, stream = found.split(" ")
    assert group in json.dumps(plane.client("logs").describe_log_groups()["logGroups"], default=str)
    assert option == "--log-stream-names"
    app = contract.blueprint.app_container
    assert stream.split("/")[1:] == [app, "0123456789abcdef"]
