"""
Whether a media worker stays as it is: ``python -m benchmarks.soak [--minutes 60] [--calls 20] [--json] [--quick]``.

The load of ``benchmarks.forwarding`` without a pause; memory, CPU, delay and loss of each half minute. Memory is flat
when the last quarter's median lies within ``FLAT_SHARE`` of the second quarter's: what fills up once (retransmission
caches, the allocator's pools) has done so by then. Exit status 1 when it is not.
"""

import argparse
import asyncio
import json
import sys
import time
from statistics import median

from benchmarks.load.bench import Window, bench
from benchmarks.load.systems import start_workers

WINDOW_S = 30.0
WARM_S = 5.0
FLAT_SHARE = 0.03
QUICK_MINUTES = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MINUTES:g} minutes, windows of 10 s")
    options = parser.parse_args()
    minutes, window_s = (QUICK_MINUTES, 10.0) if options.quick else (options.minutes, WINDOW_S)
    windows = asyncio.run(soak(options.calls, minutes, window_s))
    result = judge(windows, minutes)
    for name, value in result.items():
        print(f"{name:32} {value}")
    if options.json:
        print(json.dumps(result))
    sys.exit(0 if result["memory_is_flat"] else 1)


async def soak(calls: int, minutes: float, window_s: float) -> list[Window]:
    async with bench() as run:
        worker = run.add(await start_workers(run.folder))
        await run.open(worker, calls)
        windows: list[Window] = []
        ends_at = time.monotonic() + 60 * minutes
        while time.monotonic() < ends_at or len(windows) < 4:
            windows.append(await run.window(worker, 0.0 if windows else WARM_S, window_s, keep_on=True))
            columns = ("memory_mb", "cpu_share_per_call", "delay_p50_ms", "delay_p99_ms", "lost_packets")
            print(*(f"{name} {windows[-1][name]}" for name in columns), flush=True)
        return windows


def judge(windows: list[Window], minutes: float) -> Window:
    """:returns: what the windows say together."""
    quarter = max(1, len(windows) // 4)
    early, late = windows[quarter : 2 * quarter], windows[-quarter:]
    before, after = (median(float(each["memory_mb"]) for each in part) for part in (early, late))
    return {
        "minutes": minutes,
        "calls": windows[0]["calls"],
        "memory_early_mb": round(before, 1),
        "memory_late_mb": round(after, 1),
        "memory_is_flat": abs(after - before) <= FLAT_SHARE * before,
        "cpu_share_per_call_early": median(each["cpu_share_per_call"] for each in early),
        "cpu_share_per_call_late": median(each["cpu_share_per_call"] for each in late),
        "added_delay_p50_ms": median(each["delay_p50_ms"] for each in windows),
        "added_delay_p99_ms": median(each["delay_p99_ms"] for each in windows),
        "lost_packets": sum(each["lost_packets"] for each in windows),
    }


if __name__ == "__main__":
    main()
