"""Point-in-time recovery by RDS, into an instance of the same network, key and parameters."""

import datetime
import json
import secrets
from collections.abc import Mapping

import psycopg

from drills.do.aws import Aws, Refused
from drills.do.errors import DrillError
from drills.do.place import Clock
from drills.do.rds_instance import POLL_SECONDS, RdsInstance, facts, security_groups
from drills.do.scratch import is_scratch, refuse_living, scratch_name, scratch_tags
from infra.drill_outputs import DrillContract

# A new password takes a while to get there.
LOGIN_SECONDS = 900.0


class RdsDatabase:
    """See drills.do.place.DatabasePlace. It has to run where the database can be reached."""

    name = "aws"

    def __init__(
        self,
        aws: Aws,
        contract: DrillContract,
        drill_id: str,
        clock: Clock,
        *,
        take_over: bool = False,
    ) -> None:
        self._aws, self._contract, self._clock = aws, contract, clock
        self._drill_id, self._take_over = drill_id, take_over
        self._source = RdsInstance(aws, contract.database_instance, clock)
        self._scratch = RdsInstance(aws, scratch_name(contract.environment, drill_id), clock)
        # No secret of the source opens the copy: RDS neither manages nor knows its password there.
        self._password = secrets.token_urlsafe(32)
        self._begun = False

    def sweep(self) -> tuple[str, ...]:
        instances = self._aws.pages("rds", "describe_db_instances", "DBInstances")
        left = [
            one["DBInstanceIdentifier"]
            for one in instances
            if is_scratch(
                one["DBInstanceIdentifier"], one.get("TagList", []), self._contract.environment
            )
        ]
        if not self._take_over:
            refuse_living(left, self._contract.environment, self._drill_id)
        for name in left:
            RdsInstance(self._aws, name, self._clock).delete()
        return tuple(left)

    def newest(self) -> float:
        found = self._source.describe().get("LatestRestorableTime")
        if found is None:
            raise DrillError(
                f"RDS can restore {self._source.name} to no time at all; is its "
                "first backup over, and postgres/backup_days above 0?"
            )
        return found.timestamp()

    def source(self) -> psycopg.Connection:
        secret = self._aws.call(
            "secretsmanager", "get_secret_value", SecretId=self._contract.owner_secret
        )
        login = json.loads(secret["SecretString"])
        try:
            return self._source.connect(
                self._contract.database, login["username"], login["password"]
            )
        except psycopg.OperationalError as error:
            raise DrillError(
                f"the database can't be reached from here ({' '.join(str(error).split())}); run "
                "the drill in its network, with PGSSLROOTCERT naming AWS's bundle"
            ) from error

    def restore(self, at: float) -> None:
        source = self._source.describe()
        self._begun = True
        try:
            self._aws.call(
                "rds",
                "restore_db_instance_to_point_in_time",
                SourceDBInstanceIdentifier=self._source.name,
                TargetDBInstanceIdentifier=self._scratch.name,
                RestoreTime=datetime.datetime.fromtimestamp(at, datetime.UTC),
                DBInstanceClass=source["DBInstanceClass"],
                # RDS would take the default ones: another network, no TLS, no commit times.
                DBSubnetGroupName=source["DBSubnetGroup"]["DBSubnetGroupName"],
                VpcSecurityGroupIds=security_groups(source),
                DBParameterGroupName=source["DBParameterGroups"][0]["DBParameterGroupName"],
                Port=source["Endpoint"]["Port"],
                MultiAZ=False,
                PubliclyAccessible=False,
                DeletionProtection=False,
                AutoMinorVersionUpgrade=False,
                CopyTagsToSnapshot=False,
                Tags=scratch_tags(self._contract.environment, self._drill_id),
            )
        except Refused:
            self._begun = False  # nothing was created, or by that name by another drill
            raise
        self._scratch.wait_available()
        self._aws.call(
            "rds",
            "modify_db_instance",
            DBInstanceIdentifier=self._scratch.name,
            MasterUserPassword=self._password,
            ApplyImmediately=True,
        )
        self._wait_for_login()

    def restored(self) -> psycopg.Connection:
        user = self._scratch.describe()["MasterUsername"]
        return self._scratch.connect(self._contract.database, user, self._password)

    def facts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        return facts(self._source.describe()), facts(self._scratch.describe())

    def remove(self) -> None:
        if self._begun:
            self._scratch.delete()

    def _wait_for_login(self) -> None:
        deadline = self._clock.monotonic() + LOGIN_SECONDS
        while True:
            try:
                self.restored().close()
            except psycopg.OperationalError as error:
                if self._clock.monotonic() > deadline:
                    raise DrillError(f"{self._scratch.name} takes no login: {error}") from error
                self._clock.sleep(POLL_SECONDS)
            else:
                return
