"""Cache and rate limiter on one pool of Redis connections; both fail open.

When Redis is away the app serves uncached and unlimited, and says so in the log. That is a choice:
nginx in front still limits each address, and a lost cache must not become a lost site.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import redis
from flask import Flask
from flask_caching import Cache
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, ReadOnlyError, RedisError, TimeoutError
from redis.retry import Retry

from webapp.breaker import Breaker

TIMEOUT_SECONDS = 0.25
"""For connecting and for each answer; a healthy Redis in the same network needs a millisecond."""

log = logging.getLogger(__name__)


class RedisAway(ConnectionError):
    """Raised at once while the breaker waits before it tries Redis again."""


class BreakingPool(redis.ConnectionPool):
    """A failed attempt to connect spares every other request the wait for the same failure."""

    breaker = Breaker("Redis", trial_seconds=4 * TIMEOUT_SECONDS)

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        if not self.breaker.admits():
            raise RedisAway("Redis is away")
        try:
            connection = super().get_connection(*args, **kwargs)
        except (ConnectionError, TimeoutError) as error:
            self.breaker.failed(error)
            raise
        self.breaker.passed()
        return connection


class RedisCache:
    """Flask-Caching that treats an absent Redis as an empty cache."""

    def __init__(self) -> None:
        self.cache = Cache()

    def get(self, key: str) -> Any:
        return self._attempt(lambda: self.cache.get(key))

    def set(self, key: str, value: Any, *, seconds: int) -> None:
        self._attempt(lambda: self.cache.set(key, value, timeout=seconds))

    def delete(self, key: str) -> None:
        self._attempt(lambda: self.cache.delete(key))

    @staticmethod
    def _attempt(operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except RedisAway:
            return None
        except RedisError as error:
            log.warning("Serving uncached, because Redis failed: %s", error)
            return None


def _is_news(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], RedisAway))


cache = RedisCache()
limiter = Limiter(get_remote_address, swallow_errors=True, headers_enabled=True)


def init_app(app: Flask, url: str) -> None:
    """Connects nothing yet: the first request does."""
    pool = BreakingPool.from_url(
        url,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
        # After a failover the old primary refuses writes; reconnecting finds the new one.
        retry_on_error=[ReadOnlyError],
    )
    app.config.update(
        CACHE_TYPE="RedisCache",
        CACHE_REDIS_HOST=redis.Redis(connection_pool=pool),
        CACHE_KEY_PREFIX="webapp:",
        RATELIMIT_STORAGE_URI="redis://",
        RATELIMIT_STORAGE_OPTIONS={"connection_pool": pool},
    )
    cache.cache.init_app(app)
    limiter.init_app(app)
    # The breaker has already said that Redis is away: no stack trace for each request.
    logging.getLogger("flask-limiter").addFilter(_is_news)
