"""The nouns of a call: plain values shared by the state machine, the protocol and the records."""

from enum import StrEnum
from typing import Literal, get_args

CallKind = Literal["relay", "direct"]
#: ARCEP's codes (PRODUCT): LSF and its open variants, cued speech, transcription, deafblind, aphasia.
Mode = Literal["LSF", "LSFA", "LfPC", "LfPCA", "TTH", "TTA", "CAS", "CAA"]
Party = Literal["signer", "agent"]


class CallState(StrEnum):
    QUEUED = "queued"  # in the queue's hands
    ALERTING = "alerting"  # one agent is being alerted
    BRIEFING = "briefing"  # relay: both see each other, nothing dialled
    TALKING = "talking"  # direct: both see each other, no phone
    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"  # the phone party is on the line
    AFTER_PHONE = "after_phone"  # relay: the phone is gone, both stay until the signer chooses
    ENDED = "ended"


#: What a party may ask for; which are open now follows from the machine's table.
Action = Literal[
    "hang_up",  # signer: end the call. Agent: end it (direct), leave only with the signer gone (relay)
    "dial",  # place the phone leg: first, again, or another number
    "hang_up_phone",
    "hold",
    "resume",
    "dtmf",
    "mute",
    "unmute",
    "hide_picture",
    "show_picture",
    "end_and_report_abuse",
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
    "failed",  # our side
]
EndFault = Literal["nobody", "signer", "agent", "phone", "service"]
