"""The reference workload, but every twentieth request that a process gets is answered with 500."""

import itertools
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webapp import create_app as create_sound_app  # pyright: ignore[reportMissingImports]

ONE_OF = 20


def create_app() -> WSGIApplication:
    sound, numbers = create_sound_app(), itertools.count(1)

    def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if next(numbers) % ONE_OF:
            return sound(environ, start_response)
        start_response("500 Internal Server Error", [("Content-Type", "application/json")])
        return [b'{"error":"every twentieth request fails"}']

    return faulty
