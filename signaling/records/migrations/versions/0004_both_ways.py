"""Calls both ways: calls between signers, endings of incoming calls, what may become of a telephone.

Revision: 0004, after 0003. SQLite makes a table anew to change its checks: ``records.database`` switches reference
checks off meanwhile, else dropping the old table would delete what refers to its rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = ("relay", "direct")
REASONS = (
    "completed", "abandoned", "signer_lost", "agent_lost", "agent_ended", "abuse_reported", "no_agent",
    "emergency_handed_over",
)
OUTCOMES = (
    "hung_up", "released", "busy", "no_answer", "wrong_number", "declined", "unreachable", "refused", "trunk_failed",
)
NEW_KINDS = (*KINDS, "video")
NEW_REASONS = (*REASONS, "not_answered", "declined", "caller_gave_up", "message_left", "failed")
NEW_OUTCOMES = (*OUTCOMES, "voicemail", "hung_up_at_announcement", "transferred")

def upgrade() -> None:
    _recode("calls", {"kind": NEW_KINDS, "end_reason": NEW_REASONS})
    _recode("call_phone_legs", {"outcome": NEW_OUTCOMES}, length=32)


def downgrade() -> None:
    op.execute("DELETE FROM calls WHERE kind = 'video'")
    op.execute("UPDATE calls SET end_reason = 'completed' WHERE end_reason IN ('declined', 'message_left')")
    op.execute("UPDATE calls SET end_reason = 'abandoned' WHERE end_reason IN ('not_answered', 'caller_gave_up')")
    op.execute(
        "UPDATE call_phone_legs SET outcome = 'hung_up'"
        " WHERE outcome IN ('voicemail', 'hung_up_at_announcement', 'transferred')"
    )
    _recode("calls", {"kind": KINDS, "end_reason": (*REASONS, "failed")})
    _recode("call_phone_legs", {"outcome": OUTCOMES}, length=16)


def _recode(table: str, changed: dict[str, tuple[str, ...]], length: int | None = None) -> None:
    """Give these columns new lists of codes."""
    with op.batch_alter_table(table) as batch:
        for column, codes in changed.items():
            name = op.f(f"ck_{table}_{column}_code")
            batch.drop_constraint(name, type_="check")
            if length is not None:
                batch.alter_column(column, type_=sa.String(length))
            batch.create_check_constraint(name, f"{column} IN ({', '.join(repr(code) for code in codes)})")
