"""An environment's settings: the real files hold, and every problem has its one exact line."""

import copy
import dataclasses
import json
import typing
from typing import Any

import pulumi
import pytest
import yaml

from infra import settings
from infra.bounds import Bound
from infra.contradictions import ENDPOINTS_WITHOUT_NAT
from infra.settings import Settings, parse
from rehearsal.recording import record
from rehearsal.stack_file import ROOT, stack_names

LEFT_OUT = object()
POSTGRES_KEYS = (
    "major_version, instance_class, storage_gib, max_storage_gib, multi_az, read_replica, "
    "backup_days, port, monitoring_seconds, insights, slow_query_ms, rotation_days, log_days"
)
DIGEST = "sha256:" + "1" * 64


GOOD = yaml.safe_load((ROOT / "tests" / "good_settings.yaml").read_text())


def raw(stack: str) -> dict[str, Any]:
    """The sections of a real file as YAML gives them."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix("slipway:"): value for key, value in config.items()}


def changed(path: str, value: object = LEFT_OUT) -> dict[str, Any]:
    """Good sections with the value at `path` replaced, or left out."""
    sections = copy.deepcopy(GOOD)
    *way, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
    node: Any = sections
    for step in way:
        node = node[step]
    if value is LEFT_OUT:
        del node[last]
    else:
        node[last] = value
    return sections


def problems_of(sections: dict[str, Any]) -> list[str]:
    return parse(sections)[1]


def test_there_are_exactly_three_environments() -> None:
    assert stack_names() == ["prod", "staging", "testing"]


@pytest.mark.parametrize("stack", ["prod", "staging", "testing"])
def test_a_real_file_holds(stack: str) -> None:
    chosen, found = parse(raw(stack))
    assert found == []
    assert isinstance(chosen, Settings)


def test_prod_survives_the_loss_of_a_zone_and_of_a_mind() -> None:
    """Rules, not dials: whoever gives them up should see this red."""
    prod = parse(raw("prod"))[0]
    assert prod
    assert prod.protect is True
    assert prod.postgres.multi_az is True
    assert prod.redis.nodes >= 2
    assert prod.service.min_tasks >= 2


def test_prod_can_be_brought_back_after_the_loss_of_its_region_and_of_an_administrators_key() -> (
    None
):
    """Likewise. `compliance` is refused too: nobody but its team may decide that, and only once."""
    prod = parse(raw("prod"))[0]
    assert prod
    assert prod.backup.copy_region is not None
    assert prod.backup.lock == "governance"
    assert prod.backup.restore_tests is True
    assert prod.backup.daily_days == 35


def test_no_two_environments_share_a_name_or_a_network() -> None:
    chosen = [parse(raw(stack))[0] for stack in stack_names()]
    assert len({one.domain.name for one in chosen if one}) == 3
    assert len({one.network.cidr for one in chosen if one}) == 3


def test_settings_cannot_be_changed_once_read() -> None:
    chosen = parse(raw("prod"))[0]
    assert chosen
    with pytest.raises(dataclasses.FrozenInstanceError, match="protect"):
        chosen.protect = False  # pyright: ignore[reportAttributeAccessIssue]


# Path, what is allowed, and values as the message shows them, which is how YAML writes them too.
MUST_BE: list[tuple[str, str, list[str]]] = [
    ("protect", "true or false", ["'true'", "1", "nothing"]),
    ("postgres/multi_az", "true or false", ["'yes'", "0"]),
    (
        "aws/account_id",
        'an account number of 12 digits, in quotes: "123456789012"',
        ["123456789012", "'1234'"],
    ),
    (
        "aws/region",
        "an AWS region, such as eu-west-1",
        ["'eu_west'", "'eu-west-1a'", "'us-gov-west-1'", "'cn-north-1'"],
    ),
    (
        "domain/name",
        "a host name in lower case, such as app.example.com",
        ["'App.example.com'", "'localhost'"],
    ),
    ("domain/zone_id", "a Route 53 hosted zone id, such as Z0123456789ABC", ["'zone'"]),
    (
        "network/cidr",
        "a private IPv4 range of size /16 to /20, such as 10.20.0.0/16",
        ["'10.0.0.0/21'", "'10.0.0.0/15'", "'8.8.0.0/16'", "'10.0.0.1/16'"],
    ),
    (
        "network/zones",
        "a list of 2 to 3 different availability zones",
        ["'eu-west-1a'", "['eu-west-1a']", "['eu-west-1a', 'eu-west-1a']"],
    ),
    ("network/zones/1", "an availability zone, such as eu-west-1a", ["'west'", "1"]),
    ("network/nat", "one of none, one, per_zone", ["'many'", "2"]),
    (
        "network/flow_log_days",
        "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731",
        ["2"],
    ),
    ("postgres", f"a section with {POSTGRES_KEYS}", ["nothing", "[]", "'large'"]),
    ("postgres/major_version", "15 to 18", ["14", "19"]),
    ("postgres/instance_class", "an RDS instance class, such as db.t4g.medium", ["'t4g.small'"]),
    ("postgres/storage_gib", "20 to 65536", ["19", "65537"]),
    ("postgres/backup_days", "1 to 35", ["0", "36", "'7'", "7.0", "true", "nothing", "[7]"]),
    ("postgres/port", "1150 to 65535 and not 5432", ["1149", "65536", "5432"]),
    ("postgres/monitoring_seconds", "one of 1, 5, 10, 15, 30, 60", ["0"]),
    ("postgres/insights", "one of standard, advanced", ["'none'"]),
    ("postgres/slow_query_ms", "1 to 60000", ["0"]),
    ("postgres/rotation_days", "30 to 90", ["29", "91"]),
    ("redis/engine", "one of redis, valkey", ["'memcached'"]),
    ("redis/node_type", "an ElastiCache node type, such as cache.t4g.small", ["'db.t4g.small'"]),
    ("redis/nodes", "1 to 6", ["0", "7"]),
    ("redis/snapshot_days", "1 to 35", ["0", "36"]),
    ("backup/daily_days", "2 to 35", ["1", "36"]),
    ("backup/weekly_days", "7 to 1095", ["6", "1096"]),
    ("backup/monthly_days", "30 to 3650", ["29", "3651"]),
    ("backup/lock", "one of none, governance, compliance", ["'off'", "false"]),
    ("backup/restore_tests", "true or false", ["'weekly'"]),
    ("backup/rto_minutes", "1 to 1440", ["0", "1441"]),
    ("backup/rpo_minutes", "1 to 1440", ["0", "1441"]),
    (
        "backup/copy_region",
        "an AWS region, such as eu-west-1, or left out",
        ["'frankfurt'", "'eu-central-1a'"],
    ),
    (
        "nginx/image",
        "an image with its digest: registry/name@sha256:<64 hex characters>",
        ["'nginx:latest'", "'nginx@sha256:12'"],
    ),
    ("nginx/max_body_mib", "1 to 100", ["0", "101"]),
    ("nginx/rate_limit_per_second", "1 to 10000", ["0"]),
    ("pgbouncer/pool_size", "1 to 200", ["0", "201"]),
    ("service/architecture", "one of ARM64, X86_64", ["'arm64'"]),
    ("service/cpu", "one of 256, 512, 1024, 2048, 4096, 8192, 16384", ["300", "'1024'"]),
    ("service/min_tasks", "1 to 100", ["0"]),
    ("service/max_tasks", "1 to 500", ["501"]),
    ("service/requests_per_minute_per_task", "1 to 1000000", ["0", "1000001"]),
    ("service/floors", "a list of 0 to 10 different floors", ["7"]),
    ("service/floors/0", "a section with cron, timezone, tasks", ["1", "nothing"]),
    (
        "service/floors/0/cron",
        'six fields of an AWS schedule, one day "?": "0 7 ? * MON-FRI *"',
        ["'0 7 * * *'", "'0 7 * * MON-FRI *'", "'0 7 ? * ? *'", "'0  7 ? * MON *'", "'rate(1)'"],
    ),
    (
        "service/floors/0/timezone",
        "a time zone, such as Europe/Berlin",
        ["'Berlin'", "'europe/berlin'", "''"],
    ),
    ("service/floors/0/tasks", "1 to 500", ["0", "501"]),
    ("secrets/generation", "1 to 10000", ["0"]),
    ("secrets/recovery_days", "7 to 30", ["6", "31"]),
    (
        "secrets/sentry_dsn_secret",
        "the ARN of a Secrets Manager secret, or left out",
        ["'https://key@sentry.example/1'", "5"],
    ),
    (
        "cdn/price_class",
        "one of PriceClass_100, PriceClass_200, PriceClass_All",
        ["'PriceClass_300'"],
    ),
    ("cdn/waf_mode", "one of count, block", ["'off'", "false"]),
    ("cdn/waf_requests_per_5_minutes", "10 to 2000000", ["9"]),
    ("cdn/asset_days", "30 to 3650", ["29"]),
    (
        "cutover/ladder_percent",
        "rising percentages that end at 100, such as [1, 5, 25, 50, 100]",
        ["50", "[]", "[10, 5, 100]", "[1, 5]", "[0, 100]"],
    ),
    ("cutover/ladder_percent/1", "a whole number", ["'x'", "2.5"]),
    ("cutover/step_seconds", "10 to 3600", ["9"]),
    ("cutover/bake_seconds", "60 to 86400", ["59"]),
    ("cutover/drain_seconds", "5 to 110", ["4", "111"]),
    ("cutover/warm_seconds", "120 to 3600", ["119", "3601"]),
    ("cutover/freeze_windows", "a list of 0 to 12 different freeze windows", ["'never'"]),
    ("cutover/freeze_windows/0", "a section with start, end, reason", ["1", "nothing"]),
    (
        "cutover/freeze_windows/0/start",
        'a moment in UTC, in quotes: "2026-12-24T00:00:00Z"',
        ["'yesterday'", "'2026-12-23T00:00:00'", "'2026-12-23T00:00:00+01:00'"],
    ),
    ("cutover/freeze_windows/0/reason", "a text of 1 to 80 ASCII characters", ["''", "5"]),
    (
        "alerts/emails",
        "a list of 0 to 20 different e-mail addresses",
        ["['a@b.example', 'a@b.example']"],
    ),
    ("alerts/emails/0", "an e-mail address", ["'oncall'"]),
    ("alerts/repeat_minutes", "1 to 1440", ["0", "1441"]),
    ("slo/availability_percent", "99 to 99.99", ["98.9", "99.999", "'99.9'", "true"]),
    ("slo/latency_ms", "10 to 10000", ["9", "10001", "200.5"]),
    ("slo/latency_percent", "95 to 99.9", ["94", "100"]),
    ("budget/monthly_usd", "1 to 1000000", ["0", "1000001"]),
    (
        "tracing/image",
        "an image with its digest: registry/name@sha256:<64 hex characters>",
        ["'aws-otel-collector:latest'"],
    ),
    (
        "permissions_boundary",
        "the name of a managed policy of the account, or left out",
        ["'arn:aws:iam::123456789012:policy/mine'", "''", "1"],
    ),
    ("tracing/sampled_percent", "1 to 100", ["0", "101"]),
]

# Unknown, missing, and fine by itself but not together with the rest of prod: the whole line.
LINES: list[tuple[str, object, str]] = [
    (
        "postgres/multi_azz",
        True,
        f"postgres/multi_azz: unknown key, expected one of {POSTGRES_KEYS}",
    ),
    (
        "redis2",
        {},
        "redis2: unknown key, expected one of aws, domain, protect, network, postgres, "
        "redis, backup, nginx, pgbouncer, service, secrets, cdn, cutover, slo, "
        "alerts, budget, tracing, permissions_boundary",
    ),
    (
        "cutover/freeze_windows/0/extra",
        1,
        "cutover/freeze_windows/0/extra: unknown key, expected one of start, end, reason",
    ),
    (
        "redis",
        LEFT_OUT,
        "redis: is missing, must be a section with engine, node_type, nodes, "
        "snapshot_days, log_days",
    ),
    ("protect", LEFT_OUT, "protect: is missing, must be true or false"),
    ("postgres/backup_days", LEFT_OUT, "postgres/backup_days: is missing, must be 1 to 35"),
    (
        "cutover/freeze_windows/0/reason",
        LEFT_OUT,
        "cutover/freeze_windows/0/reason: is missing, must be a text of 1 to 80 ASCII characters",
    ),
    (
        "network/zones",
        ["eu-west-1a", "us-east-1b"],
        "network/zones: must be zones of aws/region eu-west-1, got 'us-east-1b'",
    ),
    (
        "postgres/max_storage_gib",
        109,
        "postgres/max_storage_gib: must be at least 110, a tenth above "
        "postgres/storage_gib, got 109",
    ),
    ("backup/weekly_days", 29, "backup/weekly_days: must be at least backup/daily_days 30, got 29"),
    (
        "backup/monthly_days",
        59,
        "backup/monthly_days: must be at least backup/weekly_days 60, got 59",
    ),
    (
        "backup/copy_region",
        "eu-west-1",
        "backup/copy_region: must be another region than aws/region, got 'eu-west-1'",
    ),
    (
        "service/memory_mib",
        3000,
        "service/memory_mib: must be 2048 to 8192 in steps of 1024 for 1024 CPU units, got 3000",
    ),
    (
        "service/memory_mib",
        9216,
        "service/memory_mib: must be 2048 to 8192 in steps of 1024 for 1024 CPU units, got 9216",
    ),
    (
        "service/floors/0/tasks",
        31,
        "service/floors/0/tasks: must be service/min_tasks 3 to service/max_tasks 30, got 31",
    ),
    (
        "service/floors/0/tasks",
        2,
        "service/floors/0/tasks: must be service/min_tasks 3 to service/max_tasks 30, got 2",
    ),
    ("service/max_tasks", 2, "service/max_tasks: must be at least service/min_tasks 3, got 2"),
    (
        "cutover/freeze_windows/0/end",
        "2026-12-23T00:00:00Z",
        "cutover/freeze_windows/0/end: must be after its start 2026-12-23T00:00:00Z, "
        "got '2026-12-23T00:00:00Z'",
    ),
    (
        "domain/name",
        "x" * 100,
        f"domain/name: must be a host name in lower case, such as app.example.com, got "
        f"'{'x' * 76}...",
    ),
    (
        "domain/name",
        "half a character: \ud800",
        "domain/name: must be a host name in lower case, such as app.example.com, got "
        "'half a character: ?'",
    ),
    (
        "domain/two\nlines",
        1,
        "domain/'two\\nlines': unknown key, expected one of name, zone_id",
    ),
    ("domain/", 1, "domain/'': unknown key, expected one of name, zone_id"),
]


@pytest.mark.parametrize(
    ("path", "allowed", "given"),
    [(path, allowed, shown) for path, allowed, values in MUST_BE for shown in values],
)
def test_a_value_out_of_bounds_is_one_line(path: str, allowed: str, given: str) -> None:
    value = None if given == "nothing" else yaml.safe_load(given)
    assert problems_of(changed(path, value)) == [f"{path}: must be {allowed}, got {given}"]


@pytest.mark.parametrize(("path", "value", "line"), LINES)
def test_another_problem_is_one_line_too(path: str, value: object, line: str) -> None:
    assert problems_of(changed(path, value)) == [line]


def test_what_a_task_needs_without_nat_is_listed() -> None:
    sections = changed("network/nat", "none")
    sections["network"]["endpoints"] = ["kms", "logs"]
    missing = [name for name in ENDPOINTS_WITHOUT_NAT if name not in ("kms", "logs")] + ["xray"]
    assert {"ecr.api", "ecr.dkr", "secretsmanager"} <= set(missing)
    assert problems_of(sections) == [
        f"network/endpoints: must include {', '.join(missing)} when network/nat is none"
    ]


def test_an_unknown_endpoint_is_told_all_that_there_are() -> None:
    names = ", ".join(typing.get_args(settings.Endpoint))
    assert problems_of(changed("network/endpoints", ["s3"])) == [
        f"network/endpoints/0: must be one of {names}, got 's3'"
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("postgres/backup_days", 1),
        ("postgres/backup_days", 35),
        ("postgres/max_storage_gib", 110),
        ("service/memory_mib", 8192),
        ("service/max_tasks", 3),
        ("cutover/ladder_percent", [100]),
        ("cutover/freeze_windows", []),
        ("cutover/freeze_windows", LEFT_OUT),
        ("cutover/freeze_windows/0/start", "2026-12-23T00:00:00+00:00"),
        ("network/endpoints", []),
        ("network/cidr", "172.16.0.0/20"),
        ("nginx/image", f"nginx@{DIGEST}"),
        ("aws/region", "ap-southeast-2"),
        ("slo/availability_percent", 99),
        ("slo/availability_percent", 99.99),
        ("slo/latency_percent", 99.9),
        ("alerts/emails", []),
        ("alerts/repeat_minutes", 1),
        ("alerts/repeat_minutes", 1440),
        (
            "secrets/sentry_dsn_secret",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sentry-AbCdEf",
        ),
    ],
)
def test_what_lies_on_a_limit_is_allowed(path: str, value: object) -> None:
    sections = changed(path, value)
    if path == "aws/region":
        sections["network"]["zones"] = ["ap-southeast-2a", "ap-southeast-2b"]
    assert problems_of(sections) == []


def test_every_section_that_is_missing_is_named_at_once() -> None:
    lines = problems_of({})
    assert [line.partition(":")[0] for line in lines] == [
        field.name for field in dataclasses.fields(Settings) if field.default is dataclasses.MISSING
    ]


def configured(sections: dict[str, Any]) -> dict[str, str]:
    return {f"slipway:{key}": json.dumps(value) for key, value in sections.items()}


def test_load_gives_the_name_and_the_settings() -> None:
    seen: list[tuple[str, Settings]] = []
    record(lambda: seen.append(settings.load()), stack="testing")
    assert seen == [("testing", parse(raw("testing"))[0])]


def test_all_problems_come_in_one_run_error() -> None:
    sections = changed("postgres/multi_azz", value=True)
    sections["redis"]["nodes"] = 0
    del sections["protect"]
    with pytest.raises(pulumi.RunError) as refused:
        record(settings.load, stack="prod", config=configured(sections))
    # Exactly this type: the language host prints its message alone, and a trace for any other.
    assert type(refused.value) is pulumi.RunError
    assert str(refused.value).split("\n") == [
        "Pulumi.prod.yaml is not usable:",
        "  protect: is missing, must be true or false",
        f"  postgres/multi_azz: unknown key, expected one of {POSTGRES_KEYS}",
        "  redis/nodes: must be 1 to 6, got 0",
    ]


def test_what_is_valid_is_held_against_each_other_beside_what_is_not() -> None:
    sections = changed("aws/account_id", 12)
    sections["network"]["zones"] = ["eu-west-1a", "us-east-1b"]
    sections["postgres"] |= {"max_storage_gib": 100, "ports": 5433}
    del sections["backup"]["monthly_days"]
    sections["backup"]["weekly_days"] = 7
    sections["service"] |= {"cpu": 3, "max_tasks": 1}
    sections["cutover"]["freeze_windows"][0]["reason"] = ""
    assert [line.partition(", got")[0] for line in problems_of(sections)] == [
        'aws/account_id: must be an account number of 12 digits, in quotes: "123456789012"',
        f"postgres/ports: unknown key, expected one of {POSTGRES_KEYS}",
        "backup/monthly_days: is missing, must be 30 to 3650",
        "service/cpu: must be one of 256, 512, 1024, 2048, 4096, 8192, 16384",
        "cutover/freeze_windows/0/reason: must be a text of 1 to 80 ASCII characters",
        "network/zones: must be zones of aws/region eu-west-1",
        "postgres/max_storage_gib: must be at least 110, a tenth above postgres/storage_gib",
        "backup/weekly_days: must be at least backup/daily_days 30",
        "service/max_tasks: must be at least service/min_tasks 3",
    ]


def test_contradictions_come_in_one_run_error_too() -> None:
    sections = changed("postgres/max_storage_gib", 100)
    sections["service"]["max_tasks"] = 1
    with pytest.raises(pulumi.RunError) as refused:
        record(settings.load, stack="prod", config=configured(sections))
    assert str(refused.value).split("\n") == [
        "Pulumi.prod.yaml is not usable:",
        "  postgres/max_storage_gib: must be at least 110, a tenth above postgres/storage_gib, "
        "got 100",
        "  service/max_tasks: must be at least service/min_tasks 3, got 1",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("x", "Prod", "1st", "a" * 17, "pro_d", "prod-", "pro--d", "internal", "sg"),
        *("internal-2", "sthree", "sthree-eu", "amzn-s3-demo-1"),
    ],
)
def test_a_stack_name_that_aws_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        record(settings.load, stack=name, config=configured(GOOD))
    assert str(refused.value).split("\n") == [
        f"Pulumi.{name}.yaml is not usable:",
        "  the stack's name: must be 2 to 16 lower-case letters, digits and single hyphens, which "
        f"do not begin with internal, sg, sthree or amzn-s3-demo as a word, got {name!r}",
    ]


@pytest.mark.parametrize("name", ["qa", "pr-7", "eu-prod", "internals", "sgp", "sthrees", "a" * 16])
def test_a_stack_name_that_aws_takes_is_taken(name: str) -> None:
    record(settings.load, stack=name, config=configured(GOOD))


def test_a_key_that_only_the_command_line_sets_is_read_too() -> None:
    config = configured(GOOD) | {"slipway:postgress": "{}"}
    with pytest.raises(pulumi.RunError, match=r"\n  postgress: unknown key, expected one of aws,"):
        record(settings.load, stack="prod", config=config)


def test_keys_of_other_projects_are_left_alone() -> None:
    record(settings.load, stack="prod", config=configured(GOOD) | {"aws:region": "x"})


def test_nothing_that_costs_money_or_loses_data_has_a_default() -> None:
    defaults = {
        f"{section.__name__}.{field.name}"
        for section in _sections()
        for field in dataclasses.fields(section)
        if field.default is not dataclasses.MISSING
        or field.default_factory is not dataclasses.MISSING
    }
    assert defaults == {
        "AlertsSettings.repeat_minutes",
        "BackupSettings.copy_region",
        "CutoverSettings.freeze_windows",
        "SecretsSettings.sentry_dsn_secret",
        "ServiceSettings.floors",
        "Settings.permissions_boundary",
        "Settings.tracing",
    }


def test_every_number_and_text_has_limits() -> None:
    unlimited = {
        f"{section.__name__}.{field.name}"
        for section in _sections()
        for field in dataclasses.fields(section)
        if not _limited(typing.get_type_hints(section, include_extras=True)[field.name])
    }
    assert unlimited == set()


def _sections() -> list[Any]:
    sections = [one for one in vars(settings).values() if dataclasses.is_dataclass(one)]
    assert len(sections) == 19
    return sections


def _limited(annotation: Any) -> bool:
    if typing.get_origin(annotation) is typing.Annotated:
        return any(isinstance(extra, Bound) for extra in typing.get_args(annotation)[1:])
    if typing.get_origin(annotation) is typing.Literal:
        return True
    if type(None) in typing.get_args(annotation):
        return _limited(typing.get_args(annotation)[0])
    return annotation is bool or dataclasses.is_dataclass(annotation)
