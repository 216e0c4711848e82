"""How CPU per call and delay grow with the calls, how many one core holds, and how many several workers hold."""

import os
from collections.abc import Sequence

from benchmarks.load.bench import Bench, Rounds, Window, bench
from benchmarks.load.systems import Relay, start_workers

STEPS = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160, 180, 200)
TRIES = 3  # at each step: what else the machine does may cost packets too
LOST_SHARE = 0.001  # of packets; more is too many calls
LATE_MS = 20.0  # median; the same


async def growth(plan: Rounds) -> Window:
    """One worker kept on one core, the generator on the others."""
    core, *others = sorted(os.sched_getaffinity(0))
    async with bench(others) as run:
        worker = run.add(await start_workers(run.folder, cpus=[core]))
        steps = await climb(run, worker, plan)
        return held(steps) | {"cores": 1 + len(others), "relays": {"worker": steps}} | run.media


async def several_workers(count: int, plan: Rounds) -> Window:
    """
    One worker, then ``count``, each kept on a core of its own as far as there are any.

    The generator may use every core: on a small machine it takes from the workers what it needs.
    """
    cores = sorted(os.sched_getaffinity(0))
    tables: dict[str, dict[int, Window]] = {}
    for workers in (1, count):
        async with bench() as run:
            relay = run.add(await start_workers(run.folder, workers, name=f"workers{workers}", cpus=cores))
            tables[relay.name] = await climb(run, relay, plan)
    one, several = (held(table)["calls_held"] for table in tables.values())
    return {
        "calls_held_by_one_worker": one,
        f"calls_held_by_{count}_workers": several,
        "workers_ratio": round(several / one, 2) if one else None,
        "cores": len(cores),
        "relays": tables,
    }


async def climb(run: Bench, relay: Relay, plan: Rounds) -> dict[int, Window]:
    """:returns: a window for each number of calls, the last one the first that was too many."""
    steps: dict[int, Window] = {}
    for calls in STEPS:
        await run.open(relay, calls - max(steps, default=0))
        for _ in range(TRIES):
            window = await run.window(relay, plan.warm_s, plan.window_s)
            if calls not in steps or _badness(window) < _badness(steps[calls]):
                steps[calls] = window
            if not is_too_many(steps[calls]) and not steps[calls]["lost_packets"]:
                break
        if is_too_many(steps[calls]):
            break
    return steps


def is_too_many(window: Window) -> bool:
    delay = window["delay_p50_ms"]
    return delay is None or delay > LATE_MS or window["lost_packets"] > LOST_SHARE * window["counters"]["sent"]


def _badness(window: Window) -> tuple[int, float]:
    return window["lost_packets"], window["delay_p50_ms"] or float("inf")


def held(steps: dict[int, Window]) -> Window:
    """:returns: the most calls without too much loss or delay, and without any loss at all."""
    fine: Sequence[int] = [calls for calls, window in steps.items() if not is_too_many(window)]
    whole = [calls for calls in fine if not steps[calls]["lost_packets"]]
    best = max(fine, default=0)
    return {
        "calls_held": best,
        "calls_held_without_loss": max(whole, default=0),
        "cpu_share_per_call_at_most_calls": steps[best]["cpu_share_per_call"] if best else None,
        "delay_p99_ms_at_most_calls": steps[best]["delay_p99_ms"] if best else None,
    }
