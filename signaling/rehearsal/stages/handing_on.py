"""An interpreter hands a call on in the middle of it; ``loss.take_over`` is the rest."""

from signaling.queue_messages import WrapUpFinish
from signaling.rehearsal.model import Proof
from signaling.rehearsal.play import CallInPlay


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
