"""What signaling and the phone worker say to each other; part of the protocol of ``relay.control_messages``."""

from typing import Literal

from pydantic import Field

from relay.model import (
    Announcement,
    Command,
    Frozen,
    Leg,
    PhoneOutcome,
    PhoneProgress,
    PhoneSound,
    PhoneStats,
)

# --- commands ---------------------------------------------------------------------------------------------


class Keep(Command):
    """
    The owner still has this call; a phone leg whose call is not kept is ended. Unknown calls are no error.

    Result ``{"attempt": str, "progress": PhoneProgress}`` of the leg that is there, else ``{"progress": "ended",
    "since": float}``: an owner may have missed an event, or this worker is a new one, started then (Unix seconds).
    """

    type: Literal["keep"] = "keep"


class Dial(Command):
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


class SetPhoneAudio(Command):
    """
    Where the call's media worker listens, and who hears whom (``relay.routing.Routes.hears``).

    The phone worker mixes for each destination the sources named; a source not named is silent for it.
    """

    type: Literal["set_phone_audio"] = "set_phone_audio"
    worker_socket: str = Field(description="the media worker's audio datagrams: a path, or udp:// elsewhere")
    hears: dict[Leg, tuple[Leg, ...]]


class _PhoneCommand(Command):
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


class RefuseReferral(Command):
    """The transfer that the party ``attempt`` asked for is not made: it is told so (603). None asked for: no error."""

    type: Literal["refuse_referral"] = "refuse_referral"
    attempt: str


class TakeIncoming(Command):
    """
    Answer the telephone that :class:`PhoneIncoming` told of, as ``attempt``. ``unknown_leg``: it is gone.
    Signaling processes that all heard of it agree by the call's lease.
    """

    type: Literal["take_incoming"] = "take_incoming"
    attempt: str


class RefuseIncoming(Command):
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


class RecordMessage(Command):
    """
    After « leave_message »: keep what the caller says until ``#``, silence, hanging up or ``limit_s``, then tell
    :class:`PhoneRecorded`. The sound goes to Redis, encrypted for ``receiver`` alone, and nowhere else.
    One message a call: repeated, the command changes nothing, and what was told already is told again.

    :param receiver: person id. :param limit_s: longest message, s.
    """

    type: Literal["record_message"] = "record_message"
    receiver: str
    limit_s: float = Field(default=120.0, gt=0, le=600)


class PlayRecording(Command):
    """
    A message to those who hear the phone (``SetPhoneAudio.hears``), from its beginning; :class:`RecordingEnded`
    follows.

    :param key: in Redis, of a sealed sound as :class:`PhoneRecorded` names it; None: stop.
    :param receiver: person id the sound is sealed for.
    """

    type: Literal["play_recording"] = "play_recording"
    key: str | None
    receiver: str = ""


class WatchHold(Command):
    """Tell speech from music and silence in the phone party's sound (``phone_sound``), or stop doing so."""

    type: Literal["watch_hold"] = "watch_hold"
    enabled: bool


# --- events -----------------------------------------------------------------------------------------------


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
