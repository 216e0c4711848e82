"""What is looked at while the storm rages: the queue's changes as they come, and what the pages show at one moment."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from interpreter_queue.encoding import decode
from tests.helpers.chaos.ledger import Ledger
from tests.helpers.chaos.people import Agent, Signer

CHANGES = "{passerelle}:queue:changes"
TWO_AGENTS_S = 5.0  # two pages that show the same call as theirs: one of them has to hear that it is not
LOOK_S = 0.1


async def read_changes(redis: Any, ledger: Ledger) -> None:
    """All of them, in order, from the first one on; until cancelled."""
    last = "0-0"
    while True:
        try:
            answer = await redis.xread({CHANGES: last}, count=200, block=200)
        except (RedisError, OSError):
            await asyncio.sleep(0.05)
            continue
        for place, fields in answer[0][1] if answer else ():
            for entry in decode(fields[b"head"].decode(), fields[b"changes"].decode()):
                ledger.take(entry)
            last = place.decode()


@dataclass
class Watch:
    """
    :param longest_stall_s: somebody waited, an agent was free, both at pages that were up to date, and nobody was
        alerted.
    """

    signers: Sequence[Signer]
    agents: Sequence[Agent]
    violations: list[str] = field(default_factory=list)
    longest_stall_s: float = 0.0
    stalled_at: float = 0.0  # since the storm began, of that stall
    _since: float | None = None
    _alerted: int = -1
    _both: dict[str, float] = field(default_factory=dict)

    async def look(self) -> None:
        """Until cancelled."""
        began = time.monotonic()
        while True:
            now = time.monotonic()
            self._see_stall(now, began)
            self._see_double(now)
            await asyncio.sleep(LOOK_S)

    def _see_stall(self, now: float, began: float) -> None:
        waiting = any(signer.is_fresh and signer.waits for signer in self.signers)
        free = any(agent.is_fresh and agent.state == "idle" and not agent.alerts for agent in self.agents)
        alerted = sum(agent.alerted for agent in self.agents)
        if not (waiting and free) or alerted != self._alerted:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since > self.longest_stall_s:
            self.longest_stall_s, self.stalled_at = now - self._since, self._since - began
        self._alerted = alerted

    def _see_double(self, now: float) -> None:
        shown: dict[str, int] = {}
        for agent in self.agents:
            if agent.is_fresh and agent.serves is not None:
                shown[agent.serves] = shown.get(agent.serves, 0) + 1
        self._both = {call_id: self._both.get(call_id, now) for call_id, count in shown.items() if count > 1}
        for call_id, since in self._both.items():
            if now - since > TWO_AGENTS_S:
                self._both[call_id] = float("inf")  # said once
                self.violations.append(f"two agents show {call_id} as theirs")
