"""
What everybody may know of the relay's lines: who serves, how long it takes, when it opens.

Reckoned from the queue's own snapshot, for somebody who comes now; shown to signers' pages when it changes and to the
public (``GET /api/v1/waits``). Nobody learns how many work: five is as many as is told.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping

from interpreter_queue.config import QueueConfig
from interpreter_queue.estimate import handle_times, standing
from interpreter_queue.kinds import Kinds
from interpreter_queue.model import AgentRecord, QueueSnapshot, Request, RequestRecord
from interpreter_queue.policy import WORKING, is_excluded, trade_for
from signaling.call_model import Line
from signaling.call_terms import TRADES_BY_MODE, Mode
from signaling.messages.serving import ModeWait, Waits
from signaling.queue_rules import MODES, QueueRules
from signaling.records.opening import opening
from signaling.routing_plan import CallFacts, line_of
from signaling.rules_book import RulesBook
from signaling.sessions import Hub, Page

SERVING_TOLD = 5  # no staffing is published
TELL_S = 5.0  # at most so often
_NEWCOMER = "newcomer"
log = logging.getLogger(__name__)


def told(serving: int) -> int:
    return min(serving, SERVING_TOLD)


def newcomer(line: Line, now: float) -> RequestRecord:
    """Somebody who would come into this line now."""
    request = Request(
        call_id=_NEWCOMER,
        targets=line.targets,
        preferred=line.preferred,
        queue=line.queue,
        head_start_s=line.head_start_s,
        weight=line.weight,
        strategy=line.strategy,
    )
    return RequestRecord(request=request, state="queued", queued_at=now, enqueued_at=now)


def serving(record: RequestRecord, agents: Iterable[AgentRecord]) -> int:
    """Agents at work who may serve it, now or later."""
    return sum(
        agent.state in WORKING and not is_excluded(agent, record) and trade_for(agent, record) is not None
        for agent in agents
    )


def waiting(snapshot: QueueSnapshot, queue: str) -> int:
    return sum(entry.record.request.queue == queue for entry in snapshot.waiting)


def mode_waits(
    rules: Mapping[Mode, QueueRules], snapshot: QueueSnapshot, config: QueueConfig, now: float
) -> tuple[ModeWait, ...]:
    """:param now: Unix seconds, for the opening hours."""
    kinds = Kinds()
    for agent in snapshot.agents:
        kinds.put_agent(agent)
    for entry in snapshot.waiting:
        if not entry.record.request.rehearsal:
            kinds.put_request(entry.record)
    return tuple(_mode_wait(mode, rules[mode], kinds, snapshot, config, now) for mode in rules)


def _mode_wait(  # noqa: PLR0917 -- what a wait is reckoned from
    mode: Mode, rules: QueueRules, kinds: Kinds, snapshot: QueueSnapshot, config: QueueConfig, now: float
) -> ModeWait:
    record = newcomer(line_of(CallFacts(kind="relay", mode=mode, trades=TRADES_BY_MODE[mode]), rules), snapshot.at)
    kinds.put_request(record)
    outlook = kinds.outlook(_NEWCOMER, snapshot.at)
    kinds.drop_request(_NEWCOMER)
    at_work = outlook.working if outlook is not None else 0
    state = opening(rules.hours, rules.timezone, rules.holidays_zone, now)
    if not state.is_open or outlook is None:
        return ModeWait(mode=mode, is_open=state.is_open, serving=told(at_work), opens_at=state.until)
    samples = handle_times(snapshot.handles, record.request.trades, snapshot.at, config)
    mine = standing(record, outlook, samples, config)
    return ModeWait(mode=mode, is_open=True, serving=told(at_work), wait_low_s=mine.low_s, wait_high_s=mine.high_s)


class WaitBoard:
    """:param clock: Unix seconds. :param board: the queue as this process knows it, at once."""

    def __init__(
        self,
        hub: Hub,
        book: RulesBook,
        config: QueueConfig,
        board: Callable[[], QueueSnapshot],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hub, self._book, self._config, self._board, self._clock = hub, book, config, board, clock
        self._reckoned_at = float("-inf")
        self._current = Waits()
        self._reckoning = asyncio.Lock()  # who comes meanwhile waits for the same ones

    async def current(self) -> Waits:
        """A few seconds old at most."""
        async with self._reckoning:
            now = self._clock()
            if now - self._reckoned_at >= TELL_S:
                self._reckoned_at = now
                rules = {mode: await self._book.of(f"relay/{mode}") for mode in MODES}
                self._current = Waits(modes=mode_waits(rules, self._board(), self._config, now))
        return self._current

    async def show(self, page: Page) -> None:
        """To a signer's page that has come."""
        if page.identity.role == "signer":
            page.send(await self.current())

    def serving(self, line: Line) -> int:
        """Agents at work who may serve it."""
        snapshot = self._board()
        return serving(newcomer(line, snapshot.at), snapshot.agents)

    def waiting(self, queue: str) -> int:
        return waiting(self._board(), queue)

    async def run(self) -> None:
        """Tell signers' pages what has changed, until cancelled."""
        shown = self._current
        while True:
            await asyncio.sleep(TELL_S)
            try:
                current = await self.current()
            except Exception:
                log.exception("waits not reckoned")
                continue
            if current != shown:
                shown = current
                for page in self._hub.sessions():
                    if page.identity.role == "signer":
                        page.send(current)
