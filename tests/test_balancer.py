"""The balancer: one way in, both slots behind one rule, and weights that an up can't move."""

import pytest

from tests.environments import STACKS, chosen, recorded

LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"


def arn(stack: str, type_: str, name: str) -> str:
    return recorded(stack).only(type_, name).outputs["arn"]


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_but_the_cdn_can_reach_it(stack: str) -> None:
    settings = chosen(stack)
    balancer = recorded(stack).only("aws:lb/loadBalancer:LoadBalancer")
    log_bucket = recorded(stack).only("aws:s3/bucket:Bucket", f"{stack}-logs").outputs["bucket"]
    assert balancer.inputs == {
        "loadBalancerType": "application",
        "internal": True,
        "ipAddressType": "ipv4",
        "subnets": [f"{stack}-private-{zone[-1]}-id" for zone in settings.network.zones],
        "securityGroups": [f"{stack}-balancer-id"],
        "enableDeletionProtection": settings.protect,
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "strictest",
        "enableHttp2": True,
        "idleTimeout": 60,
        "preserveHostHeader": True,
        "xffHeaderProcessingMode": "append",
        "accessLogs": {"bucket": log_bucket, "prefix": "alb", "enabled": True},
        "connectionLogs": {"bucket": log_bucket, "prefix": "alb-connections", "enabled": True},
    }
    assert balancer.protect is settings.protect


@pytest.mark.parametrize("stack", STACKS)
def test_the_one_listener_is_https_and_answers_404_by_default(stack: str) -> None:
    listener = recorded(stack).only("aws:lb/listener:Listener")
    assert listener.inputs == {
        "loadBalancerArn": arn(stack, "aws:lb/loadBalancer:LoadBalancer", f"{stack}-alb"),
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "certificateArn": recorded(stack)
        .only("aws:acm/certificateValidation:CertificateValidation", f"{stack}-regional-validation")
        .outputs["certificateArn"],
        "defaultActions": [
            {
                "type": "fixed-response",
                "fixedResponse": {
                    "contentType": "application/json",
                    "messageBody": '{"error":"not found"}',
                    "statusCode": "404",
                },
            }
        ],
        "tags": {"traffic-owner": "cutover"},
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_traffic_rule_names_both_slots_and_leaves_its_weights_to_cutover(stack: str) -> None:
    rule = recorded(stack).only(LISTENER_RULE, f"{stack}-traffic")
    assert rule.ignore_changes == ("actions",)
    assert rule.inputs == {
        "listenerArn": arn(stack, "aws:lb/listener:Listener", f"{stack}-https"),
        "priority": 100,
        "conditions": [{"pathPattern": {"values": ["/api/*", "/health"]}}],
        "actions": [
            {
                "type": "forward",
                "forward": {
                    "targetGroups": [
                        {"arn": arn(stack, TARGET_GROUP, f"{stack}-blue"), "weight": 100},
                        {"arn": arn(stack, TARGET_GROUP, f"{stack}-green"), "weight": 0},
                    ],
                    "stickiness": {"enabled": False, "duration": 3600},
                },
            }
        ],
        "tags": {"traffic-owner": "cutover"},
    }


@pytest.mark.parametrize("stack", STACKS)
def test_a_probe_reaches_the_slot_that_it_names(stack: str) -> None:
    token = recorded(stack).only("random:index/randomBytes:RandomBytes").outputs["hex"]
    for slot, priority in (("blue", 10), ("green", 20)):
        rule = recorded(stack).only(LISTENER_RULE, f"{stack}-test-{slot}")
        assert rule.inputs == {
            "listenerArn": arn(stack, "aws:lb/listener:Listener", f"{stack}-https"),
            "priority": priority,
            "conditions": [
                {
                    "httpHeader": {
                        "httpHeaderName": "X-Slipway-Probe",
                        "values": [f"{slot}:{token}"],
                    }
                }
            ],
            "actions": [
                {"type": "forward", "targetGroupArn": arn(stack, TARGET_GROUP, f"{stack}-{slot}")}
            ],
        }
        assert "conditions" in rule.secrets
        assert rule.ignore_changes == ()


@pytest.mark.parametrize("stack", STACKS)
def test_there_are_three_rules_and_two_groups(stack: str) -> None:
    assert [rule.name for rule in recorded(stack).every(LISTENER_RULE)] == [
        f"{stack}-test-blue",
        f"{stack}-test-green",
        f"{stack}-traffic",
    ]
    assert [group.name for group in recorded(stack).every(TARGET_GROUP)] == [
        f"{stack}-blue",
        f"{stack}-green",
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_target_groups_speak_tls_and_check_the_process_not_its_database(stack: str) -> None:
    for group in recorded(stack).every(TARGET_GROUP):
        assert group.inputs == {
            "vpcId": f"{stack}-vpc-id",
            "targetType": "ip",
            "port": 8443,
            "protocol": "HTTPS",
            "protocolVersion": "HTTP1",
            "deregistrationDelay": chosen(stack).cutover.drain_seconds,
            "slowStart": 0,
            "loadBalancingAlgorithmType": "round_robin",
            "stickiness": {"enabled": False, "type": "lb_cookie", "cookieDuration": 86400},
            "healthCheck": {
                "enabled": True,
                "protocol": "HTTPS",
                "port": "traffic-port",
                "path": "/readyz",
                "matcher": "200",
                "interval": 5,
                "timeout": 4,
                "healthyThreshold": 2,
                "unhealthyThreshold": 3,
            },
            "tags": {"traffic-owner": "cutover"},
        }


def test_names_leave_room_for_autonaming() -> None:
    """Target groups and balancers take 32 characters, and Pulumi adds eight of its own."""
    longest_stack = "x" * 16
    assert len(f"{longest_stack}-green") + 8 <= 32
