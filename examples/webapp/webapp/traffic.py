"""Endpoints that give load clients something to send, to receive and to be refused.

A rehearsal drives them. Delete this file when you replace the app by your own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from flask import Blueprint, Response, abort, jsonify, request, session
from flask.typing import ResponseReturnValue

from webapp.redis import limiter

LARGEST_KIB = 10 * 1024
CHUNK_BYTES = 64 * 1024

traffic = Blueprint("traffic", __name__, url_prefix="/api")


@traffic.post("/echo")
def echo() -> ResponseReturnValue:
    """Length and SHA-256 of the body, so that a client can prove that it arrived whole."""
    digest = hashlib.sha256()
    length = 0
    while chunk := request.stream.read(CHUNK_BYTES):
        digest.update(chunk)
        length += len(chunk)
    return jsonify(length=length, sha256=digest.hexdigest())


@traffic.get("/large")
def large() -> ResponseReturnValue:
    """Exactly kib * 1024 bytes."""
    asked = request.args.get("kib", "64")
    kib = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else 0
    if not 1 <= kib <= LARGEST_KIB:
        abort(400, f"kib is {asked!r}: it must be a whole number from 1 to {LARGEST_KIB}.")
    answer = Response(_zeros(kib * 1024), mimetype="application/octet-stream")
    answer.content_length = kib * 1024
    return answer


def _zeros(length: int) -> Iterator[bytes]:
    chunk = bytes(CHUNK_BYTES)
    while length > 0:
        yield chunk[:length]
        length -= CHUNK_BYTES


@traffic.get("/visits")
def visits() -> ResponseReturnValue:
    """How often this client has been here, by its session alone: 1 is a client that is new, or
    whose session nobody accepts any more."""
    session["visits"] = session.get("visits", 0) + 1
    return jsonify(visits=session["visits"])


@traffic.get("/limited")
@limiter.limit("5 per minute")
def limited() -> ResponseReturnValue:
    """Five answers a minute for each client address, over all processes and both slots."""
    return jsonify(allowed=True)
