"""Which calls were call-backs: their waits are no figures of the line's.

Revision: 0010, after 0009. Calls that are there count as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("callback", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("calls", "callback")
