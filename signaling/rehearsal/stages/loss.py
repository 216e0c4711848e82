"""People who disappear in the middle of a call: page and media at once. Some come back."""

import asyncio

from signaling.call_terms import CallState
from signaling.messages.serving import PresenceSet
from signaling.rehearsal.model import Proof
from signaling.rehearsal.play import CallInPlay
from signaling.rehearsal.proofs import together

OUTLAST_S = 0.7  # beyond the grace


async def lose_agent(play: CallInPlay) -> None:
    """The phone party waits on hold, and the signer at the head of the line."""
    await play.agent.vanish()
    waiting = await play.wait_state(
        lambda call: not call.agent.present and call.phone.held, "remise en file", play.plan.alert_timeout_s
    )
    is_up = waiting.phone.outcome is None
    told = Proof(is_up, "en attente" if is_up else f"téléphone parti : {waiting.phone.outcome}")
    play.prove("phone_waits", told)


async def take_over(play: CallInPlay) -> None:
    """Another agent has the same call, the phone still there and on hold until this agent takes it off."""
    call = await play.wait_state(lambda call: call.state is CallState.ACTIVE, "reprise")
    first, second = play.served[0], play.agent
    second.voice.sounding = True
    silent = await play.phone_hears(announced=True)
    is_other = first.ident != second.ident
    is_up = call.phone.outcome is None and call.phone.held
    measured = f"{'une autre' if is_other else 'la même'}, téléphone {'en attente' if is_up else 'absent'}"
    play.prove("taken_over", together(Proof(is_other and is_up, measured), silent))
    await play.act(second, "resume")
    await play.wait_state(lambda call: not call.phone.held, "fin de l’attente")


async def agent_returns(play: CallInPlay) -> None:
    """The first one's page comes back too late: no call for it, and the second one keeps it."""
    first = play.served[0]
    welcome = await first.client.reopen()
    await first.client.ask(PresenceSet(presence="offline"))
    kept = play.is_state(CallState.ACTIVE) and first.client.call is None
    measured = "sans appel" if kept and not welcome.resumed else "avec un appel"
    play.prove("not_given_back", Proof(kept and not welcome.resumed, measured))


async def lose_signer(play: CallInPlay) -> None:
    await play.signer.vanish()
    call = await play.wait_state(lambda call: not call.signer.present, "départ du signeur")
    is_up = call.state is CallState.ACTIVE and call.phone.outcome is None
    play.prove("loss_told", Proof(is_up, "dit, téléphone en ligne" if is_up else f"dit, état {call.state.value}"))


async def signer_returns(play: CallInPlay) -> None:
    """By its resume token, as after a reload: the service gives the call back and offers media again."""
    welcome = await play.signer.client.reopen()
    call = await play.wait_state(
        lambda call: call.signer.present and call.signer.connected and call.agent.connected, "retour du signeur"
    )
    is_same = welcome.resumed and call.state is CallState.ACTIVE
    play.prove("same_call", Proof(is_same, "retrouvé" if is_same else f"{call.state.value}, resumed={welcome.resumed}"))


async def outlast(play: CallInPlay) -> None:
    """The signer's grace runs out, and the phone party stays: the agent decides."""
    await asyncio.sleep(play.plan.times.signer_grace_s + OUTLAST_S)
    is_up = play.is_state(CallState.ACTIVE)
    play.prove("not_ended", Proof(is_up, "en ligne" if is_up else "terminé"))
