"""Migrate the database forward, or verify that it is what this image needs.

python run_migrations.py                 migrates forward; safe when two run at once
python run_migrations.py --verify-only   exits 0 only when the live schema serves this image

Needs DATABASE_URL alone: a direct connection, not through pgbouncer, because the lock that keeps
a second run waiting belongs to the connection. Without a user in it, PGUSER and PGPASSWORD apply.
"""

import argparse
import os

from webapp.schema import SchemaError, migrate, verify
from webapp.settings import read_database_url


def main() -> None:
    parser = argparse.ArgumentParser(description="Migrate the database forward.")
    parser.add_argument(
        "--verify-only",
        action="store_true",
        help="change nothing; exit 0 only when the live schema serves this image",
    )
    chosen = parser.parse_args()
    url = read_database_url(os.environ)
    try:
        print(verify(url) if chosen.verify_only else migrate(url))
    except SchemaError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
