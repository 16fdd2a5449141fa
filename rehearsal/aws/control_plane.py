"""AWS's control plane on loopback: moto in this process, and boto3 clients that reach only that."""

import logging
import os
import threading
import time
from types import TracebackType
from typing import Any, Self

import boto3.session
import botocore.session
from botocore.config import Config
from moto.backends import get_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from rehearsal.aws.calls import Call, Session, read
from rehearsal.machine.ports import LOOPBACK

# 20 capital letters and digits, the shape in which moto looks for a key; it opens nothing.
ACCESS_KEY = "REHEARSALNOTREALKEYS"
SECRET_KEY = "rehearsal"  # noqa: S105 (it opens nothing)
_ACCOUNT_VARIABLE = "MOTO_ACCOUNT_ID"
# What botocore would read from the user's shell and home, each with a source that holds nothing.
_NOTHING_OF_THE_USER: dict[str, tuple[None, None, str | None, None]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# No proxy: `HTTP_PROXY` would send even a loopback address elsewhere. One attempt: a retry hides a
# failure, and moto either answers or is gone.
OURS = "slipway-rehearsal"
_CONFIG = Config(
    user_agent_extra=OURS,
    proxies={},
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=10,
    s3={"addressing_style": "path"},
)


class ControlPlane:
    """An account of moto's in this process; used as a context manager.

    No client of it can reach AWS: endpoint and credentials are given, and nothing is read from the
    user's environment, profiles or proxies. One at a time in a process; any number side by side.
    """

    def __init__(self, *, port: int, account_id: str, region: str) -> None:
        self.account_id, self.region = account_id, region
        self.url = f"http://{LOOPBACK}:{port}"
        self._server = ThreadedMotoServer(LOOPBACK, port, verbose=False)
        self._session = boto3.session.Session(
            botocore_session=botocore.session.Session(session_vars=_NOTHING_OF_THE_USER),
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=region,
        )
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._account_before: str | None = None
        self._calls: list[Call] = []
        self._tables = threading.Lock()

    @property
    def variables(self) -> dict[str, str]:
        """What points boto3, and so cutover, at this control plane from another terminal."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": self.region,
        }

    @property
    def own_variables(self) -> dict[str, str]:
        """The same for a process that does what AWS does: its calls are not those of others."""
        return {**self.variables, "AWS_SDK_UA_APP_ID": OURS}

    def calls(self) -> tuple[Call, ...]:
        """Those of others than this rehearsal so far, in order."""
        return tuple(self._calls)

    def sessions(self) -> dict[str, Session]:
        """By the id of each temporary access key that was given out so far."""
        given = get_backend("sts")[self.account_id]["aws"].assumed_roles
        return {one.access_key_id: Session(one.role_arn, one.policy or "") for one in list(given)}

    def published(self, topic_arn: str) -> tuple[str, ...]:
        """The messages that a topic was sent so far, in order; moto sends them on to nobody."""
        sent = self.backend("sns").topics[topic_arn].sent_notifications
        return tuple(message for _, message, *_ in list(sent))

    def client(self, service: str, region: str | None = None) -> Any:
        """boto3's client of a service, made once; may be used from any thread."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    key[0], region_name=key[1], endpoint_url=self.url, config=_CONFIG
                )
            return self._clients[key]

    def backend(self, service: str) -> Any:
        """moto's own objects of a service: for what AWS does by itself and moto leaves undone."""
        return get_backend(service)[self.account_id][self.region]  # pyright: ignore[reportCallIssue, reportArgumentType]

    def __enter__(self) -> Self:
        self._account_before = os.environ.get(_ACCOUNT_VARIABLE)
        os.environ[_ACCOUNT_VARIABLE] = self.account_id
        # werkzeug writes a line for each request, and a stack trace for what the client reports.
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server.start()
        self._stand_before_moto()
        return self

    def _stand_before_moto(self) -> None:
        """moto keeps no list of who has called; its server asks the app anew for each request."""
        server = self._server._server
        assert server is not None  # noqa: S101 (it has just been started)
        app = server.app

        def seen(environ: Any, start_response: Any) -> Any:
            call = read(environ, time.time())
            if OURS not in environ.get("HTTP_USER_AGENT", ""):
                self._calls.append(call)
            if call.service != "dynamodb":
                return app(environ, start_response)
            # A transaction that is cancelled puts moto's table back as it was when that one began,
            # and with it undoes what others have written since.
            with self._tables:
                return app(environ, start_response)

        server.app = seen

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        if self._account_before is None:
            os.environ.pop(_ACCOUNT_VARIABLE, None)
        else:
            os.environ[_ACCOUNT_VARIABLE] = self._account_before
