"""What a runbook says to type does what it says, on the emulated AWS."""

import dataclasses
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cutover.decide.outcome import Exit
from cutover.say import cli
from infra.outputs import Contract, contract_name
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.stack_file import ROOT
from tests.cutover_aws import Emulated, emulated

ACCOUNT = "100000000017"


@pytest.fixture(scope="module")
def environment() -> Iterator[Emulated]:
    with emulated(ACCOUNT) as made:
        yield made


@pytest.fixture
def contract(environment: Emulated, monkeypatch: pytest.MonkeyPatch) -> Contract:
    for name in ("CUTOVER_WEBHOOK_URL", "SLIPWAY_STACK", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    contract = dataclasses.replace(environment.contract, account_id=ACCOUNT)
    environment.plane.client("ssm").put_parameter(
        Name=contract_name("testing"), Value=contract.to_json(), Type="String", Overwrite=True
    )
    return contract


def block(page: str, heading: str) -> str:
    """The first block of commands below a heading."""
    text = (ROOT / "docs" / "runbooks" / page).read_text()
    found = re.search(rf"^## {heading}\n.*?^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def cutover(monkeypatch: pytest.MonkeyPatch, line: str) -> int:
    monkeypatch.setattr("sys.argv", ["cutover", *shlex.split(line)])
    return cli.main()


def aws(plane: ControlPlane, line: str) -> None:
    """A line of the AWS CLI, whose options are the API's names with hyphens."""
    service, operation, *rest = shlex.split(line, comments=True)
    waiter = rest.pop(0) if operation == "wait" else ""
    arguments = {
        "".join(word.capitalize() for word in option.strip("-").split("-")): value
        for option, value in zip(rest[::2], rest[1::2], strict=True)
    }
    client = plane.client(service)
    if waiter:
        client.get_waiter(waiter.replace("-", "_")).wait(**arguments)
    else:
        getattr(client, operation.replace("-", "_"))(**arguments)


def read_of_the_contract(commands: str, contract: Contract) -> str:
    """What the commands print of the contract that they read."""
    found = re.search(r"--name (\S+) .*\|\n +python -c '(.*)'\)$", commands, re.MULTILINE)
    assert found
    assert found[1] == contract_name("prod")
    program = [sys.executable, "-c", found[2]]
    return subprocess.check_output(program, input=contract.to_json(), text=True)


def items(plane: ControlPlane, table: str) -> dict[str, Any]:
    found = plane.client("dynamodb").scan(TableName=table)["Items"]
    return {item["record"]["S"]: item for item in found}


def test_a_damaged_journal_is_put_back(
    environment: Emulated,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plane, table = environment.plane, contract.journal_table
    dynamodb = plane.client("dynamodb")
    for line in ("freeze --reason one", "unfreeze", "freeze --reason two"):
        assert cutover(monkeypatch, f"{line} --stack testing") == 0
    right = items(plane, table)
    assert [*sorted(right)] == [*(f"entry#{number:010d}" for number in (1, 2, 3)), "lease"]

    commands = block("cutover.md", "The journal is damaged").replace("$TABLE", table)
    assert read_of_the_contract(commands, contract) == f"{table}\n"
    program = re.search(r"^python - (.*) prod <<'END'\n(.*?)^END$", commands, re.M | re.S)
    assert program
    restore, wait, delete = re.findall(r"^aws (.*)$", commands, re.MULTILINE)
    aws(plane, restore)
    aws(plane, wait)

    assert cutover(monkeypatch, "unfreeze --stack testing") == 0
    dynamodb.put_item(TableName=table, Item={**right["entry#0000000002"], "entry": {"S": "{}"}})
    elsewhere = {"scope": {"S": "prod"}, "record": {"S": "entry#0000000001"}}
    dynamodb.put_item(TableName=table, Item=elsewhere)
    capsys.readouterr()
    assert cutover(monkeypatch, "history --stack testing") == 8
    assert "record entry#0000000002 of the journal" in capsys.readouterr().err

    put_back = [sys.executable, "-c", program[2], *shlex.split(program[1])]
    done = subprocess.run([*put_back, "testing"], capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", "4 items put back, 1 later ones taken away\n")
    found = dynamodb.scan(TableName=table)["Items"]
    assert [item for item in found if item["scope"]["S"] == "prod"] == [elsewhere]
    dynamodb.delete_item(TableName=table, Key=elsewhere)
    assert items(plane, table) == right
    (history,) = re.findall(r"^python -m cutover (history .*)$", commands, re.MULTILINE)
    assert cutover(monkeypatch, history.replace("prod", "testing")) == 0

    # Given again, it changes nothing; for a scope that the copy does not have, neither.
    subprocess.run([*put_back, "testing"], check=True)
    assert items(plane, table) == right
    strange = subprocess.run([*put_back, "qa"], capture_output=True, text=True, check=False)
    assert strange.returncode == 1
    assert strange.stderr.endswith("has no journal of qa; nothing was changed\n")
    aws(plane, delete)
    assert dynamodb.list_tables()["TableNames"] == [table]


def test_an_index_that_was_overwritten_is_put_back(
    environment: Emulated, contract: Contract
) -> None:
    plane, bucket = environment.plane, contract.frontend_bucket
    s3 = plane.client("s3")
    commands = block("cutover.md", "index.html was overwritten by hand")
    assert read_of_the_contract(commands, contract) == f"{bucket}\n"
    key = re.findall(r"^KEY=(\S+)$", commands, re.MULTILINE)[0]
    s3.put_object(Bucket=bucket, Key=key, Body=b"ours", ContentType="text/html; charset=utf-8")
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"theirs", ContentType="text/plain")

    (copy,) = re.findall(r"^aws (s3api .*)$", commands, re.MULTILINE)
    aws(plane, copy.replace("s3api", "s3").replace("$BUCKET", bucket).replace("$KEY", key))
    index = s3.get_object(Bucket=bucket, Key="index.html")
    assert index["Body"].read() == b"ours"
    # As cutover itself writes it (cutover/do/frontend.py).
    assert index["CacheControl"] == "no-cache"
    assert index["ContentType"] == "text/html; charset=utf-8"


def test_the_page_has_every_exit_code_and_no_other() -> None:
    page = (ROOT / "docs" / "runbooks" / "cutover.md").read_text()
    told = [int(code) for code in re.findall(r"^\| (\d+) \| ", page, re.MULTILINE)]
    assert told == sorted([1, *Exit]) == [*range(12)]  # 1 is a defect's
