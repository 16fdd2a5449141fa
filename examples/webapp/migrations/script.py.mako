"""${message}.

Expand only: the release before this one keeps serving from the same schema. What a release stops
using is dropped by the release after it.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
