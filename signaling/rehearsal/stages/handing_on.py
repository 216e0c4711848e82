"""An interpreter hands a call on in the middle of it: by asking a colleague first, or at once."""

from signaling.call_terms import CallState
from signaling.messages.serving import WrapUpFinish
from signaling.rehearsal.model import Proof
from signaling.rehearsal.play import CallInPlay
from signaling.rehearsal.proofs import together


async def consult(play: CallInPlay) -> None:
    """The two are by themselves: the signer sees no new picture, the phone hears nobody though both go on speaking."""
    first = play.agent
    await play.act(first, "consult")
    second = await play.desk.agent_of(play.call_id, play.plan.alert_timeout_s)
    await second.client.wait_call(
        lambda call: call.second is not None and call.second.connected, play.plan.step_timeout_s, "avis d’un collègue"
    )
    play.consulted = (first.ident,)
    play.give_to(second)
    second.voice.sounding = True
    silent = await play.phone_hears(announced=True)
    came = (await play.new_pictures(play.signer))["signer"]
    play.prove("signer_waits", together(Proof(came == 0, f"signeur : {came} images"), silent))


async def hand_over(play: CallInPlay) -> None:
    """The second one goes on: the phone is there at once, and the signer was in no line again."""
    first, second = play.served[-2:]
    await play.act(first, "hand_over")
    call = await play.wait_state(lambda call: call.second is None and call.transferred, "relève")
    goes_on = call.state is CallState.ACTIVE and not call.phone.held and call.phone.outcome is None
    is_other = first.ident != second.ident
    measured = f"{'une autre' if is_other else 'la même'}, {call.state.value}"
    play.prove("handed_over", Proof(is_other and goes_on, measured))


async def hand_on(play: CallInPlay) -> None:
    """To whoever is free next: the phone party waits on hold, the signer at the head of the line."""
    await play.act(play.agent, "transfer_call")
    waiting = await play.wait_state(lambda call: call.transferred and call.phone.held, "remise en file")
    is_up = waiting.phone.outcome is None
    told = Proof(is_up, "en attente" if is_up else f"téléphone parti : {waiting.phone.outcome}")
    play.prove("phone_waits", told)


async def first_finishes(play: CallInPlay) -> None:
    """Whoever handed it on is in wrap-up, as after any call."""
    await play.served[0].client.ask(WrapUpFinish())
