"""Places in line and expected waits of those whom somebody here watches; computed for nobody else, told on change."""

from interpreter_queue.config import QueueConfig
from interpreter_queue.estimate import Standing, handle_times, hold, standing
from interpreter_queue.index import Index
from interpreter_queue.model import Position, Trade


class Positions:
    """``watched`` may be changed at any time; whatever waits no more leaves it by itself."""

    def __init__(self, config: QueueConfig) -> None:
        self.watched: set[str] = set()
        self._config = config
        self._shown: dict[str, Standing] = {}

    def look(self, index: Index, now: float) -> list[Position]:
        """:returns: what is new, or other than it was last told. O(watched * kinds * log n)."""
        samples: dict[frozenset[Trade], list[float]] = {}
        self.watched &= index.requests.keys()
        told: list[Position] = []
        shown: dict[str, Standing] = {}
        for call_id in self.watched:
            outlook, record = index.matching.outlook(call_id, now), index.requests[call_id]
            if outlook is not None:
                trades = record.request.trades
                if trades not in samples:
                    samples[trades] = handle_times(index.handles, trades, now, self._config)
                fresh = standing(record, outlook, samples[trades], self._config)
                before, after = self._shown.get(call_id), hold(self._shown.get(call_id), fresh)
                shown[call_id] = after
                if before is None or _visible(before) != _visible(after):
                    told.append(_event(call_id, after))
        self._shown = shown
        return told


def _visible(one: Standing) -> tuple[int, int | None, int | None, int]:
    return one.position, one.low_s, one.high_s, one.working


def _event(call_id: str, one: Standing) -> Position:
    return Position(
        call_id=call_id, position=one.position, wait_low_s=one.low_s, wait_high_s=one.high_s, serving=one.working
    )
