"""Runs migrations on webapp.schema's connection, or on one of its own for `alembic revision`."""

import os

import webapp.models  # noqa: F401 (its import fills the metadata)
from alembic import context
from sqlalchemy import Connection, create_engine
from webapp.database import Base
from webapp.settings import read_database_url


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        # Each migration commits alone, so that one may use an autocommit block (an index built
        # CONCURRENTLY), and a failed one leaves those before it in place.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.config.attributes.get("connection") is not None:
    run(context.config.attributes["connection"])
else:
    with create_engine(read_database_url(os.environ)).connect() as own:
        run(own)
