"""Every setting comes from an environment variable, and every problem is reported at once.

The only reader of the environment. A variable that is set but empty counts as not set, because a
task definition can't unset one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

SECRET_KEY_CHARACTERS = 32
"""Shortest key accepted: 32 hex characters are 128 bits."""


class SettingsError(SystemExit):
    """Ends the process with exit code 1 and one line per problem, without a stack trace."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


@dataclass(frozen=True, kw_only=True)
class Settings:
    database: URL
    redis_url: str
    secret_key: str
    secret_keys_verified: tuple[str, ...]
    """What these signed is accepted too: the previous key and the next one."""
    sentry_dsn: str | None
    release_id: str
    environment: str
    traced: bool
    port: int
    bind_address: str
    workers: int
    threads: int

    @property
    def bind(self) -> str:
        host = f"[{self.bind_address}]" if ":" in self.bind_address else self.bind_address
        return f"{host}:{self.port}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """What gunicorn and the app need; raises SettingsError that names every variable to correct."""
    reader = _Reader(environ)
    settings = Settings(
        database=reader.database(),
        redis_url=reader.redis(),
        secret_key=reader.key("SECRET_KEY", required=True) or "",
        secret_keys_verified=tuple(
            key
            for name in ("SECRET_KEY_PREVIOUS", "SECRET_KEY_NEXT")
            if (key := reader.key(name)) is not None
        ),
        sentry_dsn=reader.sentry(),
        release_id=reader.text("RELEASE_ID") or "unreleased",
        environment=reader.text("ENVIRONMENT") or "development",
        # What else OpenTelemetry's SDK needs it reads itself, from variables of that name.
        traced=reader.text("OTEL_EXPORTER_OTLP_ENDPOINT") is not None,
        port=reader.number("PORT", 8000, 1, 65535),
        bind_address=reader.address("BIND_ADDRESS", "127.0.0.1"),
        workers=reader.number("WEB_CONCURRENCY", 2, 1, 32),
        threads=reader.number("THREADS", 8, 1, 128),
    )
    reader.finish()
    return settings


def read_database_url(environ: Mapping[str, str]) -> URL:
    """All that a migration needs. Without a user in it, libpq reads PGUSER and PGPASSWORD."""
    reader = _Reader(environ)
    url = reader.database()
    reader.finish()
    return url


class _Reader:
    """Reads variables and collects problems. Secrets are never repeated in a message."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def finish(self) -> None:
        if self.problems:
            raise SettingsError(self.problems)

    def text(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> URL | None:
        value = self.text(name)
        if value is None:
            self.problems.append(f"{name} is not set: give it a value such as {example}.")
            return None
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            self.problems.append(f"{name} is not a URL: it must look like {example}.")
            return None
        if url.drivername not in schemes:
            self.problems.append(
                f"{name} starts with {url.drivername}://: it must look like {example}."
            )
            return None
        if not url.host:
            self.problems.append(f"{name} names no host: it must look like {example}.")
            return None
        return url

    def database(self) -> URL:
        example = "postgresql://app@127.0.0.1:6432/app"
        url = self.url("DATABASE_URL", ("postgresql", "postgres"), example)
        if url is None:
            return URL.create("postgresql+psycopg")
        if not url.database:
            self.problems.append(f"DATABASE_URL names no database: it must look like {example}.")
        return url.set(drivername="postgresql+psycopg")

    def redis(self) -> str:
        example = "rediss://user:password@host:6379/0"
        url = self.url("REDIS_URL", ("rediss", "redis"), example)
        if url is None:
            return ""
        if url.database and not url.database.isdecimal():
            self.problems.append(
                f"REDIS_URL ends with /{url.database}: the database must be a number, as in"
                f" {example}."
            )
        for name in sorted(set(url.query) & {"ssl_cert_reqs", "ssl_check_hostname"}):
            self.problems.append(
                f"REDIS_URL sets {name}: the server's certificate is always verified; put a"
                " private CA into SSL_CERT_FILE instead."
            )
        return url.render_as_string(hide_password=False)

    def key(self, name: str, *, required: bool = False) -> str | None:
        value = self.text(name)
        advice = "make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        if value is None:
            if required:
                self.problems.append(f"{name} is not set: {advice}")
        elif len(value) < SECRET_KEY_CHARACTERS:
            self.problems.append(
                f"{name} has {len(value)} characters: it needs {SECRET_KEY_CHARACTERS} or more;"
                f" {advice}"
            )
        return value

    def sentry(self) -> str | None:
        value = self.text("SENTRY_DSN")
        if value is None:
            return None
        # Imported here: most processes run without Sentry, and it takes longer than the app.
        from sentry_sdk.utils import BadDsn, Dsn

        try:
            Dsn(value)
        except (BadDsn, ValueError):
            self.problems.append(
                "SENTRY_DSN is not a Sentry DSN: it must look like https://key@host/1, or be empty."
            )
        return value

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if value.isascii() and value.isdecimal() and lowest <= int(value) <= highest:
            return int(value)
        self.problems.append(
            f"{name} is {value!r}: it must be a whole number from {lowest} to {highest}."
        )
        return default

    def address(self, name: str, default: str) -> str:
        value = self.text(name) or default
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            self.problems.append(
                f"{name} is {value!r}: it must be an IP address, such as 127.0.0.1 or 0.0.0.0."
            )
            return default
