"""The harness can fail: one test for each way in which tests of a Pulumi program pass unearned."""

import asyncio
import signal
from types import FrameType
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from rehearsal.errors import RehearsalError
from rehearsal.recording import Recording, record
from rehearsal.stack_file import stack_config

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
TOPIC = "aws:sns/topic:Topic"


class Part(pulumi.ComponentResource):
    """A component with one network in it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:test:Part", name, None, opts)
        self.vpc = a_vpc(name, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"names": {name: self.vpc.id}})


def a_vpc(name: str = "main", opts: pulumi.ResourceOptions | None = None) -> aws.ec2.Vpc:
    return aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", enable_dns_support=True, opts=opts)


def recorded(program: Any, **options: Any) -> Recording:
    return record(program, stack="staging", **{"config": {}, **options})


def boom(_: object) -> None:
    raise ArithmeticError("boom")


# A look-up never finds nothing, and an assertion never meets an Output.


def test_a_wrong_type_token_is_an_error_that_lists_the_types_there_are() -> None:
    recording = recorded(a_vpc)
    with pytest.raises(LookupError, match=r"^no aws:ec2:Vpc {1,2}among: aws:ec2/vpc:Vpc$"):
        recording.every("aws:ec2:Vpc")
    with pytest.raises(LookupError, match=r"^no aws:ec2:Vpc"):
        recording.only("aws:ec2:Vpc")


def test_a_wrong_name_is_an_error_that_lists_the_names_there_are() -> None:
    with pytest.raises(LookupError, match=r"^no aws:ec2/vpc:Vpc other among: main$"):
        recorded(a_vpc).only(VPC, "other")


def test_the_only_one_of_two_is_an_error() -> None:
    def program() -> None:
        a_vpc("one")
        a_vpc("two")

    recording = recorded(program)
    assert [vpc.name for vpc in recording.every(VPC)] == ["one", "two"]
    assert recording.only(VPC, "two").name == "two"
    with pytest.raises(LookupError, match=r"^2 of aws:ec2/vpc:Vpc: one, two$"):
        recording.only(VPC)


def test_what_a_component_registers_is_plain_data_by_its_urn() -> None:
    recording = recorded(lambda: Part("one"))
    part = recording.only("slipway:test:Part")
    assert recording.component_outputs == {part.urn: {"names": {"one": "one-id"}}}


def test_an_empty_program_has_nothing_to_loop_over() -> None:
    with pytest.raises(LookupError, match="among: nothing"):
        recorded(lambda: None).every(VPC)


def test_inputs_are_plain_data_with_the_keys_that_the_engine_gets() -> None:
    vpc = recorded(a_vpc).only(VPC)
    assert vpc.inputs == {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True}
    with pytest.raises(KeyError, match="cidr_block"):
        vpc.inputs["cidr_block"]


def test_numbers_keep_their_kind() -> None:
    def program() -> None:
        aws.rds.Instance("db", instance_class="x", allocated_storage=20)
        pulumi.export("ratio", 0.5)

    recording = recorded(program)
    assert repr(recording.only("aws:rds/instance:Instance").inputs["allocatedStorage"]) == "20"
    assert recording.exports == {"ratio": 0.5}


# Whatever a program raises is raised here, wherever it was raised.


def test_an_apply_that_raises_fails_though_nobody_awaits_it() -> None:
    with pytest.raises(ArithmeticError, match="boom"):
        recorded(lambda: pulumi.Output.from_input(1).apply(boom))


def test_an_apply_on_a_resource_that_raises_fails() -> None:
    with pytest.raises(ArithmeticError, match="boom"):
        recorded(lambda: a_vpc().arn.apply(boom) and None)


def test_an_input_that_raises_fails() -> None:
    with pytest.raises(ArithmeticError, match="boom"):
        recorded(lambda: aws.sns.Topic("t", name=a_vpc().arn.apply(boom)) and None)


def test_an_exported_output_that_raises_fails() -> None:
    with pytest.raises(ArithmeticError, match="boom"):
        recorded(lambda: pulumi.export("x", a_vpc().arn.apply(boom)))


def test_an_async_program_that_raises_fails() -> None:
    async def program() -> None:
        boom(0)

    with pytest.raises(ArithmeticError, match="boom"):
        recorded(program)


def test_a_misspelt_argument_fails() -> None:
    with pytest.raises(TypeError, match="cidr_blok"):
        recorded(lambda: aws.ec2.Vpc("main", cidr_blok="10.0.0.0/16"))  # pyright: ignore


def test_an_error_that_the_program_logs_fails_as_it_fails_an_update() -> None:
    with pytest.raises(RuntimeError, match=r"^the program logged an error: no good$"):
        recorded(lambda: pulumi.log.error("no good"))


# What a real engine refuses and a mock lets through.


def test_two_resources_with_one_urn_fail() -> None:
    def program() -> None:
        a_vpc()
        a_vpc()

    with pytest.raises(ValueError, match=r"^two resources with one URN: urn:.*Vpc::main$"):
        recorded(program)


def test_children_of_one_name_in_two_components_of_one_type_fail() -> None:
    def program() -> None:
        for part in ("one", "two"):
            a_vpc("same", pulumi.ResourceOptions(parent=Part(part)))

    with pytest.raises(ValueError, match=r"^two resources with one URN: .*Part\$aws:ec2.*::same$"):
        recorded(program)


def test_a_lookup_that_nobody_answers_fails() -> None:
    with pytest.raises(Exception, match="calls aws:index/getCallerIdentity:getCallerIdentity"):
        recorded(aws.get_caller_identity)
    with pytest.raises(Exception, match="calls aws:index/getRegion:getRegion, which"):
        recorded(lambda: pulumi.export("region", aws.get_region_output().region))


def test_a_lookup_that_is_answered_gives_the_answer() -> None:
    def program() -> None:
        pulumi.export("account", aws.get_caller_identity_output().account_id)

    token = "aws:index/getCallerIdentity:getCallerIdentity"
    recording = recorded(program, invokes={token: {"accountId": "123456789012"}})
    assert recording.exports == {"account": "123456789012"}


def test_a_lookup_is_noted_with_what_it_asks_and_whom() -> None:
    def program() -> None:
        provider = aws.Provider("mine", region="eu-west-1")
        part = Part("kept", pulumi.ResourceOptions(provider=provider))
        for name, opts in (
            ("default", None),
            ("own", pulumi.InvokeOutputOptions(provider=provider)),
            ("inherited", pulumi.InvokeOutputOptions(parent=part)),
        ):
            pulumi.export(name, aws.ec2.get_managed_prefix_list_output(name=name, opts=opts).id)

    recording = recorded(program)
    token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
    assert {invoke.token for invoke in recording.invokes} == {token}
    assert sorted((invoke.args["name"], invoke.provider) for invoke in recording.invokes) == [
        ("default", None),
        ("inherited", "mine"),
        ("own", "mine"),
    ]
    assert recorded(a_vpc).invokes == []


def test_reading_what_already_exists_fails() -> None:
    with pytest.raises(LookupError, match=r"^the program reads aws:ec2/vpc:Vpc 'old' from the acc"):
        recorded(lambda: aws.ec2.Vpc.get("old", "vpc-1") and None)
    with pytest.raises(LookupError, match="reads pulumi:pulumi:StackReference 'other'"):
        recorded(lambda: pulumi.StackReference("other") and None)


def test_an_ignored_property_that_does_not_exist_fails() -> None:
    def ignoring(name: str) -> Any:
        return lambda: a_vpc(opts=pulumi.ResourceOptions(ignore_changes=[name])) and None

    assert recorded(ignoring("cidr_block")).only(VPC).ignore_changes == ("cidrBlock",)
    for name in ("cidr_blok", "tags.owner", "cidr_block[0]"):
        with pytest.raises(
            ValueError, match=r"main ignores changes of .*, which is no property of"
        ):
            recorded(ignoring(name))


# What a mock leaves out does not turn into a text or a silent nothing.


def test_an_output_in_an_f_string_fails() -> None:
    with pytest.raises(Exception, match=r"Calling __str__ on an Output\[T\] is not supported"):
        recorded(lambda: aws.sns.Topic("t", name=f"{a_vpc().arn}") and None)


def test_an_output_that_the_recording_does_not_supply_never_becomes_a_text() -> None:
    def text() -> None:
        ports = aws.rds.Instance("db", instance_class="x").port
        aws.sns.Topic("t", name=pulumi.Output.format("port-{0}", ports))

    def entry() -> None:
        aws.lb.LoadBalancer("lb", subnets=[a_vpc().instance_tenancy.apply(lambda _: None)])  # pyright: ignore

    def export() -> None:
        pulumi.export("port", aws.rds.Instance("db", instance_class="x").port.apply(str))

    for program in (text, entry, export):
        with pytest.raises(ValueError, match=r"holds nothing where .* or the text None"):
            recorded(program)


def test_outputs_that_a_provider_always_computes_are_told_apart() -> None:
    def program() -> None:
        topic = aws.sns.Topic("t")
        pulumi.export("both", [topic.arn, topic.id])

    assert recorded(program).exports == {
        "both": ["arn:aws:sns:eu-west-1:123456789012:topic/t", "t-id"]
    }


def test_the_arn_of_what_is_everywhere_names_no_region() -> None:
    def program() -> None:
        pulumi.export("role", aws.iam.Role("r", assume_role_policy="{}").arn)
        pulumi.export("bucket", aws.s3.Bucket("b").arn)

    assert recorded(program).exports == {
        "role": "arn:aws:iam::123456789012:role/r",
        "bucket": "arn:aws:s3:::bucket/b",
    }


def test_a_test_may_supply_outputs_of_its_own() -> None:
    recording = recorded(
        lambda: pulumi.export("arn", a_vpc().arn), outputs=lambda *_: {"id": "i", "arn": "mine"}
    )
    assert recording.exports == {"arn": "mine"}


# Options, which mocks hide.


def test_options_are_seen() -> None:
    def program() -> None:
        vpc = a_vpc()
        options = pulumi.ResourceOptions(
            protect=True,
            ignore_changes=["cidr_block", "map_public_ip_on_launch"],
            depends_on=[vpc],
            delete_before_replace=True,
            retain_on_delete=True,
            custom_timeouts=pulumi.CustomTimeouts(create="2h"),
        )
        aws.ec2.Subnet("a", vpc_id="vpc-1", opts=options)

    recording = recorded(program)
    subnet, vpc = recording.only(SUBNET), recording.only(VPC)
    assert (subnet.protect, vpc.protect) == (True, False)
    assert subnet.ignore_changes == ("cidrBlock", "mapPublicIpOnLaunch")
    assert subnet.depends_on == (vpc.urn,)
    assert (subnet.delete_before_replace, vpc.delete_before_replace) == (True, False)
    assert (subnet.retain_on_delete, vpc.retain_on_delete) == (True, False)
    assert subnet.custom_timeouts == {"create": "2h"}


def test_parent_protection_and_provider_reach_the_children() -> None:
    def program() -> None:
        provider = aws.Provider("mine", region="eu-west-1")
        Part("kept", pulumi.ResourceOptions(protect=True, provider=provider))
        Part("free")

    recording = recorded(program)
    kept, free = recording.only(VPC, "kept"), recording.only(VPC, "free")
    part = recording.only("slipway:test:Part", "kept")
    assert (kept.parent, part.parent) == (part, None)
    in_order = [resource.name for resource in recording.resources]
    assert in_order == ["mine", "free", "kept", "free", "kept"]
    assert kept.urn == "urn:pulumi:staging::slipway::slipway:test:Part$aws:ec2/vpc:Vpc::kept"
    assert (kept.protect, kept.provider) == (True, "mine")
    assert (free.protect, free.provider) == (False, None)


def test_a_secret_is_named_as_one_and_its_value_can_be_compared() -> None:
    def program() -> None:
        password = random.RandomPassword("p", length=32)
        aws.sns.Topic("top", name=pulumi.Output.secret("hush"), display_name="open")
        aws.sns.Topic("nested", tags={"token": pulumi.Output.secret("hush")})
        aws.sns.Topic("derived", name=pulumi.Output.concat("x-", password.result))
        pulumi.export("hidden", password.result)
        pulumi.export("open", password.length)

    recording = recorded(program)
    top = recording.only(TOPIC, "top")
    assert (top.inputs["name"], top.secrets) == ("hush", {"name"})
    nested = recording.only(TOPIC, "nested")
    assert (nested.inputs["tags"], nested.secrets) == ({"token": "hush"}, {"tags"})
    assert recording.only(TOPIC, "derived").secrets == {"name"}
    assert recording.secret_exports == {"hidden"}


# Nothing is missed, and nothing is left over.


def test_what_an_apply_creates_is_waited_for() -> None:
    def create(arn: str) -> pulumi.Output[str]:
        return aws.sns.Topic("inner", name=arn.rsplit("/", 1)[1]).arn

    recording = recorded(lambda: a_vpc().arn.apply(create) and None)
    assert recording.only(TOPIC).inputs == {"name": "main"}


def test_two_hundred_resources_are_all_there_in_a_fixed_order() -> None:
    def program() -> None:
        for number in range(200):
            aws.sns.Topic(f"t{number:03}")

    topics = recorded(program).every(TOPIC)
    assert [topic.name for topic in topics] == [f"t{number:03}" for number in range(200)]


def test_exports_are_never_lost_to_a_race() -> None:
    for number in range(100):
        recording = recorded(lambda number=number: pulumi.export("number", number))
        assert recording.exports == {"number": number}


def test_a_first_preview_is_survived_with_unknown_outputs() -> None:
    def program() -> None:
        vpc = a_vpc()
        aws.ec2.Subnet("a", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
        vpc.arn.apply(boom)  # unknown, so a preview does not get here: see the test below
        pulumi.export("id", vpc.id)

    recording = recorded(program, preview=True)
    subnet = recording.only(SUBNET)
    assert subnet.inputs["cidrBlock"] == "10.0.0.0/24"
    assert isinstance(subnet.inputs["vpcId"], pulumi.output.Unknown)
    assert list(recording.exports) == ["id"]
    with pytest.raises(ArithmeticError, match="boom"):
        recorded(program)


def test_a_preview_still_sees_what_is_known() -> None:
    with pytest.raises(ArithmeticError, match="boom"):
        recorded(lambda: a_vpc().cidr_block.apply(boom) and None, preview=True)


def test_a_run_sees_nothing_of_the_run_before() -> None:
    def first() -> None:
        Part("first")
        pulumi.export("first", pulumi.Config("slipway").require("only"))

    def second() -> None:
        a_vpc("second")
        pulumi.export("second", [pulumi.Config("slipway").get("only", "gone"), pulumi.get_stack()])

    earlier = record(first, stack="prod", config={"slipway:only": "first"})
    later = recorded(second)
    assert earlier.exports == {"first": "first"}
    assert later.exports == {"second": ["gone", "staging"]}
    assert [resource.name for resource in later.resources] == ["second"]
    assert later.only(VPC).urn == "urn:pulumi:staging::slipway::aws:ec2/vpc:Vpc::second"


def test_a_failed_run_does_not_fail_the_next_one() -> None:
    def failing() -> None:
        a_vpc("failing")
        pulumi.export("failing", pulumi.Output.from_input(1).apply(boom))

    for _ in range(3):
        with pytest.raises(ArithmeticError, match="boom"):
            recorded(failing)
    recording = recorded(lambda: pulumi.export("fine", 1))
    assert (recording.exports, recording.resources) == ({"fine": 1}, [])


def test_what_never_ends_is_told_and_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rehearsal.recording.STUCK_SECONDS", 0.2)

    def program() -> None:
        asyncio.ensure_future(asyncio.sleep(3600))  # noqa: RUF006 (left behind on purpose)

    with pytest.raises(TimeoutError, match=r"^1 tasks of the program never end, such as <Task"):
        recorded(program)
    assert recorded(a_vpc).only(VPC).name == "main"


def interrupts_in_an_apply() -> None:
    a_vpc("one").id.apply(lambda _: asyncio.Event().wait())  # waited for as long as it takes
    a_vpc("two").id.apply(lambda _: signal.raise_signal(signal.SIGINT))


def test_a_ctrl_c_ends_the_program_though_the_sdk_keeps_what_is_raised_in_an_apply() -> None:
    with pytest.raises(KeyboardInterrupt):
        recorded(interrupts_in_an_apply)
    assert recorded(a_vpc).only(VPC).name == "main"


def test_a_signal_reaches_whoever_handled_it_before() -> None:
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        raise SystemExit(143)

    def ended(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        signal.raise_signal(signal.SIGTERM)
        return {"id": name}

    before = signal.signal(signal.SIGTERM, handle)
    try:
        with pytest.raises(SystemExit, match="143"):
            recorded(a_vpc, outputs=ended)
        assert signal.getsignal(signal.SIGTERM) is handle
    finally:
        signal.signal(signal.SIGTERM, before)
    assert {*seen} == {signal.SIGTERM}


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        recorded(lambda: signal.raise_signal(signal.SIGHUP))
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_real_settings_file_is_the_default() -> None:
    def program() -> None:
        pulumi.export("protect", pulumi.Config("slipway").require_bool("protect"))

    assert record(program, stack="prod").exports == {"protect": True}
    assert record(program, stack="staging").exports == {"protect": False}
    assert stack_config("prod")["slipway:protect"] == "true"
    with pytest.raises(RehearsalError, match=r"^Pulumi.nope.yaml does not exist; the stacks are"):
        record(program, stack="nope")
