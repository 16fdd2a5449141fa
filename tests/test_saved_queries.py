"""Saved queries: over logs that exist, by fields that are written."""

import re

import pytest

from infra.saved_queries import QUERIES, SavedQuery
from rehearsal.stack_file import ROOT
from tests.environments import STACKS, recorded
from tests.logged import APP_FIELDS, NGINX_FIELDS

COMMANDS = {"fields", "filter", "stats", "sort", "limit", "parse", "display"}
WORDS = {
    *COMMANDS,
    *("by", "and", "or", "in", "as", "asc", "desc", "like", "not"),
    *("count", "count_distinct", "pct", "max", "avg", "datefloor", "ispresent"),
}
# Of a line of the firewall's log (WAF developer guide, "Log fields for web ACL traffic").
FIREWALL_FIELDS = {"action", "terminatingRuleId", "httpRequest.clientIp", "httpRequest.country"}
WRITTEN = {
    "nginx": NGINX_FIELDS,
    "app": APP_FIELDS,
    "pgbouncer": set[str](),
    "postgresql": set[str](),
    "firewall": FIREWALL_FIELDS,
}


def fields_of(query: SavedQuery) -> set[str]:
    """What it reads of the lines: not what it makes itself (`as`), nor what Logs adds (`@`)."""
    bare = re.sub(r'"[^"]*"|\d+\w?|@\w+', " ", query.text)
    made = set(re.findall(r"\bas ((?:\w+(?:, )?)+)", bare))
    own = {name for names in made for name in names.split(", ")}
    return set(re.findall(r"[a-zA-Z_][\w.]*", bare)) - WORDS - own


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.key)
def test_a_query_reads_what_is_written(query: SavedQuery) -> None:
    written = set[str]().union(*(WRITTEN[log] for log in query.logs))
    assert fields_of(query) - written == set()
    assert fields_of(query) or "parse @message" in query.text
    assert {line.split()[0] for line in query.text.replace("\n    ", " ").split("\n| ")} <= COMMANDS
    assert re.search(r"\| limit \d+$", query.text), "an answer that a person can read"


def test_a_misspelt_field_is_found() -> None:
    wrong = SavedQuery(key="x", title="x", logs=("nginx",), text="filter statsu = 1\n| limit 1")
    assert fields_of(wrong) - NGINX_FIELDS == {"statsu"}


def test_one_request_is_found_in_both_logs() -> None:
    (query,) = (one for one in QUERIES if one.key == "request")
    assert query.logs == ("nginx", "app")
    assert "request_id" in NGINX_FIELDS & APP_FIELDS


def test_keys_and_titles_are_their_own() -> None:
    assert len(QUERIES) == 10
    assert len({one.key for one in QUERIES}) == len({one.title for one in QUERIES}) == 10


def test_every_log_of_a_task_has_a_query() -> None:
    assert {log for one in QUERIES for log in one.logs} == set(WRITTEN)


@pytest.mark.parametrize("stack", STACKS)
def test_each_is_saved_over_its_logs(stack: str) -> None:
    groups = {
        one.name: one.inputs["name"]
        for one in recorded(stack).every("aws:cloudwatch/logGroup:LogGroup")
    }
    named = {
        **{log: groups[f"{stack}-{log}"] for log in ("nginx", "app", "pgbouncer")},
        "postgresql": groups[f"{stack}-postgres-postgresql-log"],
        "firewall": groups[f"{stack}-waf-log"],
    }
    found = recorded(stack).every("aws:cloudwatch/queryDefinition:QueryDefinition")
    assert {one.name: one.inputs for one in found} == {
        f"{stack}-query-{one.key}": {
            "name": f"slipway/{stack}/{one.title}",
            "logGroupNames": [named[log] for log in one.logs],
            "queryString": one.text,
            **({"region": one.region} if one.region else {}),
        }
        for one in QUERIES
    }


def test_the_page_has_every_field_metric_and_query() -> None:
    page = (ROOT / "docs" / "observability.md").read_text()
    told = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    rows = [(set(re.findall(r"`(\w+)`", row[0])), *row[1:3]) for row in told if len(row) == 4]
    nginx = {field for names, by_nginx, _ in rows if by_nginx == "yes" for field in names}
    app = {field for names, _, by_app in rows if by_app != "no" for field in names}
    assert nginx == NGINX_FIELDS
    assert app | {"exc_info"} == APP_FIELDS
    assert "`exc_info`" in page
    assert all(f"| {one.title} |" in page for one in QUERIES)
