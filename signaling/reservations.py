"""Counts how alerts end, for ``relay_reservations``: each at the process that owns the call, so that sums are right."""

from collections.abc import Callable

from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.model import AlertEnded, Assigned
from signaling.board import whole_call


class Reservations:
    """:param is_mine: whether this process owns the call of that id. :param count: told ``accepted``, ``declined``…"""

    def __init__(self, queue: InterpreterQueue, is_mine: Callable[[str], bool], count: Callable[[str], None]) -> None:
        self._queue, self._is_mine, self._count = queue, is_mine, count

    async def run(self) -> None:
        """Until cancelled."""
        async for event in self._queue.events():
            if isinstance(event, (Assigned, AlertEnded)) and self._is_mine(whole_call(event.call_id)):
                self._count("accepted" if isinstance(event, Assigned) else event.reason)
