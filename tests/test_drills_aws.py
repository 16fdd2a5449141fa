"""The drills on AWS's APIs, as moto answers them: what is asked for, and that nothing is left."""

import dataclasses
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from drills.decide.report import Check, Report
from drills.do import assets as assets_module
from drills.do.assets import restore_assets
from drills.do.aws import Aws, Refused
from drills.do.contract import read_contract
from drills.do.elasticache import ElastiCache
from drills.do.errors import BadInput, DrillError
from drills.do.rds import RdsDatabase
from drills.do.scratch import is_scratch, scratch_name, scratch_tags
from drills.do.signing import verify, write_signed
from drills.say import cli
from infra.drill_outputs import DRILLS_VERSION, DrillContract, drills_name

REGION, SECOND, ACCOUNT = "eu-west-1", "eu-central-1", "123456789012"
SOURCE = "prod-postgres-1a2b3c4d"
DRILL = "20261124-120000"
SCRATCH = f"drill-prod-{DRILL}"


class FakeClock:
    """Time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = datetime.datetime.now(datetime.UTC).timestamp()

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    with mock_aws():
        yield Aws()


def client(service: str, region: str = REGION) -> Any:
    return boto3.client(service, region_name=region)  # pyright: ignore[reportCallIssue, reportArgumentType]


@pytest.fixture
def contract(aws: Aws) -> DrillContract:
    assert aws
    key = client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    known = DrillContract(
        version=DRILLS_VERSION,
        environment="prod",
        region=REGION,
        account_id=ACCOUNT,
        protected=True,
        rto_minutes=60,
        rpo_minutes=15,
        database_instance=SOURCE,
        database="app",
        owner_secret=secret("owner", json.dumps({"username": "owner", "password": "p"})),
        replication_group="prod-redis-1a2b3c4d",
        redis_url_secret=secret("redis", "rediss://app:word@cache.example:6379/0"),
        frontend_bucket="frontend",
        frontend_copy="frontend-copy",
        copy_region=SECOND,
        signing_key=key["KeyMetadata"]["Arn"],
    )
    write(known)
    return known


def secret(name: str, value: str) -> str:
    return client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"]


def write(known: DrillContract) -> None:
    client("ssm").put_parameter(
        Name=drills_name(known.environment), Value=known.to_json(), Type="String", Overwrite=True
    )


class Session:
    def __init__(self, **given: Any) -> None:
        self.given = given

    def close(self) -> None: ...


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, contract: DrillContract) -> list[Session]:
    """The source, as RDS describes it, and a list of the sessions that are opened."""
    ec2 = client("ec2")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    rds = client("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=subnets
    )
    rds.create_db_parameter_group(
        DBParameterGroupName="ours", DBParameterGroupFamily="postgres17", Description="ours"
    )
    rds.create_db_instance(
        DBInstanceIdentifier=contract.database_instance,
        Engine="postgres",
        DBInstanceClass="db.t4g.small",
        MasterUsername="owner",
        MasterUserPassword="password",
        AllocatedStorage=20,
        Port=5433,
        DBSubnetGroupName="data",
        DBParameterGroupName="ours",
        BackupRetentionPeriod=7,
    )
    opened: list[Session] = []

    def connect(**given: Any) -> Session:
        opened.append(Session(**given))
        return opened[-1]

    monkeypatch.setattr(psycopg, "connect", connect)
    return opened


class Logged(Aws):
    """Keeps what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, service: str, operation: str, /, **given: Any) -> Any:
        self.asked.append((operation, given))
        return super().call(service, operation, **given)

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [given for asked, given in self.asked if asked == operation]


def instances() -> list[str]:
    return [
        one["DBInstanceIdentifier"] for one in client("rds").describe_db_instances()["DBInstances"]
    ]


def test_a_restored_database_stands_where_the_source_stands(
    contract: DrillContract, database: list[Session]
) -> None:
    aws = Logged()
    place = RdsDatabase(aws, contract, DRILL, FakeClock())
    at = float(int(place.newest()))
    place.restore(at)
    (asked,) = aws.of("restore_db_instance_to_point_in_time")
    source = client("rds").describe_db_instances(DBInstanceIdentifier=SOURCE)["DBInstances"][0]
    assert asked == {
        "SourceDBInstanceIdentifier": SOURCE,
        "TargetDBInstanceIdentifier": SCRATCH,
        "RestoreTime": datetime.datetime.fromtimestamp(at, datetime.UTC),
        "DBInstanceClass": "db.t4g.small",
        "DBSubnetGroupName": "data",
        "VpcSecurityGroupIds": [one["VpcSecurityGroupId"] for one in source["VpcSecurityGroups"]],
        "DBParameterGroupName": "ours",
        "Port": 5433,
        "MultiAZ": False,
        "PubliclyAccessible": False,
        "DeletionProtection": False,
        "AutoMinorVersionUpgrade": False,
        "CopyTagsToSnapshot": False,
        "Tags": [
            {"Key": "backup", "Value": "none"},
            {"Key": "environment", "Value": "prod"},
            {"Key": "slipway-drill", "Value": DRILL},
        ],
    }
    (password,) = aws.of("modify_db_instance")
    assert password["DBInstanceIdentifier"] == SCRATCH
    assert len(password["MasterUserPassword"]) >= 32
    place.restored()
    assert database[-1].given["password"] == password["MasterUserPassword"]
    assert database[-1].given["sslmode"] == "verify-full"
    place.remove()
    assert aws.of("delete_db_instance") == [
        {
            "DBInstanceIdentifier": SCRATCH,
            "SkipFinalSnapshot": True,
            "DeleteAutomatedBackups": True,
        }
    ]
    assert instances() == [SOURCE]


def test_the_source_is_read_with_its_owners_login_over_verified_tls(
    contract: DrillContract, database: list[Session]
) -> None:
    RdsDatabase(Aws(), contract, DRILL, FakeClock()).source()
    given = database[-1].given
    assert (given["user"], given["password"], given["dbname"]) == ("owner", "p", "app")
    assert (given["port"], given["sslmode"], given["autocommit"]) == (5433, "verify-full", True)


def test_what_cannot_be_reached_is_said_with_what_to_do(
    contract: DrillContract, database: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database == []

    def refuse(**_given: Any) -> None:
        raise psycopg.OperationalError("timeout expired")

    monkeypatch.setattr(psycopg, "connect", refuse)
    with pytest.raises(DrillError, match=r"can't be reached from here \(timeout expired\); run"):
        RdsDatabase(Aws(), contract, DRILL, FakeClock()).source()


def test_what_an_earlier_drill_left_is_found_by_name_and_tags_and_nothing_else_is(
    contract: DrillContract, database: list[Session]
) -> None:
    assert database == []
    left = "20261101-120000"
    for name, tags in (
        (scratch_name("prod", left), scratch_tags("prod", left)),
        # Another environment's, one that somebody has named so, and one that carries the tag alone.
        (scratch_name("staging", left), scratch_tags("staging", left)),
        ("drill-prod-by-hand", []),
        ("customers", scratch_tags("prod", left)),
    ):
        client("rds").restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=SOURCE,
            TargetDBInstanceIdentifier=name,
            UseLatestRestorableTime=True,
            Tags=tags,
        )
    place = RdsDatabase(Aws(), contract, DRILL, FakeClock())
    assert place.sweep() == ("drill-prod-20261101-120000",)
    assert sorted(instances()) == sorted(
        [SOURCE, "customers", "drill-prod-by-hand", "drill-staging-20261101-120000"]
    )
    assert place.sweep() == ()


def test_what_may_be_a_drill_under_way_is_left_alone_until_a_person_says_so(
    contract: DrillContract, database: list[Session]
) -> None:
    assert database == []
    younger, older = "20261124-060001", "20261124-060000"  # six hours before, and a second less
    for drill_id in (younger, older):
        client("rds").restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=SOURCE,
            TargetDBInstanceIdentifier=scratch_name("prod", drill_id),
            UseLatestRestorableTime=True,
            Tags=scratch_tags("prod", drill_id),
        )
    with pytest.raises(
        BadInput,
        match=r"^drill-prod-20261124-060001 is of a drill that began 360 minutes ago and may be "
        r"under way; wait for its end, or, if it was killed, give --take-over\. "
        r"Nothing was changed$",
    ):
        RdsDatabase(Aws(), contract, DRILL, FakeClock()).sweep()
    assert len(instances()) == 3
    place = RdsDatabase(Aws(), contract, DRILL, FakeClock(), take_over=True)
    assert sorted(place.sweep()) == ["drill-prod-20261124-060000", "drill-prod-20261124-060001"]
    assert instances() == [SOURCE]


def test_a_drill_of_the_same_second_is_not_taken_away(
    contract: DrillContract, database: list[Session]
) -> None:
    assert database == []
    first, second = (RdsDatabase(Aws(), contract, DRILL, FakeClock()) for _ in range(2))
    client("rds").restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=SOURCE,
        TargetDBInstanceIdentifier=SCRATCH,
        UseLatestRestorableTime=True,
    )
    with pytest.raises(Refused, match=r"^AWS refuses rds:restore_db_instance_to_point_in_time"):
        second.restore(FakeClock().at)
    second.remove()
    assert sorted(instances()) == sorted([SOURCE, SCRATCH])
    first.remove()
    assert sorted(instances()) == sorted([SOURCE, SCRATCH])


def test_without_a_region_or_credentials_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(BadInput, match=r"^no AWS region is chosen; set AWS_REGION to the env"):
        Aws().call("ssm", "get_parameter", Name="x")
    monkeypatch.setenv("AWS_REGION", REGION)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(
        BadInput, match=r"^there are no AWS credentials: .*; log in, then try again$"
    ):
        Aws().call("ssm", "get_parameter", Name="x")


def test_a_restore_that_rds_gives_up_is_told_and_can_be_taken_away(
    contract: DrillContract, database: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database == []
    clock = FakeClock()
    place = RdsDatabase(Aws(), contract, DRILL, clock)
    statuses = iter(["creating", "backing-up", "incompatible-restore"])
    describe = place._scratch.describe

    def described() -> dict[str, Any]:
        return {**describe(), "DBInstanceStatus": next(statuses)}

    monkeypatch.setattr(place._scratch, "describe", described)
    began = clock.at
    with pytest.raises(DrillError, match=r"did not restore drill-prod-\S+, which is incompatible"):
        place.restore(began)
    assert clock.at - began == 30.0
    monkeypatch.setattr(place._scratch, "describe", describe)
    place.remove()
    assert instances() == [SOURCE]


def test_a_drill_that_created_nothing_takes_nothing_away(
    contract: DrillContract, database: list[Session]
) -> None:
    assert database == []
    aws = Logged()
    RdsDatabase(aws, contract, DRILL, FakeClock()).remove()
    ElastiCache(aws, contract, DRILL, FakeClock()).remove()
    assert aws.asked == []


def test_a_scratch_name_fits_and_only_its_own_tags_go_with_it() -> None:
    name = scratch_name("a" * 16, DRILL)
    assert len(name) <= 40
    tags = scratch_tags("prod", DRILL)
    assert is_scratch(SCRATCH, tags, "prod")
    for other, of, environment in (
        (SCRATCH, tags, "staging"),
        (SCRATCH, [], "prod"),
        (f"{SCRATCH}1", tags, "prod"),
        (SOURCE, tags, "prod"),
    ):
        assert not is_scratch(other, of, environment)


class FakeElastiCache(Logged):
    """moto has no users of a replication group: answers as the API's model has them."""

    def call(self, service: str, operation: str, /, **given: Any) -> Any:
        if service != "elasticache":
            return super().call(service, operation, **given)
        self.asked.append((operation, given))
        # The arguments are checked against the API's model.
        real = client("elasticache")
        shape = real.meta.service_model.operation_model(
            real.meta.method_to_api_mapping[operation]
        ).input_shape
        assert given.keys() <= shape.members.keys()
        assert set(shape.required_members) <= given.keys()
        group = {
            "Status": "available",
            "MemberClusters": ["prod-redis-001"],
            "UserGroupIds": ["users"],
            "KmsKeyId": "key",
            "NodeGroups": [{"PrimaryEndpoint": {"Address": "scratch.example"}}],
        }
        cluster = {
            "Engine": "redis",
            "CacheNodeType": "cache.m7g.large",
            "CacheSubnetGroupName": "data",
            "SecurityGroups": [{"SecurityGroupId": "sg-1"}],
            "CacheParameterGroup": {"CacheParameterGroupName": "lru"},
        }
        answers = {
            "describe_replication_groups": {"ReplicationGroups": [group]},
            "describe_cache_clusters": {"CacheClusters": [cluster]},
            "describe_snapshots": {"Snapshots": [{"SnapshotStatus": "available"}]},
        }
        return answers.get(operation, {})


def test_a_restored_cache_stands_where_the_source_stands(contract: DrillContract) -> None:
    aws = FakeElastiCache()
    place = ElastiCache(aws, contract, DRILL, FakeClock())
    place.snapshot()
    assert aws.of("create_snapshot") == [
        {
            "ReplicationGroupId": "prod-redis-1a2b3c4d",
            "SnapshotName": SCRATCH,
            "Tags": scratch_tags("prod", DRILL),
        }
    ]
    place.restore()
    (asked,) = aws.of("create_replication_group")
    assert asked == {
        "ReplicationGroupId": SCRATCH,
        "ReplicationGroupDescription": "Drill of prod, for an hour",
        "SnapshotName": SCRATCH,
        "Engine": "redis",
        "CacheNodeType": "cache.m7g.large",
        "NumCacheClusters": 1,
        "AutomaticFailoverEnabled": False,
        "CacheSubnetGroupName": "data",
        "SecurityGroupIds": ["sg-1"],
        "CacheParameterGroupName": "lru",
        "UserGroupIds": ["users"],
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "SnapshotRetentionLimit": 0,
        "Tags": scratch_tags("prod", DRILL),
        "KmsKeyId": "key",
    }
    connection = place.restored().connection_pool.connection_kwargs
    assert (connection["host"], connection["port"]) == ("scratch.example", 6379)
    assert (connection["username"], connection["password"]) == ("app", "word")
    assert place.source().connection_pool.connection_kwargs["host"] == "cache.example"
    place.remove()
    assert aws.of("delete_replication_group") == [{"ReplicationGroupId": SCRATCH}]
    assert aws.of("delete_snapshot") == [{"SnapshotName": SCRATCH}]


@pytest.fixture
def buckets(contract: DrillContract) -> dict[str, Any]:
    found = {}
    for bucket, region in ((contract.frontend_bucket, REGION), (contract.frontend_copy, SECOND)):
        s3 = client("s3", region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for key in ("index.html", "assets/a.js", "assets/b.js"):
            s3.put_object(Bucket=bucket, Key=key, Body=f"of {key}".encode())
        found[bucket] = s3
    return found


def look(contract: DrillContract, *, later_seconds: float = 3_600.0) -> dict[str, tuple[bool, str]]:
    clock = FakeClock()
    clock.at += later_seconds
    found = restore_assets(Aws(), contract, clock=clock, tell=[].append)
    assert found.figures["files"] > 0
    return {check.name: (check.held, check.saw) for check in found.checks}


def test_a_copy_with_every_file_and_its_versions_passes(
    contract: DrillContract, buckets: dict[str, Any]
) -> None:
    # What was deleted from the frontend is still in the copy, which is what it is for.
    buckets["frontend-copy"].put_object(Bucket="frontend-copy", Key="assets/old.js", Body=b"old")
    assert look(contract) == {
        "there is something": (True, "3 files"),
        "copied": (True, "3 files are in the copy as they are here"),
        "readable": (True, "3 of them were read and are equal"),
        "versions": (True, "both buckets keep replaced versions"),
    }


def test_a_copy_that_lacks_a_file_or_has_another_content_fails(
    contract: DrillContract, buckets: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = buckets["frontend-copy"]
    copy.delete_object(Bucket="frontend-copy", Key="assets/a.js")
    copy.put_object(Bucket="frontend-copy", Key="index.html", Body=b"tampered with")
    copy.put_bucket_versioning(
        Bucket="frontend-copy", VersioningConfiguration={"Status": "Suspended"}
    )
    seen = look(contract)
    assert seen["copied"][0] is False
    assert seen["copied"][1].startswith("missing: assets/a.js ")
    assert seen["readable"] == (False, "index.html")
    assert seen["versions"] == (False, "frontend-copy")
    # S3 takes its time: what has just been written may be missing yet.
    monkeypatch.setattr(assets_module, "FRESH_SECONDS", 10_000)
    assert look(contract)["copied"] == (True, "0 files are in the copy as they are here")


def test_an_environment_without_a_copy_has_nothing_to_look_at(contract: DrillContract) -> None:
    alone = dataclasses.replace(contract, frontend_copy="", copy_region="")
    with pytest.raises(BadInput, match="prod has no copy of its frontend; backup/copy_region"):
        restore_assets(Aws(), alone, clock=FakeClock(), tell=[].append)


REPORT = Report(
    drill="restore",
    environment="prod",
    place="aws",
    drill_id=DRILL,
    started_at=1.0,
    ended_at=2.0,
    restored_to=0.5,
    figures={"restore_seconds": 1.5},
    checks=(Check(name="rows", held=True, saw="equal"),),
)


def test_a_report_can_be_checked_with_the_public_key_alone(
    contract: DrillContract, tmp_path: Path
) -> None:
    file = write_signed(Aws(), contract.signing_key, REPORT, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"prod-restore-{DRILL}.{ending}" for ending in ("json", "sha256", "sig")
    ]
    assert file.read_text() == REPORT.to_json()
    public = load_der_public_key(
        client("kms").get_public_key(KeyId=contract.signing_key)["PublicKey"]
    )
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(
        file.with_suffix(".sig").read_bytes(),
        file.with_suffix(".sha256").read_bytes(),
        ec.ECDSA(SHA256()),
    )
    verify(Aws(), contract.signing_key, file)


def test_a_report_that_was_changed_is_refused(contract: DrillContract, tmp_path: Path) -> None:
    file = write_signed(Aws(), contract.signing_key, REPORT, tmp_path)
    text = file.read_text()
    file.write_text(text.replace('"held": true', '"held": false'))
    with pytest.raises(DrillError, match="is not what its checksum is of: it was changed"):
        verify(Aws(), contract.signing_key, file)
    file.write_text(text)
    other = client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    with pytest.raises(DrillError, match="is not this environment's key's"):
        verify(Aws(), other["KeyMetadata"]["Arn"], file)
    file.with_suffix(".sig").unlink()
    with pytest.raises(DrillError, match=r"\.sig can't be read: No such file"):
        verify(Aws(), contract.signing_key, file)


@pytest.mark.parametrize(
    ("stack", "sentence"),
    [
        ("Prod!", r"'Prod!' is no name of a stack"),
        ("other", r"there is no /slipway/other/drills in eu-west-1; .*`pulumi up --stack other`"),
    ],
)
def test_an_environment_that_is_none_is_one_sentence(
    contract: DrillContract, stack: str, sentence: str
) -> None:
    assert contract
    with pytest.raises(BadInput, match=sentence):
        read_contract(Aws(), stack)


def test_credentials_of_another_account_change_nothing(contract: DrillContract) -> None:
    write(dataclasses.replace(contract, account_id="999999999999"))
    with pytest.raises(BadInput, match=r"are of account 123456789012, and prod is in account 9"):
        read_contract(Aws(), "prod")


def test_what_aws_refuses_is_one_sentence(contract: DrillContract) -> None:
    assert contract
    with pytest.raises(Refused, match=r"^AWS refuses rds:describe_db_instances \(DBInstanceNotF"):
        Aws().call("rds", "describe_db_instances", DBInstanceIdentifier="nobody")


def give(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["drills", *words])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    try:
        return cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.mark.parametrize("drill", ["restore", "redis", "assets"])
@pytest.mark.parametrize("confirm", [(), ("--confirm", "staging")])
def test_a_protected_environment_is_not_drilled_unasked(
    contract: DrillContract,
    database: list[Session],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    drill: str,
    confirm: tuple[str, ...],
) -> None:
    assert contract.protected
    code = give(monkeypatch, drill, "--stack", "prod", "--report-dir", str(tmp_path), *confirm)
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    other = f", and not {confirm[1]!r}" if confirm else ""
    assert said.err == (
        "prod is not drilled unasked: it costs money and reads every row; say so with --confirm "
        f"prod{other}. Nothing was changed\n"
    )
    assert (instances(), database, list(tmp_path.iterdir())) == ([SOURCE], [], [])


def test_a_drill_that_was_asked_for_prints_checks_and_leaves_a_signed_report(
    contract: DrillContract,
    buckets: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert buckets
    monkeypatch.setattr(assets_module, "FRESH_SECONDS", -10)
    words = ("assets", "--stack", "prod", "--confirm", "prod", "--report-dir", str(tmp_path))
    assert give(monkeypatch, *words) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == [
        "held    there is something: 3 files",
        "held    copied: 3 files are in the copy as they are here",
    ]
    (file,) = tmp_path.glob("*.json")
    assert out[-1] == f"Passed; signed report: {file}"
    assert give(monkeypatch, "verify", "--stack", "prod", str(file)) == 0
    assert capsys.readouterr().out == f"{file.name} is as it was signed.\n"

    client("s3", SECOND).delete_object(Bucket=contract.frontend_copy, Key="index.html")
    assert give(monkeypatch, *words) == 1
    out = capsys.readouterr().out
    assert "BROKEN  copied: missing: index.html" in out
    assert "FAILED; signed report: " in out


def test_a_place_for_no_report_is_refused_before_anything_is_done(
    contract: DrillContract,
    database: list[Session],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert contract
    missing = tmp_path / "nowhere"
    words = ("restore", "--stack", "prod", "--confirm", "prod", "--report-dir", str(missing))
    assert give(monkeypatch, *words) == 2
    assert "no report can be written to" in capsys.readouterr().err
    assert (instances(), database) == ([SOURCE], [])


def test_a_word_that_is_none_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert give(monkeypatch, "resotre", "--stack", "prod") == 2
    assert "No such command 'resotre'" in capsys.readouterr().err
