"""
How long calls are without pictures when their media worker, or signaling, is killed.

``python -m benchmarks.recovery [--json] [--quick] [--calls N]``

Starts a whole service with two media workers and several calls at once (two peers each, 320×240, 8 pictures a second),
kills one worker with SIGKILL while both hold calls, then the other, and so on. A call counts as back when both sides
have seen a picture of the other that was taken after the kill; calls whose worker lived are not counted. The peers run
in this process, on the same cores, and their own new connections are part of the time. At the end signaling is killed
too: the longest time without a new picture in the 8 s after it, beside the same without a kill. The last line of
``--json`` is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.one_call import processes
from signaling.call_terms import CallState
from signaling.messages.call import CallAct, CallRequest
from signaling.messages.serving import Alert, AssignmentAccept, PresenceSet
from signaling.rehearsal.checks import percentile
from signaling.rehearsal.client import RehearsalError
from signaling.rehearsal.eye import Eye
from signaling.rehearsal.participant import Participant, Persona, join, strip_rows
from signaling.rehearsal.pictures import card
from signaling.rehearsal.service import Service, own_service

WORKERS = 2
FPS = 8.0
DEADLINE_S = 60.0
GAP_WINDOW_S = 8.0
NUMBER = "0199000020"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="3 kills instead of 10")
    parser.add_argument("--calls", type=int, default=8, help="at once")
    options = parser.parse_args()
    result = asyncio.run(measure(options.calls, 3 if options.quick else 10))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:32} {value}")


class DatedEye(Eye):
    """Also remembers, of the newest picture, when it was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.newest: tuple[int, float] | None = None  # whose, taken at (monotonic s)

    def see(self, width: int, height: int, code: tuple[int, float] | None, now: float) -> None:
        super().see(width, height, code, now)
        if code is not None:
            self.newest = code[0], now - code[1] / 1000


@dataclass
class Side:
    """One person of a call and their eye."""

    person: Participant
    eye: DatedEye

    def sees(self, ident: int, taken_after: float) -> bool:
        newest = self.eye.newest
        return newest is not None and newest[0] == ident and newest[1] > taken_after


@dataclass
class PairCall:
    call_id: str
    signer: Side
    agent: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.signer, self.agent

    def is_back(self, taken_after: float) -> bool:
        return self.signer.sees(self.agent.person.ident, taken_after) and self.agent.sees(
            self.signer.person.ident, taken_after
        )


@dataclass
class Loss:
    """What one call went through at one kill: seconds after it, until the last side was there."""

    offered_s: float
    back_s: float


async def measure(count: int, kills: int) -> dict[str, object]:
    environ = dict(os.environ)
    async with (
        aiohttp.ClientSession() as http,
        own_service(http, environ, None, settings={"MEDIA_WORKERS": str(WORKERS)}) as service,
        contextlib.AsyncExitStack() as people,
    ):
        calls = [await people.enter_async_context(call(http, service, index)) for index in range(count)]
        losses: list[Loss] = []
        hit: list[int] = []
        for number in range(kills):
            await until_all_workers_serve(http, service)
            await asyncio.sleep(2.0)  # nothing of the last kill is left to be done
            found = await after_kill(calls, number % WORKERS)
            losses += found
            hit.append(len(found))
        await asyncio.sleep(2.0)
        gap_at_rest = await longest_gap_ms(calls)
        for pid in processes(os.getpid())["signaling"]:
            os.kill(pid, signal.SIGKILL)
        gap_without_signaling = await longest_gap_ms(calls)
    back, offered = [each.back_s for each in losses], [each.offered_s for each in losses]
    return {
        "calls": count,
        "kills": kills,
        "calls_hit": hit,
        "back_p50_s": rounded(back, 0.5),
        "back_p95_s": rounded(back, 0.95),
        "back_max_s": round(max(back), 3),
        "offered_p50_s": rounded(offered, 0.5),
        "offered_p95_s": rounded(offered, 0.95),
        "load_average_1min": round(os.getloadavg()[0], 1),
        "longest_gap_at_rest_ms": gap_at_rest,
        "longest_gap_signaling_killed_ms": gap_without_signaling,
    }


async def longest_gap_ms(calls: list[PairCall]) -> int:
    """:returns: the longest time between two pictures, of all that anybody saw in the next seconds."""
    eyes = [side.eye for each in calls for side in each.sides]
    for eye in eyes:
        eye.open_window(time.monotonic())
    await asyncio.sleep(GAP_WINDOW_S)
    return round(max(eye.close_window(time.monotonic()).longest_gap_ms for eye in eyes))


def rounded(values: list[float], share: float) -> float | None:
    found = percentile(values, share)
    return round(found, 3) if found is not None else None


async def after_kill(calls: list[PairCall], index: int) -> list[Loss]:
    """Kill a worker. :returns: its calls' losses. :raises TimeoutError: one of them never came back."""
    pid = worker_pids()[index]
    killed_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    back_at: dict[str, float] = {}
    async with asyncio.timeout(DEADLINE_S):
        while len(back_at) < len(calls):
            now = time.monotonic()
            for each in calls:
                if each.call_id not in back_at and each.is_back(killed_at):
                    back_at[each.call_id] = now
            await asyncio.sleep(0.005)
    losses = []
    for each in calls:
        offered_at = [side.person.offered_at for side in each.sides]
        if min(offered_at) > killed_at:
            losses.append(Loss(max(offered_at) - killed_at, back_at[each.call_id] - killed_at))
    return losses


def worker_pids() -> dict[int, int]:
    """Index -> process id of the media workers that run below this process."""
    found = {}
    for pid in processes(os.getpid())["worker"]:
        with contextlib.suppress(OSError, ValueError):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            found[int(words[words.index("--index") + 1])] = pid
    return found


async def until_all_workers_serve(http: aiohttp.ClientSession, service: Service) -> None:
    """Started again and found by signaling: only then does a kill meet a service that is whole."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            async with http.get(f"{service.url}/metrics") as reply:
                if f'relay_workers{{kind="media"}} {WORKERS}.0' in await reply.text():
                    return
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def call(http: aiohttp.ClientSession, service: Service, index: int) -> AsyncIterator[PairCall]:
    """A relay call in which both see each other; the only free agent gets it."""
    size = (320, 240, strip_rows(240))
    signer_persona = Persona("signer", 2 * index + 1, card(*size), None, FPS)
    agent_persona = Persona("agent", 2 * index + 2, card(*size), None, FPS)
    async with join(http, service, signer_persona) as signer, join(http, service, agent_persona) as agent:
        sides = watched(signer), watched(agent)
        await agent.client.ask(PresenceSet(presence="available"))
        await signer.client.ask(CallRequest(kind="relay", number=NUMBER))
        alert = await agent.client.wait_for(Alert, DEADLINE_S)
        await agent.client.ask(AssignmentAccept(assignment_id=alert.assignment_id))
        state = await signer.client.wait_call(lambda each: each.state is CallState.BRIEFING, DEADLINE_S)
        pair = PairCall(state.call_id, *sides)
        async with asyncio.timeout(DEADLINE_S):
            while not pair.is_back(0.0):  # noqa: ASYNC110 -- figures of the media threads, no event to wait for
                await asyncio.sleep(0.05)
        yield pair
        with contextlib.suppress(RehearsalError):  # signaling may have been killed
            await signer.client.ask(CallAct(call_id=state.call_id, action="hang_up"))


def watched(person: Participant) -> Side:
    eye = DatedEye()
    person.eye = eye
    return Side(person, eye)


if __name__ == "__main__":
    main()
