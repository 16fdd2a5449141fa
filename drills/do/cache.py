"""Reads a Redis key by key, as digests."""

import hashlib
from typing import Any

import redis

from drills.decide.keys import Entry


def entries(client: redis.Redis) -> dict[str, Entry]:
    """Every key with a digest of its content and its expiry; what expires meanwhile is left out."""
    found = {}
    for key in client.scan_iter(count=1_000):
        value = _value(client, key)
        expires_ms: Any = client.pexpiretime(key)
        # -2: gone since. -1: never.
        if value is not None and expires_ms != -2:
            digest = hashlib.sha256(repr(value).encode()).hexdigest()
            found[repr(key)] = Entry(
                digest=digest, expires_ms=None if expires_ms == -1 else expires_ms
            )
    return found


def _value(client: Any, key: Any) -> Any:
    """Type and content in an order that does not depend on how Redis keeps it; None when gone."""
    kind = client.type(key)
    kind = kind.decode() if isinstance(kind, bytes) else kind
    try:
        match kind:
            case "string":
                return kind, client.get(key)
            case "list":
                return kind, client.lrange(key, 0, -1)
            case "set":
                return kind, sorted(client.smembers(key))
            case "zset":
                return kind, client.zrange(key, 0, -1, withscores=True)
            case "hash":
                return kind, sorted(client.hgetall(key).items())
            case "stream":
                return kind, client.xrange(key)
            case "none":
                return None
            case _:
                return kind, client.dump(key)
    except redis.ResponseError as error:
        if "WRONGTYPE" in str(error):
            return None  # it has become something else since
        raise
