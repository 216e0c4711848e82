"""Signers who are called: what they missed, where to ring them, the code that names them at the centre's own number.

Revision: 0005, after 0004. Whoever has a relay number already gets a code.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CODE_DIGITS = 6


def upgrade() -> None:
    op.create_table(
        "signer_codes",
        sa.Column("code", sa.String(length=8), nullable=False),
        _person(),
        _person_key("signer_codes"),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_signer_codes")),
        sa.UniqueConstraint("person_id", name=op.f("uq_signer_codes_person_id")),
    )
    op.create_table(
        "inbox_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        _person(),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("sound", sa.LargeBinary(), nullable=True),
        sa.Column("sound_bytes", sa.Integer(), nullable=False),
        sa.Column("message_s", sa.Double(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        _person_key("inbox_entries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_entries")),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.String(length=64), nullable=False),
        _person(),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        _person_key("push_subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
    )
    for table, column in (
        ("inbox_entries", "person_id"),
        ("inbox_entries", "expires_at"),
        ("push_subscriptions", "person_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    _give_codes()


def downgrade() -> None:
    for table in ("push_subscriptions", "inbox_entries", "signer_codes"):
        op.drop_table(table)


def _person() -> sa.Column[str]:
    return sa.Column("person_id", sa.String(length=64), nullable=False)


def _person_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
    )


def _give_codes() -> None:
    connection = op.get_bind()
    people = connection.execute(sa.text("SELECT DISTINCT person_id FROM signer_numbers")).scalars().all()
    codes: set[str] = set()
    while len(codes) < len(people):
        codes.add(f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}")
    for person_id, code in zip(people, codes, strict=True):
        connection.execute(
            sa.text("INSERT INTO signer_codes (code, person_id) VALUES (:code, :person_id)"),
            {"code": code, "person_id": person_id},
        )
