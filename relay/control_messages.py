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
    Announcement,
    CallPlan,
    Encoding,
    Frozen,
    IceServer,
    Leg,
    LegConnection,
    LegStats,
    PhoneOutcome,
    PhoneProgress,
    PhoneSound,
    PhoneStats,
    VideoCodec,
    VisibilityLevel,
    WatchFor,
    WebLeg,
)

CONTROL_VERSION: Literal[1] = 1
WorkerKind = Literal["media", "phone", "visibility"]


class _Command(Frozen):
    call_id: str
    epoch: int = Field(ge=0)


# --- media worker -----------------------------------------------------------------------------------------


class OpenLeg(_Command):
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


class AnswerLeg(_Command):
    type: Literal["answer_leg"] = "answer_leg"
    leg: WebLeg
    generation: int = Field(ge=1)
    sdp: str


class CloseLeg(_Command):
    type: Literal["close_leg"] = "close_leg"
    leg: WebLeg


class PromoteSecond(_Command):
    """
    Hand-over without a cut: the second goes on as the ``agent`` leg, with its peer connection and its generation.

    The leg that was the agent's is closed without a ``leg_state``; the agent's new generation and state are told.
    State the plan without a second right after it. No second leg is no error: nothing changes.
    """

    type: Literal["promote_second"] = "promote_second"


class UpdateCall(_Command):
    """State the whole plan; also creates the call in the worker when it is not there yet."""

    type: Literal["update_call"] = "update_call"
    plan: CallPlan


class CloseCall(_Command):
    """Everything of the call goes, on any kind of worker. Unknown calls are no error."""

    type: Literal["close_call"] = "close_call"


class Keep(_Command):
    """
    The owner still has this call; a phone leg whose call is not kept is ended. Unknown calls are no error.

    Result ``{"attempt": str, "progress": PhoneProgress}`` of the leg that is there, else ``{"progress": "ended",
    "since": float}``: an owner may have missed an event, or this worker is a new one, started then (Unix seconds).
    """

    type: Literal["keep"] = "keep"


# --- phone worker -----------------------------------------------------------------------------------------


class Dial(_Command):
    """
    Place a phone leg. ``attempt`` names this try: a repeated command with the same attempt changes nothing.

    :param target: E.164 (``+33199000001``) or, for rehearsals and internal use, a ``sip:`` URI.
    :param caller_id: E.164 presented outward, None for anonymous.
    :param timeout_s: ringing time before ``no_answer``.
    :param joins: a second phone party, beside the one that is there; False: refused with ``phone_busy`` meanwhile.
    :param replaces: attempt whose party asked to be transferred to ``target`` (RFC 3515); it goes once this answers.
    """

    type: Literal["dial"] = "dial"
    attempt: str
    target: str
    caller_id: str | None = None
    timeout_s: float = Field(default=60.0, gt=0, le=180)
    joins: bool = False
    replaces: str | None = None


class SetPhoneAudio(_Command):
    """
    Where the call's media worker listens, and who hears whom (``relay.routing.Routes.hears``).

    The phone worker mixes for each destination the sources named; a source not named is silent for it.
    """

    type: Literal["set_phone_audio"] = "set_phone_audio"
    worker_socket: str = Field(description="the media worker's audio datagrams: a path, or udp:// elsewhere")
    hears: dict[Leg, tuple[Leg, ...]]


class _PhoneCommand(_Command):
    """:param attempt: one phone leg of the call; None: all of them."""

    attempt: str | None = None


class HoldPhone(_PhoneCommand):
    type: Literal["hold_phone"] = "hold_phone"
    held: bool


class SendDtmf(_PhoneCommand):
    type: Literal["send_dtmf"] = "send_dtmf"
    digits: str = Field(pattern=r"^[0-9*#A-D]{1,32}$")


class HangUpPhone(_PhoneCommand):
    """CANCEL, BYE or rejection, whatever the dialog needs. No dialog is no error."""

    type: Literal["hang_up_phone"] = "hang_up_phone"


class TransferPhone(_PhoneCommand):
    """
    Hand the phone party on (REFER): to ``target`` (blind), or with None to the second phone party (attended). Both
    legs then end as ``transferred``; refused, they stay and ``phone_transfer_failed`` says so.
    """

    type: Literal["transfer_phone"] = "transfer_phone"
    target: str | None = None


class RefuseReferral(_Command):
    """The transfer that the party ``attempt`` asked for is not made: it is told so (603). None asked for: no error."""

    type: Literal["refuse_referral"] = "refuse_referral"
    attempt: str


class TakeIncoming(_Command):
    """
    Answer the telephone that :class:`PhoneIncoming` told of, as ``attempt``. ``unknown_leg``: it is gone.
    Signaling processes that all heard of it agree by the call's lease.
    """

    type: Literal["take_incoming"] = "take_incoming"
    attempt: str


class RefuseIncoming(_Command):
    type: Literal["refuse_incoming"] = "refuse_incoming"
    sip_code: Literal[403, 404, 480, 486, 603]


class PlayAnnouncement(_PhoneCommand):
    """
    To the phone party alone, in place of what it heard; :class:`AnnouncementEnded` follows unless it is repeated.

    :param name: None: stop what is played. :param brand: slug, whose own sound is preferred.
    :param every_s: repeat, so long after its end; None: once.
    """

    type: Literal["play_announcement"] = "play_announcement"
    name: Announcement | None
    brand: str | None = None
    every_s: float | None = Field(default=None, gt=0)


class RecordMessage(_Command):
    """
    After « leave_message »: keep what the caller says until ``#``, silence, hanging up or ``limit_s``, then tell
    :class:`PhoneRecorded`. The sound goes to Redis, encrypted for ``receiver`` alone, and nowhere else.
    One message a call: repeated, the command changes nothing, and what was told already is told again.

    :param receiver: person id. :param limit_s: longest message, s.
    """

    type: Literal["record_message"] = "record_message"
    receiver: str
    limit_s: float = Field(default=120.0, gt=0, le=600)


class PlayRecording(_Command):
    """
    A message to those who hear the phone (``SetPhoneAudio.hears``), from its beginning; :class:`RecordingEnded`
    follows.

    :param key: in Redis, of a sealed sound as :class:`PhoneRecorded` names it; None: stop.
    :param receiver: person id the sound is sealed for.
    """

    type: Literal["play_recording"] = "play_recording"
    key: str | None
    receiver: str = ""


class WatchHold(_Command):
    """Tell speech from music and silence in the phone party's sound (``phone_sound``), or stop doing so."""

    type: Literal["watch_hold"] = "watch_hold"
    enabled: bool


# --- visibility worker ------------------------------------------------------------------------------------


class Watch(_Command):
    """
    Expect tap datagrams of this leg and report on them once a second. Sent again with another ``watch_for``, it changes
    what is said of the leg from then on.
    """

    type: Literal["watch"] = "watch"
    leg: WebLeg = "signer"
    watch_for: WatchFor = "signing"


class Unwatch(_Command):
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


class PhoneState(Frozen):
    """:param sip_code: last final or provisional response, when one came."""

    type: Literal["phone_state"] = "phone_state"
    call_id: str
    attempt: str
    progress: PhoneProgress
    outcome: PhoneOutcome | None = None
    sip_code: int | None = None


class PhoneSpeaking(Frozen):
    """The phone party begins or stops speaking (EN 301 549 §6.5.5): on change only."""

    type: Literal["phone_speaking"] = "phone_speaking"
    call_id: str
    speaking: bool


class PhoneDtmf(Frozen):
    """A key of the phone party, RFC 4733 or INFO. Never logged: it may be a code."""

    type: Literal["phone_dtmf"] = "phone_dtmf"
    call_id: str
    digit: str
    attempt: str | None = None


class PhoneIncoming(Frozen):
    """
    A telephone calls. It hears ringing (180) until :class:`TakeIncoming`; nobody takes it: 480 after some seconds.

    :param call_id: new, made by the worker. :param number: dialled, E.164 where the trunk's form allows it.
    :param caller: E.164, None: anonymous or unreadable. :param trunk: name of the peer it came from.
    """

    type: Literal["phone_incoming"] = "phone_incoming"
    call_id: str
    number: str
    caller: str | None = None
    trunk: str = ""


class AnnouncementEnded(Frozen):
    """Played to its end; not told of one that was stopped or whose telephone hung up."""

    type: Literal["announcement_ended"] = "announcement_ended"
    call_id: str
    name: Announcement


class PhoneRecorded(Frozen):
    """
    Told again to every new client, until the call is closed: its owner may have been away.

    :param key: in Redis, for an hour: a sealed sound (``relay.phone.recordings``). None: nothing was said.
    """

    type: Literal["phone_recorded"] = "phone_recorded"
    call_id: str
    key: str | None
    duration_s: float


class RecordingEnded(Frozen):
    type: Literal["recording_ended"] = "recording_ended"
    call_id: str


class PhoneSoundChanged(Frozen):
    """The hold watcher, on change."""

    type: Literal["phone_sound"] = "phone_sound"
    call_id: str
    sound: PhoneSound


class PhoneTextOffered(Frozen):
    """The phone leg agreed on real-time text (RFC 4103), or ends it."""

    type: Literal["phone_text"] = "phone_text"
    call_id: str
    enabled: bool


class PhoneReferred(Frozen):
    """
    The phone party asks to be transferred to ``number``: our dialling rules decide (``Dial.replaces`` or
    :class:`RefuseReferral`).
    """

    type: Literal["phone_referred"] = "phone_referred"
    call_id: str
    attempt: str
    number: str


class PhoneTransferFailed(Frozen):
    type: Literal["phone_transfer_failed"] = "phone_transfer_failed"
    call_id: str
    sip_code: int | None = None


class PhoneStatsEvent(Frozen):
    """Once every 2 s per answered phone leg."""

    type: Literal["phone_stats"] = "phone_stats"
    call_id: str
    attempt: str
    stats: PhoneStats


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
