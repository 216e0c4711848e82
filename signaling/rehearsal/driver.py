"""
Plays one call from the request to the rating, and measures on the way.

Decides the order of the steps; each wait has a deadline from the plan. What the measurements are worth is decided in
``checks``.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable

from relay.model import WebLeg
from signaling.call_model import Action, CallState
from signaling.messages import CallAct, CallRate, CallRequest, EmergencyNotice, WrapUpFinish
from signaling.rehearsal.checks import MODELS_MISSING, judge, percentile
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.desk import AgentDesk
from signaling.rehearsal.findings import Findings, figures, measurements
from signaling.rehearsal.load_meter import load_meter
from signaling.rehearsal.model import PHASES, SPEAKER, CallReport, Phase, Plan, SoundHeard, Step, TextSeen, Tones
from signaling.rehearsal.participant import Participant
from signaling.rehearsal.phone_ear import PhoneEar
from signaling.rehearsal.record_probe import RecordProbe

POLL_S = 0.05
SETTLE_S = 1.0  # a voice that stopped has left the ears' window after it, jitter buffers included
TOGETHER_S = 1.0  # pictures must go on this long after the phone is gone
TEXTS: dict[WebLeg, str] = {"signer": "Bonjour, ici le 01 🙂", "agent": "Bien reçu, j’appelle"}
TEXT_PIECE = 4  # characters at a time, as typed
TEXT_PAUSE_S = 0.1
EMERGENCY_NUMBER = "112"
CONNECTED_STATES = frozenset({CallState.BRIEFING, CallState.TALKING, CallState.AFTER_PHONE})


class CallDriver:
    """
    One call.

    :param desk: the rehearsal's agents; whoever of them is given this call.
    :param phone_ear: None: nobody knows what this phone hears. :param probe: None: the records are out of reach.
    :param on_step: told of each step as it happens (progress display).
    """

    def __init__(
        self,
        *,
        plan: Plan,
        number: str,
        tones: Tones,
        signer: Participant,
        desk: AgentDesk,
        phone_ear: PhoneEar | None,
        probe: RecordProbe | None,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self._plan, self._number, self._tones, self._signer, self._desk = plan, number, tones, signer, desk
        self._phone_ear, self._probe, self._on_step = phone_ear, probe, on_step
        self._agent: Participant | None = None
        self._began = time.monotonic()
        self._steps: list[Step] = []
        self._found = Findings()

    async def run(self) -> CallReport:
        """:returns: always: what went wrong is in the report."""
        try:
            await (self._emergency() if self._plan.emergency else self._course())
        except RehearsalError as error:
            self._step("failed", str(error))
            self._found.errors.append(error.code)
        finally:
            await self._leave()
        return self._report()

    # --- the course

    async def _course(self) -> None:
        plan, signer = self._plan, self._signer
        request = CallRequest(kind="relay", mode=plan.mode, number=self._number, voice=plan.voice, hearing=plan.hearing)
        await signer.client.ask(request)
        call = await signer.client.wait_call(lambda call: True, plan.step_timeout_s)
        self._step("queued", f"place {call.queue.position}" if call.queue and call.queue.position else "")
        if plan.scenario.outcome is None:
            await self._hang_up(call.call_id)
            return
        agent = self._agent = await self._meet(call.call_id)
        await self._see_each_other()
        await self._type()
        answered = await self._dial(agent)
        if answered != plan.scenario.answers:
            raise RehearsalError("otherwise_answered", "réponse inattendue" if answered else "pas de réponse")
        if plan.scenario.proves_media:
            await self._measure(agent)
            await self._wait_visibility()
        await self._phone_ends(agent)
        await self._stay_together(agent)
        await self._hang_up(call.call_id)

    async def _emergency(self) -> None:
        await self._signer.client.send(CallRequest(kind="relay", mode=self._plan.mode, number=EMERGENCY_NUMBER))
        notice = await self._signer.client.wait_for(EmergencyNotice, self._plan.step_timeout_s)
        self._found.emergency = notice.kind
        self._step("emergency", notice.kind)

    async def _meet(self, call_id: str) -> Participant:
        self._desk.expect(call_id)
        agent = await self._desk.agent_of(call_id, self._plan.alert_timeout_s)
        self._tones = dataclasses.replace(self._tones, agent=agent.voice.hz)  # any of ours may have been given the call
        self._step("accepted")
        for party in (self._signer, agent):
            await party.client.wait_call(
                lambda call: call.call_id == call_id and call.signer.connected and call.agent.connected,
                self._plan.step_timeout_s,
                "média établi",
            )
        self._step("media")
        return agent

    async def _see_each_other(self) -> None:
        agent = self._agent
        assert agent is not None
        await self._until(lambda: bool(self._signer.eye.ids and agent.eye.ids), "image de l’autre")
        self._step("briefing", f"{self._signer.eye.size[0]}×{self._signer.eye.size[1]}")

    async def _type(self) -> None:
        """Both type at once, piece by piece."""
        agent = self._agent
        assert agent is not None
        await asyncio.gather(self._type_to(self._signer, agent), self._type_to(agent, self._signer))
        delays = [text.delay_ms for text in self._found.texts if text.delay_ms is not None]
        self._step("text", f"{max(delays):.1f} ms" if len(delays) == len(TEXTS) else "incomplet")

    async def _type_to(self, writer: Participant, reader: Participant) -> None:
        text = TEXTS[writer.leg]
        await writer.wait_text(self._plan.step_timeout_s)
        sent_at = 0.0
        for start in range(0, len(text), TEXT_PIECE):
            await asyncio.sleep(TEXT_PAUSE_S)
            sent_at = time.monotonic()
            writer.type_text(text[start : start + TEXT_PIECE])
        delay_ms: float | None = None
        try:
            await self._until(lambda: len(reader.text) >= len(text), "texte")
            delay_ms = (reader.text_at - sent_at) * 1000
        except RehearsalError:
            self._found.errors.append("text_timeout")
        self._found.texts.append(TextSeen(reader.leg, text, reader.text, delay_ms))

    # --- the phone

    async def _dial(self, agent: Participant) -> bool:
        """:returns: whether somebody answered."""
        await self._act(agent, "dial")
        dialling = await self._signer.client.wait_call(
            lambda call: call.state not in CONNECTED_STATES or call.phone.outcome is not None, self._plan.step_timeout_s
        )
        self._step("dialing", dialling.phone.number or "")
        ringing = await self._signer.client.wait_call(
            lambda call: call.state in (CallState.RINGING, CallState.ACTIVE) or call.phone.outcome is not None,
            self._plan.ring_timeout_s,
            "sonnerie",
        )
        if ringing.state is CallState.RINGING:
            self._step("ringing")
        final = await self._signer.client.wait_call(
            lambda call: call.state is CallState.ACTIVE or call.phone.outcome is not None,
            self._plan.ring_timeout_s,
            "réponse du téléphone",
        )
        if final.state is CallState.ACTIVE:
            self._step("active")
        return final.state is CallState.ACTIVE

    async def _phone_ends(self, agent: Participant) -> None:
        """We hang up the phone, unless the scenario says that the phone does, or nobody answered."""
        if self._plan.scenario.outcome == "released":
            await self._act(agent, "hang_up_phone")
        gone = await self._signer.client.wait_call(
            lambda call: call.phone.outcome is not None, self._plan.ring_timeout_s, "fin du téléphone"
        )
        self._found.outcome = gone.phone.outcome
        self._step("phone_gone", gone.phone.outcome or "")

    async def _stay_together(self, agent: Participant) -> None:
        before = (self._signer.eye.frames_seen, agent.eye.frames_seen)
        await asyncio.sleep(TOGETHER_S)
        after = (self._signer.eye.frames_seen, agent.eye.frames_seen)
        state = self._signer.client.call
        enough = self._plan.fps * TOGETHER_S / 2
        self._found.stayed_together = (
            all(now - then >= enough for then, now in zip(before, after, strict=True))
            and state is not None
            and state.state is CallState.AFTER_PHONE
        )
        self._step("together", "oui" if self._found.stayed_together else "non")

    # --- the proof

    async def _measure(self, agent: Participant) -> None:
        began = time.monotonic()
        watchers: dict[WebLeg, Participant] = {"signer": self._signer, "agent": agent}
        for watcher in watchers.values():
            watcher.eye.open_window(began)
        async with load_meter() as meter:
            for phase in PHASES:
                await self._listen(phase, agent)
            self._signer.voice.sounding = agent.voice.sounding = False
            await asyncio.sleep(max(0.0, self._plan.measure_s - (time.monotonic() - began)))
            self._found.load = meter.read()
        for leg, watcher in watchers.items():
            self._found.pictures[leg] = watcher.eye.close_window(time.monotonic())
        delays = percentile(self._found.pictures["agent"].delays_ms, 0.5)
        rate = self._found.pictures["agent"].fps
        self._step("measured", f"{rate:.1f} i/s, {delays:.0f} ms" if delays is not None else "rien vu")

    async def _listen(self, phase: Phase, agent: Participant) -> None:
        """One voice alone, long enough that every ear's window holds nothing else."""
        self._signer.voice.sounding = SPEAKER[phase] == "signer"
        agent.voice.sounding = SPEAKER[phase] == "agent"
        await asyncio.sleep(max(SETTLE_S, self._plan.phase_s - SETTLE_S))
        self._signer.ear.clear()
        agent.ear.clear()
        await asyncio.sleep(SETTLE_S)
        self._found.sounds += [
            SoundHeard("signer", phase, self._signer.ear.peaks()),
            SoundHeard("agent", phase, agent.ear.peaks()),
            SoundHeard("phone", phase, await self._phone_hears()),
        ]

    async def _phone_hears(self) -> tuple[float, ...] | None:
        if self._phone_ear is None:
            return None
        return await self._phone_ear.peaks()

    async def _wait_visibility(self) -> None:
        """A reading on both pages, as long as the detector needs to begin; never fatal."""
        agent = self._agent
        assert agent is not None

        def is_read(party: Participant) -> bool:
            levels = party.client.visibility_levels
            return any(level != "off" for level in levels) or MODELS_MISSING in party.client.visibility_advice

        try:
            await self._until(lambda: is_read(self._signer) and is_read(agent), "", self._plan.visibility_timeout_s)
        except RehearsalError:
            return
        self._step("visibility", self._signer.client.visibility_levels[-1])

    # --- the end

    async def _hang_up(self, call_id: str) -> None:
        await self._act(self._signer, "hang_up")
        ended = await self._signer.client.wait_call(
            lambda call: call.state is CallState.ENDED, self._plan.step_timeout_s, "fin de l’appel"
        )
        self._found.end_reason = ended.end_reason
        self._step("ended", ended.end_reason or "")
        if self._agent is not None:
            await self._signer.client.ask(CallRate(call_id=call_id, stars=5))
            self._step("rated")
            await self._agent.client.ask(WrapUpFinish())
        if self._probe is not None:
            self._found.recorded = await self._probe.holds(call_id, ended.end_reason)
            self._step("recorded", "oui" if self._found.recorded else "non")

    async def _leave(self) -> None:
        """Whatever happened, nobody stays in a call."""
        call = self._signer.client.call
        if call is None or call.state is CallState.ENDED or "hang_up" not in call.actions:
            return
        try:
            await self._act(self._signer, "hang_up")
        except RehearsalError as error:
            self._found.errors.append(error.code)

    # --- helpers

    async def _act(self, who: Participant, action: Action) -> None:
        call = who.client.call
        if call is None:
            raise RehearsalError("no_call", f"{who.leg} : aucun appel")
        await who.client.ask(CallAct(call_id=call.call_id, action=action))

    async def _until(self, holds: Callable[[], bool], what: str, timeout: float | None = None) -> None:
        """:raises RehearsalError: it did not hold in time."""
        deadline_s = timeout if timeout is not None else self._plan.step_timeout_s
        try:
            async with asyncio.timeout(deadline_s):
                while not holds():  # noqa: ASYNC110 -- figures of the media threads, no event to wait for
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise RehearsalError("timeout", f"{what} attendu {deadline_s:g} s en vain") from None

    def _step(self, name: str, detail: str = "") -> None:
        step = Step(round(time.monotonic() - self._began, 3), name, detail)
        self._steps.append(step)
        self._on_step(step)

    def _report(self) -> CallReport:
        call = self._signer.client.call
        seen = measurements(self._found, self._tones, self._signer, self._agent)
        return CallReport(
            call_id=call.call_id if call else None,
            scenario="emergency" if self._plan.emergency else self._plan.scenario.name,
            steps=tuple(self._steps),
            checks=judge(self._plan, seen),
            figures=figures(seen),
        )
