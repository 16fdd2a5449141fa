"""An alarm for tasks that go on with a login or key of which there is a newer one."""

from infra.alarm import Alarm, Metric
from infra.outputs import REFRESH_METRIC, metrics_namespace

# Since a secret has a new value. A login that was replaced works until the next rotation, which is
# a month away at the least (infra/settings.py): three weeks are left, and most teams have released.
REFRESH_SECONDS = 7 * 86_400


def refresh_alarm(environment: str) -> Alarm:
    """Fires while the watcher counts such a task; the watcher's own alarms tell of its silence."""
    return Alarm(
        name="refresh-overdue",
        severity="ticket",
        says="tasks run with a login or key that was replaced a week ago",
        runbook="rotation.md#a-refresh-is-overdue",
        source="ours: three weeks before the first of them could be shut out",
        metrics={"tasks": Metric(metrics_namespace(environment), REFRESH_METRIC, "Maximum")},
        comparison=">",
        threshold=0,
        periods=1,
    )
