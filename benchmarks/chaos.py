"""
A whole centre whose processes and Redis are killed at random: ``python -m benchmarks.chaos [--minutes 10] [--json]``.

Three signaling processes over one Redis (append-only file) and one database; signers who call and agents who serve,
each a page of its own that comes back to any process. Every few seconds a process or Redis is killed with SIGKILL and
started again, or stopped with SIGSTOP for some seconds, or a page loses its network. Meanwhile every change of the
queue is checked from outside, and what the pages see; then all is quiet, and every call has to come to its end. Exit
status 1 when something was not as promised (docs/queue.md, "Nothing is lost").
"""

import argparse
import asyncio
import json
import sys

from tests.helpers.chaos.run import Scale, run

QUICK_MINUTES = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--signers", type=int, default=Scale.signers)
    parser.add_argument("--agents", type=int, default=Scale.agents)
    parser.add_argument("--every-s", type=float, default=Scale.every_s, help="mean time between two faults")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MINUTES:g} minute")
    options = parser.parse_args()
    minutes = QUICK_MINUTES if options.quick else options.minutes
    scale = Scale(signers=options.signers, agents=options.agents, every_s=options.every_s)
    told = asyncio.run(run(60 * minutes, options.seed, scale))
    print(json.dumps(told) if options.json else "\n".join(f"{name:20} {value}" for name, value in told.items()))
    sys.exit(1 if told["violations"] else 0)


if __name__ == "__main__":
    main()
