"""The contract: what the stack writes is what cutover reads, and it fits."""

import dataclasses
import json

import pulumi
import pytest

from infra.connections import max_connections
from infra.contract import ContractParameter, ContractParameterArgs
from infra.outputs import (
    CONTRACT_MAX_BYTES,
    Contract,
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


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 3}', '"text"', "1"])
def test_what_is_no_contract_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^the contract can't be read \(.*\); run `pulumi up` again$"
    ):
        Contract.from_json(text)


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
