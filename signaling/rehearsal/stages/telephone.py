"""The phone leg: dialled, answered or not, heard, ended; and both who stay together after it."""

from relay.model import PhoneOutcome
from signaling.call_terms import CallState
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.participant import Participant
from signaling.rehearsal.play import CallInPlay

UP = (CallState.RINGING, CallState.ACTIVE)


async def dial(play: CallInPlay) -> None:
    _expect_answer(await _dial(play, play.agent))


async def dial_in_vain(play: CallInPlay) -> None:
    if await _dial(play, play.agent) is None:
        raise RehearsalError("otherwise_answered", "réponse inattendue")


async def dial_second(play: CallInPlay) -> None:
    """The signer, not the agent, dials another number in the same call."""
    play.number = play.equipment.second or play.number
    _expect_answer(await _dial(play, play.signer, play.number))


def _expect_answer(outcome: PhoneOutcome | None) -> None:
    if outcome is not None:
        raise RehearsalError("otherwise_answered", f"pas de réponse : {outcome}")


async def _dial(play: CallInPlay, who: Participant, number: str | None = None) -> PhoneOutcome | None:
    """:returns: why nobody answered; None: somebody did."""
    before = play.signer.client.call
    dialled_at = before.phone.dialled_at if before is not None else None
    await play.act(who, "dial", number=number)
    dialling = await play.wait_state(lambda call: call.phone.dialled_at not in (None, dialled_at), "numérotation")
    play.step("dialing", dialling.phone.number or "")
    ringing = await play.wait_state(
        lambda call: call.state in UP or call.phone.outcome is not None, "sonnerie", play.plan.ring_timeout_s
    )
    if ringing.state is CallState.RINGING:
        play.step("ringing")
    final = await play.wait_state(
        lambda call: call.state is CallState.ACTIVE or call.phone.outcome is not None,
        "réponse du téléphone",
        play.plan.ring_timeout_s,
    )
    if final.state is CallState.ACTIVE:
        play.step("active")
        return None
    return final.phone.outcome or "hung_up"


async def hear(play: CallInPlay) -> None:
    await _hear(play, "sound")


async def hear_again(play: CallInPlay) -> None:
    await _hear(play, "sound_again")


async def _hear(play: CallInPlay, name: str) -> None:
    """The agent's voice goes on sounding: what comes next may have to silence it."""
    play.agent.voice.sounding = True
    play.prove(name, await play.phone_and_agent_hear(("agent",), ("phone",)))


async def hang_up_phone(play: CallInPlay) -> None:
    await play.act(play.agent, "hang_up_phone")


async def phone_gone(play: CallInPlay) -> None:
    gone = await play.wait_state(
        lambda call: call.phone.outcome is not None, "fin du téléphone", play.plan.ring_timeout_s
    )
    play.found.outcome = gone.phone.outcome
    play.step("phone_gone", gone.phone.outcome or "")


async def stay(play: CallInPlay) -> None:
    """Pictures go on both ways after the phone is gone, and the call waits for the signer's choice."""
    frames = await play.pictures_go_on(play.signer, play.agent)
    enough = all(count >= play.least_pictures for count in frames.values())
    play.found.stayed_together = enough and play.is_state(CallState.AFTER_PHONE)
    play.step("together", "oui" if play.found.stayed_together else "non")
