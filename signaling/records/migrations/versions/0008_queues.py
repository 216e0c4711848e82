"""Skills with levels, rules of the queues, call-backs, what a signer prefers.

Revision: 0008, after 0007. Agents who were there before hear: until now nobody could say otherwise, and they were given
calls with a telephone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = ("relay", "direct")
MODES = ("LSF", "LSFA", "LfPC", "LfPCA", "TTH", "TTA", "CAS", "CAA")
STATES = ("waiting", "trying", "done", "cancelled", "expired", "unanswered")


def upgrade() -> None:
    with op.batch_alter_table("agent_skills") as batch:
        batch.add_column(sa.Column("level", sa.Integer(), nullable=False, server_default="5"))
        batch.create_check_constraint(op.f("ck_agent_skills_level_range"), "level BETWEEN 1 AND 5")
    op.execute(
        "INSERT INTO agent_skills (person_id, skill, level) SELECT id, 'hearing', 5 FROM people WHERE role = 'agent'"
        " AND NOT EXISTS (SELECT 1 FROM agent_skills WHERE person_id = people.id AND skill = 'hearing')"
    )
    op.create_table(
        "signer_preferences",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("agent_gender", sa.String(1), nullable=True),
        sa.CheckConstraint("agent_gender IN ('f', 'm')", name=op.f("ck_signer_preferences_agent_gender_code")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_signer_preferences_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_signer_preferences")),
    )
    op.create_table(
        "queue_rules",
        sa.Column("queue", sa.String(80), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_queue_rules")),
    )
    _callbacks()


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("signer_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("brand_id", sa.String(64), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("queued_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=True),
        sa.Column("claimed_until", sa.Double(), nullable=True),
        sa.CheckConstraint(_one_of("kind", KINDS), name=op.f("ck_callbacks_kind_code")),
        sa.CheckConstraint(_one_of("mode", MODES), name=op.f("ck_callbacks_mode_code")),
        sa.CheckConstraint(_one_of("state", STATES), name=op.f("ck_callbacks_state_code")),
        sa.ForeignKeyConstraint(["signer_id"], ["people.id"], name=op.f("fk_callbacks_signer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_callbacks_brand_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index(op.f("ix_callbacks_signer_id"), "callbacks", ["signer_id"])
    op.create_index("ix_callbacks_state_next_at", "callbacks", ["state", "next_at"])


def downgrade() -> None:
    op.drop_table("callbacks")
    op.drop_table("queue_rules")
    op.drop_table("signer_preferences")
    op.execute("DELETE FROM agent_skills WHERE skill = 'hearing'")
    with op.batch_alter_table("agent_skills") as batch:
        batch.drop_constraint(op.f("ck_agent_skills_level_range"), type_="check")
        batch.drop_column("level")


def _one_of(column: str, codes: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(code) for code in codes)})"
