"""
The queue at a glance: ``python -m interpreter_queue unix:///path/redis.sock [--domain passerelle] [--mermaid]``.

Prints identifiers, states and waits; there is nothing else in the queue.
"""

import argparse
import asyncio
import sys

from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import QueueUnavailableError
from interpreter_queue.lifecycle import mermaid
from interpreter_queue.model import QueueSnapshot


def table(snapshot: QueueSnapshot) -> str:
    """One line per waiting request, assigned call and agent; times are seconds before the snapshot."""
    lines = []
    for one in snapshot.waiting:
        waited = snapshot.at - one.record.queued_at
        wait = "-" if one.wait_low_s is None else f"{one.wait_low_s}-{one.wait_high_s} s"
        lines.append(
            f"{one.record.state:10} {one.record.call_id}  position {one.position}  {waited:.0f} s  wait {wait}"
        )
    for record in snapshot.assigned:
        agent = record.assignment.agent_id if record.assignment else "-"
        lines.append(f"{record.state:10} {record.call_id}  {agent}")
    lines += [
        f"{who.state:15} {who.agent_id}  {snapshot.at - who.since:.0f} s  {who.call_id or '-'}"
        for who in snapshot.agents
    ]
    return "\n".join(lines) + "\n" if lines else "nobody waits, nobody is signed in\n"


async def _snapshot(url: str, domain: str) -> QueueSnapshot:
    async with Redis.from_url(url) as redis:
        return await InterpreterQueue(redis, QueueConfig(domain=domain), "glance").snapshot()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m interpreter_queue", description="the interpreter queue at a glance"
    )
    parser.add_argument("redis", nargs="?", help="redis://, rediss:// or unix:// address")
    parser.add_argument("--domain", default=QueueConfig.domain)
    parser.add_argument("--mermaid", action="store_true", help="print the state diagrams instead")
    options = parser.parse_args()
    if options.mermaid:
        sys.stdout.write("\n".join(mermaid().values()))
        return 0
    if not options.redis:
        parser.error("the address of Redis is needed")
    try:
        sys.stdout.write(table(asyncio.run(_snapshot(options.redis, options.domain))))
    except QueueUnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
