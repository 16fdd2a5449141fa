"""Every problem of the environment is one sentence, and all of them come at once."""

from __future__ import annotations

import subprocess

import pytest
from webapp import create_app
from webapp.settings import SettingsError, read_database_url, read_settings
from webapp_services import APP_FOLDER, clean_environment, gunicorn

GOOD = {
    "DATABASE_URL": "postgresql://app@127.0.0.1:6432/app",
    "REDIS_URL": "rediss://user:password@cache.example:6379/0",
    "SECRET_KEY": "5" * 64,
}
KEY_ADVICE = "make one with: python -c 'import secrets; print(secrets.token_hex(32))'"


def test_three_variables_are_enough() -> None:
    settings = read_settings(GOOD)
    assert settings.database.render_as_string() == "postgresql+psycopg://app@127.0.0.1:6432/app"
    assert settings.redis_url == GOOD["REDIS_URL"]
    assert settings.secret_key == "5" * 64
    assert settings.secret_keys_verified == ()
    assert settings.sentry_dsn is None
    assert (settings.release_id, settings.environment) == ("unreleased", "development")
    assert (settings.bind, settings.workers, settings.threads) == ("127.0.0.1:8000", 2, 8)


def test_an_empty_variable_counts_as_not_set() -> None:
    empty = dict.fromkeys(
        ("SECRET_KEY_PREVIOUS", "SECRET_KEY_NEXT", "SENTRY_DSN", "RELEASE_ID", "PORT", "THREADS"),
        "",
    )
    assert read_settings(GOOD | empty) == read_settings(GOOD)


def test_a_migration_needs_the_database_alone() -> None:
    url = read_database_url({"DATABASE_URL": "postgresql://db.example:5433/app?sslmode=require"})
    assert (url.username, url.password) == (None, None)
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            "DATABASE_URL",
            "",
            "DATABASE_URL is not set: give it a value such as postgresql://app@127.0.0.1:6432/app.",
        ),
        (
            "DATABASE_URL",
            "secret",
            "DATABASE_URL is not a URL: it must look like postgresql://app@127.0.0.1:6432/app.",
        ),
        (
            "DATABASE_URL",
            "postgresql://app:secret@db:port/app",
            "DATABASE_URL is not a URL: it must look like postgresql://app@127.0.0.1:6432/app.",
        ),
        (
            "DATABASE_URL",
            "mysql://app:secret@db/app",
            "DATABASE_URL starts with mysql://: it must look like"
            " postgresql://app@127.0.0.1:6432/app.",
        ),
        (
            "DATABASE_URL",
            "postgresql:///app",
            "DATABASE_URL names no host: it must look like postgresql://app@127.0.0.1:6432/app.",
        ),
        (
            "DATABASE_URL",
            "postgresql://db",
            "DATABASE_URL names no database: it must look like"
            " postgresql://app@127.0.0.1:6432/app.",
        ),
        (
            "REDIS_URL",
            "http://cache",
            "REDIS_URL starts with http://: it must look like rediss://user:password@host:6379/0.",
        ),
        (
            "REDIS_URL",
            "rediss://cache/first",
            "REDIS_URL ends with /first: the database must be a number, as in"
            " rediss://user:password@host:6379/0.",
        ),
        (
            "REDIS_URL",
            "rediss://cache/0?ssl_cert_reqs=none",
            "REDIS_URL sets ssl_cert_reqs: the server's certificate is always verified; put a"
            " private CA into SSL_CERT_FILE instead.",
        ),
        ("SECRET_KEY", "", f"SECRET_KEY is not set: {KEY_ADVICE}"),
        ("SECRET_KEY", "secret", f"SECRET_KEY has 6 characters: it needs 32 or more; {KEY_ADVICE}"),
        (
            "SECRET_KEY_PREVIOUS",
            "secret",
            f"SECRET_KEY_PREVIOUS has 6 characters: it needs 32 or more; {KEY_ADVICE}",
        ),
        (
            "SECRET_KEY_NEXT",
            "secret",
            f"SECRET_KEY_NEXT has 6 characters: it needs 32 or more; {KEY_ADVICE}",
        ),
        (
            "SENTRY_DSN",
            "secret",
            "SENTRY_DSN is not a Sentry DSN: it must look like https://key@host/1, or be empty.",
        ),
        ("PORT", "http", "PORT is 'http': it must be a whole number from 1 to 65535."),
        ("PORT", "65536", "PORT is '65536': it must be a whole number from 1 to 65535."),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY is '0': it must be a whole number from 1 to 32."),
        ("THREADS", "129", "THREADS is '129': it must be a whole number from 1 to 128."),
        (
            "BIND_ADDRESS",
            "localhost",
            "BIND_ADDRESS is 'localhost': it must be an IP address, such as 127.0.0.1 or 0.0.0.0.",
        ),
    ],
)
def test_a_problem_is_one_sentence_without_the_secret(name: str, value: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(GOOD | {name: value})
    assert str(raised.value) == problem
    assert "secret@" not in problem


def test_gunicorn_stops_with_all_problems_and_no_stack_trace() -> None:
    bad = {"PORT": "x", "DATABASE_URL": "y"}
    done = subprocess.run(
        gunicorn(), cwd=APP_FOLDER, env=clean_environment() | bad, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "DATABASE_URL is not a URL: it must look like postgresql://app@127.0.0.1:6432/app.",
        "REDIS_URL is not set: give it a value such as rediss://user:password@host:6379/0.",
        f"SECRET_KEY is not set: {KEY_ADVICE}",
        "PORT is 'x': it must be a whole number from 1 to 65535.",
    ]


def test_tasks_of_two_generations_of_the_key_accept_each_others_sessions() -> None:
    def signer(current: int, **others: int):
        keys = {f"SECRET_KEY_{name}": str(key) * 64 for name, key in others.items()}
        app = create_app(read_settings(GOOD | {"SECRET_KEY": str(current) * 64} | keys))
        return app.session_interface.get_signing_serializer(app)

    old = signer(5, PREVIOUS=4, NEXT=6)
    new = signer(6, PREVIOUS=5, NEXT=7)
    assert new.loads(old.dumps({"user": 7})) == {"user": 7}
    assert old.loads(new.dumps({"user": 7})) == {"user": 7}
    # Each signs with its current key alone, and two generations are one too many.
    assert signer(6).loads(new.dumps({"user": 7})) == {"user": 7}
    with pytest.raises(Exception, match="does not match"):
        signer(7).loads(new.dumps({"user": 7}))
    with pytest.raises(Exception, match="does not match"):
        signer(7, PREVIOUS=6, NEXT=8).loads(old.dumps({"user": 7}))
