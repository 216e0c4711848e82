"""What supervisors did, and when the board alerts.

Revision: 0009, after 0008. New tables alone: nothing that exists is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ACTS = ("presence", "move", "say", "join_asked", "joined", "join_refused", "left", "thresholds", "sign_in")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("subject_is_person", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.CheckConstraint(f"act IN ({', '.join(repr(act) for act in ACTS)})", name=op.f("ck_audit_act_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    _refuse_changes()
    op.create_table(
        "board_thresholds",
        sa.Column("queue", sa.String(length=200), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("longest_wait_s", sa.Double(), nullable=True),
        sa.Column("service_level", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_board_thresholds")),
    )


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
        )
    else:
        op.execute("CREATE RULE audit_is_append_only AS ON UPDATE TO audit DO INSTEAD NOTHING")


def downgrade() -> None:
    for table in ("board_thresholds", "audit"):
        op.drop_table(table)
