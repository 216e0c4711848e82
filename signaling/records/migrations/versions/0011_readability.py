"""How readable the people of a call were, and on what kind of device the signer was.

Revision: 0011, after 0010. ``readable_share`` was of all measured time, and is of signing time now: what it said
before is another figure, and goes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TYPES = ("phone", "tablet", "computer")
NAME = "ck_calls_signer_device_type_code"


def upgrade() -> None:
    with op.batch_alter_table("calls") as batch:
        batch.add_column(sa.Column("readability", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("signer_device_type", sa.String(8), nullable=True))
        batch.create_check_constraint(op.f(NAME), f"signer_device_type IN ({', '.join(repr(code) for code in TYPES)})")
    op.execute("UPDATE calls SET readable_share = NULL")


def downgrade() -> None:
    with op.batch_alter_table("calls") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.drop_column("signer_device_type")
        batch.drop_column("readability")
