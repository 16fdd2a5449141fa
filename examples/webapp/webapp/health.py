"""Whether the app can do its work, answered in bounded time."""

from __future__ import annotations

import datetime

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from webapp.database import Database, DatabaseAway

health = Blueprint("health", __name__)


@health.get("/health")
def report() -> ResponseReturnValue:
    """200, or 503 when the database is away. Redis does not count: the app serves without it."""
    database: Database = current_app.extensions["database"]
    try:
        with database.session() as session:
            session.execute(text("SELECT 1"))
    except DatabaseAway:
        healthy = False
    else:
        healthy = True
    answer = jsonify(
        status="healthy" if healthy else "unhealthy",
        database="connected" if healthy else "unavailable",
        version=current_app.config["RELEASE_ID"],
        timestamp=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
    )
    answer.cache_control.no_store = True
    return answer, 200 if healthy else 503


@health.get("/api/release")
def release() -> ResponseReturnValue:
    """Which release answers; a rehearsal counts on it to see where its requests went."""
    return jsonify(release=current_app.config["RELEASE_ID"])
