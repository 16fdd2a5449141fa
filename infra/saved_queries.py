"""Queries of CloudWatch Logs Insights that a person on call would otherwise write at night."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    """One query over some logs; `title` is what the console lists, below the environment."""

    key: str
    title: str
    logs: tuple[str, ...]
    text: str
    region: str | None = None


# As in nginx's own log: what has a probe's name was sent by a cutover, not by a user.
QUERIES = (
    SavedQuery(
        key="failures",
        title="What fails, by release and path",
        logs=("nginx",),
        text="""\
filter status >= 500 and probe = ""
| stats count(*) as failed by release, status, method, path
| sort failed desc
| limit 50""",
    ),
    SavedQuery(
        key="releases",
        title="Both releases side by side, by minute",
        logs=("nginx",),
        text="""\
fields datefloor(@timestamp, 1m) as minute
| filter probe = ""
| stats count(*) as requests, pct(seconds, 50) as p50, pct(seconds, 95) as p95
    by minute, release, status
| sort minute desc
| limit 1000""",
    ),
    SavedQuery(
        key="slowest",
        title="The slowest paths, and whether it is the app",
        logs=("nginx",),
        text="""\
filter probe = ""
| stats count(*) as requests, pct(seconds, 95) as p95, pct(app_seconds, 95) as app_p95,
    pct(app_connect_seconds, 95) as connect_p95 by path
| sort p95 desc
| limit 50""",
    ),
    SavedQuery(
        key="unanswered",
        title="What the app did not answer",
        logs=("nginx",),
        text="""\
fields datefloor(@timestamp, 1m) as minute
| filter status in [502, 503, 504]
| stats count(*) as unanswered by minute, release, status, app_status
| sort minute desc
| limit 1000""",
    ),
    SavedQuery(
        key="request",
        title="One request, from nginx to the app",
        logs=("nginx", "app"),
        text="""\
fields @timestamp, @log, release, status, seconds, method, path, level, message, trace
| filter request_id = "put the X-Request-ID of the answer here"
| sort @timestamp asc
| limit 100""",
    ),
    SavedQuery(
        key="errors",
        title="Errors of the app",
        logs=("app",),
        text="""\
fields @timestamp, release, request_id, method, path, logger, message, exc_info
| filter level in ["ERROR", "CRITICAL"]
| sort @timestamp desc
| limit 100""",
    ),
    SavedQuery(
        key="limited",
        title="Whom nginx's limits turn away",
        logs=("nginx",),
        text="""\
filter status = 429
| stats count(*) as refused, count_distinct(path) as paths by client
| sort refused desc
| limit 50""",
    ),
    SavedQuery(
        key="pool",
        title="What waits for a connection to the database",
        logs=("pgbouncer",),
        text="""\
fields datefloor(@timestamp, 1m) as minute
| parse @message "xact * us, query * us, wait * us" as xact_us, query_us, wait_us
| filter ispresent(wait_us)
| stats max(wait_us) as longest_us, avg(query_us) as average_query_us by minute
| sort minute desc
| limit 1000""",
    ),
    SavedQuery(
        key="statements",
        title="The slowest statements",
        logs=("postgresql",),
        text="""\
parse @message "duration: * ms" as ms
| filter ispresent(ms)
| sort ms desc
| display @timestamp, ms, @message
| limit 20""",
    ),
    SavedQuery(
        key="firewall",
        title="Whom the firewall refuses, and by which rule",
        logs=("firewall",),
        text="""\
stats count(*) as requests by action, terminatingRuleId, httpRequest.clientIp, httpRequest.country
| sort requests desc
| limit 50""",
        region="us-east-1",  # CloudFront's firewall and its log are there alone
    ),
)


@dataclass(frozen=True, kw_only=True)
class SavedQueriesArgs:
    log_groups: Mapping[str, pulumi.Input[str]]
    """Names: of each container's log group, and of `postgresql`'s and `firewall`'s."""


class SavedQueries(pulumi.ComponentResource):
    """Each of QUERIES, in the console's folder of the environment."""

    def __init__(
        self, name: str, args: SavedQueriesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:SavedQueries", name, None, opts)
        for query in QUERIES:
            aws.cloudwatch.QueryDefinition(
                f"{name}-query-{query.key}",
                name=f"slipway/{name}/{query.title}",
                log_group_names=[args.log_groups[log] for log in query.logs],
                query_string=query.text,
                region=query.region,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
