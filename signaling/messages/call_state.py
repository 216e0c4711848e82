"""The whole call as one party may see it, and the views it is made of."""

from typing import Literal

from pydantic import Field

from interpreter_queue.model import Trade
from relay.model import PhoneOutcome, PhoneProgress, PhoneSound, SecondRole
from signaling.call_terms import Action, Announce, CallKind, CallState, Direction, EndFault, EndReason, Mode, Party
from signaling.messages.base import Message


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
