"""What everybody may know of the relay's lines."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from interpreter_queue.config import QueueConfig
from interpreter_queue.model import (
    Agent,
    AgentRecord,
    AgentState,
    HandleTime,
    QueueSnapshot,
    Request,
    RequestRecord,
    Target,
    WaitingRequest,
)
from signaling.elsewhere import Elsewhere
from signaling.messages.serving import ModeWait
from signaling.queue_rules import MODES, QueueRules
from signaling.rules_book import RulesBook
from signaling.sessions import Hub
from signaling.waits import SERVING_TOLD, WaitBoard, mode_waits, waiting

AT = 1795348800.0  # a Sunday, 12:00 UTC
CONFIG = QueueConfig()


def agent(name: str, state: AgentState = "engaged", **skills: int) -> AgentRecord:
    profile = Agent(agent_id=name, trades=frozenset({"interpreter"}), skills={"hearing": 5, **skills})
    return AgentRecord(agent=profile, presence="available", state=state, since=AT, idle_since=AT)


def waiter(call_id: str, queue: str = "relay/LSF", **fields: Any) -> WaitingRequest:
    request = Request(
        call_id=call_id, targets=(Target(trades=("interpreter",), skills={"hearing": 1}),), queue=queue, **fields
    )
    record = RequestRecord(request=request, state="queued", queued_at=AT - 60, enqueued_at=AT - 60)
    return WaitingRequest(record=record, position=1, wait_low_s=None, wait_high_s=None, serving=1)


def snapshot(
    agents: Iterable[AgentRecord] = (), waiters: Iterable[WaitingRequest] = (), samples: int = 0
) -> QueueSnapshot:
    handles = [HandleTime(trade="interpreter", seconds=300, ended_at=AT - 60)] * samples
    return QueueSnapshot(at=AT, waiting=tuple(waiters), assigned=(), agents=tuple(agents), handles=tuple(handles))


def lsf(held: QueueSnapshot, **rules: Any) -> ModeWait:
    (found,) = mode_waits({"LSF": QueueRules(**rules)}, held, CONFIG, AT)
    return found


def test_a_mode_that_nobody_serves_says_so() -> None:
    found = lsf(snapshot([agent("ines", "paused"), agent("karim", "training"), agent("robot", rehearsal=5)]))
    assert (found.is_open, found.serving, found.wait_low_s) == (True, 0, None)


def test_no_staffing_is_published() -> None:
    assert lsf(snapshot(agent(f"a{number}") for number in range(40))).serving == SERVING_TOLD


def test_the_wait_is_that_of_somebody_who_comes_now_behind_those_who_wait() -> None:
    two = [agent("ines"), agent("karim")]
    alone = lsf(snapshot(two, samples=10))
    behind = lsf(snapshot(two, [waiter("c1"), waiter("c2"), waiter("c3")], samples=10))
    assert alone.wait_high_s is not None and behind.wait_low_s is not None
    assert behind.wait_low_s > alone.wait_high_s
    assert lsf(snapshot(two, samples=3)).wait_low_s is None, "too little to tell"
    assert lsf(snapshot([agent("ines", "idle")], samples=10)).wait_low_s == 0


def test_whoever_lacks_what_the_queue_requires_does_not_serve_it() -> None:
    assert lsf(snapshot([agent("ines"), agent("karim", lsfa=3)]), required={"lsfa": 2}).serving == 1


def test_a_closed_mode_tells_when_it_opens_and_no_wait() -> None:
    found = lsf(snapshot([agent("ines")], samples=10), hours="lun-ven 9:00-18:00", timezone="UTC")
    assert (found.is_open, found.opens_at, found.wait_low_s) == (False, AT + 21 * 3600, None)


@pytest.mark.parametrize(("queue", "expected"), [("relay/LSF", 2), ("relay/TTH", 1), ("mairie/LSF", 0)])
def test_those_who_wait_are_counted_by_queue(queue: str, expected: int) -> None:
    held = snapshot((), [waiter("c1"), waiter("c2"), waiter("c3", "relay/TTH")])
    assert waiting(held, queue) == expected


def test_the_newcomer_of_one_mode_is_not_in_front_of_another_ones() -> None:
    held = snapshot([agent("ines")], samples=10)
    both = mode_waits({"LSF": QueueRules(), "LSFA": QueueRules()}, held, CONFIG, AT)
    assert (both[0].wait_low_s, both[0].wait_high_s) == (both[1].wait_low_s, both[1].wait_high_s)


async def test_whoever_asks_while_the_first_waits_are_reckoned_is_told_them_too() -> None:
    class SlowTable:
        async def all(self) -> dict[str, dict[str, Any]]:
            await asyncio.sleep(0)
            return {}

    nobody = QueueSnapshot(at=0.0, waiting=(), assigned=(), agents=())
    board = WaitBoard(Hub(Elsewhere(lambda _: None)), RulesBook(SlowTable()), QueueConfig(), lambda: nobody)
    first, second = await asyncio.gather(board.current(), board.current())
    assert first == second and len(first.modes) == len(MODES)
