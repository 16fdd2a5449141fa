"""The fence on AWS's side: calls that AWS itself refuses from a moment on."""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cutover.do.clients import Clients
from cutover.do.world import Refused, Unavailable

# AssumeRole's minimum; the session policy ends long before.
_ROLE_SECONDS = 900


class Fence:
    """Gives out a role's credentials that end with the lease, in the name of one run."""

    def __init__(self, clients: Clients, role: str, *, run: str) -> None:
        self._clients, self._role = clients, role
        # RoleSessionName (STS API reference); CloudTrail shows who it was by it.
        self._session_name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", run)[:64].ljust(2, "-")

    def until(self, not_after: float, actions: Sequence[str], resource: str = "*") -> "Fenced":
        """May do these of the role's actions, and nothing at all after `not_after`: epoch seconds,
        rounded down. One call."""
        answer = self._clients.call(
            "sts",
            "assume_role",
            RoleArn=self._role,
            RoleSessionName=self._session_name,
            DurationSeconds=_ROLE_SECONDS,
            Policy=session_policy(not_after, actions, resource),
        )
        return Fenced(self._clients, answer["Credentials"])


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
