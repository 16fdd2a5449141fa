"""The reference workload of Slipway: a small Flask app that honours the workload contract."""

from __future__ import annotations

import os

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import errors, redis, sentry, traces
from webapp.database import Database
from webapp.health import health
from webapp.items import items
from webapp.settings import Settings, read_settings
from webapp.traffic import traffic

BODY_MIB = 101
"""Above the most that nginx may let through; a second line for when there is no nginx."""


def create_app(settings: Settings | None = None) -> Flask:
    """The app, with nothing connected yet; settings come from the environment when not given."""
    settings = settings or read_settings(os.environ)
    sentry.init(settings)
    app = Flask(__name__, static_folder=None)
    app.config.update(
        RELEASE_ID=settings.release_id,
        SECRET_KEY=settings.secret_key,
        # What the previous key signed stays valid, and what newer tasks sign with the next one is
        # valid here already: tasks of both kinds serve side by side while the key rotates.
        SECRET_KEY_FALLBACKS=list(settings.secret_keys_verified),
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=BODY_MIB * 1024 * 1024,
    )
    # nginx resolves the client's address and sends exactly one in each header. One hop more, and
    # a client could choose its own address.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
    app.extensions["database"] = Database(settings.database, connections=settings.threads)
    redis.init_app(app, settings.redis_url)
    errors.init_app(app)
    traces.init_app(app, settings)
    for blueprint in (health, items, traffic):
        app.register_blueprint(blueprint)
    return app
