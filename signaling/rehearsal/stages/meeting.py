"""The call is asked for, an agent of ours takes it, both see each other and type."""

import asyncio
import time

from relay.model import WebLeg
from relay.phone.emergency import EMERGENCY_NUMBERS
from signaling.messages.call import CallRequest, EmergencyNotice
from signaling.numbers import DRILL
from signaling.rehearsal import proofs
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.model import Proof, TextSeen
from signaling.rehearsal.participant import Participant
from signaling.rehearsal.play import CallInPlay

BRAND = "rehearsal"  # made with every database (signaling.records.bootstrap), open to rehearsals alone
RELAYED_FIRST = "115"
TEXTS: dict[WebLeg, str] = {"signer": "Bonjour, ici le 01 🙂", "agent": "Bien reçu, j’appelle"}
TEXT_PIECE = 4  # characters at a time, as typed
TEXT_PAUSE_S = 0.1
ALERT_ENDINGS = {"decline": "declined", "ignore": "not_responding"}


async def ask_emergency(play: CallInPlay) -> None:
    """However it is written, the page offers 114 at once, and no call begins."""
    missed = [typed for typed in typed_emergencies() if not await _is_offered_114(play, typed)]
    count = len(typed_emergencies())
    began = play.signer.client.call is not None
    measured = f"{count - len(missed)} écritures sur {count}" + (" ; un appel a commencé" if began else "")
    play.prove("recognised", Proof(not missed and not began, measured))


def typed_emergencies() -> tuple[str, ...]:
    """:returns: each number for which 114 is offered, as people and directories write it."""
    numbers = [entry.number for entry in EMERGENCY_NUMBERS if entry.kind == "offer_114"]
    return tuple(
        typed
        for number in numbers
        for typed in (number, " ".join(number), f"+33{number}", f"+33 {number}", f"0033{number}")
    )


async def _is_offered_114(play: CallInPlay, typed: str) -> bool:
    client = play.signer.client
    client.forget(EmergencyNotice)
    await client.send(CallRequest(kind="relay", mode=play.plan.mode, number=typed))
    try:
        notice = await client.wait_for(EmergencyNotice, play.plan.step_timeout_s)
    except RehearsalError:
        return False
    return notice.kind == "offer_114"


async def request_emergency(play: CallInPlay) -> None:
    """One of those that are relayed before everybody else; what is dialled for it is the demonstration phone."""
    plan = play.plan
    await play.signer.client.ask(CallRequest(kind="relay", mode=plan.mode, number=RELAYED_FIRST))
    call = await play.signer.client.wait_call(lambda call: True, plan.step_timeout_s)
    play.call_id, play.number = call.call_id, DRILL
    play.desk.expect(call.call_id, plan.scenario.alerts)
    position = call.queue.position if call.queue else None
    is_first = position in (None, 1) and call.phone.number == RELAYED_FIRST
    play.prove("emergency_first", Proof(is_first, f"place {position or 1}, {call.phone.number}"))
    play.step("queued")


async def request(play: CallInPlay) -> None:
    plan = play.plan
    is_relay = plan.scenario.kind == "relay"
    await play.signer.client.ask(
        CallRequest(
            kind=plan.scenario.kind,
            mode=plan.mode,
            number=play.number if is_relay else None,
            brand=None if is_relay else BRAND,
            voice=plan.voice,
            hearing=plan.hearing,
        )
    )
    call = await play.signer.client.wait_call(lambda call: True, plan.step_timeout_s)
    play.call_id = call.call_id
    play.desk.expect(call.call_id, plan.scenario.alerts)
    play.step("queued", f"place {call.queue.position}" if call.queue and call.queue.position else "")


async def meet(play: CallInPlay) -> None:
    agent = await play.desk.agent_of(play.call_id, play.plan.alert_timeout_s)
    play.give_to(agent)
    play.step("accepted")
    for party in (play.signer, agent):
        await party.client.wait_call(
            lambda call: call.call_id == play.call_id and call.signer.connected and call.agent.connected,
            play.plan.step_timeout_s,
            "média établi",
        )
    play.step("media")


async def judge_alerts(play: CallInPlay) -> None:
    alerts = play.desk.alerts_of(play.call_id)
    expected = [*(ALERT_ENDINGS[answer] for answer in play.plan.scenario.alerts), "accepted"]
    play.prove("alerts", proofs.alerts(alerts.endings, expected, len(alerts.alerted)))


async def see(play: CallInPlay) -> None:
    signer, agent = play.signer, play.agent
    await play.until(lambda: bool(signer.eye.ids and agent.eye.ids), "image de l’autre")
    play.step("briefing", f"{signer.eye.size[0]}×{signer.eye.size[1]}")


async def see_again(play: CallInPlay) -> None:
    play.prove("picture_again", await play.see_each_other())


async def type_text(play: CallInPlay) -> None:
    """Both type at once, piece by piece."""
    signer, agent = play.signer, play.agent
    await asyncio.gather(_type_to(play, signer, agent), _type_to(play, agent, signer))
    delays = [text.delay_ms for text in play.found.texts if text.delay_ms is not None]
    play.step("text", f"{max(delays):.1f} ms" if len(delays) == len(TEXTS) else "incomplet")


async def _type_to(play: CallInPlay, writer: Participant, reader: Participant) -> None:
    text = TEXTS[writer.leg]
    await writer.wait_text(play.plan.step_timeout_s)
    sent_at = 0.0
    for start in range(0, len(text), TEXT_PIECE):
        await asyncio.sleep(TEXT_PAUSE_S)
        sent_at = time.monotonic()
        writer.type_text(text[start : start + TEXT_PIECE])
    delay_ms: float | None = None
    try:
        await play.until(lambda: len(reader.text) >= len(text), "texte")
        delay_ms = (reader.text_at - sent_at) * 1000
    except RehearsalError:
        play.found.errors.append("text_timeout")
    play.found.texts.append(TextSeen(reader.leg, text, reader.text, delay_ms))
