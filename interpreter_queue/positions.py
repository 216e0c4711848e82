"""
Places in line and expected waits of those whom somebody here watches: told on entry and when they change.

One look costs the same however many wait: those who are new come first, the others in turn. Pure.
"""

from itertools import chain, islice

from interpreter_queue.config import QueueConfig
from interpreter_queue.estimate import Standing, handle_times, hold, standing
from interpreter_queue.index import Index
from interpreter_queue.model import Position, Trade

AT_ONCE = 500  # about 30 ms


class Positions:
    """May be told whom to watch at any time; whoever waits no more is forgotten by itself."""

    def __init__(self, config: QueueConfig) -> None:
        self._new: dict[str, None] = {}
        self._watched: dict[str, None] = {}  # told once; the one whose turn it is first
        self._config = config
        self._shown: dict[str, Standing] = {}

    def look(self, index: Index, now: float) -> list[Position]:
        """:returns: what is new, or other than it was last told. O(``AT_ONCE`` * kinds * log n)."""
        samples: dict[frozenset[Trade], list[float]] = {}
        told: list[Position] = []
        for call_id in self._next():
            outlook, record = index.matching.outlook(call_id, now), index.requests.get(call_id)
            before = self._shown.pop(call_id, None)
            if record is None:
                continue
            self._watched[call_id] = None  # alerting and assigned ones may come back to their place
            if outlook is None:
                continue
            trades = record.request.trades
            if trades not in samples:
                samples[trades] = handle_times(index.handles, trades, now, self._config)
            after = hold(before, standing(record, outlook, samples[trades], self._config))
            self._shown[call_id] = after
            if before is None or _visible(before) != _visible(after):
                told.append(_event(call_id, after))
        return told

    def watch(self, call_id: str) -> None:
        if call_id not in self._watched:
            self._new[call_id] = None

    def unwatch(self, call_id: str) -> None:
        self._new.pop(call_id, None)
        self._watched.pop(call_id, None)
        self._shown.pop(call_id, None)

    def _next(self) -> list[str]:
        """Taken out of both: whoever still waits is put back behind the others."""
        turn = list(islice(chain(self._new, self._watched), AT_ONCE))
        for call_id in turn:
            self._new.pop(call_id, None)
            self._watched.pop(call_id, None)
        return turn


def _visible(one: Standing) -> tuple[int, int | None, int | None, int]:
    return one.position, one.low_s, one.high_s, one.working


def _event(call_id: str, one: Standing) -> Position:
    return Position(
        call_id=call_id, position=one.position, wait_low_s=one.low_s, wait_high_s=one.high_s, serving=one.working
    )
