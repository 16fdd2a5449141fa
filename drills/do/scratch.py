"""Names and tags of what a drill creates, by which the next one finds what this one left."""

import datetime
from collections.abc import Iterable, Mapping

from drills.do.errors import BadInput

TAG = "slipway-drill"
ID_FORMAT = "%Y%m%d-%H%M%S"
# The longest that a drill waits for AWS (drills/do/rds_instance.py).
UNDER_WAY_SECONDS = 6 * 3600.0


def scratch_name(environment: str, drill_id: str) -> str:
    """At most 40 characters, which is what ElastiCache takes: an environment has 16 at most."""
    return f"drill-{environment}-{drill_id}"


def scratch_tags(environment: str, drill_id: str) -> list[dict[str, str]]:
    """`backup` is there so that no plan takes what lives for an hour."""
    values = {"backup": "none", "environment": environment, TAG: drill_id}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def is_scratch(name: str, tags: Iterable[Mapping[str, str]], environment: str) -> bool:
    """Both name and tags must say so: what is deleted on the word of one tag may be somebody's."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    return (
        name.startswith(f"drill-{environment}-")
        and found.get("environment") == environment
        and bool(found.get(TAG))
        and name == scratch_name(environment, found[TAG])
    )


def refuse_living(names: Iterable[str], environment: str, drill_id: str) -> None:
    """BadInput when one of these was created so lately that its drill may still be under way."""
    now = _moment(drill_id)
    for name in names:
        age = now - _moment(name.removeprefix(scratch_name(environment, "")))
        if age.total_seconds() < UNDER_WAY_SECONDS:
            raise BadInput(
                f"{name} is of a drill that began {age.total_seconds() / 60:.0f} minutes ago and "
                "may be under way; wait for its end, or, if it was killed, give --take-over. "
                "Nothing was changed"
            )


def _moment(drill_id: str) -> datetime.datetime:
    return datetime.datetime.strptime(drill_id, ID_FORMAT).replace(tzinfo=datetime.UTC)
