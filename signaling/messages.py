"""
The WebSocket protocol between the pages and signaling, version 1.

JSON text frames at ``/ws``, one message each, discriminated by ``type``. Client messages may carry ``ref`` (client's
own string); the answer, an ``ok`` or an ``error``, repeats it as ``re``. The server states the whole ``call.state`` on
every change, so a page that reloads needs no history. An unknown, malformed or out-of-place message is answered with
an ``error`` and costs the sender nothing else.

The TypeScript types are generated from these models (``signaling.typescript``); golden examples are in
``tests/data/messages``.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from interpreter_queue.model import Trade
from relay.model import (
    Encoding,
    IceServer,
    LegStats,
    PhoneOutcome,
    PhoneProgress,
    PhoneSound,
    PhoneStats,
    SecondRole,
)
from signaling.board_messages import (
    Audit,
    AuditList,
    Board,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.call_model import (
    Action,
    Announce,
    CallKind,
    CallState,
    DeviceType,
    Direction,
    EndFault,
    EndReason,
    Mode,
    PageRole,
    Party,
    TransferTarget,
)
from signaling.message_base import ClientMessage, LongText, Message, ShortText
from signaling.queue_messages import (
    AgentView,
    Alert,
    AlertEnded,
    AssignmentAccept,
    AssignmentDecline,
    CallbackCancel,
    CallbackRequest,
    Callbacks,
    Colleagues,
    ColleaguesList,
    PauseAfterCall,
    PresenceSet,
    RefusalSet,
    ServiceNotice,
    StaffNotice,
    StaffRead,
    Waits,
    WrapUpExtend,
    WrapUpFinish,
)
from signaling.visibility_messages import (
    CameraAsk,
    CameraAsked,
    CheckStart,
    CheckState,
    CheckStop,
    VisibilityMessage,
    VisibilitySet,
)

PROTOCOL_VERSION: Literal[1] = 1
Disposition = Literal["resolved", "call_back", "follow_up", "transferred", "wrong_service", "abuse", "other"]
# --- from the pages ---------------------------------------------------------------------------------------


class Hello(ClientMessage):
    """
    First message on every socket. Who is there comes from the session cookie; a brand's signer needs none.

    :param resume_token: from an earlier ``welcome``: finds the call again after a reload or a change of network.
    :param brand: slug, on a brand's page or embed.
    :param device: the browser's own random id, kept by it: all of a signer's devices ring, one of them has the call.
    :param operator_token: rehearsals only.
    :param live_generation: of the peer connection this page still holds (only its WebSocket was lost): it keeps it.
    :param device_type: for reports of readability; None: as far as the browser's User-Agent tells.
    """

    type: Literal["hello"] = "hello"
    v: Literal[1] = PROTOCOL_VERSION
    role: PageRole
    locale: Literal["fr", "en"] = "fr"
    resume_token: Annotated[str, Field(max_length=2048)] | None = None
    brand: Annotated[str, Field(max_length=64)] | None = None
    device: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = None
    operator_token: Annotated[str, Field(max_length=256)] | None = None
    live_generation: int | None = Field(default=None, ge=1)
    device_type: DeviceType | None = None


class Ping(ClientMessage):
    """Heartbeat, every ``heartbeat_s`` of the welcome."""

    type: Literal["ping"] = "ping"


class CallRequest(ClientMessage):
    """
    A signer asks for a call. ``number`` as typed (relay); ``brand`` slug (direct). A number that belongs to another
    signer becomes a ``video`` call.

    :param voice: VCO. :param hearing: HCO.
    :param announce: how the phone party learns that a relay is there.
    :param anonymous: the own number is not shown to the phone party.
    :param message_id: a voice message to be relayed by an agent, in place of a number.
    :param cost_confirmed: the signer was told that this number costs extra (``call.cost``).
    :param location: where the signer is, for an emergency number; passed on to the agent, never stored.
    :param gender: of the interpreter, as best effort, kept with the account for the next calls; None: as kept.
    :param domain: what the call is about, when an agent should know it well: the name of a skill (``medical``).
    :param language: the signer's sign language when it is another one than LSF: the name of a skill (``asl``).
    """

    type: Literal["call.request"] = "call.request"
    kind: CallKind
    mode: Mode = "LSF"
    number: Annotated[str, Field(max_length=64)] | None = None
    brand: Annotated[str, Field(max_length=64)] | None = None
    voice: bool = False
    hearing: bool = False
    announce: Announce = "agent"
    anonymous: bool = False
    message_id: Annotated[str, Field(max_length=64)] | None = None
    cost_confirmed: bool = False
    emergency_confirmed: bool = Field(default=False, description="the signer insisted on the relay after the 114 page")
    location: ShortText | None = None
    gender: Literal["f", "m", "any"] | None = None
    domain: ShortText | None = None
    language: ShortText | None = None
    watched: bool = Field(default=True, description="the signer's own picture may be analysed (readability)")


class CallAct(ClientMessage):
    """
    Anything a party may do in a call; which actions are open now is in ``call.state.actions``.

    :param number: for ``dial`` (None: the number of the request again), ``join_phone``, ``transfer`` (None: to the
        second phone party).
    :param digits: for ``dtmf``; a signer's own are not shown to the agent, and nobody's are logged.
    :param mode: for ``accept``, with ``voice``, ``hearing`` and ``watched`` (as in ``call.request``).
    :param cost_confirmed: as in ``call.request``.
    :param to: for ``consult``, ``transfer_call`` and ``call_second``; None: anybody who may serve this call.
    :param at: for ``ask_callback``: Unix seconds; None: as soon as the place in line comes up.
    :param location: for ``dial`` with an emergency number, by the signer: as in ``call.request``.
    """

    type: Literal["call.act"] = "call.act"
    call_id: str
    action: Action
    number: Annotated[str, Field(max_length=64)] | None = None
    digits: Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$")] | None = None
    mode: Mode = "LSF"
    voice: bool = False
    hearing: bool = False
    cost_confirmed: bool = False
    to: TransferTarget | None = None
    at: float | None = None
    location: ShortText | None = None
    watched: bool = True


class CallContinueHere(ClientMessage):
    """The signer's call goes on on this device instead of the other one."""

    type: Literal["call.continue_here"] = "call.continue_here"
    call_id: str


class InboxHeard(ClientMessage):
    """The signer has read of this missed call, or had the message relayed."""

    type: Literal["inbox.heard"] = "inbox.heard"
    entry_id: Annotated[str, Field(max_length=64)]


class InboxDelete(ClientMessage):
    type: Literal["inbox.delete"] = "inbox.delete"
    entry_id: Annotated[str, Field(max_length=64)]


class InboxBlock(ClientMessage):
    """Whoever left this entry does not reach the signer any more: the number, or everybody who hides theirs."""

    type: Literal["inbox.block"] = "inbox.block"
    entry_id: Annotated[str, Field(max_length=64)]


class PushKeys(Message):
    """Of a browser's PushSubscription, base64url (RFC 8291)."""

    p256dh: Annotated[str, Field(max_length=128)]
    auth: Annotated[str, Field(max_length=64)]


class PushSubscribe(ClientMessage):
    """Ring this device although its page is closed (Web Push). Again with the same ``endpoint``: nothing changes."""

    type: Literal["push.subscribe"] = "push.subscribe"
    endpoint: Annotated[str, Field(max_length=1024, pattern=r"^https://")]
    keys: PushKeys


class PushUnsubscribe(ClientMessage):
    type: Literal["push.unsubscribe"] = "push.unsubscribe"
    endpoint: Annotated[str, Field(max_length=1024)]


class CallRate(ClientMessage):
    """:param stars: 1..5. :param problems: tick boxes."""

    type: Literal["call.rate"] = "call.rate"
    call_id: str
    stars: int = Field(ge=1, le=5)
    problems: tuple[Literal["picture", "freeze", "interpreter", "wait", "phone", "other"], ...] = ()


class MediaAnswer(ClientMessage):
    type: Literal["media.answer"] = "media.answer"
    call_id: str
    generation: int = Field(ge=1)
    sdp: Annotated[str, Field(max_length=48_000)]


class MediaRenew(ClientMessage):
    """The page's peer connection failed or its network changed: ask for a new offer."""

    type: Literal["media.renew"] = "media.renew"
    call_id: str


class ContactForm(Message):
    """The contact record (fiche contact), direct calls only."""

    name: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    reference: ShortText | None = None


class WrapUpSubmit(ClientMessage):
    """Direct calls: disposition, note, contact. Relay calls take none of the three (``not_in_relay``)."""

    type: Literal["wrap_up.submit"] = "wrap_up.submit"
    call_id: str
    disposition: Disposition | None = None
    note: LongText | None = None
    contact: ContactForm | None = None


AnyClientMessage = Annotated[
    Hello
    | Ping
    | CallRequest
    | CallAct
    | CallContinueHere
    | InboxHeard
    | InboxDelete
    | InboxBlock
    | PushSubscribe
    | PushUnsubscribe
    | CallRate
    | MediaAnswer
    | MediaRenew
    | PresenceSet
    | PauseAfterCall
    | AssignmentAccept
    | AssignmentDecline
    | WrapUpSubmit
    | WrapUpExtend
    | WrapUpFinish
    | ColleaguesList
    | StaffRead
    | RefusalSet
    | CallbackRequest
    | CallbackCancel
    | CameraAsk
    | VisibilitySet
    | CheckStart
    | CheckStop
    | SuperviseAgent
    | SuperviseMove
    | SuperviseSay
    | SuperviseJoin
    | SuperviseThresholds
    | AuditList,
    Field(discriminator="type"),
]
ClientMessageAdapter: TypeAdapter[AnyClientMessage] = TypeAdapter(AnyClientMessage)


# --- from the server --------------------------------------------------------------------------------------


class Person(Message):
    name: str
    trades: tuple[Trade, ...] = ()


class Welcome(Message):
    """
    :param resume_token: keep it in ``sessionStorage``; renewed with every welcome.
    :param number: the signer's own relay number, as people read it, to give to hearing people.
    :param push_key: VAPID public key for ``PushManager.subscribe``, base64url; None: no push.
    :param gender: of the interpreter that this signer would rather have, as kept with the account.
    """

    type: Literal["welcome"] = "welcome"
    v: Literal[1] = PROTOCOL_VERSION
    role: PageRole
    person: Person | None
    resume_token: str
    heartbeat_s: float
    resumed: bool
    demo_phone_url: str | None = None
    number: str | None = None
    push_key: str | None = None
    gender: Literal["f", "m"] | None = None


class Pong(Message):
    type: Literal["pong"] = "pong"
    re: str | None = None


class Ok(Message):
    type: Literal["ok"] = "ok"
    re: str | None = None


class Error(Message):
    """
    :param code: stable, for programs. :param message: for people, in the locale of ``hello``.
    :param callback: the same may be asked for as a call-back (``callback.request``).
    """

    type: Literal["error"] = "error"
    code: str
    message: str
    re: str | None = None
    callback: bool = False


class QueueView(Message):
    """
    :param wait_low_s: the expected wait is a range; None while there is too little history.
    :param serving: agents at work who may serve it, 5 at most; 0: nobody does now; None: not known yet.
    :param partner_name: after a while without anybody: another centre that serves the same, at ``partner_url``.
    """

    position: int | None = None
    wait_low_s: float | None = None
    wait_high_s: float | None = None
    serving: int | None = None
    partner_name: str | None = None
    partner_url: str | None = None


class PhoneView(Message):
    """
    :param number: as people read it (``01 99 00 00 01``); incoming: the caller's, None: anonymous.
    :param sound: what the hold watcher hears; None: it does not watch.
    :param text: it carries real-time text.
    """

    number: str | None = None
    progress: PhoneProgress | None = None
    outcome: PhoneOutcome | None = None
    held: bool = False
    speaking: bool = False
    dialled_at: float | None = None
    answered_at: float | None = None
    sound: PhoneSound | None = None
    text: bool = False


class PartyView(Message):
    """:param connected: has media now. :param present: its page is connected."""

    present: bool
    connected: bool
    lost_since: float | None = None


class SecondView(Message):
    """
    Whoever comes beside the agent.

    :param state: ``asked``: a supervisor waits for everyone's yes; ``sought``: in the queue; ``alerting``; ``joined``.
    :param name: as colleagues are called; to the signer only of a supervisor.
    :param waiting_for: of a supervisor: who has not said yes yet.
    """

    role: SecondRole
    state: Literal["asked", "sought", "alerting", "joined"]
    since: float
    trade: Trade | None = None
    name: str | None = None
    present: bool = False
    connected: bool = False
    lost_since: float | None = None
    waiting_for: tuple[Party, ...] = ()


class CallStateMessage(Message):
    """
    The whole call as this party may see it. Times are Unix seconds.

    :param leg: which of the web legs this page is: the ``agent`` leg of a ``video`` call is a signer's page too.
    :param agent_hears: agent only: a direct call's who hears needs no interpreter for the telephone.
    :param second: who is beside the agent, or sought.
    :param active: of a team: who signs and speaks now. :param swapping: both are shown meanwhile.
    :param callback: the service rings the signer. :param transferred: it comes from another agent, or goes to one.
    :param actions: what this party may do now (``call.act``).
    :param joined: the second phone party.
    :param peer_name: of a ``video`` call: the other signer, as they are called here.
    :param ring_until: while ``incoming``: then the caller is offered to leave a message.
    :param on_other_device: the signer's call is on another device (``call.continue_here``); no media here.
    :param has_message: the call is about a voice message to be relayed.
    :param location: agent only, emergency calls.
    :param wrap_up_until: agent only.
    """

    type: Literal["call.state"] = "call.state"
    call_id: str
    kind: CallKind
    state: CallState
    mode: Mode
    leg: Party = "signer"
    brand: str | None = None
    brand_name: str | None = None
    trade: Trade | None = None
    voice: bool
    hearing: bool
    muted: bool = Field(description="this party's sound is muted")
    hidden: bool = Field(default=False, description="the agent's picture is withheld")
    watched: bool = Field(default=True, description="this party's own picture is analysed (readability)")
    direction: Direction = "outgoing"
    announce: Announce = "agent"
    phone: PhoneView
    joined: PhoneView | None = None
    peer_name: str | None = None
    ring_until: float | None = None
    on_other_device: bool = False
    has_message: bool = False
    location: str | None = None
    signer: PartyView
    agent: PartyView
    agent_hears: bool = False
    second: SecondView | None = None
    active: Literal["agent", "second"] = "agent"
    swapping: bool = False
    callback: bool = False
    transferred: bool = False
    queue: QueueView | None = None
    queued_at: float
    together_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    end_fault: EndFault | None = None
    wrap_up_until: float | None = None
    actions: tuple[Action, ...] = ()
    now: float


class EmergencyNotice(Message):
    """Instead of a call: the number is an emergency number. ``offer_114``: show 114 at once, with one tap."""

    type: Literal["emergency"] = "emergency"
    number: str
    kind: Literal["offer_114", "relay_first"]
    may_relay: bool


class CostNotice(Message):
    """
    Instead of a call: this number costs extra; ask again with ``cost_confirmed``.

    :param reason: ``special``: a service number with a surcharge; ``abroad``; ``satellite``.
    """

    type: Literal["call.cost"] = "call.cost"
    number: str
    reason: Literal["special", "abroad", "satellite"]
    call_id: str | None = None


class PhoneKey(Message):
    """A key that the phone party pressed, to the agent."""

    type: Literal["phone.key"] = "phone.key"
    call_id: str
    digit: str


class PhoneLine(Message):
    """Quality of the phone leg, to the agent."""

    type: Literal["phone.line"] = "phone.line"
    call_id: str
    stats: PhoneStats


class InboxEntry(Message):
    """
    A missed call, with a voice message when ``message_s`` is there.

    :param number: as people read it; None: anonymous. :param expires_at: it is deleted then.
    """

    entry_id: str
    number: str | None
    at: float
    message_s: float | None = None
    heard: bool = False
    expires_at: float


class Inbox(Message):
    """To a signer, after ``welcome`` and on every change: newest first."""

    type: Literal["inbox"] = "inbox"
    entries: tuple[InboxEntry, ...]


class MediaOffer(Message):
    type: Literal["media.offer"] = "media.offer"
    call_id: str
    generation: int
    sdp: str
    ice_servers: tuple[IceServer, ...] = ()


class MediaClosed(Message):
    """The peer connection of this call is over; the page releases it."""

    type: Literal["media.closed"] = "media.closed"
    call_id: str


class MediaEncoding(Message):
    """How this page should send its picture now (RTCRtpSender.setParameters)."""

    type: Literal["media.encoding"] = "media.encoding"
    call_id: str
    generation: int
    encoding: Encoding


class NetworkMessage(Message):
    """Both web legs' received media; ``whose`` is the leg it was received from."""

    type: Literal["network"] = "network"
    call_id: str
    whose: Party
    stats: LegStats


class CallSummaryRow(Message):
    """
    A line of today's calls. Relay: technical ending, times and figures only.

    :param frame_rates: pictures per second received from the signer, from the beginning to the end of the call: the
        lowest of each stretch; None: no picture was sent.
    """

    call_id: str
    kind: CallKind
    mode: Mode
    brand_name: str | None
    began_at: float
    talk_s: float
    end_reason: EndReason | None
    disposition: Disposition | None = None
    frame_rates: tuple[float | None, ...] = ()


class CallsToday(Message):
    type: Literal["calls.today"] = "calls.today"
    calls: tuple[CallSummaryRow, ...]


class ContactKnown(Message):
    """Direct calls: the contact record of who calls, when known."""

    type: Literal["contact"] = "contact"
    call_id: str
    contact: ContactForm
    earlier_calls: int


class Replaced(Message):
    """Another tab of the same person took over; this one must not reconnect by itself."""

    type: Literal["replaced"] = "replaced"


AnyServerMessage = Annotated[
    Welcome
    | Pong
    | Ok
    | Error
    | CallStateMessage
    | EmergencyNotice
    | CostNotice
    | PhoneKey
    | PhoneLine
    | Inbox
    | MediaOffer
    | MediaClosed
    | MediaEncoding
    | VisibilityMessage
    | CameraAsked
    | CheckState
    | NetworkMessage
    | Alert
    | AlertEnded
    | AgentView
    | CallsToday
    | ContactKnown
    | Colleagues
    | Callbacks
    | Waits
    | ServiceNotice
    | StaffNotice
    | Board
    | Audit
    | Replaced,
    Field(discriminator="type"),
]
ServerMessageAdapter: TypeAdapter[AnyServerMessage] = TypeAdapter(AnyServerMessage)
