"""What brands may dial and how much; numbers that are not dialled or may not call.

Revision: 0006, after 0005. New tables alone: nothing that exists is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand_rules",
        sa.Column("brand_id", sa.String(length=64), nullable=False),
        sa.Column("countries", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("premium_allowed", sa.Boolean(), nullable=True),
        sa.Column("satellite_allowed", sa.Boolean(), nullable=True),
        sa.Column("short_numbers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=True),
        sa.Column("calls_per_day", sa.Integer(), nullable=True),
        sa.Column("minutes_per_day", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brands.id"], name=op.f("fk_brand_rules_brand_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_brand_rules")),
    )
    op.create_table(
        "blocked_numbers",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_blocked_numbers_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_blocked_numbers")),
    )
    op.create_index(op.f("ix_blocked_numbers_person_id"), "blocked_numbers", ["person_id"])


def downgrade() -> None:
    for table in ("blocked_numbers", "brand_rules"):
        op.drop_table(table)
