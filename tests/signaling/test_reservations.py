"""How alerts end is counted once in a centre of several processes."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.model import AlertEnded, Assigned, Event, Queued
from signaling.reservations import Reservations
from tests.interpreter_queue.samples import assignment


class Told:
    """A queue that has this to say."""

    def __init__(self, *events: Event) -> None:
        self._events = events

    async def events(self) -> AsyncIterator[Event]:
        for event in self._events:
            yield event


def test_an_alert_is_counted_by_the_process_that_owns_its_call_and_a_second_partys_too() -> None:
    missed = AlertEnded(call_id="c1", agent_id="ines", assignment_id="a", reason="not_responding")
    accepted = Assigned(call_id="c1.2", assignment=assignment("c1.2"))
    elsewhere = Assigned(call_id="c2", assignment=assignment("c2"))
    queue = cast(InterpreterQueue, Told(Queued(call_id="c1", queued_at=0.0), missed, accepted, elsewhere))
    counted: list[str] = []
    asyncio.run(Reservations(queue, lambda call_id: call_id == "c1", counted.append).run())
    assert counted == ["not_responding", "accepted"]
