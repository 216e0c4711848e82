"""What each stage of a course does, by subject; the order is the scenario's."""

from collections.abc import Awaitable, Callable

from signaling.rehearsal.model import Stage
from signaling.rehearsal.play import CallInPlay
from signaling.rehearsal.stages import being_called, controls, loss, measuring, meeting, parting, telephone

STAGES: dict[Stage, Callable[[CallInPlay], Awaitable[None]]] = {
    "ask_emergency": meeting.ask_emergency,
    "request_emergency": meeting.request_emergency,
    "be_called": being_called.be_called,
    "accept": being_called.accept,
    "caller_presses": being_called.caller_presses,
    "caller_hangs_up": being_called.caller_hangs_up,
    "request": meeting.request,
    "meet": meeting.meet,
    "alerts": meeting.judge_alerts,
    "see": meeting.see,
    "see_again": meeting.see_again,
    "type": meeting.type_text,
    "dial": telephone.dial,
    "dial_in_vain": telephone.dial_in_vain,
    "dial_second": telephone.dial_second,
    "hear": telephone.hear,
    "hear_again": telephone.hear_again,
    "hang_up_phone": telephone.hang_up_phone,
    "phone_gone": telephone.phone_gone,
    "stay": telephone.stay,
    "measure": measuring.measure,
    "visibility": measuring.wait_visibility,
    "hold": controls.hold,
    "resume": controls.resume,
    "dtmf": controls.dtmf,
    "mute": controls.mute,
    "unmute": controls.unmute,
    "hide": controls.hide,
    "show": controls.show,
    "lose_agent": loss.lose_agent,
    "take_over": loss.take_over,
    "agent_returns": loss.agent_returns,
    "lose_signer": loss.lose_signer,
    "signer_returns": loss.signer_returns,
    "outlast": loss.outlast,
    "hang_up": parting.hang_up,
    "agent_hangs_up": parting.agent_hangs_up,
    "wait_end": parting.wait_end,
    "rate": parting.rate,
    "wrap_up": parting.wrap_up,
    "refuse_note": parting.refuse_note,
    "finish": parting.finish,
    "record": parting.record,
}
