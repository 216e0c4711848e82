"""A hearing person calls the signer: rung, told what happens, accepted; keys; who hangs up first."""

from signaling.call_terms import CallState
from signaling.messages.call import CallAct, PhoneKey
from signaling.rehearsal.caller_phone import CallerPhone
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.model import Proof
from signaling.rehearsal.play import CallInPlay

KEY = "5"


async def be_called(play: CallInPlay) -> None:
    """The signer's page rings, and the caller hears an announcement meanwhile."""
    welcome = play.signer.client.welcome
    if welcome is None or welcome.number is None:
        raise RehearsalError("no_number", "le service ne donne pas de numéro relais")
    play.number = welcome.number
    caller = _caller(play)
    await caller.call(play.number)
    call = await play.signer.client.wait_call(
        lambda call: call.state is CallState.INCOMING, play.plan.ring_timeout_s, "appel entrant"
    )
    play.call_id = call.call_id
    play.desk.expect(call.call_id, play.plan.scenario.alerts)
    play.step("incoming", call.phone.number or "anonyme")

    async def has_heard() -> bool:
        return caller.has_heard

    told = await play.eventually(has_heard)
    play.prove("caller_told", Proof(told, "entend une annonce" if told else "n’entend rien"))


async def accept(play: CallInPlay) -> None:
    plan = play.plan
    await play.signer.client.ask(
        CallAct(call_id=play.call_id, action="accept", mode=plan.mode, voice=plan.voice, hearing=plan.hearing)
    )
    play.step("queued")


async def caller_presses(play: CallInPlay) -> None:
    await _caller(play).press(KEY)
    key = await play.agent.client.wait_for(PhoneKey, play.plan.step_timeout_s)
    play.prove("caller_key", Proof(key.digit == KEY, "reçue" if key.digit == KEY else "non conforme"))


async def caller_hangs_up(play: CallInPlay) -> None:
    await _caller(play).hang_up()


def _caller(play: CallInPlay) -> CallerPhone:
    caller = play.equipment.caller
    if caller is None:
        raise RehearsalError("no_demo_phone", "ce service n’a pas de téléphone de démonstration")
    return caller
