"""
What signaling and the workers (media, phone, visibility) say to each other.

Newline-delimited JSON over a Unix socket, or TLS between machines. A request is
``{"v":1,"id":7,"command":{...}}``; its reply ``{"v":1,"re":7,"ok":true,"result":{...}}`` or
``{"v":1,"re":7,"ok":false,"error":{"code":…,"message":…}}``; an event is
``{"v":1,"event":{...}}`` and goes to every connected client. The first event on each connection is ``worker_state``.

Commands are idempotent and carry ``call_id`` and ``epoch``: an older epoch is refused (``stale_epoch``), a newer one
becomes the call's epoch.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from relay.model import (
    Advice,
    CallPlan,
    Command,
    Encoding,
    Frozen,
    IceServer,
    Leg,
    LegConnection,
    LegStats,
    VideoCodec,
    VisibilityLevel,
    WatchFor,
    WebLeg,
)
from relay.phone_messages import (
    AnnouncementEnded,
    Dial,
    HangUpPhone,
    HoldPhone,
    Keep,
    PhoneDtmf,
    PhoneIncoming,
    PhoneRecorded,
    PhoneReferred,
    PhoneSoundChanged,
    PhoneSpeaking,
    PhoneState,
    PhoneStatsEvent,
    PhoneTextOffered,
    PhoneTransferFailed,
    PlayAnnouncement,
    PlayRecording,
    RecordingEnded,
    RecordMessage,
    RefuseIncoming,
    RefuseReferral,
    SendDtmf,
    SetPhoneAudio,
    TakeIncoming,
    TransferPhone,
    WatchHold,
)

CONTROL_VERSION: Literal[1] = 1
WorkerKind = Literal["media", "phone", "visibility"]


# --- media worker -----------------------------------------------------------------------------------------


class OpenLeg(Command):
    """
    Make a peer connection and return its offer: result ``{"sdp": str}``.

    A higher generation replaces the leg's peer (recovery is a new peer connection); the same generation returns the
    same offer again; a lower one is refused with ``stale_generation``.

    :param video_codecs: what the offer names, preferred first: a packet can only pass to a leg that reads its codec.
    """

    type: Literal["open_leg"] = "open_leg"
    leg: WebLeg
    generation: int = Field(ge=1)
    ice_servers: tuple[IceServer, ...] = ()
    video_codecs: tuple[VideoCodec, ...] = Field(default=("VP8", "H264"), min_length=1)


class AnswerLeg(Command):
    type: Literal["answer_leg"] = "answer_leg"
    leg: WebLeg
    generation: int = Field(ge=1)
    sdp: str


class CloseLeg(Command):
    type: Literal["close_leg"] = "close_leg"
    leg: WebLeg


class PromoteSecond(Command):
    """
    Hand-over without a cut: the second goes on as the ``agent`` leg, with its peer connection and its generation.

    The leg that was the agent's is closed without a ``leg_state``; the agent's new generation and state are told.
    State the plan without a second right after it. No second leg is no error: nothing changes.
    """

    type: Literal["promote_second"] = "promote_second"


class UpdateCall(Command):
    """State the whole plan; also creates the call in the worker when it is not there yet."""

    type: Literal["update_call"] = "update_call"
    plan: CallPlan


class CloseCall(Command):
    """Everything of the call goes, on any kind of worker. Unknown calls are no error."""

    type: Literal["close_call"] = "close_call"


# --- visibility worker ------------------------------------------------------------------------------------


class Watch(Command):
    """
    Expect tap datagrams of this leg and report on them once a second. Sent again with another ``watch_for``, it changes
    what is said of the leg from then on.
    """

    type: Literal["watch"] = "watch"
    leg: WebLeg = "signer"
    watch_for: WatchFor = "signing"


class Unwatch(Command):
    type: Literal["unwatch"] = "unwatch"
    leg: WebLeg = "signer"


AnyCommand = Annotated[
    OpenLeg
    | AnswerLeg
    | CloseLeg
    | PromoteSecond
    | UpdateCall
    | CloseCall
    | Keep
    | Dial
    | SetPhoneAudio
    | HoldPhone
    | SendDtmf
    | HangUpPhone
    | TransferPhone
    | RefuseReferral
    | TakeIncoming
    | RefuseIncoming
    | PlayAnnouncement
    | RecordMessage
    | PlayRecording
    | WatchHold
    | Watch
    | Unwatch,
    Field(discriminator="type"),
]


# --- events -----------------------------------------------------------------------------------------------


class CallSummary(Frozen):
    """What a worker holds of one call, told on connect so that a new runner can pick it up."""

    call_id: str
    epoch: int
    legs: dict[Leg, str] = Field(description="leg -> LegConnection or PhoneProgress")
    generations: dict[WebLeg, int] = {}


class WorkerState(Frozen):
    """
    :param load: 0..1, share of capacity in use.
    :param datagram_socket: where this worker listens for datagrams (audio or tap), if it does: a path.
    :param datagram_address: ``udp://``, the same for workers of other machines.
    :param place: processes that say the same reach each other's paths (``relay.secure_sockets.place_of``).
    :param compiled: a media worker's forwarding is compiled code (``relay.compiled``).
    :param trunks: a phone worker's, by name: whether it can be used now.
    """

    type: Literal["worker_state"] = "worker_state"
    worker_id: str
    kind: WorkerKind
    capacity: int
    load: float
    draining: bool = False
    datagram_socket: str | None = None
    datagram_address: str | None = None
    place: str = ""
    compiled: bool = False
    calls: tuple[CallSummary, ...] = ()
    trunks: dict[str, bool] = {}
    notice: str | None = Field(default=None, description="why a service is reduced, e.g. models_missing")


class WorkerLeaves(Frozen):
    """The worker ends in a few seconds and serves its calls until then: they belong to another one now."""

    type: Literal["worker_leaves"] = "worker_leaves"


class WorkerAlive(Frozen):
    """Once a second (``relay.control``): a process that hangs keeps its connections and says nothing."""

    type: Literal["worker_alive"] = "worker_alive"


class LegState(Frozen):
    """:param video_codecs: what the leg's answer took, its preferred first; empty before it and without video."""

    type: Literal["leg_state"] = "leg_state"
    call_id: str
    leg: WebLeg
    generation: int
    state: LegConnection
    video_codecs: tuple[VideoCodec, ...] = ()


class LegStatsEvent(Frozen):
    """Once every 2 s per connected leg."""

    type: Literal["leg_stats"] = "leg_stats"
    call_id: str
    leg: WebLeg
    stats: LegStats


class EncodingWanted(Frozen):
    """On change: how ``leg`` should send its picture, so that the slowest line to a viewer carries it fluently."""

    type: Literal["encoding_wanted"] = "encoding_wanted"
    call_id: str
    leg: WebLeg
    generation: int
    encoding: Encoding


class VisibilityReading(Frozen):
    """
    Once a second per watched leg.

    :param level: after hysteresis; ``off`` when it cannot be measured (no models, no video).
    :param advice: one code.
    :param measures: names and units as in ``relay.visibility.measures``.
    """

    type: Literal["visibility"] = "visibility"
    call_id: str
    leg: WebLeg
    level: VisibilityLevel
    advice: Advice
    measures: dict[str, float | None] = {}


class VisibilityFigures(Frozen):
    """
    How a visibility worker's analysis does, now and then. Counts are since the worker began.

    :param looks: pictures that MediaPipe saw. :param dropped: coded pictures that found no time.
    :param replaced: analysis processes that died or hung. :param budget_share: CPU time used, of what it may use.
    :param stretch: 1: looks come as often as wanted; 2: half as often…
    """

    type: Literal["visibility_figures"] = "visibility_figures"
    looks: int
    dropped: int
    replaced: int
    budget_share: float
    stretch: float


AnyEvent = Annotated[
    WorkerState
    | WorkerLeaves
    | WorkerAlive
    | LegState
    | LegStatsEvent
    | EncodingWanted
    | PhoneState
    | PhoneSpeaking
    | PhoneDtmf
    | PhoneIncoming
    | AnnouncementEnded
    | PhoneRecorded
    | RecordingEnded
    | PhoneSoundChanged
    | PhoneTextOffered
    | PhoneReferred
    | PhoneTransferFailed
    | PhoneStatsEvent
    | VisibilityReading
    | VisibilityFigures,
    Field(discriminator="type"),
]


# --- envelopes --------------------------------------------------------------------------------------------


class Request(Frozen):
    v: Literal[1] = CONTROL_VERSION
    id: int
    command: AnyCommand


class ControlErrorBody(Frozen):
    code: str
    message: str


class Reply(Frozen):
    v: Literal[1] = CONTROL_VERSION
    re: int | None
    ok: bool
    result: dict[str, Any] = {}
    error: ControlErrorBody | None = None


class Notification(Frozen):
    v: Literal[1] = CONTROL_VERSION
    event: AnyEvent


FromWorker: TypeAdapter[Reply | Notification] = TypeAdapter(Reply | Notification)
