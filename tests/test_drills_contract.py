"""What the stack tells the drills, and the key that signs their reports."""

import dataclasses
import json

import pytest

from infra.drill_outputs import DRILLS_VERSION, DrillContract, drills_name
from tests.environments import STACKS, chosen, recorded

PARAMETER, KEY = "aws:ssm/parameter:Parameter", "aws:kms/key:Key"


def contract(stack: str) -> DrillContract:
    found = recorded(stack).only(PARAMETER, f"{stack}-drills")
    assert found.inputs["name"] == drills_name(stack) == f"/slipway/{stack}/drills"
    return DrillContract.from_json(found.inputs["value"])


@pytest.mark.parametrize("stack", STACKS)
def test_a_drill_knows_the_environments_own_parts_and_no_more(stack: str) -> None:
    environment, settings = recorded(stack), chosen(stack)
    database = environment.only("aws:rds/instance:Instance")
    cache = environment.only("aws:elasticache/replicationGroup:ReplicationGroup")
    second = settings.backup.copy_region
    assert contract(stack) == DrillContract(
        version=DRILLS_VERSION,
        environment=stack,
        region=settings.aws.region,
        account_id=settings.aws.account_id,
        protected=settings.protect,
        rto_minutes=settings.backup.rto_minutes,
        rpo_minutes=settings.backup.rpo_minutes,
        database_instance=database.inputs["identifier"],
        database="app",
        owner_secret=f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!{stack}-postgres",
        replication_group=cache.inputs["replicationGroupId"],
        redis_url_secret=environment.only(
            "aws:secretsmanager/secret:Secret", f"{stack}-redis-url"
        ).outputs["arn"],
        frontend_bucket=f"{stack}-frontend.bucket",
        frontend_copy=f"{stack}-frontend-copy.bucket" if second else "",
        copy_region=second or "",
        signing_key=environment.only(KEY, f"{stack}-drills-key").outputs["arn"],
    )


def test_the_contract_fits_into_a_parameter_that_costs_nothing() -> None:
    found = recorded("prod").only(PARAMETER, "prod-drills").inputs
    assert "tier" not in found
    assert len(found["value"].encode()) < 4096
    assert not recorded("prod").only(PARAMETER, "prod-drills").protect


def test_the_key_signs_and_does_nothing_else() -> None:
    key = recorded("prod").only(KEY, "prod-drills-key")
    assert {name: key.inputs[name] for name in key.inputs if name != "policy"} == {
        "description": "Signs the reports of drills of the environment prod",
        "keyUsage": "SIGN_VERIFY",
        "customerMasterKeySpec": "ECC_NIST_P256",
        "enableKeyRotation": False,
        "deletionWindowInDays": 30,
    }
    account = f"arn:aws:iam::{chosen('prod').aws.account_id}:root"
    (statement,) = json.loads(key.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": account}
    assert recorded("prod").only("aws:kms/alias:Alias", "prod-drills-key-alias").inputs == {
        "name": "alias/slipway-prod-drills",
        "targetKeyId": "prod-drills-key.keyId",
    }


def test_another_version_and_another_shape_are_refused() -> None:
    good = dataclasses.asdict(contract("prod"))
    with pytest.raises(ValueError, match=r"has version 2, and this program reads 1; use the same"):
        DrillContract.from_json(json.dumps({**good, "version": 2}))
    with pytest.raises(ValueError, match=r'^the contract is no JSON: "{"; run `pulumi up` again$'):
        DrillContract.from_json("{")
    bad = {**good, "protected": 1, "rto_minutes": "30"}
    del bad["database"]
    with pytest.raises(ValueError, match=r"^the contract can't be used: ") as error:
        DrillContract.from_json(json.dumps(bad))
    assert str(error.value) == (
        "the contract can't be used: database is missing; protected must be true or false, and is "
        '1; rto_minutes must be a whole number, and is "30"; run `pulumi up` again'
    )
