"""One run: a centre, its people, a storm, then quiet; and what is to be said of it."""

import asyncio
import random
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import aiohttp

from tests.helpers.chaos.ledger import Ledger
from tests.helpers.chaos.people import Agent, Book, Signer
from tests.helpers.chaos.storm import FAULTS, QUEUE, Storm, centre
from tests.helpers.chaos.watch import Watch, read_changes

BUSY_STATES = ("alerting", "engaged", "hold", "wrap_up")
QUIET_S = 150.0  # after the storm: every call comes to an end within


@dataclass(frozen=True)
class Scale:
    """:param every_s: mean time between two faults."""

    processes: int = 3
    signers: int = 24
    agents: int = 8
    every_s: float = 3.0


async def run(seconds: float, seed: int, scale: Scale = Scale()) -> dict[str, Any]:
    """:returns: the figures; ``violations`` are to be 0, ``said`` tells the first ones."""
    chance = random.Random(seed)
    async with centre(scale.processes, scale.signers, scale.agents) as here, aiohttp.ClientSession() as http:
        book, ledger = Book(), Ledger()
        signers = [
            Signer(book, http, here.urls, f"signer{number}", token, random.Random(chance.random()))
            for number, token in enumerate(here.tokens["signer"])
        ]
        agents = [
            Agent(book, http, here.urls, f"agent{number}", token, random.Random(chance.random()))
            for number, token in enumerate(here.tokens["agent"])
        ]
        watch, storm = Watch(signers, agents), Storm(here, [*signers, *agents], chance, scale.every_s)
        async with here.redis.client() as redis:
            others = [page.stay_connected() for page in (*signers, *agents)]
            others += [agent.live() for agent in agents]
            others += [watch.look(), read_changes(redis, ledger)]
            tasks = [asyncio.create_task(each) for each in others]
            calling = [asyncio.create_task(signer.live()) for signer in signers]
            try:
                await storm.rage(seconds)
                drained = await _quiet(signers, agents, calling, ledger)
            finally:
                for task in (*tasks, *calling):
                    task.cancel()
                ended = await asyncio.gather(*tasks, *calling, return_exceptions=True)
        faults = [error for error in ended if isinstance(error, Exception)]
        if faults:
            raise faults[0]
        said = [*ledger.violations, *book.violations, *watch.violations, *drained, *_too_often(ledger, scale)]
        return _figures(seconds, seed, scale, storm, book, ledger, watch, said)


async def _quiet(
    signers: list[Signer], agents: list[Agent], calling: "list[asyncio.Task[None]]", ledger: Ledger
) -> list[str]:
    """Nobody asks for a call any more. :returns: what is not over, or who is not free, in the end."""
    for signer in signers:
        signer.is_closing = True
    ends = time.monotonic() + QUIET_S
    _, waits = await asyncio.wait(calling, timeout=QUIET_S)
    while (ledger.left() or any(a.state in BUSY_STATES for a in agents)) and time.monotonic() < ends:
        await asyncio.sleep(0.2)
    stuck = [f"in the end: {what}" for what in ledger.left()]
    stuck += [f"in the end: {agent.name} sees {agent.state}" for agent in agents if agent.state in BUSY_STATES]
    return stuck + [f"in the end: {len(waits)} signers still wait"] * bool(waits)


def _too_often(ledger: Ledger, scale: Scale) -> list[str]:
    """Passed by whoever was decided about while a process knew no better: at most one for each agent."""
    return [f"{call_id} was passed {count} times" for call_id, count in ledger.passed.items() if count > scale.agents]


def _figures(  # noqa: PLR0917 -- everything that was noted
    seconds: float, seed: int, scale: Scale, storm: Storm, book: Book, ledger: Ledger, watch: Watch, said: list[str]
) -> dict[str, Any]:
    waits = sorted(book.waits) or [0.0]
    return {
        "minutes": round(seconds / 60, 1),
        "seed": seed,
        "processes": scale.processes,
        "signers": scale.signers,
        "agents": scale.agents,
        "agent_lease_s": QUEUE.agent_lease_s,
        "owner_lease_s": QUEUE.owner_lease_s,
        **{name: storm.faults[name] for name in FAULTS},
        "calls": book.asked,
        "calls_unanswered": book.unanswered,
        "calls_came_back": book.came_back,
        "served": book.served,
        "ended": dict(sorted(book.told.items())),
        "refused": dict(sorted(book.refused.items())),
        "changes": ledger.number,
        "alerts": ledger.counts["alerting"],
        "alerts_resumed": book.resumed,
        "most_passed": ledger.most_passed,
        "wait_p50_s": round(median(waits), 2),
        "wait_max_s": round(waits[-1], 1),
        "longest_stall_s": round(watch.longest_stall_s, 1),
        "stalled_at_s": round(watch.stalled_at, 1),
        "violations": len(said),
        "said": said[:10],
    }
