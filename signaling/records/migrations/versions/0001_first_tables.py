"""First tables: people, brands, calls and what people add to them.

Revision: 0001, after None.
"""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brands",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("colours", sa.JSON(), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("hours", sa.String(length=400), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("holidays_zone", sa.String(length=16), nullable=True),
        sa.Column("allowed_origins", sa.JSON(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("wait_target_s", sa.Double(), nullable=False),
        sa.Column("is_rehearsal", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("locale IN ('fr', 'en')", name=op.f("ck_brands_locale_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("slug", name=op.f("uq_brands_slug")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("locale IN ('fr', 'en')", name=op.f("ck_people_locale_code")),
        sa.CheckConstraint("role IN ('signer', 'agent', 'supervisor', 'operator')", name=op.f("ck_people_role_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )
    op.create_table(
        "agent_skills",
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("skill", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_agent_skills_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "skill", name=op.f("pk_agent_skills")),
    )
    op.create_table(
        "agent_trades",
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("trade", sa.String(length=16), nullable=False),
        sa.Column("qualification", sa.String(length=200), nullable=False),
        sa.Column("valid_until", sa.String(length=10), nullable=True),
        sa.CheckConstraint(
            "trade IN ('interpreter', 'lfpc_coder', 'transcriber', 'adviser')", name=op.f("ck_agent_trades_trade_code")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_agent_trades_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "trade", name=op.f("pk_agent_trades")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("brand_id", sa.String(length=64), nullable=True),
        sa.Column("signer_id", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("trade", sa.String(length=16), nullable=True),
        sa.Column("queued_at", sa.Double(), nullable=False),
        sa.Column("alerted_at", sa.Double(), nullable=True),
        sa.Column("together_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("end_reason", sa.String(length=24), nullable=True),
        sa.Column("end_fault", sa.String(length=8), nullable=True),
        sa.Column("wait_s", sa.Double(), nullable=False),
        sa.Column("talk_s", sa.Double(), nullable=False),
        sa.Column("phone_s", sa.Double(), nullable=False),
        sa.Column("readable_share", sa.Double(), nullable=True),
        sa.Column("abandoned", sa.Boolean(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("network", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "end_fault IN ('nobody', 'signer', 'agent', 'phone', 'service')", name=op.f("ck_calls_end_fault_code")
        ),
        sa.CheckConstraint(
            "end_reason IN ('completed', 'abandoned', 'signer_lost', 'agent_lost', 'agent_ended', 'abuse_reported', 'no_agent', 'emergency_handed_over', 'failed')",
            name=op.f("ck_calls_end_reason_code"),
        ),
        sa.CheckConstraint("kind IN ('relay', 'direct')", name=op.f("ck_calls_kind_code")),
        sa.CheckConstraint(
            "mode IN ('LSF', 'LSFA', 'LfPC', 'LfPCA', 'TTH', 'TTA', 'CAS', 'CAA')", name=op.f("ck_calls_mode_code")
        ),
        sa.CheckConstraint(
            "trade IN ('interpreter', 'lfpc_coder', 'transcriber', 'adviser')", name=op.f("ck_calls_trade_code")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_calls_agent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_calls_brand_id")),
        sa.ForeignKeyConstraint(["signer_id"], ["people.id"], name=op.f("fk_calls_signer_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("id", "kind", name=op.f("uq_calls_id_kind")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index("ix_calls_agent_id_queued_at", ["agent_id", "queued_at"], unique=False)
        batch_op.create_index("ix_calls_brand_id_queued_at", ["brand_id", "queued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_calls_queued_at"), ["queued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_calls_signer_id"), ["signer_id"], unique=False)

    op.create_table(
        "contacts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("brand_id", sa.String(length=64), nullable=False),
        sa.Column("signer_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=200), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_contacts_brand_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["signer_id"], ["people.id"], name=op.f("fk_contacts_signer_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("brand_id", "signer_id", name=op.f("uq_contacts_brand_id_signer_id")),
    )
    op.create_table(
        "refusals",
        sa.Column("signer_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("asked_by IN ('signer', 'agent')", name=op.f("ck_refusals_asked_by_code")),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_refusals_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["signer_id"], ["people.id"], name=op.f("fk_refusals_signer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("signer_id", "agent_id", "asked_by", name=op.f("pk_refusals")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_person_id"), ["person_id"], unique=False)

    op.create_table(
        "signer_devices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("last_seen_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_signer_devices_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signer_devices")),
        sa.UniqueConstraint("person_id", "label", name=op.f("uq_signer_devices_person_id_label")),
    )
    op.create_table(
        "signer_numbers",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_signer_numbers_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_signer_numbers")),
    )
    with op.batch_alter_table("signer_numbers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signer_numbers_person_id"), ["person_id"], unique=False)

    op.create_table(
        "abuse_reports",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("reported_by", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("reported_by IN ('signer', 'agent')", name=op.f("ck_abuse_reports_reported_by_code")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_abuse_reports_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "reported_by", name=op.f("pk_abuse_reports")),
    )
    op.create_table(
        "call_phone_legs",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=21), nullable=True),
        sa.Column("dialled_at", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("sip_code", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('hung_up', 'released', 'busy', 'no_answer', 'wrong_number', 'declined', 'unreachable', 'refused', 'trunk_failed')",
            name=op.f("ck_call_phone_legs_outcome_code"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_phone_legs_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_call_phone_legs")),
    )
    op.create_table(
        "ratings",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("signer_id", sa.String(length=64), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars_range")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_ratings_call_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["signer_id"], ["people.id"], name=op.f("fk_ratings_signer_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_ratings")),
    )
    op.create_table(
        "wrap_ups",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("call_kind", sa.String(length=8), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("contact_id", sa.String(length=64), nullable=True),
        sa.Column("disposition", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("call_kind = 'direct'", name=op.f("ck_wrap_ups_direct_only")),
        sa.CheckConstraint(
            "disposition IN ('resolved', 'call_back', 'follow_up', 'transferred', 'wrong_service', 'abuse', 'other')",
            name=op.f("ck_wrap_ups_disposition_code"),
        ),
        sa.CheckConstraint("length(note) <= 2000", name=op.f("ck_wrap_ups_note_length")),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_wrap_ups_agent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["call_id", "call_kind"],
            ["calls.id", "calls.kind"],
            name=op.f("fk_wrap_ups_call_id_call_kind"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_wrap_ups_contact_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_wrap_ups")),
    )
    with op.batch_alter_table("wrap_ups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wrap_ups_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "rating_problems",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("problem", sa.String(length=16), nullable=False),
        sa.CheckConstraint(
            "problem IN ('picture', 'freeze', 'interpreter', 'wait', 'phone', 'other')",
            name=op.f("ck_rating_problems_problem_code"),
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["ratings.call_id"], name=op.f("fk_rating_problems_call_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", "problem", name=op.f("pk_rating_problems")),
    )


def downgrade() -> None:
    op.drop_table("rating_problems")
    with op.batch_alter_table("wrap_ups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wrap_ups_contact_id"))

    op.drop_table("wrap_ups")
    op.drop_table("ratings")
    op.drop_table("call_phone_legs")
    op.drop_table("abuse_reports")
    with op.batch_alter_table("signer_numbers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signer_numbers_person_id"))

    op.drop_table("signer_numbers")
    op.drop_table("signer_devices")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_person_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_expires_at"))

    op.drop_table("sessions")
    op.drop_table("refusals")
    op.drop_table("contacts")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_calls_signer_id"))
        batch_op.drop_index(batch_op.f("ix_calls_queued_at"))
        batch_op.drop_index("ix_calls_brand_id_queued_at")
        batch_op.drop_index("ix_calls_agent_id_queued_at")

    op.drop_table("calls")
    op.drop_table("agent_trades")
    op.drop_table("agent_skills")
    op.drop_table("people")
    op.drop_table("brands")
