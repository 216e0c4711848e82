"""
What is written of calls, and kept for people who were called or ask to be. Times are Unix seconds, durations seconds.

What may be written about a call depends on its kind: of a relay call only times, codes and figures, so the values
here refuse text where it could hide; the tables refuse it once more (``signaling.records.tables``).
"""

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import pydantic.dataclasses
from pydantic import BeforeValidator, ConfigDict, Field

from interpreter_queue.model import Trade
from relay.model import AdviceCode, PhoneOutcome
from signaling.audit import Acted
from signaling.call_terms import CallKind, DeviceType, EndFault, EndReason, Mode
from signaling.messages.base import TEXT_LIMIT
from signaling.messages.records import ContactForm, Disposition
from signaling.messages.serving import CallbackState
from signaling.records.errors import NotInRelayError

#: Who refuses whom, or reports abuse.
Asker = Literal["signer", "agent"]
CallbackKind = Literal["relay", "direct"]
Problem = Literal["picture", "freeze", "interpreter", "wait", "phone", "other"]
#: Whose side is kept in the record: the second is beside the agent for a while only.
MeasuredLeg = Literal["signer", "agent"]
#: Figures kept of a call's network, over its whole length; means and worst values of ``relay.model.LegStats``.
NetworkFigure = Literal[
    "signer_fps_mean",
    "signer_fps_p5",
    "signer_bitrate_bps_mean",
    "signer_loss_mean",
    "signer_rtt_s_mean",
    "agent_fps_mean",
    "agent_fps_p5",
    "agent_bitrate_bps_mean",
    "agent_loss_mean",
    "agent_rtt_s_mean",
    "phone_loss_mean",
    "reconnects",
]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]  # too narrow for a sentence
Seconds = Annotated[float, Field(ge=0)]
SOUND_LIMIT = 16 << 20  # characters of a sealed message: 10 minutes of the plainest sound would fit
SERIES_POINTS = 120  # of a call's quality for each leg: a picture of it is no wider
Points = Annotated[tuple[Annotated[float, Field(ge=0)] | None, ...], Field(max_length=SERIES_POINTS)]
_DIALLED = re.compile(r"\+?[0-9*#]{1,20}")  # E.164 has 15 digits at most, short numbers fewer
#: Checked when made, so that nothing but codes and figures passes; the refused value never shows in the error.
CHECKED = ConfigDict(hide_input_in_errors=True, extra="forbid", allow_inf_nan=False)


def _number_only(value: object) -> object:
    """What is no number is not kept: it could be anything."""
    return value if isinstance(value, str) and _DIALLED.fullmatch(value) else None


Dialled = Annotated[str | None, BeforeValidator(_number_only)]


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class PhoneLegRecord:
    """
    One dialled number of a call.

    :param number: as dialled; None where it may not be kept (relay calls, rehearsals), and for what is no number
        (SIP addresses).
    :param sip_code: the last final answer, 200 when answered.
    """

    number: Dialled
    dialled_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: PhoneOutcome | None = None
    sip_code: int | None = None


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class LegSeries:
    """
    One leg over the call, a column for each figure, a point for each step; None: not measured in that step.

    :param frames_per_second: mean, received from the leg. :param frames_per_second_min: the lowest over 2 s.
    :param freezes: begun in the step. :param round_trip_s: service to leg and back, seconds.
    :param loss_received: share 0..1 of the packets from the leg. :param loss_sent: of those to it.
    :param received_bps: bit/s from the leg, sound included. :param sent_bps: to it.
    :param signing_s: seconds of signing in the step. :param readable_s: of these, at level good or fair.
    """

    frames_per_second: Points
    frames_per_second_min: Points
    freezes: Points
    loss_received: Points
    loss_sent: Points
    round_trip_s: Points
    received_bps: Points
    sent_bps: Points
    signing_s: Points = ()
    readable_s: Points = ()


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class Readability:
    """
    One person's picture over the call, in seconds: scores and codes, never what they were made from.

    :param signing_s: of signing that was measured. :param readable_s: of these, at level good or fair.
    :param advice_s: of each piece of advice, signing or not.
    """

    signing_s: Seconds = 0.0
    readable_s: Seconds = 0.0
    advice_s: dict[AdviceCode, Seconds] = Field(default_factory=dict)


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class QualitySeries:
    """
    A call's network over time: figures only, for both kinds of calls.

    :param began_at: of the first step, Unix seconds: the first reading of the process that ended the call.
    :param step_s: 10, doubled as often as the length of the call asks for.
    """

    began_at: float
    step_s: Annotated[float, Field(gt=0)]
    signer: LegSeries | None = None
    agent: LegSeries | None = None


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class CallRecord:
    """
    A call as it is kept: technical endings, times and figures, for both trades. No field takes a text, and a relay
    call keeps no number: whom somebody called is theirs (PRODUCT, professional secrecy).

    :param brand_id: id or None (relay for oneself).
    :param together_at: signer and agent first saw each other; None when no agent was ever there.
    :param wait_s: from ``queued_at`` to ``together_at`` or, when abandoned, to the end; without time of resumption.
    :param talk_s: signer and agent together. :param phone_s: the phone party on the line.
    :param readable_share: share of the signer's signing time at level good or fair, 0..1; None: not measured.
    :param readability: of each leg whose picture was analysed.
    :param signer_device_type: of the device the signer had the call on first; None: not known.
    :param abandoned: the signer left before an agent was there.
    :param callback: the service rang the signer, who waited on no page: ``wait_s`` is 0.
    :param quality: the network over the call; None: nothing was measured.
    :raises pydantic.ValidationError: an identifier that could hold a sentence, a code or figure that is unknown.
    """

    call_id: Identifier
    kind: CallKind
    mode: Mode
    queued_at: float
    brand_id: Identifier | None = None
    signer_id: Identifier | None = None
    agent_id: Identifier | None = None
    trade: Trade | None = None
    alerted_at: float | None = None
    together_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    end_fault: EndFault | None = None
    wait_s: Seconds = 0.0
    talk_s: Seconds = 0.0
    phone_s: Seconds = 0.0
    readable_share: Annotated[float, Field(ge=0, le=1)] | None = None
    readability: dict[MeasuredLeg, Readability] = Field(default_factory=dict)
    signer_device_type: DeviceType | None = None
    abandoned: bool = False
    callback: bool = False
    rehearsal: bool = False
    network: dict[NetworkFigure, float] = Field(default_factory=dict)
    phone_legs: tuple[PhoneLegRecord, ...] = ()
    quality: QualitySeries | None = None

    def __post_init__(self) -> None:
        if self.kind != "direct":  # emptied, not refused: a write that an earlier version left waiting is still a call
            object.__setattr__(self, "phone_legs", tuple(replace(leg, number=None) for leg in self.phone_legs))


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class RatingGiven:
    """The signer's rating. :param stars: 1..5. :param signer_id: None when not signed in."""

    call_id: Identifier
    signer_id: Identifier | None
    stars: Annotated[int, Field(ge=1, le=5)]
    problems: tuple[Problem, ...] = ()


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class WrapUp:
    """
    What the agent writes after a direct call.

    :param kind: of the call, as its runner knows it.
    :raises NotInRelayError: about a relay call, whatever it holds.
    """

    call_id: Identifier
    kind: CallKind
    agent_id: Identifier
    disposition: Disposition | None = None
    note: Annotated[str, Field(max_length=TEXT_LIMIT)] | None = Field(default=None, repr=False)
    contact: ContactForm | None = Field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.kind != "direct":
            raise NotInRelayError(self.call_id)


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class AbuseReported:
    """One key at the workstation: the fact alone, no reason asked. :param at: Unix seconds."""

    call_id: Identifier
    by: Asker
    at: float


@pydantic.dataclasses.dataclass(frozen=True, config=CHECKED)
class MissedCall:
    """
    For a signer's inbox; one for a call. What is private of it comes sealed already (``signaling.inbox``).

    :param number: sealed, of the caller; None: anonymous.
    :param sound: sealed, base64, of a voice message; ``message_s``: how long it is.
    """

    call_id: Identifier
    person_id: Identifier
    at: float
    expires_at: float
    number: Annotated[str, Field(max_length=400)] | None = Field(default=None, repr=False)
    sound: Annotated[str, Field(max_length=SOUND_LIMIT)] | None = Field(default=None, repr=False)
    message_s: Seconds | None = None


@dataclass(frozen=True)
class KeptCall:
    """A missed call as it is listed; its sound is read on its own. :param number: sealed."""

    id: str
    number: str | None
    at: float
    message_s: float | None
    heard: bool
    expires_at: float


@dataclass(frozen=True)
class KeptCallback:
    """
    Somebody to be rung. Times are Unix seconds.

    :param sealed: whom they want to reach, and how (``signaling.callback_book.Wishes``).
    :param queued_at: its place in line. :param due_at: not before. :param next_at: of the next attempt.
    :param attempts: that rang at the signer's. :param call_id: of the one that is in the line or rings, or the last.
    :param claimed_until: while in the line or rung: then whoever began it counts as gone.
    """

    id: str
    signer_id: str
    kind: CallbackKind
    mode: Mode
    brand_id: str | None
    sealed: str = field(repr=False)
    asked_at: float
    queued_at: float
    due_at: float
    next_at: float
    expires_at: float
    state: CallbackState = "waiting"
    attempts: int = 0
    call_id: str | None = None
    claimed_until: float | None = None


Write = CallRecord | RatingGiven | WrapUp | AbuseReported | MissedCall | Acted
