"""Events to the subscribers of one process."""

import gc

from interpreter_queue.broadcast import Broadcast
from interpreter_queue.model import Cancelled, Resynced


def event(number: int) -> Cancelled:
    return Cancelled(call_id=f"c{number}", reason="abandoned")


async def test_every_subscriber_hears_everything_from_its_subscription_on_in_order() -> None:
    broadcast = Broadcast(bound=10)
    first = broadcast.subscribe()
    broadcast.publish([event(1)])
    second = broadcast.subscribe()
    broadcast.publish([event(2), event(3)])
    broadcast.close()
    assert [e async for e in first] == [event(1), event(2), event(3)]
    assert [e async for e in second] == [event(2), event(3)]


async def test_slow_subscriber_is_told_to_look_at_the_snapshot() -> None:
    broadcast = Broadcast(bound=3)
    slow = broadcast.subscribe()
    broadcast.publish([event(number) for number in range(4)])
    broadcast.close()
    assert [e async for e in slow] == [Resynced(), event(3)]


async def test_closed_subscription_stays_closed() -> None:
    broadcast = Broadcast(bound=2)
    reader = broadcast.subscribe()
    broadcast.close()
    assert [e async for e in reader] == []
    assert [e async for e in reader] == []


async def test_subscriber_that_went_away_holds_no_memory() -> None:
    broadcast = Broadcast(bound=2)
    gone = broadcast.subscribe()
    kept = broadcast.subscribe()
    del gone
    gc.collect()
    assert len(broadcast) == 1
    broadcast.publish([event(1)])
    assert await anext(kept) == event(1)
