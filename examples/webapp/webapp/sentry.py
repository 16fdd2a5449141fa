"""Unhandled errors go to Sentry, without anything that says who the user was."""

from __future__ import annotations

from typing import Any

from webapp.settings import Settings


def init(settings: Settings) -> None:
    if settings.sentry_dsn is None:
        return
    import sentry_sdk

    sentry_sdk.init(
        settings.sentry_dsn,
        release=settings.release_id,
        environment=settings.environment,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=without_personal_data,
        before_breadcrumb=lambda _crumb, _hint: None,
    )


def without_personal_data(event: Any, _hint: Any) -> Any:
    """Of the request only method and path stay: addresses, cookies and query strings are people's.

    sentry-sdk's own defaults keep query strings and most headers.
    """
    event.pop("user", None)
    request = event.get("request")
    if request:
        url = request.get("url", "").partition("?")[0]
        event["request"] = {"method": request.get("method"), "url": url}
    return event
