"""Every error is JSON with one sentence, and no detail of ours leaks into it."""

from __future__ import annotations

import json

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from webapp.database import DatabaseAway


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DatabaseAway, _database_away)


def _http_error(error: HTTPException) -> Response:
    # The headers stay: Allow of a 405, Retry-After of a 429 or 503.
    answer = Response(status=error.code, headers=error.get_headers())
    message = error.description or error.name
    if error.code == 429:
        message = f"Too many requests: this address may send {error.description}."
    answer.data = json.dumps({"error": {"status": error.code, "message": message}}) + "\n"
    answer.content_type = "application/json"
    return answer


def _database_away(_error: DatabaseAway) -> Response:
    return _http_error(
        ServiceUnavailable("The database is not available; try again in a moment.", retry_after=1)
    )
