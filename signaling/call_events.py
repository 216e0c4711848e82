"""What happens to a call (events) and what it asks for (commands): plain values, no effects."""

from typing import NamedTuple

from interpreter_queue.model import Trade
from relay.model import Announcement, PhoneOutcome, PhoneProgress, PhoneSound
from signaling.call_model import Action, Mode, Party, PhoneLegState


class Alerting(NamedTuple):
    """The queue alerts one agent."""


class AlertEnded(NamedTuple):
    """Declined, silent or gone: the request waits on at its place."""


class Assigned(NamedTuple):
    agent_key: str
    assignment_id: str
    trade: Trade


class QueueGaveUp(NamedTuple):
    """The queue cannot serve the request any more (closed, full)."""


class Act(NamedTuple):
    """
    A party does something.

    :param target: for ``dial``, ``join_phone`` and ``transfer``, already checked against the dialling rules; None:
        the last number again, or (``transfer``) the second phone party.
    :param mode: for ``accept``, with ``voice``, ``hearing`` and the ``device`` that takes the call.
    :param location: for ``dial`` with an emergency number: where the signer is; None: nothing new.
    """

    party: Party
    action: Action
    target: str | None = None
    display: str | None = None
    digits: str | None = None
    mode: Mode | None = None
    voice: bool = False
    hearing: bool = False
    device: str | None = None
    location: str | None = None


class PageCame(NamedTuple):
    """
    :param has_media: only its WebSocket was away; its peer connection still stands.
    :param device: the party's call is on this device from now on; None: where it was.
    """

    party: Party
    has_media: bool = False
    device: str | None = None


class PageWent(NamedTuple):
    party: Party


class LegConnected(NamedTuple):
    party: Party


class LegDisconnected(NamedTuple):
    party: Party


class MediaLost(NamedTuple):
    """The media worker of this call is gone: everyone needs a new peer connection."""


class PhoneReport(NamedTuple):
    attempt: str
    progress: PhoneProgress
    outcome: PhoneOutcome | None = None
    sip_code: int | None = None


class PhoneVoice(NamedTuple):
    speaking: bool


class PhoneSoundHeard(NamedTuple):
    """The hold watcher, on change."""

    sound: PhoneSound


class PhoneTextAgreed(NamedTuple):
    enabled: bool


class PhoneReferred(NamedTuple):
    """The phone party asks to be transferred; ``target`` is checked against the dialling rules already."""

    attempt: str
    target: str
    display: str


class AnnouncementOver(NamedTuple):
    name: Announcement


class MessageRecorded(NamedTuple):
    """:param key: of the sound in Redis; None: nothing was said. :param duration_s: of the sound."""

    key: str | None
    duration_s: float


class RecordingOver(NamedTuple):
    """The message has been played to its end."""


class Tick(NamedTuple):
    """The deadline of :func:`next_deadline` has come."""


Event = (
    Alerting
    | AlertEnded
    | Assigned
    | QueueGaveUp
    | Act
    | PageCame
    | PageWent
    | LegConnected
    | LegDisconnected
    | MediaLost
    | PhoneReport
    | PhoneVoice
    | PhoneSoundHeard
    | PhoneTextAgreed
    | PhoneReferred
    | AnnouncementOver
    | MessageRecorded
    | RecordingOver
    | Tick
)

# --- commands ---------------------------------------------------------------------------------------------


class Enqueue(NamedTuple):
    """:param resumed: back at the head: this signer has been served already."""

    resumed: bool


class LeaveQueue(NamedTuple):
    pass


class OpenMedia(NamedTuple):
    """A new peer connection for this party."""

    party: Party


class CloseMedia(NamedTuple):
    pass


class TakeIncoming(NamedTuple):
    """Answer the telephone that calls, unless that is done already."""

    leg: PhoneLegState


class RingDevices(NamedTuple):
    """Reach also those devices of ``person`` whose page is closed (Web Push)."""

    person: str


class DialPhone(NamedTuple):
    """:param replaces: attempt whose party asked to be transferred to this number; it goes once this one answers."""

    leg: PhoneLegState
    replaces: str | None = None


class HoldPhone(NamedTuple):
    held: bool


class SendDtmf(NamedTuple):
    digits: str


class HangUpPhone(NamedTuple):
    """:param attempt: one phone leg; None: all of them."""

    attempt: str | None = None


class TransferPhone(NamedTuple):
    """:param target: None: to the second phone party."""

    target: str | None


class RefuseReferral(NamedTuple):
    """The phone party on this attempt is told that it is not transferred."""

    attempt: str


class WatchHold(NamedTuple):
    enabled: bool


class RecordMessage(NamedTuple):
    """:param receiver: person id; the sound is sealed for them."""

    receiver: str


class PlayRecording(NamedTuple):
    """:param key: None: stop. :param receiver: person id the sound is sealed for."""

    key: str | None
    receiver: str


class KeepMissed(NamedTuple):
    """
    For the receiver's inbox.

    :param receiver: person id. :param number: of the caller, E.164, None: anonymous. :param at: Unix seconds.
    :param recording: key of a voice message in Redis, gone in an hour; ``message_s``: how long it is.
    """

    receiver: str
    number: str | None
    at: float
    recording: str | None = None
    message_s: float | None = None


class ReleaseAgent(NamedTuple):
    agent_key: str
    wrap_up: bool


class WriteRecord(NamedTuple):
    pass


class ReportAbuse(NamedTuple):
    by: str


#: What is done to the call's telephones, in a lane of its own (``signaling.phone_commands``).
PhoneCommand = (
    TakeIncoming
    | DialPhone
    | HoldPhone
    | SendDtmf
    | HangUpPhone
    | TransferPhone
    | RefuseReferral
    | WatchHold
    | RecordMessage
    | PlayRecording
)
Command = (
    Enqueue
    | LeaveQueue
    | OpenMedia
    | CloseMedia
    | RingDevices
    | KeepMissed
    | ReleaseAgent
    | WriteRecord
    | ReportAbuse
    | PhoneCommand
)
