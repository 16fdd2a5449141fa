"""Who may talk to whom: one table of paths, and everything else is closed."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

HTTPS_PORT = 443
NGINX_PORT = 8443
REDIS_PORT = 6379

Party = Literal["balancer", "tasks", "postgres", "redis", "rotation", "endpoints"]


@dataclass(frozen=True)
class Path:
    """`source` may open connections to `target` on one TCP port."""

    source: Party
    target: Party
    port: int


def paths(postgres_port: int) -> tuple[Path, ...]:
    """Every path inside the environment."""
    return (
        Path("balancer", "tasks", NGINX_PORT),
        Path("tasks", "postgres", postgres_port),
        Path("tasks", "redis", REDIS_PORT),
        Path("tasks", "endpoints", HTTPS_PORT),
        Path("rotation", "postgres", postgres_port),
        Path("rotation", "endpoints", HTTPS_PORT),
    )


# Image pulls, secrets, logs and error tracking where no endpoint is configured.
_OUTBOUND: tuple[Party, ...] = ("tasks", "rotation")
_PURPOSE: dict[Party, str] = {
    "balancer": "The internal balancer, reached by CloudFront only",
    "tasks": "The tasks of both slots and one-off tasks",
    "postgres": "The database",
    "redis": "The cache",
    "rotation": "The function that rotates the login of the app",
    "endpoints": "Interface endpoints of AWS services",
}


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    postgres_port: int
    vpc_id: pulumi.Input[str]


class Firewall(pulumi.ComponentResource):
    """One security group per party; a path opens egress of its source and ingress of its target."""

    groups: dict[Party, pulumi.Output[str]]
    """The security group's id of each party."""

    def __init__(
        self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Firewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.groups = {
            party: aws.ec2.SecurityGroup(
                f"{name}-{party}",
                description=purpose,
                vpc_id=args.vpc_id,
                revoke_rules_on_delete=True,
                opts=child,
            ).id
            for party, purpose in _PURPOSE.items()
        }
        # The balancer has no address that the internet could reach; CloudFront comes in through its
        # VPC origin, whose own security group exists only after the first one was made.
        edge = aws.ec2.get_managed_prefix_list_output(
            name="com.amazonaws.global.cloudfront.origin-facing",
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-edge-to-balancer",
            security_group_id=self.groups["balancer"],
            prefix_list_id=edge.id,
            ip_protocol="tcp",
            from_port=HTTPS_PORT,
            to_port=HTTPS_PORT,
            opts=child,
        )
        for path in paths(args.postgres_port):
            rule = f"{name}-{path.source}-to-{path.target}"
            aws.vpc.SecurityGroupEgressRule(
                rule,
                security_group_id=self.groups[path.source],
                referenced_security_group_id=self.groups[path.target],
                ip_protocol="tcp",
                from_port=path.port,
                to_port=path.port,
                opts=child,
            )
            aws.vpc.SecurityGroupIngressRule(
                rule,
                security_group_id=self.groups[path.target],
                referenced_security_group_id=self.groups[path.source],
                ip_protocol="tcp",
                from_port=path.port,
                to_port=path.port,
                opts=child,
            )
        for party in _OUTBOUND:
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{party}-to-internet",
                security_group_id=self.groups[party],
                cidr_ipv4="0.0.0.0/0",
                ip_protocol="tcp",
                from_port=HTTPS_PORT,
                to_port=HTTPS_PORT,
                opts=child,
            )
        self.register_outputs({})
