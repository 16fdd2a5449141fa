"""The fence on AWS's side: calls that AWS itself refuses from a moment on."""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cutover.do.clients import Clients
from cutover.do.world import Clock, Refused, Unavailable

# AssumeRole's minimum; the session policy ends long before.
_ROLE_SECONDS = 900
# So far apart the clocks may be: a lease has a second more than that left when a change is sent
# (Logbook.keep), and a thief waits a second more beyond its end (Setting.takeover_seconds).
SKEW_SECONDS = 10.0


class Fence:
    """Gives out a role's credentials that end with the lease, in the name of one run.

    The lease's end is told by `clock` and judged by AWS's.
    """

    def __init__(self, clients: Clients, role: str, *, run: str, clock: Clock) -> None:
        self._clients, self._role, self._clock = clients, role, clock
        # RoleSessionName (STS API reference); CloudTrail shows who it was by it.
        self._session_name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", run)[:64].ljust(2, "-")

    def until(self, not_after: float, actions: Sequence[str], resource: str = "*") -> "Fenced":
        """May do these of the role's actions, and nothing at all after `not_after`: epoch seconds,
        rounded down. One call. Refused when the clocks differ by more than SKEW_SECONDS: one
        behind AWS's has every change denied, and one ahead has it fenced too late."""
        asked_at = self._clock.now()
        answer = self._clients.call(
            "sts",
            "assume_role",
            RoleArn=self._role,
            RoleSessionName=self._session_name,
            DurationSeconds=_ROLE_SECONDS,
            Policy=session_policy(not_after, actions, resource),
        )
        credentials = answer["Credentials"]
        # By AWS's clock, in whole seconds.
        given_at = credentials["Expiration"].timestamp() - _ROLE_SECONDS
        ahead = skew(given_at, asked_at=asked_at, answered_at=self._clock.now())
        if abs(ahead) > SKEW_SECONDS:
            where = "ahead of" if ahead > 0 else "behind"
            raise Refused(
                f"this machine's clock is {abs(ahead):.0f} s {where} AWS's, and may differ by "
                f"{SKEW_SECONDS:.0f} s at most, since the lease ends by it; set the clock (chrony, "
                "or another NTP client), then try again"
            )
        return Fenced(self._clients, credentials)


class Fenced:
    """Calls within the fence."""

    def __init__(self, clients: Clients, credentials: Mapping[str, Any]) -> None:
        self._clients, self._credentials = clients, credentials

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:
        """As Clients.call; Unavailable when its time is over, for then nothing was changed."""
        try:
            return self._clients.call_as(self._credentials, service, operation, **arguments)
        except Refused as error:
            # IAM's wording, "Troubleshoot access denied error messages" in its user guide.
            if "explicit deny in a session policy" not in str(error):
                raise
            raise Unavailable(
                f"the lease's time was over before {service} was asked to {operation}, and nothing "
                "was changed; it may be tried again with a renewed lease"
            ) from error.__cause__


def skew(given_at: float, *, asked_at: float, answered_at: float) -> float:
    """Seconds by which our clock is ahead of AWS's for sure; negative when it is behind.

    AWS gave its answer at `given_at`, whole seconds of its clock, between two moments of ours.
    """
    return max(0.0, asked_at - (given_at + 1)) or min(0.0, answered_at - given_at)


def session_policy(not_after: float, actions: Sequence[str], resource: str) -> str:
    """IAM's text for: only this, and only until then. Whole seconds, as aws:CurrentTime's."""
    end = datetime.datetime.fromtimestamp(int(not_after), datetime.UTC)
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateGreaterThan": {"aws:CurrentTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
