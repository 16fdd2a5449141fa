"""Which subnets can be reached from the internet."""

from collections.abc import Iterator

from infra.guardrails.environment import Environment
from infra.guardrails.model import Resource

ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTE = "aws:ec2/route:Route"
TABLE = "aws:ec2/routeTable:RouteTable"


def lead_to_the_internet(subnet: Resource, environment: Environment) -> Iterator[str]:
    """The names of the routes, or tables, through which a subnet has an internet gateway."""
    for association in environment.belonging(ASSOCIATION, "subnetId", subnet):
        for table in environment.sources(association, "routeTableId", TABLE):
            if environment.sources(table, "routes", GATEWAY):
                yield table.name
            for route in environment.belonging(ROUTE, "routeTableId", table):
                if environment.sources(route, "gatewayId", GATEWAY):
                    yield route.name
