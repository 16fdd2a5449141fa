"""What a change in place means to what holds data, by property."""

import re

from guard.decide.changes import TAGS, Changed, not_less
from guard.decide.rules import CUT_OFF, DATA, DOWNTIME, WINDOW, Rule
from guard.decide.step import Step, at

# What RDS changes without a restart ("Settings for DB instances", RDS user guide).
_QUIET_OF_DATABASE = TAGS | {
    *("allowMajorVersionUpgrade", "autoMinorVersionUpgrade", "backupWindow", "copyTagsToSnapshot"),
    *("databaseInsightsMode", "enabledCloudwatchLogsExports", "finalSnapshotIdentifier"),
    *("maxAllocatedStorage", "monitoringInterval", "monitoringRoleArn"),
    *("performanceInsightsEnabled", "performanceInsightsRetentionPeriod"),
}
_QUIET_OF_CACHE = TAGS | {
    *("autoMinorVersionUpgrade", "description", "finalSnapshotIdentifier"),
    *("logDeliveryConfigurations", "notificationTopicArn", "snapshotWindow"),
}
# Names, logins and networks by which it is reached. RDS changes most of them at once, whatever
# `applyImmediately` says ("Settings for DB instances").
_WAYS_TO_DATA = {
    *("authToken", "authTokenWo", "authTokenWoVersion", "dbSubnetGroupName", "identifier"),
    *("manageMasterUserPassword", "networkType", "password", "passwordWo", "passwordWoVersion"),
    *("publiclyAccessible", "securityGroupIds", "transitEncryptionEnabled"),
    *("transitEncryptionMode", "userGroupIds", "vpcSecurityGroupIds"),
}
_DAYS = re.compile(r".*\.(days|noncurrentDays|deleteAfter|daysAfterInitiation)")


def database(step: Step, prop: str) -> Rule | None:
    """A new port restarts at once, whatever `applyImmediately` says."""
    if prop in _QUIET_OF_DATABASE:
        return None
    if prop in ("deletionProtection", "skipFinalSnapshot", "deleteAutomatedBackups"):
        safe = prop == "deletionProtection"
        return None if step.new.get(prop) is safe else DATA
    if prop == "backupRetentionPeriod":
        return None if not_less(step, prop) else DATA
    return DOWNTIME if prop == "port" else _data_store(step, prop)


def cache(step: Step, prop: str) -> Rule | None:
    if prop in _QUIET_OF_CACHE:
        return None
    if prop == "snapshotRetentionLimit":
        return None if not_less(step, prop) else DATA
    if prop in ("numCacheClusters", "numNodeGroups", "replicasPerNodeGroup"):
        return None if not_less(step, prop) else DOWNTIME
    return _data_store(step, prop)


def unless(prop: str, *, safe: bool, otherwise: Changed) -> Changed:
    """A switch that may be turned to `safe`, and to nothing else."""

    def changed(step: Step, changing: str) -> Rule | None:
        turned = changing == prop and step.new.get(prop) is safe
        return None if turned else otherwise(step, changing)

    return changed


def kept_longer(step: Step, prop: str) -> Rule | None:
    """Rules of what is thrown away when: each number of days that changes may grow."""
    if prop in TAGS:
        return None
    paths = step.paths_of(prop)
    longer = all(_DAYS.fullmatch(path) and not_less(step, path) for path in paths)
    return None if longer else DATA


def _data_store(step: Step, prop: str) -> Rule | None:
    if prop in _WAYS_TO_DATA:
        return CUT_OFF
    if prop == "maintenanceWindow":
        return WINDOW  # what waits for it may start as soon as it is moved
    # It makes every change by a second instance, which takes over as soon as it can.
    switched = at(step.new, "blueGreenUpdate.enabled") not in (None, False)
    # Left out it is off, at the provider and at AWS. What waits for the window starts with it too.
    waits = step.new.get("applyImmediately", False) is False
    return WINDOW if waits and not switched else DOWNTIME
