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

from benchmarks.load.bench import QUICK, Bench, Rounds, Window, bench, in_turn
from benchmarks.load.growth import growth, several_workers
from benchmarks.load.systems import JANUS_MISSING, Relay, start_janus, start_plain, start_workers
from benchmarks.load.tap import compare_tap

CALLS = (1, 20, 40)
TAP_CALLS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter windows: under 4 minutes on two cores")
    parser.add_argument("--calls", type=int, nargs="+", default=CALLS, help="how many at once (1 20 40)")
    parser.add_argument("--growth", action="store_true", help="instead: one worker on one core, from 1 call up")
    parser.add_argument("--workers", type=int, help="instead: calls that one worker holds, and this many")
    options = parser.parse_args()
    plan = QUICK if options.quick else Rounds()
    if options.workers:
        result = asyncio.run(several_workers(options.workers, plan))
    elif options.growth:
        result = asyncio.run(growth(plan))
    else:
        result = asyncio.run(compare(tuple(sorted(options.calls)), plan))
    show(result)
    if options.json:
        print(json.dumps(result))


async def compare(numbers: tuple[int, ...], plan: Rounds) -> Window:
    """Media worker, Janus and, for one call, the plain way; then the worker with and without tap."""
    async with bench() as run:
        worker = run.add(await start_workers(run.folder))
        relays = [worker]
        janus = await start_janus(run.folder)
        if janus is not None:
            relays.append(run.add(janus))
        else:
            print(JANUS_MISSING, file=sys.stderr)
        tables: dict[str, dict[int, Window]] = {relay.name: {} for relay in relays}
        setup: dict[str, Window] = {}
        tapped: Window = {}
        for calls in numbers:
            for relay in relays:
                setup[relay.name] = await run.open(relay, calls - max(tables[relay.name], default=0))
            extra = [await _plain(run)] if calls == 1 else []
            windows = await in_turn({each.name: run.taking(each, plan) for each in [*relays, *extra]}, plan)
            for name, window in windows.items():
                tables.setdefault(name, {})[calls] = window
            for relay in extra:
                await run.end(relay)
            if calls == min(numbers, key=lambda each: abs(each - TAP_CALLS)):
                tapped = await compare_tap(run, worker, plan)
        profiles = {name: each["srtp_profile"] for name, each in setup.items()}
        result = keys(tables) | tapped | {"memory_per_call_mb": memory_per_call(tables["worker"])}
        return result | {"srtp_profile": profiles, "relays": tables} | run.media


async def _plain(run: Bench) -> Relay:
    plain = run.add(await start_plain(run.folder))
    await run.open(plain, 1)
    return plain


def keys(tables: dict[str, dict[int, Window]]) -> Window:
    """What the targets speak of, by name; None where it was not measured."""
    worker, janus, plain = (tables.get(name, {}) for name in ("worker", "janus", "plain"))

    def value(table: dict[int, Window], calls: int, key: str) -> float | None:
        found = table.get(calls, {}).get(key)
        return None if found is None else float(found)

    def ratio(other: dict[int, Window], calls: int, key: str) -> float | None:
        above, below = value(worker, calls, key), value(other, calls, key)
        return round(above / below, 3) if above is not None and below else None

    cost = "cpu_share_per_call"
    result: Window = {f"cpu_ratio_to_janus_n{calls}": ratio(janus, calls, cost) for calls in (1, 20, 40)}
    result["cpu_ratio_to_plain_n1"] = ratio(plain, 1, cost)
    result["cpu_share_per_call_n20"] = value(worker, 20, cost)
    result["janus_cpu_share_per_call_n20"] = value(janus, 20, cost)
    for percentile in ("p50", "p95", "p99"):
        result[f"added_delay_{percentile}_ms"] = value(worker, 20, f"delay_{percentile}_ms")
        result[f"janus_added_delay_{percentile}_ms"] = value(janus, 20, f"delay_{percentile}_ms")
    result["lost_packets"] = sum(int(each["lost_packets"]) for each in worker.values())
    result["janus_lost_packets"] = sum(int(each["lost_packets"]) for each in janus.values()) if janus else None
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
