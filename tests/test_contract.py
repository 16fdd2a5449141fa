"""The contract: what the stack writes is what cutover reads, and it fits."""

import dataclasses
import json
import sys

import pulumi
import pytest

from infra.connections import max_connections
from infra.contract import ContractParameter, ContractParameterArgs
from infra.outputs import (
    CONTRACT_MAX_BYTES,
    Contract,
    NewerContract,
    PolicyContract,
    SlotContract,
    TaskContract,
    contract_name,
)
from rehearsal.recording import record
from tests.environments import STACKS, chosen, recorded


def written(stack: str) -> str:
    return recorded(stack).only("aws:ssm/parameter:Parameter", f"{stack}-contract").inputs["value"]


@pytest.mark.parametrize("stack", STACKS)
def test_the_parameter_stands_where_cutover_looks(stack: str) -> None:
    parameter = recorded(stack).only("aws:ssm/parameter:Parameter", f"{stack}-contract")
    assert {k: v for k, v in parameter.inputs.items() if k not in ("value", "description")} == {
        "name": f"/slipway/{stack}/contract",
        "type": "String",
        "tier": "Advanced",
        "dataType": "text",
    }
    assert contract_name(stack) == f"/slipway/{stack}/contract"
    assert parameter.secrets == {"value"}  # the SDK hides every parameter; nothing in it is secret


@pytest.mark.parametrize("stack", STACKS)
def test_it_is_canonical_and_comes_back_equal(stack: str) -> None:
    text = written(stack)
    contract = Contract.from_json(text)
    assert contract.to_json() == text
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert contract.environment == stack


@pytest.mark.parametrize("stack", STACKS)
def test_each_part_comes_back_as_what_it_was_and_can_not_be_changed(stack: str) -> None:
    contract, fields = Contract.from_json(written(stack)), json.loads(written(stack))
    policy = fields["policy"]
    assert contract.policy == PolicyContract(
        **{
            **policy,
            "ladder_percent": tuple(policy["ladder_percent"]),
            "freeze_windows": tuple(policy["freeze_windows"]),
        }
    )
    assert contract.slots == {
        slot: SlotContract(**fields["slots"][slot]) for slot in ("blue", "green")
    }
    assert contract.blueprint == TaskContract(**fields["blueprint"])
    assert contract.migrate == TaskContract(**fields["migrate"])
    assert contract.task_subnets == tuple(fields["task_subnets"]) != ()
    assert contract.task_security_groups == tuple(fields["task_security_groups"]) != ()
    assert contract.alarms == tuple(fields["alarms"])
    assert Contract.of({**fields, "alarms": ["a", "b"]}).alarms == ("a", "b")


def test_without_an_address_and_an_authority_the_public_ones_are_meant() -> None:
    fields = json.loads(written("prod"))
    del fields["public_address"], fields["public_authority"]
    contract = Contract.of(fields)
    assert (contract.public_address, contract.public_authority) == ("", "")


@pytest.mark.parametrize("stack", STACKS)
def test_the_exports_are_the_same_values(stack: str) -> None:
    assert recorded(stack).exports == json.loads(written(stack))
    assert recorded(stack).secret_exports == frozenset()


def test_it_fits_with_arns_of_full_length() -> None:
    """Real ARNs are longer than the recording's: each of prod's texts is stretched to 150."""

    def stretched(value: object) -> object:
        match value:
            case dict():
                return {key: stretched(item) for key, item in value.items()}
            case list():
                return [stretched(item) for item in value]
            case str() if value.startswith("arn:"):
                return value.ljust(150, "x")
        return value

    text = Contract.of(stretched(json.loads(written("prod")))).to_json()  # type: ignore[arg-type]
    assert len(written("prod")) < len(text) < CONTRACT_MAX_BYTES


def test_prods_contract_word_for_word() -> None:
    prod, settings = recorded("prod"), chosen("prod")

    def arn(type_: str, name: str) -> str:
        return prod.only(type_, name).outputs["arn"]

    def slot(name: str) -> dict[str, object]:
        group = prod.only("aws:lb/targetGroup:TargetGroup", f"prod-{name}")
        return {
            "target_group": group.outputs["arn"],
            "target_group_suffix": group.outputs["arnSuffix"],
            "test_rule": arn("aws:lb/listenerRule:ListenerRule", f"prod-test-{name}"),
            "service": arn("aws:ecs/service:Service", f"prod-{name}"),
            "scalable_target": f"service/prod-cluster.name/prod-{name}.name",
            "alarms": {
                kind: arn("aws:cloudwatch/metricAlarm:MetricAlarm", f"prod-{name}-{kind}")
                for kind in ("errors", "unhealthy")
            },
        }

    task = "aws:ecs/taskDefinition:TaskDefinition"
    assert json.loads(written("prod")) == {
        "version": 3,
        "environment": "prod",
        "region": settings.aws.region,
        "account_id": settings.aws.account_id,
        "public_url": f"https://{settings.domain.name}",
        "public_address": "",
        "public_authority": "",
        "listener": arn("aws:lb/listener:Listener", "prod-https"),
        "load_balancer_suffix": "prod-alb.arnSuffix",
        "traffic_rule": arn("aws:lb/listenerRule:ListenerRule", "prod-traffic"),
        "slots": {"blue": slot("blue"), "green": slot("green")},
        "cluster": arn("aws:ecs/cluster:Cluster", "prod-cluster"),
        "release_family": "prod-release",
        "blueprint": {
            "task_definition": arn(task, "prod-blueprint"),
            "app_container": "app",
        },
        "migrate": {"task_definition": arn(task, "prod-migrate"), "app_container": "app"},
        "task_subnets": [f"prod-private-{zone[-1]}-id" for zone in settings.network.zones],
        "task_security_groups": ["prod-tasks-id"],
        "probe_token_secret": arn("aws:secretsmanager/secret:Secret", "prod-probe-token"),
        "journal_table": prod.only("aws:dynamodb/table:Table").outputs["name"],
        "weights_role": arn("aws:iam/role:Role", "prod-weights"),
        "frontend_bucket": prod.only("aws:s3/bucket:Bucket", "prod-frontend").outputs["bucket"],
        "distribution": prod.only("aws:cloudfront/distribution:Distribution").id,
        "alarms": [
            arn("aws:cloudwatch/compositeAlarm:CompositeAlarm", f"prod-{objective}-fast")
            for objective in ("availability", "latency")
        ],
        "alerts_topic": arn("aws:sns/topicPolicy:TopicPolicy", "prod-alerts-policy"),
        "policy": {
            "ladder_percent": list(settings.cutover.ladder_percent),
            "step_seconds": settings.cutover.step_seconds,
            "bake_seconds": settings.cutover.bake_seconds,
            "warm_seconds": settings.cutover.warm_seconds,
            "min_tasks": settings.service.min_tasks,
            "max_tasks": settings.service.max_tasks,
            "tolerated_error_ratio": round(1 - settings.slo.availability_percent / 100, 6),
            "latency_seconds": settings.slo.latency_ms / 1000,
            "connections_per_task": settings.pgbouncer.pool_size,
            "max_connections": max_connections(settings.postgres.instance_class),
            "metric_period_seconds": 60,
            "freeze_windows": [
                {"start": window.start, "end": window.end, "reason": window.reason}
                for window in settings.cutover.freeze_windows
            ],
        },
    }


def test_another_version_is_refused() -> None:
    text = json.dumps({**json.loads(written("prod")), "version": 4})
    with pytest.raises(
        ValueError,
        match=r"^the contract has version 4, and this program reads 3; "
        r"use the same checkout for `pulumi up` and cutover$",
    ):
        Contract.from_json(text)


def test_an_earlier_version_is_no_later_one() -> None:
    text = json.dumps({**json.loads(written("prod")), "version": 2})
    with pytest.raises(
        ValueError, match=r"^the contract has version 2, and this program reads 3$"
    ) as earlier:
        Contract.from_json(text)
    assert not isinstance(earlier.value, NewerContract)


@pytest.mark.parametrize(
    ("text", "shown"), [("", '""'), ("{", '"{"'), ("[" * 5000, f'"{"[" * 56}...')]
)
def test_what_is_no_json_is_refused_in_one_sentence(text: str, shown: str) -> None:
    with pytest.raises(ValueError, match=r"^the contract is no JSON: ") as error:
        Contract.from_json(text)
    assert str(error.value) == f"the contract is no JSON: {shown}"


@pytest.mark.parametrize("text", ["{nested}", '{{"version": {nested}}}'])
def test_what_is_nested_however_deeply_is_refused_in_one_sentence(text: str) -> None:
    """There are depths that json.loads just manages, and what is said of them does not."""
    for depth in range(sys.getrecursionlimit() - 300, sys.getrecursionlimit() + 1):
        with pytest.raises(ValueError, match=r"^the contract (is no JSON: |can't be used: )"):
            Contract.from_json(text.format(nested="[" * depth + "]" * depth))


@pytest.mark.parametrize("text", ["[]", '"text"', "1", "null"])
def test_what_is_no_object_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^the contract can't be used: it must be ") as error:
        Contract.from_json(text)
    words = "an object with version, environment, region, "
    assert str(error.value).startswith(f"the contract can't be used: it must be {words}")
    assert str(error.value).endswith(f", public_address, public_authority, and is {text}")


def test_all_that_is_wrong_with_one_is_said_at_once() -> None:
    fields = json.loads(written("prod"))
    del fields["listener"], fields["journal_table"], fields["slots"]["blue"]["test_rule"]
    fields["policy"] |= {"step_seconds": "30", "min_tasks": True, "ladder_percent": [50, 10]}
    fields |= {"public_url": None, "task_subnets": "subnet-1", "extra\n": 1}
    with pytest.raises(ValueError, match=r"^the contract can't be used: ") as error:
        Contract.from_json(json.dumps(fields))
    head, *found = str(error.value).split("; ")
    assert head == "the contract can't be used: listener, journal_table are missing"
    assert sorted(found) == [
        '"extra\\n" is unknown, known are ' + ", ".join(vars(Contract)["__dataclass_fields__"]),
        "policy/ladder_percent must be rising whole percentages that end with 100, and is [50, 10]",
        "policy/min_tasks must be a whole number from 1 to 1000000, and is true",
        'policy/step_seconds must be a whole number from 1 to 1000000, and is "30"',
        "public_url must be a text, and is null",
        "slots/blue/test_rule is missing",
        'task_subnets must be a list, and is "subnet-1"',
    ]


WINDOW = {"start": "2026-12-23T00:00:00Z", "end": "2027-01-04T00:00:00Z", "reason": "year's end"}
NO_WINDOW = (
    "must be a window with a reason, whose start and end are moments with their offset from UTC, "
    "and is "
)


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("ladder_percent", [], "must be rising whole percentages that end with 100, and is []"),
        ("ladder_percent", [0, 100], "must be rising whole percentages that end with 100, and is"),
        ("ladder_percent", [10, 50], "must be rising whole percentages that end with 100, and is"),
        ("metric_period_seconds", 0, "must be a whole number from 1 to 1000000, and is 0"),
        ("bake_seconds", 10**6 + 1, "must be a whole number from 1 to 1000000, and is 1000001"),
        ("max_connections", -1, "must be a whole number from 0 to 1000000, and is -1"),
        ("tolerated_error_ratio", 0, "must be a number between 0 and 1, and is 0"),
        ("tolerated_error_ratio", 1, "must be a number between 0 and 1, and is 1"),
        ("latency_seconds", float("nan"), "must be a number above 0, and is NaN"),
        ("freeze_windows", [WINDOW, {**WINDOW, "start": "soon"}], NO_WINDOW),
        ("freeze_windows", [WINDOW, {"start": WINDOW["start"], "end": WINDOW["end"]}], NO_WINDOW),
        ("freeze_windows", [WINDOW, {**WINDOW, "end": "2027-01-04T00:00:00"}], NO_WINDOW),
    ],
)
def test_a_policy_that_cutover_could_not_follow_is_refused(
    place: str, value: object, problem: str
) -> None:
    fields = json.loads(written("prod"))
    fields["policy"][place] = value
    where = "policy/freeze_windows/1" if place == "freeze_windows" else f"policy/{place}"
    with pytest.raises(ValueError, match=r"^the contract can't be used: ") as error:
        Contract.from_json(json.dumps(fields))
    assert str(error.value).startswith(f"the contract can't be used: {where} {problem}")
    assert str(error.value).count("; ") == 0


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("connections_per_task", 0),
        ("max_connections", 0),
        ("latency_seconds", 1),
        ("min_tasks", 1),
        ("ladder_percent", [100]),
        ("freeze_windows", [WINDOW]),
    ],
)
def test_the_ends_of_what_is_allowed_are_allowed(place: str, value: object) -> None:
    fields = json.loads(written("prod"))
    fields["policy"][place] = value
    assert json.loads(Contract.from_json(json.dumps(fields)).to_json()) == fields


def test_arns_that_cutover_takes_apart_and_alarms_that_have_no_equal_are_refused() -> None:
    fields = json.loads(written("prod"))
    fields |= {"weights_role": "prod-weights", "alarms": ["arn:aws:cloudwatch:eu-west-1:1:alarm"]}
    del fields["slots"]["green"]["alarms"]["errors"]
    with pytest.raises(ValueError, match=r"^the contract can't be used: ") as error:
        Contract.from_json(json.dumps(fields))
    words = str(error.value).removeprefix("the contract can't be used: ").split("; ")
    assert [word.partition(", and is ")[0] for word in sorted(words)] == [
        "alarms/0 must be an alarm's ARN",
        "slots must be two slots with alarms of the same kinds",
        "weights_role must be a role's ARN",
    ]


def test_one_that_does_not_fit_is_refused() -> None:
    contract = Contract.from_json(written("prod"))
    large = dataclasses.replace(contract, public_url="x" * CONTRACT_MAX_BYTES)
    with pytest.raises(ValueError, match="an SSM parameter takes 8192; shorten"):
        large.to_json()


def test_a_program_with_another_shape_fails() -> None:
    fields = json.loads(written("prod"))
    del fields["listener"]

    def program() -> None:
        ContractParameter("prod", ContractParameterArgs(fields=fields))
        pulumi.export("done", True)  # noqa: FBT003 the SDK's signature

    with pytest.raises(TypeError, match="listener"):
        record(program, stack="prod")
