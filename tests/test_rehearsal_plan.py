"""A plan shows every component, the settings that matter and each export, and never a secret."""

import io
import json
from functools import cache

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest
from rich.console import Console

from rehearsal.plan import closing_line, data, totals
from rehearsal.plan_settings import SHOWN
from rehearsal.plan_tree import tree
from rehearsal.recording import Recording, record
from tests.environments import recorded, recorded_again

HUSH = "a value that nobody may see"


class Part(pulumi.ComponentResource):
    """A component of two topics and, when asked, a part within it."""

    def __init__(self, name: str, *, inner: bool, protect: bool = False) -> None:
        super().__init__("slipway:test:Part", name, None, pulumi.ResourceOptions(protect=protect))
        child = pulumi.ResourceOptions(parent=self)
        for letter in "ba":
            aws.sns.Topic(f"{name}-{letter}", opts=child)
        aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket="b",
            versioning_configuration={"status": "Enabled"},
            opts=pulumi.ResourceOptions(parent=self, protect=not protect),
        )
        if inner:
            Within(f"{name}-within", child)
        self.register_outputs({})


class Within(pulumi.ComponentResource):
    """A service whose count somebody else owns."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("slipway:test:Within", name, None, opts)
        aws.ecs.Service(
            name,
            desired_count=0,
            launch_type="FARGATE",
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=["task_definition", "desired_count"]
            ),
        )
        self.register_outputs({})


def program() -> None:
    aws.Provider("aws", region="eu-west-1")
    Part("one", inner=True, protect=True)
    Part("two", inner=False)
    token = random.RandomPassword("token", length=32)
    aws.secretsmanager.SecretVersion("v", secret_id="s", secret_string=pulumi.Output.secret(HUSH))
    aws.acm.Certificate("hidden", domain_name=pulumi.Output.secret(HUSH))
    pulumi.export("nested", {"list": ["x", 1], "empty": {}, "yes": True})
    pulumi.export("secret", pulumi.Output.secret({"deep": [HUSH]}))
    pulumi.export("token", token.result)
    pulumi.export("plain", "text")


@cache
def small() -> Recording:
    return record(program, stack="dev", config={})


def printed(recording: Recording, *, width: int = 100, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False)
    console.print(tree(recording, "dev"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_plan_reads_as_a_tree_of_components_with_their_counts() -> None:
    assert [line.rstrip() for line in printed(small()).splitlines()] == [
        "dev: 11 resources",
        "├── Part one: 4  protected",
        "│   ├── s3.BucketVersioning one-versions  versioning_configuration.status=Enabled  "
        "protect=false",
        "│   ├── sns.Topic x 2 one-a, one-b",
        "│   └── Within one-within: 1  protected",
        "│       └── ecs.Service one-within  desired_count=0  launch_type=FARGATE",
        "│           ignores=desired_count,task_definition",
        "├── Part two: 3",
        "│   ├── s3.BucketVersioning two-versions  versioning_configuration.status=Enabled  "
        "protect=true",
        "│   └── sns.Topic x 2 two-a, two-b",
        "├── of the stack itself: 4",
        "│   ├── acm.Certificate hidden  domain_name=[secret]",
        "│   ├── secretsmanager.SecretVersion v",
        "│   ├── pulumi.aws aws",
        "│   └── random.RandomPassword token",
        "└── exports: 4, the contract with cutover; ids are made up here",
        "    ├── nested",
        "    │   ├── empty = {}",
        "    │   ├── list",
        "    │   │   ├── 0 = x",
        "    │   │   └── 1 = 1",
        "    │   └── yes = true",
        "    ├── plain = text",
        "    ├── secret = [secret]",
        "    └── token = [secret]",
    ]


def test_the_closing_line_counts_each_component_and_all() -> None:
    assert closing_line(small(), 1.26) == "Part 7, stack 4: 11 resources in 1.3 s"
    assert totals(small()) == {"Part": 7, "stack": 4}
    only_one = Recording(resources=small().every("aws:ecs/service:Service"))
    assert closing_line(only_one, 0).endswith(": 1 resource in 0.0 s")


def test_the_data_has_every_input_but_no_secret() -> None:
    found = data(small(), "dev")
    assert found["environment"] == "dev"
    assert found["totals"] == {"Part": 7, "stack": 4}
    assert len(found["resources"]) == 14
    assert found["exports"] == {
        "nested": {"list": ["x", 1], "empty": {}, "yes": True},
        "plain": "text",
        "secret": "[secret]",
        "token": "[secret]",
    }
    by_name = {(one["type"], one["name"]): one for one in found["resources"]}
    version = by_name["aws:secretsmanager/secretVersion:SecretVersion", "v"]
    assert version["inputs"] == {"secretId": "s", "secretString": "[secret]"}
    service = by_name["aws:ecs/service:Service", "one-within"]
    within = by_name["slipway:test:Within", "one-within"]
    assert service == {
        "urn": "urn:pulumi:dev::slipway::slipway:test:Part$slipway:test:Within"
        "$aws:ecs/service:Service::one-within",
        "type": "aws:ecs/service:Service",
        "name": "one-within",
        "parent": within["urn"],
        "inputs": {"desiredCount": 0, "launchType": "FARGATE"},
        "protect": True,
        "ignore_changes": ["desiredCount", "taskDefinition"],
        "provider": None,
        "depends_on": [],
    }


def test_no_secret_is_printed_in_any_form() -> None:
    recording = small()
    token = recording.only("random:index/randomPassword:RandomPassword").outputs["result"]
    assert token == "token.result"
    for text in (printed(recording), json.dumps(data(recording, "dev"))):
        assert HUSH not in text
        assert token not in text


def test_markup_and_long_values_are_shown_as_they_are() -> None:
    def long() -> None:
        aws.acm.Certificate("c", domain_name="[bold]x[/bold]" + "y" * 200)

    assert "domain_name=[bold]x[/bold]" + "y" * 200 in printed(
        record(long, stack="dev", config={}), width=10_000
    )


@pytest.mark.parametrize("stack", ["prod", "staging", "testing"])
def test_two_plans_of_one_environment_are_the_same(stack: str) -> None:
    again = recorded_again(stack)
    assert data(again, stack) == data(recorded(stack), stack)
    assert printed(again) == printed(recorded(stack))


@pytest.mark.parametrize("stack", ["prod", "staging", "testing"])
def test_a_real_plan_fits_100_columns_and_shows_every_resource(stack: str) -> None:
    lines = printed(recorded(stack)).splitlines()
    longest = max(lines, key=len)
    assert len(longest) <= 100, longest
    assert not [line for line in printed(recorded(stack)).splitlines() if "None" in line]
    flat = printed(recorded(stack), width=10_000)
    missing = [r.name for r in recorded(stack).resources if r.name not in flat]
    assert missing == []
    assert sum(totals(recorded(stack)).values()) == len(
        [resource for resource in recorded(stack).resources if resource.custom]
    )


def test_every_setting_that_a_plan_would_show_exists_in_an_environment() -> None:
    flat = "\n".join(printed(recorded(stack), width=10_000) for stack in ("prod", "staging"))
    for type_, paths in SHOWN.items():
        assert recorded("prod").every(type_)
        for path in paths:
            last = path.split(".")[-1]
            label = "".join(f"_{c.lower()}" if c.isupper() else c for c in last)
            assert f"{label}=" in flat, f"{type_}: {path}"
