"""Names and tags of what a drill creates, by which the next one finds what this one left."""

from collections.abc import Iterable, Mapping

TAG = "slipway-drill"


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
