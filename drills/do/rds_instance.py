"""One RDS instance by its name: how it is, waited for, deleted, logged into."""

from typing import Any

import psycopg

from drills.do.aws import Aws, Refused
from drills.do.errors import DrillError
from drills.do.place import Clock

POLL_SECONDS = 15.0
# A large database takes hours, and an instance that fails says so.
PATIENCE_SECONDS = 6 * 3600.0
_FAILED = {"failed", "incompatible-restore", "incompatible-parameters", "incompatible-network"}


class RdsInstance:
    """Asks RDS anew each time. There need be no such instance yet, or any more."""

    def __init__(self, aws: Aws, name: str, clock: Clock) -> None:
        self.name = name
        self._aws, self._clock = aws, clock

    def describe(self) -> dict[str, Any]:
        """RDS's own words. Refused when it is not there."""
        found = self._aws.call("rds", "describe_db_instances", DBInstanceIdentifier=self.name)
        return found["DBInstances"][0]

    def wait_available(self) -> None:
        """DrillError when it fails, or takes longer than any restore does."""
        deadline = self._clock.monotonic() + PATIENCE_SECONDS
        while (status := self.describe()["DBInstanceStatus"]) != "available":
            if status in _FAILED or self._clock.monotonic() > deadline:
                raise DrillError(
                    f"RDS did not restore {self.name}, which is {status}; its events say why: "
                    f"aws rds describe-events --source-type db-instance --source-identifier "
                    f"{self.name}"
                )
            self._clock.sleep(POLL_SECONDS)

    def delete(self) -> None:
        """Asks for it; RDS takes minutes, in which nothing more can go wrong."""
        try:
            if self.describe()["DBInstanceStatus"] == "deleting":
                return
            self._aws.call(
                "rds",
                "delete_db_instance",
                DBInstanceIdentifier=self.name,
                SkipFinalSnapshot=True,
                DeleteAutomatedBackups=True,
            )
        except Refused as refused:
            if refused.code not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                raise DrillError(
                    f"{refused}; delete {self.name} by hand, or run the drill again, which will"
                ) from refused

    def connect(self, database: str, user: str, password: str) -> psycopg.Connection:
        """A session that verifies the certificate and commits each statement.

        Trust is libpq's: PGSSLROOTCERT names AWS's bundle, and without it no session is opened.
        Raises psycopg.OperationalError.
        """
        endpoint = self.describe()["Endpoint"]
        return psycopg.connect(
            host=endpoint["Address"],
            port=endpoint["Port"],
            dbname=database,
            user=user,
            password=password,
            sslmode="verify-full",
            connect_timeout=10,
            autocommit=True,
        )


def security_groups(instance: dict[str, Any]) -> list[str]:
    """Ids, in order."""
    return sorted(group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"])


def facts(instance: dict[str, Any]) -> dict[str, str]:
    """What surrounds the database, by name: what a restored one must have like its source."""
    return {
        "encrypted with": str(instance.get("KmsKeyId")),
        "subnets": instance["DBSubnetGroup"]["DBSubnetGroupName"],
        "security groups": ",".join(security_groups(instance)),
        "parameters": instance["DBParameterGroups"][0]["DBParameterGroupName"],
        "certificate authority": str(instance.get("CACertificateIdentifier")),
        "public": str(instance.get("PubliclyAccessible", False)),
    }
