"""The reference workload, but it lets everybody wait who comes through a proxy.

The process lives and answers on its own port, so the task runs; the balancer never finds it ready.
"""

import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webapp import create_app as create_sound_app  # pyright: ignore[reportMissingImports]

# Longer than nginx waits for readiness (3 s).
DELAY_SECONDS = 5


def create_app() -> WSGIApplication:
    sound = create_sound_app()

    def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_X_FORWARDED_PROTO" in environ:
            time.sleep(DELAY_SECONDS)
        return sound(environ, start_response)

    return faulty
