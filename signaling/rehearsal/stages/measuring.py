"""The whole proof: one voice alone at a time, codes, rates and delays over some seconds, and readings of visibility."""

import asyncio
import time

from relay.model import WebLeg
from signaling.rehearsal.checks import MODELS_MISSING, legs_of, percentile
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.load_meter import load_meter
from signaling.rehearsal.model import PHASES, SPEAKER, Phase, SoundHeard
from signaling.rehearsal.participant import Participant
from signaling.rehearsal.play import CallInPlay

SETTLE_S = 1.0  # a voice that stopped has left the ears' window after it, jitter buffers included


async def measure(play: CallInPlay) -> None:
    began = time.monotonic()
    watchers: dict[WebLeg, Participant] = {"signer": play.signer, "agent": play.agent}
    for watcher in watchers.values():
        watcher.eye.open_window(began)
    async with load_meter() as meter:
        for phase in PHASES:
            await _listen(play, phase)
        play.signer.voice.sounding = play.agent.voice.sounding = False
        await asyncio.sleep(max(0.0, play.plan.measure_s - (time.monotonic() - began)))
        play.found.load = meter.read()
    for leg, watcher in watchers.items():
        play.found.pictures[leg] = watcher.eye.close_window(time.monotonic())
    delays = percentile(play.found.pictures["agent"].delays_ms, 0.5)
    rate = play.found.pictures["agent"].fps
    play.step("measured", f"{rate:.1f} i/s, {delays:.0f} ms" if delays is not None else "rien vu")


async def _listen(play: CallInPlay, phase: Phase) -> None:
    """One voice alone, long enough that every ear's window holds nothing else."""
    signer, agent = play.signer, play.agent
    signer.voice.sounding = SPEAKER[phase] == "signer"
    agent.voice.sounding = SPEAKER[phase] == "agent"
    await asyncio.sleep(max(SETTLE_S, play.plan.phase_s - SETTLE_S))
    signer.ear.clear()
    agent.ear.clear()
    await asyncio.sleep(SETTLE_S)
    play.found.sounds += [
        SoundHeard("signer", phase, signer.ear.peaks()),
        SoundHeard("agent", phase, agent.ear.peaks()),
    ]
    if "phone" in legs_of(play.plan):
        play.found.sounds.append(SoundHeard("phone", phase, await play.phone_peaks()))


async def wait_visibility(play: CallInPlay) -> None:
    """A reading on both pages, as long as the detector needs to begin; never fatal."""

    def is_read(party: Participant) -> bool:
        levels = party.client.visibility_levels
        return any(level != "off" for level in levels) or MODELS_MISSING in party.client.visibility_advice

    try:
        await play.until(lambda: is_read(play.signer) and is_read(play.agent), "", play.plan.visibility_timeout_s)
    except RehearsalError:
        return
    play.step("visibility", play.signer.client.visibility_levels[-1])
