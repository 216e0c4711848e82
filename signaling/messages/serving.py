"""
Messages about waiting and serving: presence, alerts, wrap-up, the agent's own state, colleagues, call-backs, waits.

Part of the protocol of ``signaling.messages``.
"""

from typing import Annotated, Literal

from pydantic import Field

from interpreter_queue.model import AgentState, PauseReason, Presence, Trade
from relay.model import SecondRole
from signaling.call_terms import Announce, CallKind, Direction, Mode
from signaling.messages.base import ClientMessage, Id, Message, ShortText

CallbackState = Literal["waiting", "trying", "done", "cancelled", "expired", "unanswered"]
BreakAdvice = Literal["none", "proposed", "due"]

# --- from the pages: agents -------------------------------------------------------------------------------


class PresenceSet(ClientMessage):
    type: Literal["presence.set"] = "presence.set"
    presence: Presence
    reason: PauseReason | None = None


class PauseAfterCall(ClientMessage):
    """Asked for in a call, given after it."""

    type: Literal["pause_after_call"] = "pause_after_call"
    enabled: bool
    reason: PauseReason | None = None


class AssignmentAccept(ClientMessage):
    type: Literal["assignment.accept"] = "assignment.accept"
    assignment_id: str


class AssignmentDecline(ClientMessage):
    type: Literal["assignment.decline"] = "assignment.decline"
    assignment_id: str
    reason: Literal["conflict_of_interest", "known_person", "skill", "fatigue", "technical", "other"] = "other"


class WrapUpExtend(ClientMessage):
    type: Literal["wrap_up.extend"] = "wrap_up.extend"


class WrapUpFinish(ClientMessage):
    """Ready again."""

    type: Literal["wrap_up.finish"] = "wrap_up.finish"


class ColleaguesList(ClientMessage):
    """Who could take this call over or come beside: answered with ``colleagues``."""

    type: Literal["colleagues.list"] = "colleagues.list"
    call_id: Id


class StaffRead(ClientMessage):
    """:param at: of the ``staff.notice`` that the agent has read; it is shown no more."""

    type: Literal["staff.read"] = "staff.read"
    at: float


class RefusalSet(ClientMessage):
    """
    Never be joined with this person again, or no longer refuse; the other one is not told. By the signer about the
    agent of a call just had, by an agent about its signer.
    """

    type: Literal["refusal.set"] = "refusal.set"
    call_id: Id
    enabled: bool


# --- from the pages: signers ------------------------------------------------------------------------------


class CallbackRequest(ClientMessage):
    """
    Be rung later: when closed or full, or at an hour. While waiting, ``ask_callback`` of ``call.act`` keeps the place.

    :param at: Unix seconds; None: as soon as the place in line comes up.
    :param number: relay: to be dialled, as typed; ``brand``: slug, direct.
    :param announce, anonymous, domain, language: as in ``call.request``.
    """

    type: Literal["callback.request"] = "callback.request"
    kind: Literal["relay", "direct"]
    mode: Mode = "LSF"
    brand: Id | None = None
    number: Annotated[str, Field(max_length=64)] | None = None
    voice: bool = False
    hearing: bool = False
    announce: Announce = "agent"
    anonymous: bool = False
    at: float | None = None
    domain: ShortText | None = None
    language: ShortText | None = None


class CallbackCancel(ClientMessage):
    type: Literal["callback.cancel"] = "callback.cancel"
    callback_id: Id


# --- from the server --------------------------------------------------------------------------------------


class Alert(Message):
    """
    A call rings at the workstation (visually). No name, no content: kind, mode, brand, how long it has waited.

    :param callback: the signer is rung once the alert is accepted.
    :param role: of a second party, in whose place beside an agent somebody is asked for; None: as the agent.
    :param queued_at: of a second party: when it was asked for.
    :param resumed: another agent served it before. :param transferred: and handed it on; else that agent was lost.
    """

    type: Literal["assignment.alert"] = "assignment.alert"
    assignment_id: str
    call_id: str
    kind: CallKind
    mode: Mode
    trade: Trade
    brand_name: str | None
    queued_at: float
    expires_at: float
    resumed: bool = False
    transferred: bool = False
    direction: Direction = "outgoing"
    callback: bool = False
    role: SecondRole | None = None


class AlertEnded(Message):
    type: Literal["assignment.ended"] = "assignment.ended"
    assignment_id: str
    reason: Literal["accepted", "declined", "not_responding", "cancelled", "lost"]


class Load(Message):
    """
    The agent's own shift, nobody else's: no ranking.

    :param signing_s: engaged since the last break, seconds, the running call included.
    :param engaged_s: this shift. :param served: calls this shift. :param signed_in_at: Unix seconds.
    """

    signing_s: float = 0.0
    engaged_s: float = 0.0
    served: int = 0
    signed_in_at: float | None = None


class AgentView(Message):
    """
    The agent's own place in the queue.

    :param break_advice: ``proposed`` after 30 min of signing, ``due`` after 60: a pause follows the call.
    """

    type: Literal["agent.state"] = "agent.state"
    presence: Presence
    state: AgentState
    reason: PauseReason | None = None
    since: float
    pause_after_call: bool
    waiting: int = Field(description="requests waiting that this agent could serve")
    wrap_up_until: float | None = None
    wrap_up_extensions_left: int = 0
    load: Load = Load()
    break_advice: BreakAdvice = "none"


class Colleague(Message):
    agent_id: str
    name: str
    state: AgentState
    trades: tuple[Trade, ...] = ()
    second_level: bool = False


class Colleagues(Message):
    """
    :param people: who may take this call, the available first. :param skills: that may be asked for, by name.
    :param second_level: somebody of the second level is at work.
    """

    type: Literal["colleagues"] = "colleagues"
    call_id: str
    people: tuple[Colleague, ...] = ()
    skills: tuple[ShortText, ...] = ()
    second_level: bool = False


class CallbackEntry(Message):
    """
    :param number: to the signer alone, as people read it. :param due_at: not before, Unix seconds.
    :param next_at: of the next attempt.
    """

    callback_id: str
    state: CallbackState
    kind: CallKind
    mode: Mode
    brand: str | None = None
    brand_name: str | None = None
    number: str | None = None
    asked_at: float
    due_at: float
    next_at: float | None = None
    attempts: int = 0
    expires_at: float


class Callbacks(Message):
    """
    To a signer: their own, after ``welcome`` and on every change. To an agent: those waiting that they could serve,
    without number or name.
    """

    type: Literal["callbacks"] = "callbacks"
    entries: tuple[CallbackEntry, ...] = ()


class ModeWait(Message):
    """
    One mode of the relay, as everybody may know it.

    :param wait_low_s: expected wait of somebody who comes now; None while there is too little to tell.
    :param opens_at: when closed: the next opening, Unix seconds.
    """

    mode: Mode
    is_open: bool
    serving: int = Field(description="agents at work who may serve it, 5 at most: no staffing is published")
    wait_low_s: float | None = None
    wait_high_s: float | None = None
    opens_at: float | None = None


class Waits(Message):
    """To signers, after ``welcome`` and on change; also ``GET /api/v1/waits``."""

    type: Literal["waits"] = "waits"
    modes: tuple[ModeWait, ...] = ()


class ServiceNotice(Message):
    """Something that concerns every page: ``queue_away`` (calls go on, waiting resumes by itself), ``queue_back``."""

    type: Literal["service.notice"] = "service.notice"
    code: Literal["queue_away", "queue_back"]


class StaffNotice(Message):
    """A supervisor's words to one agent or to all; after ``welcome`` those not read yet once more (``staff.read``)."""

    type: Literal["staff.notice"] = "staff.notice"
    text: ShortText
    at: float
