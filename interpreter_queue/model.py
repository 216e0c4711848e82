"""
The nouns of the queue, its records and its events.

Presence is declared by the agent, state is known to the queue: two facts. All times are Redis ``TIME``, seconds
since the epoch, the one clock of the queue. Nothing here holds a number, a name or a text.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Trade = Literal["interpreter", "lfpc_coder", "transcriber", "adviser"]
Presence = Literal["offline", "available", "paused"]
PauseReason = Literal[
    "break", "rest_eyes_hands", "meal", "training", "meeting", "technical", "after_hard_call", "other"
]
AgentState = Literal["offline", "idle", "alerting", "engaged", "wrap_up", "paused", "not_responding"]
RequestState = Literal["queued", "alerting", "assigned"]
AlertEnding = Literal["declined", "not_responding", "cancelled", "agent_gone"]

PRIORITY_NORMAL, PRIORITY_RESUMED, PRIORITY_EMERGENCY = 0, 50, 100

#: The skill that keeps rehearsals and real calls apart, both ways.
REHEARSAL_SKILL = "rehearsal"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(Frozen):
    """
    One call waiting for somebody.

    :param trades: acceptable ones, the preferred first; a hard requirement.
    :param skills: all required (languages, ``brand:mairie``…); a hard requirement.
    :param priority: higher first: emergency 100, resumed call 50, normal 0.
    :param queued_at: when it first entered; None: now. A resumed call gives its first one and keeps its place.
    :param preferred_agent: waited for during ``QueueConfig.preferred_s`` while at work (known adviser).
    :param refused_agents: never alerted for this request, and never told: either side may have refused the other.
    """

    call_id: str
    trades: tuple[Trade, ...] = Field(min_length=1)
    skills: frozenset[str] = frozenset()
    brand: str | None = None
    priority: int = PRIORITY_NORMAL
    queued_at: float | None = None
    preferred_agent: str | None = None
    refused_agents: tuple[str, ...] = ()
    rehearsal: bool = False

    @property
    def request_id(self) -> str:
        """A call has one request at a time: its identifier is the call's."""
        return self.call_id


class Agent(Frozen):
    """Who can serve: the trades held and the skills. The queue knows no name."""

    agent_id: str
    trades: frozenset[Trade]
    skills: frozenset[str] = frozenset()


class Assignment(Frozen):
    """
    A request bound to an agent, who is alerted and may accept.

    :param expires_at: Redis time until which the agent may accept; for a countdown, see ``Alerting.now``.
    """

    assignment_id: str
    call_id: str
    agent_id: str
    trade: Trade
    expires_at: float


# Records: what is kept in Redis, one JSON value each.


class AgentRecord(Frozen):
    """
    :param since: when the state last changed.
    :param idle_since: rank for "longest idle first": the end of the last call, else the sign-in. Pauses keep it.
    :param assignment: the alert, the call or, in wrap-up, the call just over.
    :param until: end of the alert or of the wrap-up; None in every other state.
    :param extensions: how often this wrap-up was extended.
    :param engaged_at: when the current (or just ended) call was accepted.
    """

    agent: Agent
    presence: Presence
    state: AgentState
    since: float
    idle_since: float
    pause_reason: PauseReason | None = None
    pause_after_call: bool = False
    assignment: Assignment | None = None
    until: float | None = None
    extensions: int = 0
    engaged_at: float | None = None

    @property
    def agent_id(self) -> str:
        return self.agent.agent_id

    @property
    def call_id(self) -> str | None:
        """The call alerted for or engaged in; None otherwise, in wrap-up too."""
        busy = self.assignment is not None and self.state in ("alerting", "engaged")
        return self.assignment.call_id if busy and self.assignment else None


class RequestRecord(Frozen):
    """
    :param queued_at: of the request, filled in: its place in line.
    :param enqueued_at: when it last entered the queue (differs for a resumed call).
    :param declined_by: agents who declined this request; never alerted for it again.
    """

    request: Request
    state: RequestState
    queued_at: float
    enqueued_at: float
    declined_by: tuple[str, ...] = ()
    assignment: Assignment | None = None

    @property
    def call_id(self) -> str:
        return self.request.call_id


class HandleTime(Frozen):
    """One call handled: accepted to end of wrap-up (DMT), seconds. No identifier."""

    trade: Trade
    seconds: float
    ended_at: float


# Events: what every process hears, in order.


class Queued(Frozen):
    """:param queued_at: to be given back in ``Request.queued_at`` when the call resumes, to keep its place."""

    type: Literal["queued"] = "queued"
    call_id: str
    queued_at: float


class Position(Frozen):
    """
    Place in line, from 1, and expected wait in seconds as a range; None while there is too little to tell.

    Told on entry and whenever one of the three changes.
    """

    type: Literal["position"] = "position"
    call_id: str
    position: int
    wait_low_s: int | None
    wait_high_s: int | None


class Alerting(Frozen):
    """:param now: Redis time of the alert: ``assignment.expires_at - now`` seconds are left from here."""

    type: Literal["alerting"] = "alerting"
    call_id: str
    assignment: Assignment
    now: float


class AlertEnded(Frozen):
    """Without acceptance. Except after ``cancelled`` the request is back in its place.

    :param decline_reason: the agent's, only after ``declined``.
    """

    type: Literal["alert_ended"] = "alert_ended"
    call_id: str
    agent_id: str
    assignment_id: str
    reason: AlertEnding
    decline_reason: str | None = None


class Assigned(Frozen):
    """The agent accepted."""

    type: Literal["assigned"] = "assigned"
    call_id: str
    assignment: Assignment


class Cancelled(Frozen):
    """
    The request is out of the queue without having been served, or its call is over.

    :param reason: as given to ``cancel``; ``owner_lost`` when nobody kept the call for ``owner_lease_s``.
    """

    type: Literal["cancelled"] = "cancelled"
    call_id: str
    reason: str


class Released(Frozen):
    """The agent is no longer in this call: released, or freed because nobody kept the call."""

    type: Literal["released"] = "released"
    call_id: str
    agent_id: str
    reason: Literal["released", "call_over", "owner_lost"]


class AgentChanged(Frozen):
    """
    Presence, state or wish of an agent changed.

    :param reason: the pause's, when paused or about to be.
    :param until: end of the alert or wrap-up, Redis time.
    """

    type: Literal["agent_changed"] = "agent_changed"
    agent_id: str
    state: AgentState
    presence: Presence
    reason: PauseReason | None
    since: float
    pause_after_call: bool
    call_id: str | None
    until: float | None = None


class Resynced(Frozen):
    """Events may have been missed (Redis lost some, or the reader was too slow): read ``snapshot()``."""

    type: Literal["resynced"] = "resynced"


Event = Annotated[
    Queued | Position | Alerting | AlertEnded | Assigned | Cancelled | Released | AgentChanged | Resynced,
    Field(discriminator="type"),
]


class WaitingRequest(Frozen):
    """One line of the board."""

    record: RequestRecord
    position: int
    wait_low_s: int | None
    wait_high_s: int | None


class QueueSnapshot(Frozen):
    """
    Everything at one moment, for boards, metrics and tests.

    :param waiting: queued and alerting, in order. :param assigned: accepted and not over.
    """

    at: float
    waiting: tuple[WaitingRequest, ...]
    assigned: tuple[RequestRecord, ...]
    agents: tuple[AgentRecord, ...]
