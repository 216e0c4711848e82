"""
Brings the board to the supervisors whose pages are connected to this process.

Whichever process that is, the board is the same: every process knows the whole queue, and reads the day's calls from
the records. Nothing is computed while no supervisor looks.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from typing import get_args
from zoneinfo import ZoneInfo

from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.model import FULL_LEVEL, HEARING_SKILL, QueueSnapshot, Target
from signaling.board import Known, KnownQueue, board, running_calls, still
from signaling.board_figures import NOW_S, Day, QueueFigures, by_queue
from signaling.call_terms import TRADES_BY_MODE, Mode
from signaling.config import SignalingConfig
from signaling.messages.board import Board
from signaling.queue_rules import QueueRules, queue_name, rules_of
from signaling.queue_skills import levels
from signaling.records import Records
from signaling.records.model import Brand
from signaling.sessions import Hub, PageSession

PERIOD_S = 1.0  # between two boards, at least
REST = 4  # boards are made for a fifth of the time at most, however large it is
LOOK_UP_S = 5.0  # calls that ended, thresholds, names
OVERLAP_S = 120.0  # records are written late when the database was away
EVE_S = 7_200.0  # calls that began before the day and were answered in it
COUNT_S = 15.0  # between two counts of call-backs, for the figures
AUDIT_S = 3600.0  # between two looks at what has served its time
DAY_S = 86_400.0
TIMEZONE = "Europe/Paris"
log = logging.getLogger(__name__)


@dataclass
class _Sent:
    """What a page was shown last."""

    page: PageSession
    shown: Board


class BoardDesk:
    """:param count_callbacks: told how many there are in each state. :param clock: Unix seconds."""

    def __init__(
        self,
        config: SignalingConfig,
        hub: Hub,
        queue: InterpreterQueue,
        records: Records,
        *,
        count_callbacks: Callable[[Mapping[str, int]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._count_callbacks = count_callbacks
        self._config, self._hub, self._queue, self._records, self._clock = config, hub, queue, records, clock
        self._wanted = asyncio.Event()
        self._known = Known(config.secret_key)
        self._day, self._seen_to = Day(), 0.0
        self._looked_up_at = self._counted_at = self._audited_at = 0.0
        self._sent: list[_Sent] = []

    @property
    def known(self) -> Known:
        return self._known

    def came(self) -> None:
        """A supervisor's page is here, or something was changed that boards show."""
        self._looked_up_at = 0.0
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            began = time.monotonic()
            if any(page.identity.role == "supervisor" for page in self._hub.sessions()):
                try:
                    await self._show()
                except Exception as error:  # the database is away: the board is late
                    log.warning("board not shown: %s", type(error).__name__)
            await self._now_and_then()
            self._wanted.clear()
            await asyncio.sleep(PERIOD_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REST * (time.monotonic() - began - PERIOD_S)):
                    await self._wanted.wait()

    async def _show(self) -> None:
        if not self._queue.is_synced:
            return  # Redis is away: what is shown stays as it was, rather than being empty
        await self._look_up()
        snapshot = self._queue.board()
        shown = board(snapshot, self._figures(snapshot), self._known, self._config.queue)
        at_rest, before = still(shown), {id(sent.page): sent.shown for sent in self._sent}
        self._sent = [_Sent(page, at_rest) for page in self._hub.sessions() if page.identity.role == "supervisor"]
        for sent in self._sent:
            if before.get(id(sent.page)) != at_rest:
                sent.page.send(shown)

    def _figures(self, snapshot: QueueSnapshot) -> dict[str, QueueFigures]:
        now, targets = self._clock(), {name: queue.target_s for name, queue in self._known.queues.items()}
        return by_queue(self._day.queues(running_calls(snapshot)), _midnight(now), now, targets)

    async def _look_up(self) -> None:
        now = self._clock()
        if now - self._looked_up_at < LOOK_UP_S:
            return
        begin = min(_midnight(now), now - NOW_S)
        self._day.add(await self._records.board.calls(begin - EVE_S, max(begin, self._seen_to - OVERLAP_S)))
        self._day.forget_before(begin)
        self._seen_to = now
        self._known = await self._all_known()
        self._looked_up_at = now

    async def _all_known(self) -> Known:
        people, asked = await self._records.people.all(), await self._records.board.callbacks()
        brands = [brand for brand in await self._records.brands.all() if not brand.is_rehearsal]
        stored = await self._records.queue_rules.all()
        names = {queue_name("direct", "LSF", brand.slug): brand for brand in brands}
        queues = {name: _brand_queue(brand, rules_of(name, stored)) for name, brand in names.items()}
        held = {trade for person in people if person.role == "agent" for trade in person.trades(_today())}
        for mode in _modes():
            if held & {*TRADES_BY_MODE[mode]}:
                name = queue_name("relay", mode, None)
                queues[name] = _relay_queue(mode, rules_of(name, stored))
        return Known(
            secret=self._config.secret_key,
            names={person.id: person.name for person in people if person.role == "agent"},
            queues=queues,
            thresholds=await self._records.board.thresholds(),
            callbacks={queue: count for (queue, state), count in asked.items() if state == "waiting"},
        )

    async def _now_and_then(self) -> None:
        """Whether somebody looks or not."""
        now = self._clock()
        if now - self._counted_at < COUNT_S:
            return
        self._counted_at = now
        try:
            states: Counter[str] = Counter()
            for (_, state), count in (await self._records.board.callbacks()).items():
                states[state] += count
            self._count_callbacks(states)
            if now - self._audited_at >= AUDIT_S:
                await self._records.audit.forget_before(now - self._config.audit_days * DAY_S)
                self._audited_at = now
        except Exception as error:
            log.warning("call-backs not counted, old acts not deleted: %s", type(error).__name__)


def _modes() -> tuple[Mode, ...]:
    return get_args(Mode)


def _today() -> date:
    return datetime.now(UTC).date()


def _midnight(now: float) -> float:
    """Of this day there, Unix seconds."""
    zone = ZoneInfo(TIMEZONE)
    return datetime.combine(datetime.fromtimestamp(now, zone).date(), time_of_day(), zone).timestamp()


def _relay_queue(mode: Mode, rules: QueueRules) -> KnownQueue:
    target = Target(trades=TRADES_BY_MODE[mode], skills={**rules.required, HEARING_SKILL: FULL_LEVEL})
    return KnownQueue(targets=(target,), target_s=rules.wait_target_s)


def _brand_queue(brand: Brand, rules: QueueRules) -> KnownQueue:
    target = Target(trades=("adviser",), skills={**rules.required, **levels(brand.skills)})
    return KnownQueue(brand.name, (target,), brand.wait_target_s)
