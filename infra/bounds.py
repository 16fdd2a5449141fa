"""Bounded types for settings: each says in words what it allows, and refuses everything else."""

import ipaddress
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# Every name begins with it: ELB takes none that begins with internal-, EC2 none with sg-, and S3
# none with sthree- or amzn-s3-demo- ("General purpose bucket naming rules").
ENVIRONMENT_NAME = r"(?=.{2,16}$)(?!(internal|sg|sthree|amzn-s3-demo)(-|$))[a-z](-?[a-z0-9])*"
ENVIRONMENT_NAME_WORDS = (
    "2 to 16 lower-case letters, digits and single hyphens, which do not begin with internal, sg, "
    "sthree or amzn-s3-demo as a word"
)


@dataclass(frozen=True)
class Bound:
    """A constraint on a setting, with the words that follow "must be" in its message."""

    allowed: str
    holds: Callable[[Any], bool]

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: object) -> object:
        if not self.holds(value):
            raise PydanticCustomError("bound", "must be {allowed}", {"allowed": self.allowed})
        return value


def between(low: float, high: float) -> Bound:
    """A number from `low` to `high`, both included; whole where its type says so."""
    return Bound(f"{low} to {high}", lambda value: low <= value <= high)


def matching(pattern: str, allowed: str) -> Bound:
    """A text that matches `pattern` from its first to its last character."""
    return Bound(allowed, lambda value: re.fullmatch(pattern, value) is not None)


def listing(low: int, high: int, of: str) -> Bound:
    """A list of `low` to `high` different entries."""
    return Bound(
        f"a list of {low} to {high} different {of}",
        lambda value: low <= len(value) <= high and len(set(value)) == len(value),
    )


def _is_private_vpc_range(value: str) -> bool:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        return False
    return network.is_private and 16 <= network.prefixlen <= 20


def _is_ladder(value: tuple[int, ...]) -> bool:
    return (
        len(value) > 0
        and value[-1] == 100
        and value[0] >= 1
        and all(low < high for low, high in itertools.pairwise(value))
    )


def _is_cron(value: str) -> bool:
    fields = value.split(" ")
    known = all(re.fullmatch(r"[A-Z0-9*,/?#L-]+", field) for field in fields)
    return known and len(fields) == 6 and (fields[2] == "?") != (fields[4] == "?")


def _is_utc_moment(value: str) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    offset = moment.utcoffset()
    return offset is not None and not offset


AccountId = Annotated[
    str, matching(r"\d{12}", 'an account number of 12 digits, in quotes: "123456789012"')
]
# The standard partition: the others have other ARNs, and some of the services not at all.
Region = Annotated[
    str,
    matching(r"(?!cn-|us-gov-)[a-z]{2}(-[a-z]+)+-\d", "an AWS region, such as eu-west-1"),
]
Zone = Annotated[
    str, matching(r"[a-z]{2}(-[a-z]+)+-\d[a-f]", "an availability zone, such as eu-west-1a")
]
DomainName = Annotated[
    str,
    matching(
        r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}",
        "a host name in lower case, such as app.example.com",
    ),
]
HostedZoneId = Annotated[
    str, matching(r"Z[A-Z0-9]{1,31}", "a Route 53 hosted zone id, such as Z0123456789ABC")
]
Image = Annotated[
    str,
    matching(
        r"[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}",
        "an image with its digest: registry/name@sha256:<64 hex characters>",
    ),
]
SecretArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+",
        "the ARN of a Secrets Manager secret",
    ),
]
PolicyName = Annotated[
    str, matching(r"[A-Za-z0-9_+=,.@-]{1,128}", "the name of a managed policy of the account")
]
Email = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")]
Reason = Annotated[str, matching(r"[ -~]{1,80}", "a text of 1 to 80 ASCII characters")]
# RDS takes 1150 to 65535; its default is what a scanner tries first (Security Hub RDS.23).
PostgresPort = Annotated[
    int,
    Bound("1150 to 65535 and not 5432", lambda value: 1150 <= value <= 65535 and value != 5432),
]
DatabaseClass = Annotated[
    str, matching(r"db\.[a-z0-9]+\.[a-z0-9]+", "an RDS instance class, such as db.t4g.medium")
]
CacheNodeType = Annotated[
    str,
    matching(r"cache\.[a-z0-9]+\.[a-z0-9]+", "an ElastiCache node type, such as cache.t4g.small"),
]
# AWS accepts /16 to /28 for a VPC; below /20 the subnets of a three-zone environment get small.
VpcRange = Annotated[
    str,
    Bound("a private IPv4 range of size /16 to /20, such as 10.20.0.0/16", _is_private_vpc_range),
]
# Minutes, hours, day of month, month, day of week, year; one of the two days is "?" (CloudWatch
# Events user guide, cron expressions).
Cron = Annotated[
    str,
    Bound('six fields of an AWS schedule, one day "?": "0 7 ? * MON-FRI *"', _is_cron),
]
TimeZone = Annotated[
    str, matching(r"UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+-]+)+", "a time zone, such as Europe/Berlin")
]
Ladder = Annotated[
    tuple[int, ...],
    Bound("rising percentages that end at 100, such as [1, 5, 25, 50, 100]", _is_ladder),
]
UtcMoment = Annotated[
    str, Bound('a moment in UTC, in quotes: "2026-12-24T00:00:00Z"', _is_utc_moment)
]
