"""HAProxy does what an ALB does, including the parts of it that lose requests."""

import http.client
import math
import os
import re
import signal
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from stub_upstream import HOST, Answer, Request, Upstream, make_certificate, upstream

from rehearsal.alb.balancer import Balancer, BalancerSettings
from rehearsal.alb.haproxy import Structure
from rehearsal.alb.routing import Condition, FixedResponse, Forward, Routing, Rule
from rehearsal.alb.target_group import TargetGroup, TargetHealth
from rehearsal.errors import RehearsalError
from rehearsal.machine import ports
from rehearsal.machine.supervisor import Supervisor
from rehearsal.traffic.load import Kind, Load, LoadPlan

TOKEN = "0123456789abcdef" * 4
PROBE = "X-Slipway-Probe"
DEFAULT = FixedResponse(404, "no such page")


def routing(blue: int, green: int) -> Routing:
    """The rules of a stack: a test rule for each slot before the traffic rule."""
    return Routing(
        rules=(
            *(
                Rule(
                    priority,
                    (Condition("http-header", (f"{slot}:{TOKEN}",), PROBE.lower()),),
                    Forward(((slot, 1),)),
                )
                for priority, slot in ((1, "blue"), (2, "green"))
            ),
            Rule(
                10,
                (Condition("path-pattern", ("/api/*", "/health")),),
                Forward((("blue", blue), ("green", green))),
            ),
        ),
        default=DEFAULT,
    )


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """One browser connection; it is never opened twice."""

    def __init__(self, port: int, certificate: Path) -> None:
        tls = ssl.create_default_context(cafile=certificate)
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=20)
        self.connection.connect()
        self.connection.auto_open = 0

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        self.send(path, **headers)
        return self.receive()

    def send(self, path: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", path, headers={"Host": HOST, **named})

    def receive(self) -> tuple[int, str]:
        response = self.connection.getresponse()
        return response.status, response.read().decode()


class World:
    """A balancer, and a stub for each target that a test asks for."""

    def __init__(self, certificate: Path, supervisor: Supervisor, stack: ExitStack) -> None:
        self.certificate = certificate
        self.supervisor = supervisor
        self.clock = Clock()
        self.port = ports.reserve()
        self._stack = stack
        self.balancer: Balancer

    def start(self, weights: tuple[int, int] = (100, 0), propagation_seconds: float = 0) -> None:
        self.balancer = Balancer.start(
            self.supervisor,
            port=self.port,
            certificate=self.certificate,
            settings=BalancerSettings(
                groups=tuple(
                    TargetGroup(
                        arn=slot,
                        name=slot,
                        interval_seconds=0.1,
                        healthy_threshold=2,
                        unhealthy_threshold=2,
                        deregistration_delay_seconds=30,
                    )
                    for slot in ("blue", "green")
                ),
                routing=routing(*weights),
                propagation_seconds=propagation_seconds,
                clock=self.clock,
            ),
        )

    def target(
        self, name: str, answer: Callable[[Request], Answer | None] | None = None
    ) -> Upstream:
        """Answers its name; `answer` decides about everything but health checks."""

        def decide(request: Request) -> Answer | None:
            if answer and request.path != "/readyz":
                return answer(request)
            return Answer(body=name.encode())

        return self._stack.enter_context(upstream(self.certificate, decide))

    def register(self, slot: str, *stubs: Upstream, until: str = "healthy") -> None:
        self.balancer.set_targets(slot, [("127.0.0.1", stub.port) for stub in stubs])
        for stub in stubs:
            self.wait_for(slot, stub, until)

    def wait_for(self, slot: str, stub: Upstream, state: str) -> None:
        self.supervisor.wait_until(
            lambda: self.health(slot, stub).state == state,
            what=f"the target in {slot} did not become {state}",
            timeout_seconds=10,
        )

    def health(self, slot: str, stub: Upstream) -> TargetHealth:
        (found,) = [
            target
            for target in self.balancer.observe().groups[slot].targets
            if target.port == stub.port
        ]
        return found

    def client(self) -> Client:
        return Client(self.port, self.certificate)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def world(certificate: Path) -> Iterator[World]:
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor())
        yield World(certificate, supervisor, stack)


def served(stub: Upstream) -> int:
    return sum(1 for request in stub.requests if request.path != "/readyz")


@pytest.mark.services
def test_what_no_rule_wants_gets_the_listeners_default(world: World) -> None:
    world.start()
    client = world.client()
    for path in ("/", "/healthx", "/HEALTH", "/api", "/x?/api/x"):
        assert client.get(path) == (404, "no such page")
    assert world.balancer.observe().requests == 5


@pytest.mark.services
def test_a_group_without_targets_answers_503(world: World) -> None:
    world.start()
    client = world.client()
    status, _ = client.get("/api/x")
    assert status == 503
    group = world.balancer.observe().groups["blue"]
    assert (group.requests, group.balancer_5xx, group.target_5xx) == (0, 1, 0)
    world.balancer.apply(routing(0, 0))
    assert client.get("/api/x")[0] == 503
    # That one belongs to no group.
    assert world.balancer.observe().groups["blue"].balancer_5xx == 1


@pytest.mark.services
def test_a_test_rule_reaches_the_slot_it_names_whatever_the_weights(world: World) -> None:
    world.start((100, 0))
    world.register("blue", world.target("blue"))
    world.register("green", world.target("green"))
    client = world.client()
    assert client.get("/api/x") == (200, "blue")
    assert client.get("/api/x", X_Slipway_Probe=f"green:{TOKEN}") == (200, "green")
    assert client.get("/anything", X_Slipway_Probe=f"blue:{TOKEN}") == (200, "blue")
    for wrong in (f"green:{TOKEN[:-1]}", f"green:{TOKEN}0", f"xgreen:{TOKEN}", "green:", "*"):
        assert client.get("/anything", X_Slipway_Probe=wrong) == (404, "no such page")
        assert client.get("/api/x", X_Slipway_Probe=wrong) == (200, "blue")


@pytest.mark.services
def test_one_in_a_hundred_is_one_in_a_hundred(world: World) -> None:
    """Groups of a different size get their share all the same, here without any target at all."""
    world.start((1, 99))
    # In batches from one thread: before Python 3.13 two may not share a TLS connection.
    requests, batch = 5_000, 100
    connection = world.client().connection.sock
    for _ in range(requests // batch):
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * batch)
        answered = b""
        while answered.count(b"503 Service Temporarily Unavailable") < batch:
            received = connection.recv(1 << 20)
            assert received, "the balancer closed the connection"
            answered += received
        assert answered.count(b"HTTP/1.1 503 ") == batch
    groups = world.balancer.observe().groups
    blue, green = groups["blue"].balancer_5xx, groups["green"].balancer_5xx
    assert blue + green == requests
    # Five standard deviations of a binomial distribution: wrong once in two million runs.
    assert abs(blue - requests / 100) <= 5 * math.sqrt(requests * 0.01 * 0.99)


@pytest.mark.services
def test_weights_move_after_the_propagation_delay_and_not_before(world: World) -> None:
    world.start((100, 0), propagation_seconds=5)
    blue, green = world.target("blue"), world.target("green")
    world.register("blue", blue)
    world.register("green", green)
    client = world.client()

    def answers() -> Counter[str]:
        return Counter(client.get("/api/x")[1] for _ in range(30))

    world.balancer.apply(routing(0, 100))
    assert not world.balancer.settled()
    assert answers() == {"blue": 30}
    world.clock.now += 4
    # A second order waits for its own delay; the first is not put off by it.
    world.balancer.apply(routing(0, 100))
    world.balancer.apply(routing(100, 0))
    assert answers() == {"blue": 30}
    world.clock.now += 1
    assert not world.balancer.settled()
    assert world.balancer.in_force == routing(0, 100)
    assert answers() == {"green": 30}
    world.clock.now += 4
    assert world.balancer.settled()
    assert answers() == {"blue": 30}


@pytest.mark.services
def test_switching_under_load_loses_nothing_and_leaves_the_old_slot_alone(world: World) -> None:
    world.start((100, 0))

    def release(name: str) -> Callable[[Request], Answer]:
        return lambda _: Answer(headers={"X-Release-Id": name})

    blue, green = world.target("blue", release("r1")), world.target("green", release("r2"))
    world.register("blue", blue)
    world.register("green", green)
    plan = LoadPlan(
        url=f"https://127.0.0.1:{world.port}",
        host=HOST,
        ca=str(world.certificate),
        rate_per_second=120,
        seconds=60,
        kinds=(
            Kind(name="keep-alive", path="/api/x", share=85),
            Kind(name="new-connection", path="/health", share=5, new_connection=True),
            Kind(
                name="slow-body",
                path="/api/x",
                share=5,
                method="POST",
                body_bytes=5_000,
                body_seconds=0.5,
            ),
            Kind(name="large-body", path="/api/x", share=5, method="POST", body_bytes=200_000),
        ),
    )
    slots = {"r1": "blue", "r2": "green"}
    load = Load.start(world.supervisor, plan)

    def wait_for_more_of(slot: str) -> None:
        before = load.so_far(slots).slots.get(slot, 0)
        world.supervisor.wait_until(
            lambda: load.so_far(slots).slots.get(slot, 0) >= before + 30,
            what=f"{slot} got no more requests",
            timeout_seconds=20,
        )

    wait_for_more_of("blue")
    for share in (10, 100, 0, 100):
        world.balancer.apply(routing(100 - share, share))
        wait_for_more_of("green" if share else "blue")
    world.supervisor.wait_until(
        lambda: world.balancer.observe().groups["blue"].in_flight == 0,
        what="blue did not finish its requests",
        timeout_seconds=10,
    )
    blue_had = served(blue)
    world.balancer.set_targets("blue", [])
    wait_for_more_of("green")
    result = load.finish(slots)
    groups = world.balancer.observe().groups

    assert (result.failed, result.reasons) == (0, {})
    assert result.requests == served(blue) + served(green)
    assert served(blue) == blue_had
    assert result.slots == {"blue": groups["blue"].requests, "green": groups["green"].requests}
    assert groups["blue"].responses == {
        **dict.fromkeys(("1xx", "3xx", "4xx", "5xx"), 0),
        "2xx": blue_had,
    }
    assert (groups["blue"].balancer_5xx, groups["green"].balancer_5xx) == (0, 0)


@pytest.mark.services
def test_a_deregistered_target_finishes_what_it_has_and_gets_nothing_new(world: World) -> None:
    world.start((100, 0))
    arrived, may_answer = threading.Event(), threading.Event()

    def slowly(_: Request) -> Answer:
        arrived.set()
        assert may_answer.wait(20)
        return Answer(body=b"old")

    old, new = world.target("old", slowly), world.target("new")
    world.register("blue", old)
    waiting, idle = world.client(), world.client()
    waiting.send("/api/x")
    assert arrived.wait(20)
    world.register("blue", new)
    assert world.health("blue", old) == TargetHealth(
        host="127.0.0.1",
        port=old.port,
        state="draining",
        reason="Target.DeregistrationInProgress",
        in_flight=1,
    )
    assert [idle.get("/api/x") for _ in range(20)] == [(200, "new")] * 20
    may_answer.set()
    assert waiting.receive() == (200, "old")
    # The same connection goes on, to the target that is left.
    assert waiting.get("/api/x") == (200, "new")
    assert (served(old), world.health("blue", old).in_flight) == (1, 0)


@pytest.mark.services
def test_what_outlasts_the_deregistration_delay_is_cut_off(world: World) -> None:
    world.start((100, 0))
    arrived, over = threading.Event(), threading.Event()

    def never(_: Request) -> Answer:
        arrived.set()
        # Longer than the client waits: only the balancer can end this in time.
        assert over.wait(60)
        return Answer()

    stub = world.target("blue", never)
    world.register("blue", stub)
    client = world.client()
    client.send("/api/x")
    assert arrived.wait(20)
    world.balancer.set_targets("blue", [])
    world.clock.now += 29
    assert world.health("blue", stub).in_flight == 1
    world.clock.now += 1
    world.balancer.advance()
    status, _ = client.receive()
    over.set()
    assert status in (502, 503)
    assert world.balancer.observe().groups["blue"].targets == ()
    assert world.client().get("/api/x")[0] == 503
    # The same address may come back; it has to pass its checks again.
    stub.answer = lambda _: Answer(503)
    world.balancer.set_targets("blue", [("127.0.0.1", stub.port)])
    assert world.health("blue", stub).state in ("initial", "unhealthy")
    stub.answer = lambda _: Answer(body=b"again")
    world.wait_for("blue", stub, "healthy")
    assert world.client().get("/api/x") == (200, "again")


@pytest.mark.services
def test_health_follows_the_checks(world: World) -> None:
    world.start((100, 0))
    stub = world.target("blue")
    stub.answer = lambda _: Answer(503)
    world.register("blue", stub, until="initial")
    assert world.health("blue", stub).reason == "Elb.InitialHealthChecking"
    world.wait_for("blue", stub, "unhealthy")
    assert world.health("blue", stub).reason == "Target.ResponseCodeMismatch"
    stub.answer = lambda _: Answer()
    world.wait_for("blue", stub, "healthy")
    assert world.health("blue", stub).reason is None
    stub.answer = lambda _: None
    world.wait_for("blue", stub, "unhealthy")
    assert world.health("blue", stub).reason == "Target.FailedHealthChecks"
    checks = {(r.method, r.path, *r.header("Host"), *r.header("User-Agent")) for r in stub.requests}
    assert checks == {("GET", "/readyz", "127.0.0.1", "ELB-HealthChecker/2.0")}


@pytest.mark.services
def test_an_unhealthy_target_is_spared_until_all_are_and_then_none_is(world: World) -> None:
    world.start((100, 0))
    stubs = [world.target("one"), world.target("two")]
    world.register("blue", *stubs)
    client = world.client()
    assert set(Counter(client.get("/api/x")[1] for _ in range(10))) == {"one", "two"}

    def sick(name: str) -> Callable[[Request], Answer]:
        return lambda request: Answer(500 if request.path == "/readyz" else 200, name.encode())

    stubs[0].answer = sick("one")
    world.wait_for("blue", stubs[0], "unhealthy")
    assert [client.get("/api/x") for _ in range(10)] == [(200, "two")] * 10
    stubs[1].answer = sick("two")
    world.wait_for("blue", stubs[1], "unhealthy")
    answers = Counter(client.get("/api/x") for _ in range(10))
    assert answers == {(200, "one"): 5, (200, "two"): 5}
    assert world.balancer.observe().groups["blue"].requests == 30


@pytest.mark.services
def test_a_new_target_gets_nothing_before_its_first_check_passed(world: World) -> None:
    world.start((100, 0))
    old, new = world.target("old"), world.target("new")
    new.answer = lambda request: Answer(503 if request.path == "/readyz" else 200, b"new")
    world.register("blue", old)
    world.balancer.set_targets("blue", [("127.0.0.1", stub.port) for stub in (old, new)])
    client = world.client()
    assert [client.get("/api/x") for _ in range(20)] == [(200, "old")] * 20
    world.wait_for("blue", new, "unhealthy")
    assert [client.get("/api/x") for _ in range(20)] == [(200, "old")] * 20
    new.answer = lambda _: Answer(body=b"new")
    world.wait_for("blue", new, "healthy")
    assert Counter(client.get("/api/x")[1] for _ in range(20)) == {"old": 10, "new": 10}


@pytest.mark.services
def test_a_target_that_refuses_is_not_made_up_for_by_another(world: World) -> None:
    world.start((100, 0))
    stub = world.target("blue")
    stub.answer = lambda request: Answer(503 if request.path == "/readyz" else 200)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    world.register("blue", stub, until="initial")
    world.balancer.set_targets("blue", [("127.0.0.1", stub.port), ("127.0.0.1", closed)])
    client = world.client()
    assert Counter(client.get("/api/x")[0] for _ in range(20)) == {200: 10, 502: 10}


@pytest.mark.services
def test_failures_are_told_apart_and_never_repeated(world: World) -> None:
    world.start((100, 100))
    made: list[Answer | None] = [Answer(500), Answer(503), None, Answer(200)]
    stub = world.target("blue", lambda _: made.pop(0))
    world.register("blue", stub)
    client = world.client()
    probe = {PROBE: f"blue:{TOKEN}"}
    assert [client.get("/x", **probe)[0] for _ in range(4)] == [500, 503, 502, 200]
    assert served(stub) == 4
    group = world.balancer.observe().groups["blue"]
    assert (group.requests, group.target_5xx, group.balancer_5xx) == (4, 2, 1)
    # Nobody listens there: an ALB says 502, and 503 only of a group that is empty.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    world.balancer.set_targets("green", [("127.0.0.1", closed)])
    assert client.get("/x", **{PROBE: f"green:{TOKEN}"})[0] == 502
    green = world.balancer.observe().groups["green"]
    assert (green.requests, green.target_5xx, green.balancer_5xx) == (1, 0, 1)


@pytest.mark.services
def test_a_request_arrives_with_what_an_alb_adds_and_without_what_it_drops(world: World) -> None:
    world.start((100, 0))
    stub = world.target("blue")
    world.register("blue", stub)
    client = world.client()
    client.connection.request(
        "GET",
        "/api/x?y=1",
        headers={"Host": HOST, "X-Forwarded-For": "198.18.0.7", "Bad_Name": "1", "Fine-1": "2"},
    )
    assert client.receive() == (200, "blue")
    given = "Root=1-67891233-abcdef012345678912345678"
    assert client.get("/api/x", X_Amzn_Trace_Id=given) == (200, "blue")
    first, second = [r for r in stub.requests if r.path != "/readyz"]
    assert first.path == "/api/x?y=1"
    assert first.header("Host") == [HOST]
    # A repeated header is one list: the address it was given, then ours.
    assert first.header("X-Forwarded-For") == ["198.18.0.7", "127.0.0.1"]
    assert first.header("X-Forwarded-Proto") == ["https"]
    assert first.header("X-Forwarded-Port") == [str(world.port)]
    assert (first.header("Bad_Name"), first.header("Fine-1")) == ([], ["2"])
    (made,), (extended,) = first.header("X-Amzn-Trace-Id"), second.header("X-Amzn-Trace-Id")
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", made)
    assert re.fullmatch(rf"Self=1-[0-9a-f]{{8}}-[0-9a-f]{{24}};{given}", extended)


@pytest.mark.services
def test_a_dead_balancer_is_one_sentence(world: World) -> None:
    world.start()
    os.kill(world.balancer._process.pid, signal.SIGKILL)
    with pytest.raises(RehearsalError, match=r"^balancer is gone: it was ended by SIGKILL;"):
        world.balancer.apply(routing(0, 100))
    with pytest.raises(RehearsalError, match=r"^balancer died unexpectedly: it was ended by"):
        world.supervisor.check()


@pytest.mark.services
def test_a_port_in_use_is_one_sentence(world: World) -> None:
    with (
        socket.create_server(("127.0.0.1", world.port)),
        pytest.raises(RehearsalError, match=r"(?s)^balancer did not start: it .*127\.0\.0\.1"),
    ):
        world.start()


@pytest.mark.services
def test_what_it_was_not_started_with_is_refused_and_changes_nothing(world: World) -> None:
    world.start((100, 0))
    new = Routing(
        rules=(
            Rule(1, (Condition("http-header", ("x",), "x-new"),), Forward((("blue", 1),))),
            Rule(2, (Condition("path-pattern", ("/",)),), Forward((("purple", 1),))),
            Rule(3, (Condition("path-pattern", ("/",)),), FixedResponse(418)),
        ),
        default=DEFAULT,
    )
    with pytest.raises(RehearsalError) as raised:
        world.balancer.apply(new)
    assert str(raised.value) == (
        "the listener now has target group purple, a condition on header x-new, a fixed response "
        "with status 418, which the balancer was not started with; start the rehearsal again"
    )
    assert world.balancer.settled()
    assert world.balancer.in_force == routing(100, 0)
    with pytest.raises(RehearsalError, match=r"^the balancer was not started with target group x$"):
        world.balancer.set_targets("x", [])


def test_a_routing_is_read_from_what_elbv2_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        region = "eu-central-1"
        subnets = boto3.client("ec2", region).describe_subnets()["Subnets"][:2]
        elbv2 = boto3.client("elbv2", region)
        groups = [
            elbv2.create_target_group(
                Name=slot,
                Protocol="HTTPS",
                Port=8443,
                VpcId=subnets[0]["VpcId"],
                TargetType="ip",
                HealthCheckProtocol="HTTPS",
                HealthCheckPath="/readyz",
                HealthCheckIntervalSeconds=10,
                HealthCheckTimeoutSeconds=4,
                HealthyThresholdCount=2,
                UnhealthyThresholdCount=3,
                Matcher={"HttpCode": "200-299"},
            )["TargetGroups"][0]
            for slot in ("blue", "green")
        ]
        blue, green = (group["TargetGroupArn"] for group in groups)
        elbv2.modify_target_group_attributes(
            TargetGroupArn=blue,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "15"}],
        )
        parsed_group = TargetGroup.parse(
            groups[0],
            elbv2.describe_target_group_attributes(TargetGroupArn=blue)["Attributes"],
        )
        balancer = elbv2.create_load_balancer(
            Name="api", Subnets=[subnet["SubnetId"] for subnet in subnets]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        listener = elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[
                {
                    "Type": "fixed-response",
                    "FixedResponseConfig": {
                        "StatusCode": "404",
                        "ContentType": "text/html",
                        "MessageBody": "<p>none",
                    },
                }
            ],
        )["Listeners"][0]["ListenerArn"]
        elbv2.create_rule(
            ListenerArn=listener,
            Priority=100,
            Conditions=[
                {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*", "/health"]}},
                {"Field": "host-header", "Values": ["*.example.com"]},
            ],
            Actions=[
                {
                    "Type": "forward",
                    "ForwardConfig": {
                        "TargetGroups": [
                            {"TargetGroupArn": blue, "Weight": 99},
                            {"TargetGroupArn": green, "Weight": 1},
                        ],
                        "TargetGroupStickinessConfig": {"Enabled": False},
                    },
                }
            ],
        )
        elbv2.create_rule(
            ListenerArn=listener,
            Priority=5,
            Conditions=[
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {"HttpHeaderName": PROBE, "Values": ["green:x"]},
                }
            ],
            Actions=[{"Type": "forward", "TargetGroupArn": green}],
        )
        parsed = Routing.parse(
            elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0],
            elbv2.describe_rules(ListenerArn=listener)["Rules"],
        )
    assert parsed_group == TargetGroup(
        arn=blue,
        name="blue",
        health_path="/readyz",
        healthy_codes="200-299",
        interval_seconds=10,
        timeout_seconds=4,
        healthy_threshold=2,
        unhealthy_threshold=3,
        deregistration_delay_seconds=15,
    )
    assert parsed == Routing(
        rules=(
            Rule(
                5,
                (Condition("http-header", ("green:x",), "x-slipway-probe"),),
                Forward(((green, 1),)),
            ),
            Rule(
                100,
                (
                    Condition("path-pattern", ("/api/*", "/health")),
                    Condition("host-header", ("*.example.com",)),
                ),
                Forward(((blue, 99), (green, 1))),
            ),
        ),
        default=FixedResponse(404, "<p>none", "text/html"),
    )


PATH = {"Field": "path-pattern", "Values": ["/*"]}
FORWARD = {"Type": "forward", "TargetGroupArn": "blue"}


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            {"Conditions": [{"Field": "source-ip", "Values": ["10.0.0.0/8"]}]},
            "rule 7 has a condition on source-ip, which the rehearsal's balancer can't follow; "
            "it knows path-pattern, host-header and http-header",
        ),
        (
            {"Conditions": [{"Field": "path-pattern"}]},
            "rule 7 has a path-pattern condition without values; give it one or more",
        ),
        (
            {"Actions": [{"Type": "redirect"}]},
            "rule 7 has the actions redirect, which the rehearsal's balancer can't follow; it "
            "knows one forward or one fixed-response",
        ),
        (
            {"Actions": [{"Type": "authenticate-oidc"}, FORWARD]},
            "rule 7 has the actions authenticate-oidc, forward, which the rehearsal's balancer "
            "can't follow; it knows one forward or one fixed-response",
        ),
        (
            {
                "Actions": [
                    {
                        **FORWARD,
                        "ForwardConfig": {"TargetGroupStickinessConfig": {"Enabled": True}},
                    }
                ]
            },
            "rule 7 has target group stickiness, which overrides weights and which the "
            "rehearsal's balancer can't follow; disable it",
        ),
        (
            {
                "Actions": [
                    {
                        **FORWARD,
                        "ForwardConfig": {
                            "TargetGroups": [{"TargetGroupArn": "blue", "Weight": 1000}]
                        },
                    }
                ]
            },
            "rule 7 has weight 1000; weights must be 0 to 999",
        ),
    ],
)
def test_what_the_balancer_cannot_follow_is_refused(rule: dict, sentence: str) -> None:
    complete = {"Priority": "7", "Conditions": [PATH], "Actions": [FORWARD], **rule}
    with pytest.raises(RehearsalError) as raised:
        Routing.parse({"DefaultActions": [FORWARD]}, [complete])
    assert str(raised.value) == sentence


def test_a_group_that_is_not_https_is_refused() -> None:
    with pytest.raises(
        RehearsalError, match=r"^target group blue has Protocol HTTP; the rehearsal's balancer"
    ):
        TargetGroup.parse(
            {"TargetGroupArn": "arn", "TargetGroupName": "blue", "Protocol": "HTTP"}, []
        )


def test_a_health_path_never_becomes_configuration() -> None:
    with pytest.raises(RehearsalError, match=r"^target group blue has '/x ver HTTP/1.0', which"):
        TargetGroup.parse(
            {
                "TargetGroupArn": "arn",
                "TargetGroupName": "blue",
                "Protocol": "HTTPS",
                "HealthCheckProtocol": "HTTPS",
                "HealthCheckPath": "/x ver HTTP/1.0",
            },
            [],
        )


def test_a_routing_is_one_map_whose_first_match_decides() -> None:
    groups = [TargetGroup(arn=f"arn:{name}", name=name) for name in ("blue", "green")]
    made = Routing(
        rules=(
            Rule(
                1,
                (
                    Condition("http-header", ("a b*",), "x-probe"),
                    Condition("host-header", ("*.example.com", "e?.org")),
                ),
                Forward((("arn:green", 1),)),
            ),
            Rule(
                2,
                (Condition("path-pattern", ("/api/*",)),),
                Forward((("arn:blue", 99), ("arn:green", 1))),
            ),
        ),
        default=DEFAULT,
    )
    first, second, default = Structure.of(groups, made).map_lines(made)
    expression, _, action = first.partition(" ")
    assert action == "forward|1|1|green"
    for text, matches in (
        ("www.example.com\n/x\n1:A B c\n", True),
        ("EX.org\n/x\n2:a b\n", True),
        ("www.example.com\n/x\n0:\n", False),
        ("example.com\n/x\n1:a b\n", False),
        ("www.example.com.evil\n/x\n1:a b\n", False),
        ("wwwXexampleXcom\n/x\n1:a b\n", False),
        ("x\n/www.example.com\n1:a b\n", False),
    ):
        # Python wants a global flag at the start; HAProxy's PCRE takes it anywhere.
        scoped = re.sub(r"\(\?i\)(.*?)(?=\(\?-?i\)|$)", r"(?i:\1)", expression).replace("(?-i)", "")
        assert bool(re.match(scoped, text)) is matches, text
    any_value = Rule(1, (Condition("http-header", ("*",), "x-probe"),), Forward((("arn:blue", 1),)))
    (line, _) = Structure.of(groups, Routing((any_value,), DEFAULT)).map_lines(
        Routing((any_value,), DEFAULT)
    )
    # Any value, but there must be the header.
    assert r"(?=[1-9]\d*:(?:.*)\n)" in line
    assert second.endswith(" forward|100|99|blue|100|green")
    assert default == r"\A fixed|0"
