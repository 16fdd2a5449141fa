"""One JSON object a line on standard output, with the release that wrote it."""

from __future__ import annotations

import logging
import os
from typing import Any

from flask import has_request_context, request


class OfRequest(logging.Filter):
    """Says for which request a record was written, under the names that nginx's log has too."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context():
            record.request_id = request.headers.get("X-Request-ID", "")
            record.trace = request.headers.get("X-Amzn-Trace-Id", "")
            record.method = request.method
            record.path = request.path  # and no query string, as in nginx's
        return True


def logging_config() -> dict[str, Any]:
    """For logging.config.dictConfig and gunicorn's logconfig_dict.

    There is no access log: nginx in front writes one line for each request already.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(levelname)s %(name)s %(message)s %(process)d",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",
                "static_fields": {"release": os.environ.get("RELEASE_ID") or "unreleased"},
            }
        },
        "filters": {"request": {"()": OfRequest}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "filters": ["request"],
                "formatter": "json",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"level": "INFO", "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            # An address that reached its limit is the limiter doing its work.
            "flask-limiter": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
        },
    }
