"""Point-in-time recovery by RDS, into an instance of the same network, key and parameters."""

import datetime
import json
import secrets
from collections.abc import Mapping
from typing import Any

import psycopg

from drills.do.aws import Aws, Refused
from drills.do.errors import DrillError
from drills.do.place import Clock
from drills.do.scratch import is_scratch, refuse_living, scratch_name, scratch_tags
from infra.drill_outputs import DrillContract

POLL_SECONDS = 15.0
# A large database takes hours, and an instance that fails says so.
PATIENCE_SECONDS = 6 * 3600.0
LOGIN_SECONDS = 900.0
_FAILED = {"failed", "incompatible-restore", "incompatible-parameters", "incompatible-network"}


class RdsDatabase:
    """See drills.do.place.DatabasePlace. It has to run where the database can be reached.

    Trust is libpq's: PGSSLROOTCERT names AWS's bundle, and without it no session is opened.
    """

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
        self._scratch = scratch_name(contract.environment, drill_id)
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
            self._delete(name)
        return tuple(left)

    def newest(self) -> float:
        found = self._describe(self._contract.database_instance).get("LatestRestorableTime")
        if found is None:
            raise DrillError(
                f"RDS can restore {self._contract.database_instance} to no time at all; is its "
                "first backup over, and postgres/backup_days above 0?"
            )
        return found.timestamp()

    def source(self) -> psycopg.Connection:
        secret = self._aws.call(
            "secretsmanager", "get_secret_value", SecretId=self._contract.owner_secret
        )
        login = json.loads(secret["SecretString"])
        instance = self._describe(self._contract.database_instance)
        return self._connect(instance, login["username"], login["password"])

    def restore(self, at: float) -> None:
        source = self._describe(self._contract.database_instance)
        self._begun = True
        try:
            self._aws.call(
                "rds",
                "restore_db_instance_to_point_in_time",
                SourceDBInstanceIdentifier=self._contract.database_instance,
                TargetDBInstanceIdentifier=self._scratch,
                RestoreTime=datetime.datetime.fromtimestamp(at, datetime.UTC),
                DBInstanceClass=source["DBInstanceClass"],
                # RDS would take the default ones: another network, no TLS, no commit times.
                DBSubnetGroupName=source["DBSubnetGroup"]["DBSubnetGroupName"],
                VpcSecurityGroupIds=_groups(source),
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
        self._wait_available()
        self._aws.call(
            "rds",
            "modify_db_instance",
            DBInstanceIdentifier=self._scratch,
            MasterUserPassword=self._password,
            ApplyImmediately=True,
        )
        self._wait_for_login()

    def restored(self) -> psycopg.Connection:
        instance = self._describe(self._scratch)
        return self._connect(instance, instance["MasterUsername"], self._password)

    def facts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        return (
            _facts(self._describe(self._contract.database_instance)),
            _facts(self._describe(self._scratch)),
        )

    def remove(self) -> None:
        if self._begun:
            self._delete(self._scratch)

    def _delete(self, name: str) -> None:
        """Asks for it; RDS takes minutes, in which nothing more can go wrong."""
        try:
            if self._describe(name)["DBInstanceStatus"] == "deleting":
                return
            self._aws.call(
                "rds",
                "delete_db_instance",
                DBInstanceIdentifier=name,
                SkipFinalSnapshot=True,
                DeleteAutomatedBackups=True,
            )
        except Refused as refused:
            if refused.code not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                raise DrillError(
                    f"{refused}; delete {name} by hand, or run the drill again, which will"
                ) from refused

    def _wait_available(self) -> None:
        deadline = self._clock.monotonic() + PATIENCE_SECONDS
        while (status := self._describe(self._scratch)["DBInstanceStatus"]) != "available":
            if status in _FAILED or self._clock.monotonic() > deadline:
                raise DrillError(
                    f"RDS did not restore {self._scratch}, which is {status}; its events say why: "
                    f"aws rds describe-events --source-type db-instance --source-identifier "
                    f"{self._scratch}"
                )
            self._clock.sleep(POLL_SECONDS)

    def _wait_for_login(self) -> None:
        """A new password takes a while to get there."""
        deadline = self._clock.monotonic() + LOGIN_SECONDS
        while True:
            try:
                self.restored().close()
            except psycopg.OperationalError as error:
                if self._clock.monotonic() > deadline:
                    raise DrillError(f"{self._scratch} takes no login: {error}") from error
                self._clock.sleep(POLL_SECONDS)
            else:
                return

    def _describe(self, name: str) -> dict[str, Any]:
        return self._aws.call("rds", "describe_db_instances", DBInstanceIdentifier=name)[
            "DBInstances"
        ][0]

    def _connect(self, instance: dict[str, Any], user: str, password: str) -> psycopg.Connection:
        try:
            return psycopg.connect(
                host=instance["Endpoint"]["Address"],
                port=instance["Endpoint"]["Port"],
                dbname=self._contract.database,
                user=user,
                password=password,
                sslmode="verify-full",
                connect_timeout=10,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            if instance["DBInstanceIdentifier"] == self._scratch:
                raise
            raise DrillError(
                f"the database can't be reached from here ({' '.join(str(error).split())}); run "
                "the drill in its network, with PGSSLROOTCERT naming AWS's bundle"
            ) from error


def _groups(instance: dict[str, Any]) -> list[str]:
    return sorted(group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"])


def _facts(instance: dict[str, Any]) -> dict[str, str]:
    return {
        "encrypted with": str(instance.get("KmsKeyId")),
        "subnets": instance["DBSubnetGroup"]["DBSubnetGroupName"],
        "security groups": ",".join(_groups(instance)),
        "parameters": instance["DBParameterGroups"][0]["DBParameterGroupName"],
        "certificate authority": str(instance.get("CACertificateIdentifier")),
        "public": str(instance.get("PubliclyAccessible", False)),
    }
