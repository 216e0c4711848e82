"""
The tables. Types are those that SQLite and PostgreSQL share; times are Unix seconds (double precision).

What no code path may get wrong is a constraint here: every code is checked against its list, and a wrap-up carries
``call_kind = 'direct'`` in its foreign key, so that no row of text can point to a relay call.
"""

from typing import Any, get_args

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from interpreter_queue.model import Trade
from relay.model import PhoneOutcome
from signaling.call_terms import CallKind, DeviceType, EndFault, EndReason, Mode
from signaling.messages.base import TEXT_LIMIT
from signaling.messages.records import Disposition
from signaling.messages.serving import CallbackState
from signaling.records.call_records import Asker, CallbackKind, Problem
from signaling.records.model import Gender, Locale, Role

ID = String(64)
SHORT = String(200)


def one_of(column: str, codes: Any) -> CheckConstraint:
    """The column holds one of a Literal's codes, or NULL where it may."""
    listed = ", ".join(f"'{code}'" for code in get_args(codes))
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_code")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {float: Double(), str: SHORT}


class PersonRow(Base):
    __tablename__ = "people"
    __table_args__ = (one_of("role", Role), one_of("locale", Locale))

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[float]
    disabled: Mapped[bool]
    trades: Mapped[list["AgentTradeRow"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    skills: Mapped[list["AgentSkillRow"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    numbers: Mapped[list["SignerNumberRow"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    code: Mapped["SignerCodeRow | None"] = relationship(cascade="all, delete-orphan", lazy="selectin")


def person_key(*, primary: bool = False, index: bool = False) -> Mapped[str]:
    return mapped_column(ID, ForeignKey("people.id", ondelete="CASCADE"), primary_key=primary, index=index)


class AgentTradeRow(Base):
    __tablename__ = "agent_trades"
    __table_args__ = (one_of("trade", Trade),)

    person_id: Mapped[str] = person_key(primary=True)
    trade: Mapped[str] = mapped_column(String(16), primary_key=True)
    qualification: Mapped[str]
    valid_until: Mapped[str | None] = mapped_column(String(10))  # ISO 8601 day, both engines order it alike


class AgentSkillRow(Base):
    __tablename__ = "agent_skills"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 5", name="level_range"),)

    person_id: Mapped[str] = person_key(primary=True)
    skill: Mapped[str] = mapped_column(String(80), primary_key=True)
    level: Mapped[int]


class SignerPreferenceRow(Base):
    """What a signer asks for in every call. :param agent_gender: of the interpreter, as best effort."""

    __tablename__ = "signer_preferences"
    __table_args__ = (one_of("agent_gender", Gender),)

    person_id: Mapped[str] = person_key(primary=True)
    agent_gender: Mapped[str | None] = mapped_column(String(1))


class SignerNumberRow(Base):
    __tablename__ = "signer_numbers"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)  # E.164
    person_id: Mapped[str] = person_key(index=True)


class SignerCodeRow(Base):
    """What names a signer by keypad at one of the centre's own numbers."""

    __tablename__ = "signer_codes"
    __table_args__ = (UniqueConstraint("person_id"),)

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    person_id: Mapped[str] = person_key()


class InboxEntryRow(Base):
    """A call that a signer missed. Number and sound are sealed: the table holds neither in clear."""

    __tablename__ = "inbox_entries"

    id: Mapped[str] = mapped_column(ID, primary_key=True)  # the call's
    person_id: Mapped[str] = person_key(index=True)
    number: Mapped[str | None] = mapped_column(Text)
    sound: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sound_bytes: Mapped[int]
    message_s: Mapped[float | None]
    at: Mapped[float]
    heard: Mapped[bool]
    expires_at: Mapped[float] = mapped_column(index=True)


class QueueRulesRow(Base):
    """What the operator set otherwise than the defaults (``signaling.queue_rules``), for one queue."""

    __tablename__ = "queue_rules"

    queue: Mapped[str] = mapped_column(String(80), primary_key=True)
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[float]


class CallbackRow(Base):
    """Somebody to be rung. Whom they want to reach, and about what, is sealed: the table holds neither in clear."""

    __tablename__ = "callbacks"
    __table_args__ = (
        one_of("kind", CallbackKind),
        one_of("mode", Mode),
        one_of("state", CallbackState),
        Index("ix_callbacks_state_next_at", "state", "next_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    signer_id: Mapped[str] = person_key(index=True)
    kind: Mapped[str] = mapped_column(String(8))
    mode: Mapped[str] = mapped_column(String(8))
    brand_id: Mapped[str | None] = mapped_column(ID, ForeignKey("brands.id", ondelete="CASCADE"))
    sealed: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[float]
    queued_at: Mapped[float]  # its place in line
    due_at: Mapped[float]
    next_at: Mapped[float]
    expires_at: Mapped[float]
    attempts: Mapped[int]
    call_id: Mapped[str | None] = mapped_column(ID)  # of the attempt under way, or the last one
    claimed_until: Mapped[float | None]


class PushSubscriptionRow(Base):
    """Where a signer's browser is rung. The address is the browser's own secret, so it is sealed."""

    __tablename__ = "push_subscriptions"

    id: Mapped[str] = mapped_column(ID, primary_key=True)  # SHA-256 of the address, hexadecimal
    person_id: Mapped[str] = person_key(index=True)
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]


class SignerDeviceRow(Base):
    __tablename__ = "signer_devices"
    __table_args__ = (UniqueConstraint("person_id", "label"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    person_id: Mapped[str] = person_key()
    label: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[float]
    last_seen_at: Mapped[float]


class RefusalRow(Base):
    """Signer and agent who are never joined. Silent: neither is told; who asked is kept to let them undo it."""

    __tablename__ = "refusals"
    __table_args__ = (one_of("asked_by", Asker),)

    signer_id: Mapped[str] = person_key(primary=True)
    agent_id: Mapped[str] = person_key(primary=True)
    asked_by: Mapped[str] = mapped_column(String(8), primary_key=True)
    at: Mapped[float]


class SessionRow(Base):
    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256, hexadecimal
    person_id: Mapped[str] = person_key(index=True)
    created_at: Mapped[float]
    expires_at: Mapped[float] = mapped_column(index=True)
    user_agent: Mapped[str]


class BrandRow(Base):
    __tablename__ = "brands"
    __table_args__ = (one_of("locale", Locale),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    colours: Mapped[dict[str, str]] = mapped_column(JSON)
    locale: Mapped[str] = mapped_column(String(8))
    skills: Mapped[list[str]] = mapped_column(JSON)
    hours: Mapped[str] = mapped_column(String(400))
    timezone: Mapped[str] = mapped_column(String(64))
    holidays_zone: Mapped[str | None] = mapped_column(String(16))
    allowed_origins: Mapped[list[str]] = mapped_column(JSON)
    numbers: Mapped[list[str]] = mapped_column(JSON)
    wait_target_s: Mapped[float]
    is_rehearsal: Mapped[bool]
    is_demo: Mapped[bool]
    created_at: Mapped[float]


class BrandRulesRow(Base):
    """What this brand's calls may dial otherwise than everybody's. NULL: the same."""

    __tablename__ = "brand_rules"

    brand_id: Mapped[str] = mapped_column(ID, ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    countries: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    premium_allowed: Mapped[bool | None]
    satellite_allowed: Mapped[bool | None]
    short_numbers: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    lines: Mapped[int | None]
    calls_per_day: Mapped[int | None]
    minutes_per_day: Mapped[int | None]


class BlockRow(Base):
    """A number that is not dialled, or may not call; whose list it is on is in the digest and the sealed text."""

    __tablename__ = "blocked_numbers"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # HMAC-SHA-256, hexadecimal
    person_id: Mapped[str | None] = mapped_column(ID, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    at: Mapped[float]


class CallRow(Base):
    __tablename__ = "calls"
    __table_args__ = (
        one_of("kind", CallKind),
        one_of("mode", Mode),
        one_of("trade", Trade),
        one_of("end_reason", EndReason),
        one_of("end_fault", EndFault),
        one_of("signer_device_type", DeviceType),
        UniqueConstraint("id", "kind"),  # target of wrap_ups' foreign key
        Index("ix_calls_brand_id_queued_at", "brand_id", "queued_at"),
        Index("ix_calls_agent_id_queued_at", "agent_id", "queued_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    mode: Mapped[str] = mapped_column(String(8))
    brand_id: Mapped[str | None] = mapped_column(ID, ForeignKey("brands.id"))
    signer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("people.id", ondelete="SET NULL"), index=True)
    agent_id: Mapped[str | None] = mapped_column(ID, ForeignKey("people.id", ondelete="SET NULL"))
    trade: Mapped[str | None] = mapped_column(String(16))
    queued_at: Mapped[float] = mapped_column(index=True)
    alerted_at: Mapped[float | None]
    together_at: Mapped[float | None]
    ended_at: Mapped[float | None]
    end_reason: Mapped[str | None] = mapped_column(String(24))
    end_fault: Mapped[str | None] = mapped_column(String(8))
    wait_s: Mapped[float]
    talk_s: Mapped[float]
    phone_s: Mapped[float]
    readable_share: Mapped[float | None]
    readability: Mapped[dict[str, Any]] = mapped_column(JSON)
    signer_device_type: Mapped[str | None] = mapped_column(String(8))
    abandoned: Mapped[bool]
    callback: Mapped[bool]
    rehearsal: Mapped[bool]
    network: Mapped[dict[str, float]] = mapped_column(JSON)
    phone_legs: Mapped[list["PhoneLegRow"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="PhoneLegRow.position"
    )


class CallQualityRow(Base):
    """The network over a call (``call_records.QualitySeries``): beside it, so that no list of calls reads it."""

    __tablename__ = "call_quality"

    call_id: Mapped[str] = mapped_column(ID, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    series: Mapped[dict[str, Any]] = mapped_column(JSON)


class PhoneLegRow(Base):
    __tablename__ = "call_phone_legs"
    __table_args__ = (one_of("outcome", PhoneOutcome),)

    call_id: Mapped[str] = mapped_column(ID, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # 0: the first number dialled in the call
    number: Mapped[str | None] = mapped_column(String(21))
    dialled_at: Mapped[float]
    answered_at: Mapped[float | None]
    ended_at: Mapped[float | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    sip_code: Mapped[int | None]


class ContactRow(Base):
    """Fiche contact: of one brand, never shared between brands."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("brand_id", "signer_id"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    brand_id: Mapped[str] = mapped_column(ID, ForeignKey("brands.id", ondelete="CASCADE"))
    signer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("people.id", ondelete="SET NULL"))
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    reference: Mapped[str | None]
    created_at: Mapped[float]
    updated_at: Mapped[float]


class WrapUpRow(Base):
    """The one place where something is written about a call; only a direct call can be pointed to."""

    __tablename__ = "wrap_ups"
    __table_args__ = (
        CheckConstraint("call_kind = 'direct'", name="direct_only"),
        CheckConstraint(f"length(note) <= {TEXT_LIMIT}", name="note_length"),
        one_of("disposition", Disposition),
        ForeignKeyConstraint(["call_id", "call_kind"], ["calls.id", "calls.kind"], ondelete="CASCADE"),
    )

    call_id: Mapped[str] = mapped_column(ID, primary_key=True)
    call_kind: Mapped[str] = mapped_column(String(8))
    agent_id: Mapped[str | None] = mapped_column(ID, ForeignKey("people.id", ondelete="SET NULL"))
    contact_id: Mapped[str | None] = mapped_column(ID, ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    disposition: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[float]


class RatingRow(Base):
    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="stars_range"),)

    call_id: Mapped[str] = mapped_column(ID, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    signer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("people.id", ondelete="SET NULL"))
    stars: Mapped[int]
    at: Mapped[float]


class RatingProblemRow(Base):
    __tablename__ = "rating_problems"
    __table_args__ = (one_of("problem", Problem),)

    call_id: Mapped[str] = mapped_column(ID, ForeignKey("ratings.call_id", ondelete="CASCADE"), primary_key=True)
    problem: Mapped[str] = mapped_column(String(16), primary_key=True)


class AbuseReportRow(Base):
    __tablename__ = "abuse_reports"
    __table_args__ = (one_of("reported_by", Asker),)

    call_id: Mapped[str] = mapped_column(ID, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    reported_by: Mapped[str] = mapped_column(String(8), primary_key=True)
    at: Mapped[float]
