"""What happens to a call (events) and what it asks for (commands): plain values, no effects."""

from typing import NamedTuple

from interpreter_queue.model import Trade
from relay.model import Announcement, PhoneOutcome, PhoneProgress, PhoneSound
from signaling.call_model import Action, Line, Mode, Party, PhoneLegState, TransferTarget


class Alerting(NamedTuple):
    """The queue alerts one agent. :param request_id: as in every word of the queue's: of a second party, or None."""

    request_id: str | None = None


class AlertEnded(NamedTuple):
    """Declined, silent or gone: the request waits on at its place."""

    request_id: str | None = None


class Assigned(NamedTuple):
    """:param request_id: None: the call's own. :param name: of the agent, as colleagues call them."""

    agent_key: str
    assignment_id: str
    trade: Trade
    request_id: str | None = None
    name: str | None = None


class QueueGaveUp(NamedTuple):
    """The queue cannot serve the request any more (closed, full)."""

    request_id: str | None = None


class SupervisorAsks(NamedTuple):
    """
    A supervisor wants to join a direct call; means nothing where nobody may (``call_second.may_be_joined``).

    :param name: shown to everybody in the call.
    """

    key: str
    name: str


class Act(NamedTuple):
    """
    A party does something.

    :param target: for ``dial``, ``join_phone`` and ``transfer``, already checked against the dialling rules; None:
        the last number again, or (``transfer``) the second phone party.
    :param mode: for ``accept``, with ``voice``, ``hearing`` and the ``device`` that takes the call.
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
    | Tick
)

# --- commands ---------------------------------------------------------------------------------------------


class Enqueue(NamedTuple):
    """
    What is asked of the queue follows from the call as it is then (``signaling.queue_requests``).

    :param request_id: the call's own, or of its second party.
    """

    request_id: str


class LeaveQueue(NamedTuple):
    request_id: str


class OpenMedia(NamedTuple):
    """A new peer connection for this party."""

    party: Party


class CloseMedia(NamedTuple):
    """:param party: who leaves; None: everybody."""

    party: Party | None = None


class PromoteSecond(NamedTuple):
    """The second's peer connection is the agent's from now on: nothing is cut."""


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
    """:param request_id: by which the agent served."""

    agent_key: str
    request_id: str
    wrap_up: bool


class HoldAgent(NamedTuple):
    """For the queue's figures: the phone party is on hold, or the signer waits during a consultation."""

    agent_key: str
    held: bool


class AskCallback(NamedTuple):
    """:param at: Unix seconds, not before; None: when its place in line comes up."""

    at: float | None


class WriteRecord(NamedTuple):
    pass


class ReportAbuse(NamedTuple):
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
    | WriteRecord
    | ReportAbuse
    | QueueCommand
    | PhoneCommand
)
