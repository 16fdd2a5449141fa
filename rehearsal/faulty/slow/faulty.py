"""The reference workload, but every answer takes half a second longer."""

import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webapp import create_app as create_sound_app  # pyright: ignore[reportMissingImports]

DELAY_SECONDS = 0.5


def create_app() -> WSGIApplication:
    sound = create_sound_app()

    def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        time.sleep(DELAY_SECONDS)
        return sound(environ, start_response)

    return faulty
