"""The terms of a call: the codes that the state machine, the protocol and the records share."""

from enum import StrEnum
from typing import Literal, get_args

from interpreter_queue.model import Trade

#: ``video``: between two signers, without agent; the one who is called is the ``agent`` leg.
CallKind = Literal["relay", "direct", "video"]
Direction = Literal["outgoing", "incoming"]
#: How the phone party learns that a relay is there: the agent says so (default), a recorded voice does, or nobody.
Announce = Literal["agent", "recorded", "none"]
#: ARCEP's codes (PRODUCT): LSF and its open variants, cued speech, transcription, deafblind, aphasia.
Mode = Literal["LSF", "LSFA", "LfPC", "LfPCA", "TTH", "TTA", "CAS", "CAA"]
#: Whose side of a call: ``second`` is whoever comes beside the agent (``relay.model.SecondRole``).
Party = Literal["signer", "agent", "second"]
PARTIES: tuple[Party, ...] = get_args(Party)
#: Who of the two is seen large, and speaks to the telephone, while a team serves.
ActiveParty = Literal["agent", "second"]
#: How far a second party has come (``signaling.messages.call_state.SecondView``).
SecondState = Literal["asked", "sought", "alerting", "joined"]
#: Who sits at a page.
PageRole = Literal["signer", "agent", "supervisor"]
#: What a page is used on; nothing finer is known of anybody's device.
DeviceType = Literal["phone", "tablet", "computer"]
#: Where a caller is who may leave a message: hears what to do, speaks, hears that it is kept.
MessageStage = Literal["prompt", "recording", "kept"]

#: Which trades serve which mode of a relay call, the preferred first (PRODUCT, modes).
TRADES_BY_MODE: dict[Mode, tuple[Trade, ...]] = {
    "LSF": ("interpreter",),
    "LSFA": ("interpreter",),
    "LfPC": ("lfpc_coder",),
    "LfPCA": ("lfpc_coder",),
    "TTH": ("transcriber",),
    "TTA": ("transcriber",),
    "CAS": ("interpreter", "transcriber"),
    "CAA": ("transcriber", "interpreter"),
}


class CallState(StrEnum):
    INCOMING = "incoming"  # the signer's devices are rung; the caller waits
    QUEUED = "queued"  # in the queue's hands
    ALERTING = "alerting"  # one agent is being alerted
    CALLING_BACK = "calling_back"  # call-back: an agent is reserved, the signer's devices are rung
    BRIEFING = "briefing"  # relay: both see each other, nothing dialled
    TALKING = "talking"  # direct: both see each other, no phone
    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"  # the phone party is on the line
    AFTER_PHONE = "after_phone"  # relay: the phone is gone, both stay until the signer chooses
    MESSAGE = "message"  # incoming, nobody came: the caller may leave a voice message
    ENDED = "ended"


TOGETHER = frozenset(
    {
        CallState.BRIEFING,
        CallState.TALKING,
        CallState.DIALING,
        CallState.RINGING,
        CallState.ACTIVE,
        CallState.AFTER_PHONE,
    }
)
WAITING = frozenset({CallState.QUEUED, CallState.ALERTING})

#: What a party may ask for; which are open now follows from the machine's table.
Action = Literal[
    "accept",  # signer, incoming: with the mode chosen
    "decline",
    "hang_up",  # signer: end the call. Agent: end it (direct), leave only with the signer gone (relay)
    "dial",  # place the phone leg: first, again, or another number
    "hang_up_phone",
    "voicemail",  # a machine answered: the phone leg ends as such, the message is taken, redialled once and spoken
    "transfer",  # agent: hand the phone party on, to a number or to the second phone party
    "join_phone",  # agent: dial a second phone party into the call
    "hang_up_joined",
    "play_message",  # a voice message the signer wants relayed
    "stop_message",
    "watch_hold",  # rest while the line plays music
    "stop_watching",
    "hold",
    "resume",
    "dtmf",
    "mute",
    "unmute",
    "hide_picture",
    "show_picture",
    "end_and_report_abuse",
    "ask_callback",  # signer, waiting: be rung later, the place in line is kept
    "consult",  # agent: speak to a colleague first, the signer waits (warm transfer)
    "bring_in",  # from a consultation to all together
    "hand_over",  # the second party becomes the agent, the agent leaves
    "transfer_call",  # to somebody else at once (cold)
    "call_second",  # relay: a second interpreter; direct: an interpreter, or whom the agent names
    "swap",  # of a team: who signs and speaks
    "dismiss_second",  # nobody else is sought, or whoever came leaves
    "allow_supervisor",  # signer and agent, each: a supervisor may join this direct call
    "refuse_supervisor",
]
ACTIONS: tuple[Action, ...] = get_args(Action)

EndReason = Literal[
    "completed",  # ended by choice after the people had been together
    "abandoned",  # the signer left before an agent was there
    "signer_lost",  # the signer's connection did not come back
    "agent_lost",  # no agent could take over
    "agent_ended",  # the agent ended it (direct)
    "abuse_reported",
    "no_agent",  # nobody to serve it: closed, or none with the trade signed in for too long
    "emergency_handed_over",
    "not_answered",  # incoming: none of the signer's devices accepted in time
    "declined",  # incoming: by the signer
    "caller_gave_up",  # incoming: the caller hung up before both were together
    "message_left",  # incoming: a voice message is kept
    "callback_asked",  # the signer waits no longer and is rung later: not abandoned
    "callback_unanswered",  # call-back: nobody took it; tried again
    "callback_declined",  # call-back: the signer needs it no more
    "failed",  # our side
]
EndFault = Literal["nobody", "signer", "agent", "phone", "service"]
