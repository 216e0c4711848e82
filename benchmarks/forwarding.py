"""
What forwarding costs and how late it makes the picture: ``python -m benchmarks.forwarding [--json] [--quick]``.

Calls of two legs at 720p25 1.5 Mbit/s VP8 and Opus, 466 packets/s in and out each, through this project's media worker
(all feedback on), Janus (videocall plugin, same traffic) and, for one call, the plain aiortc way (``MediaRelay``:
decode and encode). The load generator runs in its own process; the relays take turns within one run, so that what else
the machine does hits all alike. Shares are of one core, delays from the generator's send to the kernel's arrival of
what the relay passed on. See ``docs/benchmarks.md``. The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import json
import sys

from benchmarks.load.bench import QUICK, Bench, Rounds, Window, bench, in_turn, medians, paired_ratio
from benchmarks.load.growth import growth, several_workers
from benchmarks.load.systems import JANUS_MISSING, Relay, can_compile, start_janus, start_plain, start_workers
from benchmarks.load.tap import compare_tap

CALLS = (1, 20, 40)
TAP_CALLS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter windows: under 4 minutes on two cores")
    parser.add_argument("--calls", type=int, nargs="+", default=CALLS, help="how many at once (1 20 40)")
    parser.add_argument("--python", action="store_true", help="the forwarding as Python, not compiled")
    parser.add_argument("--growth", action="store_true", help="instead: one worker on one core, from 1 call up")
    parser.add_argument("--workers", type=int, help="instead: calls that one worker holds, and this many")
    options = parser.parse_args()
    plan = QUICK if options.quick else Rounds()
    if options.workers:
        result = asyncio.run(several_workers(options.workers, plan))
    elif options.growth:
        result = asyncio.run(growth(plan))
    else:
        result = asyncio.run(compare(tuple(sorted(options.calls)), plan, compiled=not options.python))
    show(result)
    if options.json:
        print(json.dumps(result))


async def compare(numbers: tuple[int, ...], plan: Rounds, *, compiled: bool = True) -> Window:
    """Media worker, Janus and, for one call, the plain way; then the worker with and without tap."""
    async with bench() as run:
        worker = run.add(await start_workers(run.folder, compiled=compiled))
        relays = [worker]
        janus = await start_janus(run.folder)
        if janus is not None:
            relays.append(run.add(janus))
        else:
            print(JANUS_MISSING, file=sys.stderr)
        taken: dict[str, dict[int, list[Window]]] = {relay.name: {} for relay in relays}
        setup: dict[str, Window] = {}
        tapped: Window = {}
        for calls in numbers:
            for relay in relays:
                setup[relay.name] = await run.open(relay, calls - max(taken[relay.name], default=0))
            extra = [await _plain(run)] if calls == 1 else []
            turns = await in_turn({each.name: run.taking(each, plan) for each in [*relays, *extra]}, plan)
            for name, windows in turns.items():
                taken.setdefault(name, {})[calls] = windows
            for relay in extra:
                await run.end(relay)
            if calls == min(numbers, key=lambda each: abs(each - TAP_CALLS)):
                tapped = await compare_tap(run, worker, plan)
        profiles = {name: each["srtp_profile"] for name, each in setup.items()}
        tables = {name: {calls: medians(each) for calls, each in table.items()} for name, table in taken.items()}
        result = ratios(taken) | values(tables) | tapped | {"memory_per_call_mb": memory_per_call(tables["worker"])}
        how = {"compiled": compiled and can_compile(), "srtp_profile": profiles}
        return result | how | {"relays": tables} | run.media


async def _plain(run: Bench) -> Relay:
    plain = run.add(await start_plain(run.folder))
    await run.open(plain, 1)
    return plain


def ratios(taken: dict[str, dict[int, list[Window]]]) -> Window:
    """CPU per call, the worker's to the others'; None where it was not measured."""
    result: Window = {}
    for other, calls in (("janus", 1), ("janus", 20), ("janus", 40), ("plain", 1)):
        above, below = (taken.get(name, {}).get(calls, []) for name in ("worker", other))
        ratio = paired_ratio(above, below, "cpu_share_per_call") if len(above) == len(below) else None
        result[f"cpu_ratio_to_{other}_n{calls}"] = ratio
    return result


def values(tables: dict[str, dict[int, Window]]) -> Window:
    """What the targets speak of, at 20 calls; None where it was not measured."""
    result: Window = {}
    for name, prefix in (("worker", ""), ("janus", "janus_")):
        at_20 = tables.get(name, {}).get(20, {})
        result[f"{prefix}cpu_share_per_call_n20"] = at_20.get("cpu_share_per_call")
        for percentile in ("p50", "p95", "p99"):
            result[f"{prefix}added_delay_{percentile}_ms"] = at_20.get(f"delay_{percentile}_ms")
        lost = [each["lost_packets"] for each in tables.get(name, {}).values()]
        result[f"{prefix}lost_packets"] = sum(lost) if lost else None
    return result


def memory_per_call(table: dict[int, Window]) -> float | None:
    """MB, between the fewest and the most calls of one process."""
    fewest, most = min(table), max(table)
    if fewest == most:
        return None
    return round(float((table[most]["memory_mb"] - table[fewest]["memory_mb"]) / (most - fewest)), 2)


COLUMNS = (
    "cpu_share_per_call",
    "us_per_packet",
    "delay_p50_ms",
    "delay_p95_ms",
    "delay_p99_ms",
    "lost_packets",
    "sent_share",
    "memory_mb",
    "other_cpu_share",
)


def show(result: Window) -> None:
    print(f"{'relay':8}{'calls':>6}", *(f"{each:>18}" for each in COLUMNS))
    for name, table in result["relays"].items():
        for calls, window in table.items():
            cells = ("-" if window[each] is None else window[each] for each in COLUMNS)
            print(f"{name:8}{calls:>6}", *(f"{each:>18}" for each in cells))
    for name, value in result.items():
        if name != "relays":
            print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
