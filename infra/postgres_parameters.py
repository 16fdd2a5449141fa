"""What PostgreSQL is told beyond RDS's defaults, each with its reason; one text for one meaning."""

from typing import Literal

import pulumi_aws as aws

from infra.settings import PostgresSettings

ApplyMethod = Literal["immediate", "pending-reboot"]

# In force from the first boot; a later edit waits for a reboot. RDS reports that method for every
# value that happens to be its default, and a static parameter accepts no other: `immediate` would
# be a diff that never ends (hashicorp/terraform-provider-aws#39252).
FIXED = {
    # TLS or nothing; Security Hub RDS.38.
    "rds.force_ssl": "1",
    # No MD5: neither stored, nor accepted.
    "password_encryption": "scram-sha-256",
    "rds.accepted_password_auth_method": "scram",
    # Statistics per statement, and the plans of the slow ones.
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    # Not of CREATE and ALTER ROLE: it keeps their text, and rotation sends a password in it.
    "pg_stat_statements.track_utility": "0",
    "track_io_timing": "1",
    # When each row was last written, which is how a drill tells a row that a restore has lost from
    # one that is newer than it.
    "track_commit_timestamp": "1",
    # A wait for a lock that lasts longer than deadlock_timeout (1 s).
    "log_lock_waits": "1",
    # kB: a sort or a hash that spills more than 10 MiB to disk.
    "log_temp_files": "10240",
    # `ddl` would write the passwords of CREATE and ALTER ROLE to the log (RDS user guide).
    "log_statement": "none",
    # ms: a forgotten transaction holds its locks and keeps vacuum from cleaning; RDS waits a day.
    "idle_in_transaction_session_timeout": "300000",
    # A logical slot that nobody reads fills the disk.
    "rds.logical_replication": "0",
}


def parameters(settings: PostgresSettings) -> list[aws.rds.ParameterGroupParameterArgs]:
    """The parameter group's content, sorted by name; what the stack file sets applies at once."""
    slow_ms = str(settings.slow_query_ms)
    tunable = {"auto_explain.log_min_duration": slow_ms, "log_min_duration_statement": slow_ms}
    return [
        *_listed(tunable, "immediate"),
        *_listed(FIXED, "pending-reboot"),
    ]


def _listed(
    values: dict[str, str], apply_method: ApplyMethod
) -> list[aws.rds.ParameterGroupParameterArgs]:
    return [
        aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method=apply_method)
        for name, value in sorted(values.items())
    ]
