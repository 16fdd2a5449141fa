"""Two people give the same command at the same moment: real processes, one emulated AWS."""

import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from obedient_aws import ACCOUNT_ID, REGION, STACK, obedient_aws

from cutover.do.clients import Clients
from cutover.do.contract import read_contract
from cutover.do.metrics import alarm_name
from cutover.do.system_clock import SystemClock
from cutover.do.table import Table
from infra.outputs import Contract, contract_name

ROOT = Path(__file__).parent.parent
IMAGE = f"registry.example.com/app@sha256:{'d' * 64}"


@pytest.fixture(scope="module")
def contract() -> Iterator[Contract]:
    with obedient_aws() as variables, pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        found = read_contract(Clients(REGION, call_seconds=60), STACK)
        found = dataclasses.replace(found, account_id=ACCOUNT_ID)
        boto3.client("ssm", region_name=REGION).put_parameter(
            Name=contract_name(STACK), Value=found.to_json(), Overwrite=True
        )
        cloudwatch = boto3.client("cloudwatch", region_name=REGION)
        for arn in found.alarms:
            cloudwatch.set_alarm_state(AlarmName=alarm_name(arn), StateValue="OK", StateReason="-")
        yield found


def deploy(release: str) -> subprocess.Popen[str]:
    options = ("--stack", STACK, "--image", IMAGE, "--release", release, "--run-id", release)
    return subprocess.Popen(
        [sys.executable, "-m", "cutover", "deploy", *options, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_of_two_deploys_at_once_one_is_turned_away(contract: Contract) -> None:
    """The other goes on until it is told to end: nobody answers its probes here."""
    both = {release: deploy(release) for release in ("one", "two")}
    try:
        while not (over := [name for name, process in both.items() if process.poll() is not None]):
            SystemClock().sleep(0.1)
        (loser,) = over
        (winner,) = both.keys() - over
        both[winner].send_signal(signal.SIGTERM)
        said = {name: json.loads(process.communicate()[0]) for name, process in both.items()}
    finally:
        for process in both.values():
            process.kill()
    assert (said[loser]["exit"], said[winner]["exit"]) == (6, 9)
    assert said[loser]["sentence"].count("\n") == 0
    assert "lease" in said[loser]["sentence"] or "is under way" in said[loser]["sentence"]
    table = Table(
        Clients(REGION, call_seconds=60),
        table=contract.journal_table,
        scope=STACK,
        clock=SystemClock(),
        lease_seconds=30,
    )
    entries = table.history()
    assert [entry.kind for entry in entries].count("started") == 1
    assert {entry.run for entry in entries} == {winner}
    assert {entry.token for entry in entries} == {1}
    assert table.read().lease.owner is None
