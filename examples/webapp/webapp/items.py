"""A list kept in PostgreSQL and cached in Redis."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp.database import Database
from webapp.models import NAME_CHARACTERS, Item
from webapp.redis import cache

CACHE_KEY = "items:1"
"""Ends with the version of what is stored: two releases share Redis during a cutover, so raise it
when the shape changes."""

CACHE_SECONDS = 5
"""Also the longest that a list can be out of date, when a write overtakes a read."""

NEWEST = 50

items = Blueprint("items", __name__, url_prefix="/api/items")


@items.get("")
def newest() -> ResponseReturnValue:
    """The newest 50 items; X-Cache says whether PostgreSQL was asked."""
    listed = cache.get(CACHE_KEY)
    hit = listed is not None
    if not hit:
        database: Database = current_app.extensions["database"]
        with database.session() as session:
            rows = session.scalars(select(Item).order_by(Item.id.desc()).limit(NEWEST))
            listed = [item.as_json() for item in rows]
        cache.set(CACHE_KEY, listed, seconds=CACHE_SECONDS)
    answer = jsonify(items=listed)
    answer.headers["X-Cache"] = "hit" if hit else "miss"
    return answer


@items.post("")
def create() -> ResponseReturnValue:
    name = _name()
    database: Database = current_app.extensions["database"]
    with database.session() as session:
        item = Item(name=name)
        session.add(item)
        session.flush()
        created = item.as_json()
        session.commit()
    cache.delete(CACHE_KEY)
    return jsonify(created), 201


def _name() -> str:
    body = request.get_json()
    name = body.get("name") if isinstance(body, dict) else None
    # PostgreSQL has no NUL in text.
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_CHARACTERS or "\0" in name:
        abort(400, f'Send JSON such as {{"name": "tea"}}, with 1 to {NAME_CHARACTERS} characters.')
    return name
