"""
How fast a centre is simulated: ``python -m benchmarks.simulation [--json] [--quick]``.

The same day of calls twice, in turn: by ``interpreter_queue.simulation``, which runs the real policy on the real
records, and by a bare loop of a few lines that knows one line and nothing else, as the floor. CPU time of this process,
medians. Exits with 1 when the two do not answer the same calls. The last line of ``--json`` is one JSON object.
"""

import argparse
import json
import statistics
import sys
import time
from collections import deque
from heapq import heappop, heappush
from random import Random
from typing import Any

from interpreter_queue.arrivals import DAY_S, Profile, arrivals, until
from interpreter_queue.simulation import Simulation
from interpreter_queue.simulation_figures import figures
from interpreter_queue.simulation_model import one_queue

#: calls per hour, midnight to midnight, in thousandths of the day
SHAPE = (2, 1, 1, 1, 1, 2, 8, 30, 70, 95, 100, 90, 55, 60, 85, 90, 85, 75, 55, 35, 25, 18, 10, 6)
HANDLING_S = 240.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="one round of each instead of five")
    options = parser.parse_args()
    result: dict[str, Any] = {"all_answered": True}
    for calls, interpreters in ((1_000, 12), (10_000, 90)):
        found = measure(calls, interpreters, rounds=1 if options.quick else 5)
        found["all_answered"] &= result["all_answered"]
        result |= found
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:40} {value}")
    sys.exit(0 if result["all_answered"] else 1)


def measure(calls: int, interpreters: int, rounds: int) -> dict[str, Any]:
    profile = Profile(tuple(float(share) for share in SHAPE)).scaled_to(calls)
    real_s, bare_s, number = [], [], 0
    answered = True
    for seed in range(rounds):
        began = time.process_time()
        trace = Simulation(one_queue(profile, HANDLING_S, interpreters), seed).run_days(1)
        real_s.append(time.process_time() - began)
        began = time.process_time()
        bare = bare_day(profile, interpreters, seed)
        bare_s.append(time.process_time() - began)
        number = len(trace.calls)
        answered &= figures(trace.calls).answered == number == bare  # the same arrivals, all answered
    taken = statistics.median(real_s)
    return {
        f"day_of_{calls}_calls_s": round(taken, 3),
        f"calls_per_s_{calls}": round(number / taken),
        f"simulated_to_cpu_time_{calls}": round(DAY_S / taken),
        f"ratio_to_bare_loop_{calls}": round(statistics.median(a / b for a, b in zip(real_s, bare_s, strict=True)), 1),
        "all_answered": answered,
    }


def bare_day(profile: Profile, interpreters: int, seed: int) -> int:
    """One line, no record, no rule: how many were answered."""
    random, free, line, answered = Random(seed), interpreters, deque[float](), 0
    heap = [(at, 0) for at in until(arrivals(profile, Random(f"{seed}/arrivals/relay/LSF")), DAY_S)]
    while heap:
        now, ends = heappop(heap)
        free += ends
        if not ends:
            line.append(now)
        while line and free:
            line.popleft()
            free -= 1
            answered += 1
            heappush(heap, (now + random.expovariate(1 / HANDLING_S), 1))
    return answered


if __name__ == "__main__":
    main()
