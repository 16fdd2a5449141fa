"""The internal load balancer, whose one traffic rule belongs to cutover from day one."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.firewall import HTTPS_PORT, NGINX_PORT
from infra.log_bucket import BALANCER_ACCESS_PREFIX, BALANCER_CONNECTIONS_PREFIX
from infra.outputs import FIRST_SLOT, PROBE_HEADER, SLOTS, Slot

# FSBP ELB.17's list; TLS 1.2 with forward secrecy and post-quantum key exchange.
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
# What the balancer, and so the CDN, sends to the app; all else is the frontend's.
API_PATHS = ("/api/*", "/health")
# A lower number is matched first; the gaps leave room for a rule by hand in an emergency.
_TEST_PRIORITY: dict[Slot, int] = {"blue": 10, "green": 20}
_TRAFFIC_PRIORITY = 100
# IAM lets only the cutover role change what carries this tag.
_CUTOVER_OWNS = {"traffic-owner": "cutover"}


@dataclass(frozen=True, kw_only=True)
class BalancerArgs:
    drain_seconds: int
    protect: bool
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    probe_token: pulumi.Input[str]


class Balancer(pulumi.ComponentResource):
    """One HTTPS listener, a target group per slot, one weighted rule and a test rule per slot.

    Nothing listens on port 80. What matches no rule is answered with 404.
    """

    arn: pulumi.Output[str]
    """The load balancer."""
    arn_suffix: pulumi.Output[str]
    """Its dimension in CloudWatch."""
    dns_name: pulumi.Output[str]
    """Its name inside the VPC."""
    listener_arn: pulumi.Output[str]
    """The HTTPS listener."""
    traffic_rule: aws.lb.ListenerRule
    """The rule that holds the weights."""
    test_rule_arns: dict[Slot, pulumi.Output[str]]
    """The rule that sends probes to a slot."""
    target_groups: dict[Slot, aws.lb.TargetGroup]
    """Where the tasks of a slot register."""

    def __init__(
        self, name: str, args: BalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Balancer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        balancer = aws.lb.LoadBalancer(
            f"{name}-alb",
            load_balancer_type="application",
            internal=True,
            ip_address_type="ipv4",
            subnets=list(args.subnet_ids),
            security_groups=[args.security_group_id],
            enable_deletion_protection=args.protect,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            enable_http2=True,
            # Above CloudFront's to us, below nginx's 75 s: the hop in front closes first.
            idle_timeout=60,
            preserve_host_header=True,
            xff_header_processing_mode="append",
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(
                bucket=args.log_bucket, prefix=BALANCER_ACCESS_PREFIX, enabled=True
            ),
            connection_logs=aws.lb.LoadBalancerConnectionLogsArgs(
                bucket=args.log_bucket, prefix=BALANCER_CONNECTIONS_PREFIX, enabled=True
            ),
            opts=child,
        )
        self.target_groups = {slot: _target_group(f"{name}-{slot}", args, child) for slot in SLOTS}
        listener = aws.lb.Listener(
            f"{name}-https",
            load_balancer_arn=balancer.arn,
            port=HTTPS_PORT,
            protocol="HTTPS",
            ssl_policy=_TLS_POLICY,
            certificate_arn=args.certificate_arn,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="application/json",
                        message_body='{"error":"not found"}',
                        status_code="404",
                    ),
                )
            ],
            tags=_CUTOVER_OWNS,
            opts=child,
        )
        self.traffic_rule = aws.lb.ListenerRule(
            f"{name}-traffic",
            listener_arn=listener.arn,
            priority=_TRAFFIC_PRIORITY,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(
                    path_pattern=aws.lb.ListenerRuleConditionPathPatternArgs(values=list(API_PATHS))
                )
            ],
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="forward",
                    forward=aws.lb.ListenerRuleActionForwardArgs(
                        target_groups=[
                            aws.lb.ListenerRuleActionForwardTargetGroupArgs(
                                arn=self.target_groups[slot].arn,
                                weight=100 if slot == FIRST_SLOT else 0,
                            )
                            for slot in SLOTS
                        ],
                        stickiness=aws.lb.ListenerRuleActionForwardStickinessArgs(
                            enabled=False, duration=3600
                        ),
                    ),
                )
            ],
            tags=_CUTOVER_OWNS,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["actions"],  # cutover owns the weights; see docs/adr/0001
            ),
        )
        self.test_rule_arns = {
            slot: aws.lb.ListenerRule(
                f"{name}-test-{slot}",
                listener_arn=listener.arn,
                priority=_TEST_PRIORITY[slot],
                conditions=[
                    aws.lb.ListenerRuleConditionArgs(
                        http_header=aws.lb.ListenerRuleConditionHttpHeaderArgs(
                            http_header_name=PROBE_HEADER,
                            values=[pulumi.Output.concat(slot, ":", args.probe_token)],
                        )
                    )
                ],
                actions=[
                    aws.lb.ListenerRuleActionArgs(
                        type="forward", target_group_arn=self.target_groups[slot].arn
                    )
                ],
                opts=child,
            ).arn
            for slot in SLOTS
        }
        self.arn, self.arn_suffix = balancer.arn, balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.listener_arn = listener.arn
        self.register_outputs({"arn": self.arn, "listener_arn": self.listener_arn})


def _target_group(
    name: str, args: BalancerArgs, child: pulumi.ResourceOptions
) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        name,
        vpc_id=args.vpc_id,
        target_type="ip",
        port=NGINX_PORT,
        protocol="HTTPS",
        protocol_version="HTTP1",
        deregistration_delay=args.drain_seconds,
        slow_start=0,
        load_balancing_algorithm_type="round_robin",
        stickiness=aws.lb.TargetGroupStickinessArgs(
            enabled=False, type="lb_cookie", cookie_duration=86_400
        ),
        # /readyz stays 200 while the database is away: a failover must not replace every task.
        health_check=aws.lb.TargetGroupHealthCheckArgs(
            enabled=True,
            protocol="HTTPS",
            port="traffic-port",
            path="/readyz",
            matcher="200",
            interval=5,
            timeout=4,
            healthy_threshold=2,
            unhealthy_threshold=3,
        ),
        tags=_CUTOVER_OWNS,
        opts=child,
    )
