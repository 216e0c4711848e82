"""Numbers of relay calls are no longer kept: those that an earlier version kept go.

Revision: 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE call_phone_legs SET number = NULL WHERE call_id IN (SELECT id FROM calls WHERE kind <> 'direct')"
    )


def downgrade() -> None:
    """What is gone stays gone."""
