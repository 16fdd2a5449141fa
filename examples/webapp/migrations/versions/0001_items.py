"""Create the items table.

Expand only: the release before this one keeps serving from the same schema. What a release stops
using is dropped by the release after it. Roles and rights are made outside the app: the owner runs
migrations, and default privileges give the app's login what it needs.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="items_name"),
    )
