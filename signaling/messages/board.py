"""
Messages of the supervisor's board: what is seen, and what may be done. Part of the protocol of ``signaling.messages``.

Nothing here tells what is said in a call. A relay call is never joined (PRODUCT, two trades).
"""

from typing import Annotated, Literal

from pydantic import Field

from interpreter_queue.model import AgentState, PauseReason, Presence, Trade
from signaling.call_terms import CallKind, CallState, Mode
from signaling.messages.base import ClientMessage, Id, Message, ShortText

# --- from the page ----------------------------------------------------------------------------------------


class SuperviseAgent(ClientMessage):
    """Change somebody's presence: an available agent who is not there, a pause that was forgotten."""

    type: Literal["supervise.agent"] = "supervise.agent"
    agent_id: Id
    presence: Presence
    reason: PauseReason | None = None


class SuperviseMove(ClientMessage):
    """
    Move a waiting request: to the head of its line, to another queue or to one agent.

    :param queue: name, as on the board.
    """

    type: Literal["supervise.move"] = "supervise.move"
    call_id: Id
    head: bool = False
    queue: ShortText | None = None
    agent_id: Id | None = None


class SuperviseSay(ClientMessage):
    """Words to one agent, or to all (``agent_id`` None)."""

    type: Literal["supervise.say"] = "supervise.say"
    agent_id: Id | None = None
    text: ShortText


class SuperviseJoin(ClientMessage):
    """Ask to join a direct call: signer and agent have to say yes, everybody sees it, it is audited."""

    type: Literal["supervise.join"] = "supervise.join"
    call_id: Id


class SuperviseThresholds(ClientMessage):
    """
    When the board raises an alert for this queue; None: never.

    :param waiting: requests. :param longest_wait_s: seconds. :param service_level: share 0..1 of today, below it.
    """

    type: Literal["supervise.thresholds"] = "supervise.thresholds"
    queue: ShortText
    waiting: Annotated[int, Field(ge=1, le=10_000)] | None = None
    longest_wait_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    service_level: Annotated[float, Field(ge=0, le=1)] | None = None


class AuditList(ClientMessage):
    """The latest acts: answered with ``audit``. :param before: Unix seconds, for older ones."""

    type: Literal["audit.list"] = "audit.list"
    before: float | None = None


# --- from the server --------------------------------------------------------------------------------------


class BoardThresholds(Message):
    waiting: int | None = None
    longest_wait_s: float | None = None
    service_level: float | None = None


class BoardQueue(Message):
    """
    One queue now and today.

    :param serving: agents at work who may serve it. :param longest_wait_s: of those who wait now.
    :param answered, abandoned: today, call-backs apart. :param callbacks: waiting now; ``called_back``: reached today.
    :param service_level: today, 0..1: answered within ``target_s`` / (answered + abandoned after 10 s); None: no call.
    :param service_level_now: the same over the last half hour.
    """

    queue: str
    brand_name: str | None = None
    mode: Mode | None = None
    waiting: int = 0
    callbacks: int = 0
    serving: int = 0
    idle: int = 0
    longest_wait_s: float | None = None
    wait_low_s: float | None = None
    wait_high_s: float | None = None
    target_s: float = 120.0
    answered: int = 0
    abandoned: int = 0
    called_back: int = 0
    mean_wait_s: float | None = None
    service_level: float | None = None
    service_level_now: float | None = None
    thresholds: BoardThresholds = BoardThresholds()
    alerts: tuple[Literal["waiting", "longest_wait", "service_level", "nobody"], ...] = ()


class BoardAgent(Message):
    """
    :param since: of this state, Unix seconds. :param misses: alerts not answered
        lately; 0 when too few to speak of (``QueueConfig.missed_warning``).
    :param not_yet: paused since the sign-in that began the shift: not available so far.
    :param break_due: signed for an hour without a break.
    """

    agent_id: str
    name: str
    trades: tuple[Trade, ...] = ()
    presence: Presence
    state: AgentState
    reason: PauseReason | None = None
    since: float
    not_yet: bool = False
    pause_after_call: bool = False
    break_due: bool = False
    misses: int = 0
    kind: CallKind | None = Field(default=None, description="of the call in hand")
    call_id: str | None = Field(default=None, description="of a direct call in hand: a relay call is not named")


class BoardRequest(Message):
    """A waiting request: no name, no number."""

    call_id: str
    queue: str
    kind: CallKind
    mode: Mode
    state: CallState
    queued_at: float
    priority: int = 0
    callback: bool = False
    position: int | None = None


class Board(Message):
    """To a supervisor, once a second at most, when something changed."""

    type: Literal["board"] = "board"
    now: float
    queues: tuple[BoardQueue, ...] = ()
    agents: tuple[BoardAgent, ...] = ()
    requests: tuple[BoardRequest, ...] = ()
    more_requests: int = Field(default=0, description="waiting beyond those listed")


class AuditEntry(Message):
    """
    :param by: name of who did it. :param act: what. :param subject: name of the agent whom, or in whose call, it was
        done; or the queue.
    """

    at: float
    by: str
    act: Literal["presence", "move", "say", "join_asked", "joined", "join_refused", "left", "thresholds", "sign_in"]
    subject: str | None = None
    detail: str | None = None


class Audit(Message):
    type: Literal["audit"] = "audit"
    entries: tuple[AuditEntry, ...] = ()
    has_more: bool = False
