"""How calls end that are called back.

Revision: 0007, after 0006.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REASONS = (
    "completed", "abandoned", "signer_lost", "agent_lost", "agent_ended", "abuse_reported", "no_agent",
    "emergency_handed_over", "not_answered", "declined", "caller_gave_up", "message_left",
)
NEW = ("callback_asked", "callback_unanswered", "callback_declined")


def upgrade() -> None:
    _recode((*REASONS, *NEW, "failed"))


def downgrade() -> None:
    op.execute("UPDATE calls SET end_reason = 'abandoned' WHERE end_reason LIKE 'callback_%'")
    _recode((*REASONS, "failed"))


def _recode(codes: tuple[str, ...]) -> None:
    name = op.f("ck_calls_end_reason_code")
    with op.batch_alter_table("calls") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"end_reason IN ({', '.join(repr(code) for code in codes)})")
