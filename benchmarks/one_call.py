"""
What one relay call costs and how late its pictures are: ``python -m benchmarks.one_call [--json] [--quick]``.

Starts a whole service, measures each process at rest and then in a call (signer and interpreter at 640×480, 25
pictures a second, the phone party on the line, the signing watched), in one run. Shares are of one core. The peers that
play the people run in this process and are not counted. The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

import aiohttp

from benchmarks.load.usage import cpu_s
from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.serving import Alert, AssignmentAccept, PresenceSet
from signaling.rehearsal.checks import percentile
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card, drawn
from signaling.rehearsal.service import Service, own_service

KINDS = ("signaling", "worker", "phone", "visibility", "demo-phone", "redis")
TONE_NUMBER = "0199000020"
MODELS = Path(__file__).parents[1] / "var" / "models"
DEADLINE_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="one short window instead of three long ones")
    options = parser.parse_args()
    windows, window_s = (1, 6.0) if options.quick else (3, 15.0)
    result = asyncio.run(measure(windows, window_s))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:32} {value}")


async def measure(windows: int, window_s: float) -> dict[str, object]:
    models = MODELS if MODELS.is_dir() else None
    async with aiohttp.ClientSession() as http, own_service(http, os.environ, models) as service:
        pids = processes(os.getpid())
        idle = [await shares(pids, window_s) for _ in range(windows)]
        async with call(http, service) as (signer, agent):
            await asyncio.sleep(3.0)  # ramp-up is not what a call costs
            for who in (signer, agent):
                who.eye.open_window(time.monotonic())
            busy = [await shares(pids, window_s) for _ in range(windows)]
            seen = [who.eye.close_window(time.monotonic()) for who in (signer, agent)]
            readings = len(signer.client.visibility_levels)
    delays = [delay for each in seen for delay in each.delays_ms]
    at_rest, in_call = ({kind: round(median(one[kind] for one in runs), 4) for kind in KINDS} for runs in (idle, busy))
    return {
        "cpu_share_at_rest": at_rest,
        "cpu_share_in_one_call": in_call,
        "cpu_share_per_call": {kind: round(in_call[kind] - at_rest[kind], 4) for kind in KINDS},
        "glass_to_glass_p50_ms": percentile(delays, 0.5),
        "glass_to_glass_p95_ms": round(percentile(delays, 0.95) or 0.0, 1),
        "received_fps": [round(each.fps, 1) for each in seen],
        "visibility_readings": readings,
        "windows": windows,
        "window_s": window_s,
    }


@contextlib.asynccontextmanager
async def call(http: aiohttp.ClientSession, service: Service) -> AsyncIterator[tuple[Participant, Participant]]:
    """A relay call with the phone party on the line."""
    size = (640, 480, strip_rows(480))
    signer_camera, agent_camera = await asyncio.to_thread(lambda: (drawn(*size), card(*size)))
    signer_persona = Persona("signer", 11, signer_camera, 600.0, 25.0)
    agent_persona = Persona("agent", 22, agent_camera, 1000.0, 25.0)
    async with join(http, service, signer_persona) as signer, join(http, service, agent_persona) as agent:
        agent.voice.sounding = True
        await agent.client.ask(PresenceSet(presence="available"))
        await signer.client.ask(CallRequest(kind="relay", number=TONE_NUMBER))
        alert = await agent.client.wait_for(Alert, DEADLINE_S)
        await agent.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
        state = await signer.client.wait_call(lambda each: each.state is CallState.BRIEFING, DEADLINE_S)
        await agent.client.wait_call(lambda each: each.agent.connected and each.signer.connected, DEADLINE_S)
        await agent.client.ask(CallAct(call_id=state.call_id, action="dial"))
        await signer.client.wait_call(lambda each: each.state is CallState.ACTIVE, DEADLINE_S)
        yield signer, agent
        await signer.client.ask(CallAct(call_id=state.call_id, action="hang_up"))


def processes(ancestor: int) -> dict[str, list[int]]:
    """Process ids below ``ancestor`` by kind."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for pid in parents:
        if ancestor not in _ancestry(pid, parents):
            continue
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode().split("\0")
        for kind in KINDS:
            if (kind == "redis" and "redis-server" in words[0]) or ("signaling.cli" in words and kind in words):
                found[kind].append(pid)
        if "relay.visibility.analysis" in words:
            found["visibility"].append(pid)
    return found


def _ancestry(pid: int, parents: dict[int, int]) -> set[int]:
    above: set[int] = set()
    while (pid := parents.get(pid, 0)) and pid not in above:
        above.add(pid)
    return above


async def shares(pids: dict[str, list[int]], window_s: float) -> dict[str, float]:
    """Share of one core that each kind of process used during the window."""
    before, began = {kind: cpu_s(pids[kind]) for kind in KINDS}, time.monotonic()
    await asyncio.sleep(window_s)
    elapsed = time.monotonic() - began
    return {kind: (cpu_s(pids[kind]) - before[kind]) / elapsed for kind in KINDS}


if __name__ == "__main__":
    main()
