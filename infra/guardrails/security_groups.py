"""Security groups, Amazon EC2's controls; AWS: securityhub/latest/userguide/ec2-controls."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from infra.guardrails.inputs import Inputs
from infra.guardrails.model import ResourceRule

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_IPV4, _IPV6 = "0.0.0.0/0", "::/0"
_EVERY_PORT = range(65536)
# EC2.18's default and EC2.19's list, which can't be changed.
_AUTHORISED = (80, 443)
_HIGH_RISK = (
    *(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432),
    *(5500, 5601, 8080, 8088, 8888, 9200, 9300),
)
_ADMINISTRATION = (22, 3389)


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """Ports that the whole internet may reach."""

    network: str
    protocol: str
    ports: range


def _openings(inputs: Inputs) -> Iterator[_Opening]:
    """From the rules written into a group, or from a rule of its own."""
    for rule in inputs.every("ingress"):
        networks = [*rule.every("cidrBlocks"), *rule.every("ipv6CidrBlocks")]
        yield from _opened(networks, rule.at("protocol"), rule)
    if inputs.at("type") != "egress":
        networks = [inputs.at("cidrIpv4"), inputs.at("cidrIpv6")]
        networks += [*inputs.every("cidrBlocks"), *inputs.every("ipv6CidrBlocks")]
        yield from _opened(networks, inputs.at("ipProtocol") or inputs.at("protocol"), inputs)


def _opened(networks: Sequence[object], protocol: object, ports: Inputs) -> Iterator[_Opening]:
    for network in networks:
        if network in (_IPV4, _IPV6):
            low, high = ports.at("fromPort"), ports.at("toPort")
            reached = _EVERY_PORT
            if protocol != "-1" and isinstance(low, int) and isinstance(high, int):
                reached = range(low, high + 1)
            yield _Opening(network=str(network), protocol=str(protocol), ports=reached)


def _closed(
    ports: Sequence[int], networks: Sequence[str] = (_IPV4, _IPV6)
) -> Callable[[Inputs], Iterable[str]]:
    """None of the ports is open to one of the networks."""

    def check(inputs: Inputs) -> Iterable[str]:
        for opening in _openings(inputs):
            found = [port for port in ports if port in opening.ports]
            if opening.network in networks and found:
                yield (
                    f"{opening.network} may reach port {', '.join(map(str, found))}, "
                    "no address range of everybody may"
                )

    return check


def _only_web_ports(inputs: Inputs) -> Iterable[str]:
    for opening in _openings(inputs):
        if opening.protocol != "tcp" or any(port not in _AUTHORISED for port in opening.ports):
            last = opening.ports[-1]
            yield (
                f"{opening.network} may reach {opening.protocol} {opening.ports[0]} to {last}, "
                "it must be tcp 80 or 443"
            )


RULES = (
    ResourceRule(
        id="EC2.18",
        severity="HIGH",
        title="Everybody can reach web ports at most",
        types=(GROUP, INGRESS, RULE),
        check=_only_web_ports,
    ),
    ResourceRule(
        id="EC2.19",
        severity="CRITICAL",
        title="Nobody unknown can reach a port of high risk",
        types=(GROUP, INGRESS, RULE),
        check=_closed(_HIGH_RISK),
    ),
    ResourceRule(
        id="EC2.53",
        severity="HIGH",
        title="Nobody unknown can reach administration over IPv4",
        types=(GROUP, INGRESS, RULE),
        check=_closed(_ADMINISTRATION, (_IPV4,)),
    ),
    ResourceRule(
        id="EC2.54",
        severity="HIGH",
        title="Nobody unknown can reach administration over IPv6",
        types=(GROUP, INGRESS, RULE),
        check=_closed(_ADMINISTRATION, (_IPV6,)),
    ),
)
