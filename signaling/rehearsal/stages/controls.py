"""
What the interpreter can do with the phone party and the picture: hold, keys, microphone, camera.

The interpreter's voice sounds all along (``telephone.hear``): silence at the phone is then the service's doing.
"""

import asyncio

from signaling.call_terms import Action
from signaling.rehearsal.model import Proof
from signaling.rehearsal.play import CallInPlay
from signaling.rehearsal.proofs import DEAF_PHONE

DIGITS = "12#"
PIPELINE_S = 0.5  # pictures under way when the picture is hidden: jitter buffer and decoder


async def hold(play: CallInPlay) -> None:
    await _act_told(play, "hold")
    play.prove("hold", await play.phone_and_agent_hear((), (), announced=True))


async def resume(play: CallInPlay) -> None:
    await _act_told(play, "resume")
    play.prove("resume", await play.phone_and_agent_hear(("agent",), ("phone",)))


async def dtmf(play: CallInPlay) -> None:
    await play.act(play.agent, "dtmf", digits=DIGITS)
    play.prove("dtmf", await _digits_arrive(play))


async def _digits_arrive(play: CallInPlay) -> Proof:
    got: str | None = ""

    async def ask() -> bool:
        nonlocal got
        got = await play.phone_digits()
        return got is None or got == DIGITS

    await play.eventually(ask)
    if got is None:
        return Proof(None, DEAF_PHONE)
    return Proof(got == DIGITS, f"{len(got)} touches" + ("" if got == DIGITS else " : non conformes"))


async def mute(play: CallInPlay) -> None:
    await _act_told(play, "mute")
    play.prove("mute", await play.phone_and_agent_hear((), ("phone",)))


async def unmute(play: CallInPlay) -> None:
    await _act_told(play, "unmute")
    play.prove("unmute", await play.phone_and_agent_hear(("agent",), ("phone",)))


async def hide(play: CallInPlay) -> None:
    await _act_told(play, "hide_picture")
    await asyncio.sleep(PIPELINE_S)
    came = (await play.new_pictures(play.signer))["signer"]
    play.prove("hide", Proof(came == 0, f"{came} images"))


async def show(play: CallInPlay) -> None:
    await _act_told(play, "show_picture")
    came = (await play.pictures_go_on(play.signer))["signer"]
    play.prove("show", Proof(came >= play.least_pictures, f"{came} images"))


_OPPOSITE: dict[Action, Action] = {
    "hold": "resume",
    "resume": "hold",
    "mute": "unmute",
    "unmute": "mute",
    "hide_picture": "show_picture",
    "show_picture": "hide_picture",
}


async def _act_told(play: CallInPlay, action: Action) -> None:
    """Do it, and wait until the agent's page offers the opposite."""
    await play.act(play.agent, action)
    await play.agent.client.wait_call(
        lambda call: _OPPOSITE[action] in call.actions, play.plan.step_timeout_s, f"{action} confirmé"
    )
