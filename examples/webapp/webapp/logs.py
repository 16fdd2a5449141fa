"""One JSON object a line on standard output, with the release that wrote it."""

from __future__ import annotations

import os
from typing import Any


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
                "timestamp": True,
                "static_fields": {"release": os.environ.get("RELEASE_ID") or "unreleased"},
            }
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
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
