"""
What happens to a call (events) and what it asks for (commands): plain values, no effects.

Not named tuples: two of those with the same fields are equal whatever they mean.
"""

from dataclasses import dataclass

from interpreter_queue.model import Trade
from relay.model import Announcement, PhoneOutcome, PhoneProgress, PhoneSound
from signaling.call_model import Line, PhoneLegState, TransferTarget
from signaling.call_terms import Action, DeviceType, Mode, Party


@dataclass(frozen=True)
class Alerting:
    """The queue alerts one agent. :param request_id: as in every word of the queue's: of a second party, or None."""

    request_id: str | None = None


@dataclass(frozen=True)
class AlertEnded:
    """Declined, silent or gone: the request waits on at its place."""

    request_id: str | None = None


@dataclass(frozen=True)
class Assigned:
    """
    :param request_id: None: the call's own. :param name: of the agent, as colleagues call them.
    :param hears: the agent does; False too where this is not known.
    """

    agent_key: str
    assignment_id: str
    trade: Trade
    request_id: str | None = None
    name: str | None = None
    hears: bool = False


@dataclass(frozen=True)
class QueueGaveUp:
    """The queue cannot serve the request any more (closed, full)."""

    request_id: str | None = None


@dataclass(frozen=True)
class SupervisorAsks:
    """
    A supervisor wants to join a direct call; means nothing where nobody may (``call_second.may_be_joined``).

    :param name: shown to everybody in the call.
    """

    key: str
    name: str


@dataclass(frozen=True)
class Act:
    """
    A party does something.

    :param target: for ``dial``, ``join_phone`` and ``transfer``, already checked against the dialling rules; None:
        the last number again, or (``transfer``) the second phone party.
    :param mode: for ``accept``, with ``voice``, ``hearing``, the ``device`` that takes the call and its type, and
        whether the own picture may be ``watched``.
    :param location: for ``dial`` with an emergency number: where the signer is; None: nothing new.
    :param to: for ``consult``, ``transfer_call`` and ``call_second``; None: anybody who may serve the call.
    :param at: for ``ask_callback``: Unix seconds; None: when its place in line comes up.
    :param line: for ``accept`` of an incoming call: where it waits for an agent, in the mode chosen.
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
    to: TransferTarget | None = None
    at: float | None = None
    line: Line | None = None
    watched: bool = True
    device_type: DeviceType | None = None


@dataclass(frozen=True)
class WatchSet:
    """Whether this party's own picture is analysed: their choice."""

    party: Party
    enabled: bool


@dataclass(frozen=True)
class PageCame:
    """
    :param has_media: only its WebSocket was away; its peer connection still stands.
    :param device: the party's call is on this device from now on; None: where it was.
    """

    party: Party
    has_media: bool = False
    device: str | None = None


@dataclass(frozen=True)
class PageWent:
    party: Party


@dataclass(frozen=True)
class LegConnected:
    party: Party


@dataclass(frozen=True)
class LegDisconnected:
    party: Party


@dataclass(frozen=True)
class MediaLost:
    """The media worker of this call is gone: everyone needs a new peer connection."""


@dataclass(frozen=True)
class PhoneReport:
    attempt: str
    progress: PhoneProgress
    outcome: PhoneOutcome | None = None
    sip_code: int | None = None


@dataclass(frozen=True)
class PhoneVoice:
    speaking: bool


@dataclass(frozen=True)
class PhoneSoundHeard:
    """The hold watcher, on change."""

    sound: PhoneSound


@dataclass(frozen=True)
class PhoneTextAgreed:
    enabled: bool


@dataclass(frozen=True)
class PhoneReferred:
    """The phone party asks to be transferred; ``target`` is checked against the dialling rules already."""

    attempt: str
    target: str
    display: str


@dataclass(frozen=True)
class AnnouncementOver:
    name: Announcement


@dataclass(frozen=True)
class MessageRecorded:
    """:param key: of the sound in Redis; None: nothing was said. :param duration_s: of the sound."""

    key: str | None
    duration_s: float


@dataclass(frozen=True)
class RecordingOver:
    """The message has been played to its end."""


@dataclass(frozen=True)
class Tick:
    """The deadline of :func:`next_deadline` has come."""


Event = (
    Alerting
    | AlertEnded
    | Assigned
    | QueueGaveUp
    | SupervisorAsks
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
    | WatchSet
    | Tick
)

# --- commands ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enqueue:
    """
    What is asked of the queue follows from the call as it is then (``signaling.queue_requests``).

    :param request_id: the call's own, or of its second party.
    """

    request_id: str


@dataclass(frozen=True)
class LeaveQueue:
    request_id: str


@dataclass(frozen=True)
class OpenMedia:
    """A new peer connection for this party."""

    party: Party


@dataclass(frozen=True)
class CloseMedia:
    """:param party: who leaves; None: everybody."""

    party: Party | None = None


@dataclass(frozen=True)
class PromoteSecond:
    """The second's peer connection is the agent's from now on: nothing is cut."""


@dataclass(frozen=True)
class TakeIncoming:
    """Answer the telephone that calls, unless that is done already."""

    leg: PhoneLegState


@dataclass(frozen=True)
class RingDevices:
    """Reach also those devices of ``person`` whose page is closed (Web Push)."""

    person: str


@dataclass(frozen=True)
class DialPhone:
    """:param replaces: attempt whose party asked to be transferred to this number; it goes once this one answers."""

    leg: PhoneLegState
    replaces: str | None = None


@dataclass(frozen=True)
class HoldPhone:
    held: bool


@dataclass(frozen=True)
class SendDtmf:
    digits: str


@dataclass(frozen=True)
class HangUpPhone:
    """:param attempt: one phone leg; None: all of them."""

    attempt: str | None = None


@dataclass(frozen=True)
class TransferPhone:
    """:param target: None: to the second phone party."""

    target: str | None


@dataclass(frozen=True)
class RefuseReferral:
    """The phone party on this attempt is told that it is not transferred."""

    attempt: str


@dataclass(frozen=True)
class WatchHold:
    enabled: bool


@dataclass(frozen=True)
class RecordMessage:
    """:param receiver: person id; the sound is sealed for them."""

    receiver: str


@dataclass(frozen=True)
class PlayRecording:
    """:param key: None: stop. :param receiver: person id the sound is sealed for."""

    key: str | None
    receiver: str


@dataclass(frozen=True)
class KeepMissed:
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


@dataclass(frozen=True)
class ReleaseAgent:
    """:param request_id: by which the agent served."""

    agent_key: str
    request_id: str
    wrap_up: bool


@dataclass(frozen=True)
class HoldAgent:
    """For the queue's figures: the phone party is on hold, or the signer waits during a consultation."""

    agent_key: str
    held: bool


@dataclass(frozen=True)
class AskCallback:
    """:param at: Unix seconds, not before; None: when its place in line comes up."""

    at: float | None


@dataclass(frozen=True)
class TellAgent:
    """:param code: of ``signaling.page_errors``."""

    code: str


@dataclass(frozen=True)
class WriteRecord:
    pass


@dataclass(frozen=True)
class ReportAbuse:
    by: str


#: What is asked of the queue, in a lane of its own (``signaling.queue_commands``).
QueueCommand = Enqueue | LeaveQueue | ReleaseAgent | HoldAgent
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
    OpenMedia
    | CloseMedia
    | PromoteSecond
    | RingDevices
    | KeepMissed
    | AskCallback
    | TellAgent
    | WriteRecord
    | ReportAbuse
    | QueueCommand
    | PhoneCommand
)
