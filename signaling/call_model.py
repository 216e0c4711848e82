"""What is known of one call, as plain values; its codes are in ``signaling.call_terms``."""

from typing import NamedTuple

from pydantic import Field

from interpreter_queue.model import Level, Strategy, Target, Trade
from relay.model import Frozen, PhoneOutcome, PhoneProgress, PhoneSound, SecondRole
from signaling.call_terms import (
    PARTIES,
    TOGETHER,
    WAITING,
    ActiveParty,
    Announce,
    CallKind,
    CallState,
    DeviceType,
    Direction,
    EndFault,
    EndReason,
    MessageStage,
    Mode,
    PageRole,
    Party,
    SecondState,
)


class Place(NamedTuple):
    """
    Where a party's page is.

    :param role: of the page; both are signers' in a call between two signers.
    :param device: None: whichever devices that person has.
    """

    role: PageRole
    key: str | None
    device: str | None


class TransferTarget(Frozen):
    """Whom a second party, or the next agent, is sought among: exactly one of the three."""

    agent_id: str | None = Field(default=None, max_length=64)
    skill: str | None = Field(default=None, max_length=80)
    second_level: bool = False


class Side(Frozen):
    """
    One person's side.

    :param present: the page's WebSocket is there.
    :param connected: the leg has media.
    :param lost_since: Unix seconds since when the page is gone; None while present.
    :param watched: the own picture may be analysed (readability): this person's choice.
    """

    present: bool = True
    connected: bool = False
    lost_since: float | None = None
    muted: bool = False
    hidden: bool = False
    watched: bool = True


class Second(Side):
    """
    Whoever comes beside the agent, from being asked for until leaving; and that person's side.

    :param request_id: in the queue; None: a supervisor, who is in no line.
    :param target: who was asked for; None: anybody who may serve the call.
    :param since: of being asked for; once joined, of joining. Unix seconds.
    :param key: agent's or supervisor's id; None: nobody yet. :param name: as colleagues call them.
    :param agreed: to a supervisor: who has said yes.
    :param holds_phone: the consultation put the phone party on hold; it ends with it.
    """

    role: SecondRole
    state: SecondState
    since: float
    request_id: str | None = None
    target: TransferTarget | None = None
    present: bool = False
    key: str | None = None
    name: str | None = None
    assignment_id: str | None = None
    trade: Trade | None = None
    hears: bool = False
    agreed: tuple[Party, ...] = ()
    holds_phone: bool = False

    @property
    def is_joined(self) -> bool:
        return self.state == "joined"


class Line(Frozen):
    """
    What a call brings to the queue beside its trades and skills; the fields are those of ``interpreter_queue``'s
    ``Request``.

    :param queue: empty: named after brand and mode. :param targets: empty: whoever has the call's trades and skills.
    :param callback: who waits in it may ask to be rung later instead; no field of the request's.
    """

    queue: str = ""
    targets: tuple[Target, ...] = ()
    preferred: dict[str, Level] = {}
    head_start_s: float = 0.0
    weight: float = 1.0
    strategy: Strategy = "longest_idle"
    room: int | None = None
    callback: bool = True


class PhoneLegState(Frozen):
    """
    One attempt at the phone party; kept in ``Call.phone_legs`` for the record.

    :param target: E.164 or ``sip:`` URI; incoming: the caller's, empty: anonymous. :param display: as people read it.
    :param joined: a second phone party, beside the one that was there first.
    :param announcing: the recorded announcement is being played to it.
    :param sound: what the hold watcher hears. :param text: it carries real-time text (RFC 4103).
    """

    attempt: str
    target: str
    display: str
    dialled_at: float
    progress: PhoneProgress = "trying"
    outcome: PhoneOutcome | None = None
    sip_code: int | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    held: bool = False
    speaking: bool = False
    joined: bool = False
    announcing: bool = False
    sound: PhoneSound | None = None
    text: bool = False

    @property
    def is_up(self) -> bool:
        return self.answered_at is not None and self.ended_at is None

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


class Grace(Frozen):
    """
    How long a lost party is waited for, seconds (``SignalingConfig``).

    :param line_s: a signer who is in the line, and keeps the place meanwhile.
    """

    signer_s: float = 60.0
    line_s: float = 120.0
    agent_s: float = 30.0


class Call(Frozen):
    """
    Everything about one call that survives a process. Written as a snapshot at every transition; holds no SDP, no text.

    :param signer_key: who the signer is to the session layer (person id, or a visitor's random id).
    :param agent_key: the agent's id once assigned. :param agent_hears: what may be offered beside them follows.
    :param target: what ``dial`` dials when no other number is given.
    :param signer_device: the device that has the call; None: all of the signer's are meant (incoming).
    :param signer_device_type: of the device that asked for the call, or took it; None: not known.
    :param peer_key: ``video``: the person who is called; ``agent_key`` once accepted.
    :param peer_device: as ``signer_device``, of the peer.
    :param peer_name: ``video``: of the person who is called, as they are called here; ``signer_name``: who calls.
    :param peer_voice: ``video``: as ``voice``, of the peer, who chose it when accepting.
    :param ring_until: Unix seconds; incoming: then a message is offered.
    :param accepted_at: incoming: Unix seconds at which the signer took the call; None: not yet.
    :param declined: incoming: by the signer, who may have accepted it first. :param unserved: the queue gave up.
    :param message_stage: while ``message``. :param message_until: Unix seconds: it is over then, whatever happens.
    :param recording: key of a voice message in Redis that this call is about (``relay.phone.recordings``).
    :param playing: the agent listens to it.
    :param watching: the hold watcher listens to the phone party.
    :param domain: as ``language``, asked for by the signer (``signaling.routing_plan``): what a call-back asks for too.
    :param location: given with an emergency number; shown to the agent, never stored.
    :param agent_request: request id by which the agent serves, once that is another than ``call_id``: a second party
        who became the agent. :param requests: made of the queue so far; names the next second party's.
    :param second: whoever is beside the agent, or sought. :param active: of a team.
    :param swapping_until: Unix seconds; until then the signer sees both of a team.
    :param wanted: whom an agent has handed the call to (``transfer_call``). :param transferred: by the agent before.
    :param callback_id: the service rings the signer for it, who does not wait on a page before.
    :param supervision_allowed: by the rules of the brand. :param joins_asked: how often a supervisor has asked to join.
    """

    call_id: str
    kind: CallKind
    mode: Mode
    signer_key: str
    signer_id: str | None
    trades: tuple[Trade, ...]
    state: CallState = CallState.QUEUED
    brand: str | None = None
    brand_id: str | None = None
    brand_name: str | None = None
    line: Line = Line()
    domain: str | None = None
    language: str | None = None
    skills: tuple[str, ...] = ()
    refused_agents: tuple[str, ...] = ()
    priority: int = 0
    rehearsal: bool = False
    voice: bool = False
    hearing: bool = False
    caller_id: str | None = None
    direction: Direction = "outgoing"
    announce: Announce = "agent"
    signer_device: str | None = None
    signer_device_type: DeviceType | None = None
    signer_name: str | None = None
    peer_key: str | None = None
    peer_device: str | None = None
    peer_name: str | None = None
    peer_voice: bool = False
    peer_hearing: bool = False
    ring_until: float | None = None
    accepted_at: float | None = None
    declined: bool = False
    unserved: bool = False
    message_stage: MessageStage | None = None
    message_until: float | None = None
    recording: str | None = None
    playing: bool = False
    watching: bool = False
    location: str | None = None
    target: str | None = None
    display: str | None = None
    signer: Side = Side()
    agent: Side = Side(present=False)
    agent_key: str | None = None
    agent_hears: bool = False
    assignment_id: str | None = None
    trade: Trade | None = None
    agent_request: str | None = None
    second: Second | None = None
    active: ActiveParty = "agent"
    swapping_until: float | None = None
    requests: int = 1
    wanted: TransferTarget | None = None
    transferred: bool = False
    callback_id: str | None = None
    supervision_allowed: bool = False
    joins_asked: int = 0
    phone_legs: tuple[PhoneLegState, ...] = ()
    past_assignments: tuple[str, ...] = Field(default=(), description="of agents who left: old news")
    served_by: tuple[str, ...] = Field(default=(), description="agents who left the call before its end")
    queued_at: float
    alerted_at: float | None = None
    together_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    end_fault: EndFault | None = None
    grace: Grace = Grace()

    @property
    def phone(self) -> PhoneLegState | None:
        """The phone leg of now: the last attempt, over or not."""
        return next((leg for leg in reversed(self.phone_legs) if not leg.joined), None)

    @property
    def joined(self) -> PhoneLegState | None:
        """The second phone party beside :attr:`phone`: the last attempt, over or not."""
        return self.phone_legs[-1] if self.phone_legs and self.phone_legs[-1].joined else None

    @property
    def has_joined(self) -> bool:
        return self.joined is not None and not self.joined.is_over

    def side(self, party: Party) -> Side:
        """:returns: of a second party who is not there: absent."""
        return getattr(self, party) or Side(present=False)

    @property
    def agent_request_id(self) -> str:
        """By which the agent serves, or is sought."""
        return self.agent_request or self.call_id

    @property
    def is_consulting(self) -> bool:
        """Agent and second are by themselves: the signer waits."""
        return self.second is not None and self.second.is_joined and self.second.role == "consulted"

    @property
    def request_ids(self) -> tuple[str, ...]:
        """What the queue has to keep for this call: whom it is served by, and whom it waits for."""
        second = self.second.request_id if self.second is not None else None
        return (self.agent_request_id, *((second,) if second is not None else ()))

    @property
    def waiting_ids(self) -> tuple[str, ...]:
        """Requests that nobody has accepted yet."""
        own = (self.call_id,) if self.state in WAITING else ()
        second = self.second
        is_sought = second is not None and second.state in ("sought", "alerting")
        return (*own, second.request_id) if is_sought and second is not None and second.request_id else own

    @property
    def in_media(self) -> tuple[Party, ...]:
        """Who has a peer connection now, or should."""
        if not self.is_together:
            return ()
        return PARTIES if self.second is not None and self.second.is_joined else ("signer", "agent")

    @property
    def is_callback_pending(self) -> bool:
        """The signer has not taken the call-back yet, and waits on no page."""
        return self.callback_id is not None and self.together_at is None

    @property
    def has_agent(self) -> bool:
        """An agent is bound to the call: with the signer, or while the signer is rung."""
        return self.is_together or self.state is CallState.CALLING_BACK

    @property
    def is_hidden_from_signer(self) -> bool:
        """A call-back for which no device has been rung is no call of the signer's yet."""
        return self.is_callback_pending and self.ring_until is None

    def place(self, party: Party) -> Place:
        if party == "signer":
            return Place("signer", None if self.is_hidden_from_signer else self.signer_key, self.signer_device)
        if party == "second":
            is_supervisor = self.second is not None and self.second.role == "supervisor"
            key = self.second.key if self.second is not None else None
            return Place("supervisor" if is_supervisor else "agent", key, None)
        if self.kind == "video":
            return Place("signer", self.peer_key, self.peer_device)
        return Place("agent", self.agent_key, None)

    def party_of(self, role: PageRole, key: str) -> Party | None:
        """:returns: which party this person is; None: a stranger to this call."""
        return next((party for party in PARTIES if self.place(party)[:2] == (role, key)), None)

    @property
    def has_phone(self) -> bool:
        return self.phone is not None and not self.phone.is_over

    @property
    def occupies_signer(self) -> bool:
        """While a caller leaves a message, or a call-back waits in line, the signer may place another call."""
        return self.state not in (CallState.MESSAGE, CallState.ENDED) and not self.is_hidden_from_signer

    @property
    def is_together(self) -> bool:
        """Signer and agent are in the call (their media may still be coming)."""
        return self.state in TOGETHER


def call_of(request_id: str) -> str:
    """:param request_id: of a call, or of a second party in it (``"<call id>.2"``)."""
    return request_id.partition(".")[0]
