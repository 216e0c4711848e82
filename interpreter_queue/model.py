"""
The nouns of the queue, its records and its events.

Presence is declared by the agent, state is known to the queue: two facts. All times are Redis ``TIME``, seconds
since the epoch, the one clock of the queue. Nothing here holds a number, a name or a text.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Trade = Literal["interpreter", "lfpc_coder", "transcriber", "adviser"]
Presence = Literal["offline", "available", "paused", "training"]
PauseReason = Literal["break", "rest_eyes_hands", "meal", "meeting", "technical", "after_hard_call", "other"]
AgentState = Literal[
    "offline", "idle", "alerting", "engaged", "hold", "wrap_up", "paused", "training", "not_responding"
]
RequestState = Literal["queued", "alerting", "assigned"]
AlertEnding = Literal["declined", "not_responding", "cancelled", "rerouted", "agent_gone"]
Strategy = Literal["longest_idle", "least_occupied", "fewest_calls"]
Level = Annotated[int, Field(ge=1, le=5)]

#: Absolute: a call that was served already is ahead of everyone who is not an emergency.
PRIORITY_NORMAL, PRIORITY_RESUMED, PRIORITY_EMERGENCY = 0, 50, 100

#: States of an agent who is in a call.
IN_CALL: frozenset[AgentState] = frozenset({"engaged", "hold"})
#: The level of a skill that is simply held.
FULL_LEVEL = 5
#: The skill that keeps rehearsals and real calls apart, both ways.
REHEARSAL_SKILL = "rehearsal"
#: The agent hears: whoever speaks with a telephone must.
HEARING_SKILL = "hearing"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(Frozen):
    """
    Who may serve a request once it has waited so long.

    :param after_s: seconds in the queue (``RequestRecord.enqueued_at``) after which these may serve too.
    :param trades: any of them; served in the first one that the agent holds.
    :param skills: all of them, at least at that level.
    :param agents: only these persons; empty: anybody. While none of them is at work, the next target opens at once.
    """

    after_s: float = Field(0.0, ge=0)
    trades: tuple[Trade, ...] = Field(min_length=1)
    skills: dict[str, Level] = {}
    agents: tuple[str, ...] = Field((), max_length=20)


class Request(Frozen):
    """
    One call, or one party more of a call, waiting for somebody.

    :param call_id: opaque, given back; of a call's second party ``"<call id>.2"``, of a third ``"<call id>.3"``.
    :param targets: who may serve, and when; an agent of an earlier target is better. Known adviser first, requirements
        relaxed with time, overflow to a partner, transfer to a person or a skill: all are targets.
    :param preferred: skills that make an agent better, asked of nobody: the more of them met, the better.
    :param queue: for boards and figures (``"relay/LSF"``, ``"mairie/LSF"``).
    :param priority: absolute, higher first: emergency 100, resumed call 50, everything else 0.
    :param head_start_s: waiting granted on entry, in seconds of weight 1 (a hearing caller on the telephone: 1800).
    :param weight: how fast waiting counts: 2 grows twice as fast. See ``policy.place``.
    :param room: how many requests of this ``queue`` may wait at once; None: no limit of its own.
    :param queued_at: when it first entered; None: now. A resumed call and a call-back give theirs and keep their place.
    :param refused_agents: never alerted for this request, and never told: either side may have refused the other.
    :param callback: the centre will ring the signer, who does not wait on a page.
    """

    call_id: str
    targets: tuple[Target, ...] = Field(min_length=1, max_length=10)
    preferred: dict[str, Level] = {}
    queue: str = ""
    brand: str | None = None
    priority: int = PRIORITY_NORMAL
    head_start_s: float = 0.0
    weight: float = Field(1.0, gt=0)
    strategy: Strategy = "longest_idle"
    room: int | None = None
    queued_at: float | None = None
    refused_agents: tuple[str, ...] = ()
    callback: bool = False
    rehearsal: bool = False

    @model_validator(mode="after")
    def _targets_open_one_after_the_other(self) -> Self:
        opens = [target.after_s for target in self.targets]
        if opens[0] != 0 or opens != sorted(opens):
            raise ValueError("the first target opens at 0 s, the others in their order")
        return self

    @property
    def trades(self) -> frozenset[Trade]:
        """Every trade that may serve it, sooner or later."""
        return frozenset(trade for target in self.targets for trade in target.trades)


class Agent(Frozen):
    """
    Who can serve: the trades held and the skills. The queue knows no name.

    :param skills: levels 1 to 5 by name: languages (``lsf``), domains (``medical``), ``hearing``, ``gender:f``,
        ``brand:mairie``, ``second_level``, ``partner:<name>``, ``rehearsal``. What is not a trade is a skill.
    """

    agent_id: str
    trades: frozenset[Trade]
    skills: dict[str, Level] = {}


def has_skills(agent: Agent, wanted: Mapping[str, int]) -> bool:
    """All of them, at least at that level."""
    return all(agent.skills.get(name, 0) >= level for name, level in wanted.items())


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
    :param signed_in_at: begin of the shift. :param served: calls of this shift that are over.
    :param engaged_s: seconds in those calls, holds included.
    :param signing_s: seconds in calls since the last break of ``QueueConfig.break_min_s``; the running call not
        included (it adds ``now - engaged_at``).
    :param missed_at: alerts not answered lately (``QueueConfig.missed_window_s``), oldest first.
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
    signed_in_at: float = 0.0
    served: int = 0
    engaged_s: float = 0.0
    signing_s: float = 0.0
    missed_at: tuple[float, ...] = ()

    @property
    def agent_id(self) -> str:
        return self.agent.agent_id

    @property
    def call_id(self) -> str | None:
        """The call alerted for, engaged in or on hold; None otherwise, in wrap-up too."""
        busy = self.assignment is not None and self.state in ("alerting", *IN_CALL)
        return self.assignment.call_id if busy and self.assignment else None


class RequestRecord(Frozen):
    """
    :param queued_at: of the request, filled in: its place in line.
    :param enqueued_at: when it last entered the queue or was rerouted: ``Target.after_s`` counts from here.
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

    Told on entry and whenever one of them changes.

    :param serving: agents at work who may serve this request; 0: nobody does now.
    """

    type: Literal["position"] = "position"
    call_id: str
    position: int
    wait_low_s: int | None
    wait_high_s: int | None
    serving: int


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
    serving: int


class QueueSnapshot(Frozen):
    """
    Everything at one moment, for boards, metrics and tests.

    :param waiting: queued and alerting, in order. :param assigned: accepted and not over.
    :param handles: the last handle times, newest first: what an expected wait is reckoned from.
    """

    at: float
    waiting: tuple[WaitingRequest, ...]
    assigned: tuple[RequestRecord, ...]
    agents: tuple[AgentRecord, ...]
    handles: tuple[HandleTime, ...] = ()
