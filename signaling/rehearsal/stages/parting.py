"""The end: who ends the call, what is written afterwards, and what is kept."""

from signaling.call_terms import CallState
from signaling.messages.records import CallRate, Disposition, WrapUpSubmit
from signaling.messages.serving import WrapUpFinish
from signaling.rehearsal.model import Proof
from signaling.rehearsal.play import CallInPlay

DISPOSITION: Disposition = "resolved"
NOTE = "Répétition : note de contrôle"


async def hang_up(play: CallInPlay) -> None:
    await play.act(play.signer, "hang_up")
    await wait_end(play)


async def agent_hangs_up(play: CallInPlay) -> None:
    await play.act(play.agent, "hang_up")
    await wait_end(play)


async def wait_end(play: CallInPlay) -> None:
    ended = await play.wait_state(lambda call: call.state is CallState.ENDED, "fin de l’appel")
    play.found.end_reason = ended.end_reason
    play.step("ended", ended.end_reason or "")


async def rate(play: CallInPlay) -> None:
    await play.signer.client.ask(CallRate(call_id=play.call_id, stars=5))
    play.step("rated")


async def wrap_up(play: CallInPlay) -> None:
    """A direct call takes a disposition and a note; they are found in the records, when those are within reach."""
    await play.agent.client.ask(WrapUpSubmit(call_id=play.call_id, disposition=DISPOSITION, note=NOTE))
    if play.probe is None:
        play.prove("note_kept", Proof(None, "acceptés ; base de données hors de portée"))
        return
    kept = await play.probe.holds_note(play.call_id, DISPOSITION, NOTE)
    play.prove("note_kept", Proof(kept, "acceptés et gardés" if kept else "acceptés, absents de la base"))


async def refuse_note(play: CallInPlay) -> None:
    """Of a relay call nothing is taken (professional secrecy)."""
    code = await play.agent.client.refusal(WrapUpSubmit(call_id=play.call_id, disposition=DISPOSITION, note=NOTE))
    play.prove("note_refused", Proof(code == "not_in_relay", code or "acceptée"))


async def finish(play: CallInPlay) -> None:
    await play.agent.client.ask(WrapUpFinish())


async def record(play: CallInPlay) -> None:
    if play.probe is None:
        return
    play.found.recorded = await play.probe.holds(play.call_id, play.plan.scenario.kind, play.found.end_reason)
    play.step("recorded", "oui" if play.found.recorded else "non")
