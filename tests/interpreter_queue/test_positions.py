"""Positions are told to those who watch: on entry, on change, in turn when there are many."""

from dataclasses import replace

from interpreter_queue.config import QueueConfig
from interpreter_queue.index import FeedEntry, Index
from interpreter_queue.positions import AT_ONCE, Positions
from tests.interpreter_queue.samples import NOW, agent, request


def line(count: int) -> Index:
    requests = {f"c{number}": (number + 1, request(f"c{number}", queued_at=number)) for number in range(count)}
    return Index.of(count, {"ines": (1, agent())}, requests, [], kept=3)


def test_a_position_is_told_on_entry_and_when_it_changes_and_only_to_who_watches() -> None:
    index, positions = line(3), Positions(QueueConfig())
    positions.watch("c2")
    positions.watch("gone")
    [told] = positions.look(index, NOW)
    assert (told.call_id, told.position, told.serving) == ("c2", 3, 1)
    assert positions.look(index, NOW) == []
    index.apply(FeedEntry(4, {}, {"c0": None}))
    assert [(one.call_id, one.position) for one in positions.look(index, NOW)] == [("c2", 2)]
    positions.unwatch("c2")
    index.apply(FeedEntry(5, {}, {"c1": None}))
    assert positions.look(index, NOW) == []


def test_a_call_that_comes_back_to_its_place_is_told_it_again() -> None:
    index, positions = line(2), Positions(QueueConfig())
    positions.watch("c0")
    assert len(positions.look(index, NOW)) == 1
    served = request("c0", queued_at=0).model_copy(update={"state": "assigned"})
    index.apply(FeedEntry(3, {}, {"c0": served}))
    assert positions.look(index, NOW) == []
    index.apply(FeedEntry(4, {}, {"c0": request("c0", queued_at=0)}))
    assert [one.position for one in positions.look(index, NOW)] == [1]


def test_of_very_many_each_has_its_turn_and_one_look_costs_the_same() -> None:
    count = 2 * AT_ONCE + 10
    index, positions = line(count), Positions(replace(QueueConfig(), min_samples=5))
    for number in range(count):
        positions.watch(f"c{number}")
    looks = [positions.look(index, NOW) for _ in range(3)]
    assert [len(told) for told in looks] == [AT_ONCE, AT_ONCE, 10]
    assert {one.call_id for told in looks for one in told} == {f"c{number}" for number in range(count)}
    positions.watch("c0")
    index.apply(FeedEntry(count + 1, {}, {"new": request("new", queued_at=count)}))
    positions.watch("new")
    assert "new" in {one.call_id for one in positions.look(index, NOW)}, "who is new comes first"
