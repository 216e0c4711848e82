"""What happens to a call (events) and what it asks for (commands): plain values, no effects."""

from typing import NamedTuple

from interpreter_queue.model import Trade
from relay.model import PhoneOutcome, PhoneProgress
from signaling.call_model import Action, Party, PhoneLegState


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

    :param target: for ``dial``, already checked against the dialling rules; None repeats the last number.
    """

    party: Party
    action: Action
    target: str | None = None
    display: str | None = None
    digits: str | None = None


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


class DialPhone(NamedTuple):
    leg: PhoneLegState


class HoldPhone(NamedTuple):
    held: bool


class SendDtmf(NamedTuple):
    digits: str


class HangUpPhone(NamedTuple):
    pass


class ReleaseAgent(NamedTuple):
    agent_key: str
    wrap_up: bool


class WriteRecord(NamedTuple):
    pass


class ReportAbuse(NamedTuple):
    by: str


Command = (
    Enqueue
    | LeaveQueue
    | OpenMedia
    | CloseMedia
    | DialPhone
    | HoldPhone
    | SendDtmf
    | HangUpPhone
    | ReleaseAgent
    | WriteRecord
    | ReportAbuse
)
