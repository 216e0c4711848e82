"""What a dispatcher knows in memory, and when a lease counts as run out."""

import pytest

from interpreter_queue import operations
from interpreter_queue.changes import Departed, View
from interpreter_queue.index import FeedEntry, Index, lapsed
from interpreter_queue.model import HandleTime
from interpreter_queue.policy import Match
from tests.interpreter_queue.samples import NOW, agent, request


def index() -> Index:
    return Index.of(7, {"ines": (5, agent())}, {"c1": (7, request())}, [], kept=3)


def test_missing_change_is_noticed() -> None:
    assert index().follows(FeedEntry(8, {}, {}))
    assert not index().follows(FeedEntry(9, {}, {}))
    assert not index().follows(FeedEntry(7, {}, {})), "Redis came back with less than it had"


def test_change_is_known_with_its_version() -> None:
    known = index()
    known.apply(FeedEntry(8, {"ines": agent(state="paused")}, {"c1": None, "c2": request("c2")}))
    loaded = known.loaded("ines", "c2", NOW)
    assert (loaded.agent_version, loaded.request_version) == (8, 8)
    assert loaded.view.agent is not None
    assert loaded.view.agent.state == "paused"
    assert known.loaded("ines", "c1", NOW).request_version == 0
    assert known.number == 8


def test_own_change_is_not_undone_when_it_comes_by_the_stream_after_an_older_one() -> None:
    known = index()
    known.apply_early(FeedEntry(9, {"ines": agent(state="alerting")}, {}))
    known.apply(FeedEntry(8, {}, {"c2": request("c2")}))
    known.apply(FeedEntry(9, {"ines": agent(state="alerting")}, {}))
    assert known.agents["ines"].state == "alerting"
    assert known.loaded("ines", None, NOW).agent_version == 9


def test_only_recent_handle_times_are_kept_newest_first() -> None:
    known = index()
    for number in range(8, 13):
        handle = HandleTime(trade="interpreter", seconds=number, ended_at=NOW)
        known.apply_early(FeedEntry(number, {}, {}, handle=handle))
        known.apply(FeedEntry(number, {}, {}, handle=handle))
    assert [handle.seconds for handle in known.handles] == [12, 11, 10]


def test_waiting_is_in_the_order_of_the_line_and_without_assigned_requests() -> None:
    records = {
        "late": request("late", queued_at=9),
        "early": request("early", queued_at=1),
        "urgent": request("urgent", queued_at=10, priority=100),
        "served": request("served").model_copy(update={"state": "assigned"}),
        "alerting": request("alerting", queued_at=5).model_copy(update={"state": "alerting"}),
    }
    known = Index.of(1, {}, {key: (1, record) for key, record in records.items()}, [], kept=1)
    assert [record.call_id for record in known.waiting(NOW)] == ["urgent", "early", "alerting", "late"]


def test_next_deadline_is_the_nearest_one_still_ahead() -> None:
    known_first = ({"trades": ["interpreter"], "agents": ["alerted"]}, {"trades": ["interpreter"], "after_s": 30})
    crew = {
        "over": (1, agent("over", state="wrap_up", until=NOW - 1)),
        "alerted": (1, agent("alerted", state="alerting", until=NOW + 20)),
    }
    known = Index.of(1, crew, {"c1": (1, request(queued_at=NOW - 25, targets=known_first))}, [], kept=1)
    assert known.next_deadline(NOW) == NOW + 5
    assert known.next_deadline(NOW + 6) == NOW + 20
    assert known.next_deadline(NOW + 20) is None
    assert [one.agent_id for one in known.due(NOW)] == ["over"]
    assert {one.agent_id for one in known.due(NOW + 20)} == {"over", "alerted"}


@pytest.mark.parametrize(
    ("until", "now", "back_at", "expected"),
    [
        (100, 99.9, 0, False),
        (100, 100, 0, True),
        (100, 130, 120, False),  # Redis is back for 10 s: nobody had the time to renew
        (100, 134.9, 120, False),
        (100, 135, 120, True),
        (140, 135, 120, False),
    ],
)
def test_no_lease_runs_out_until_one_full_period_after_redis_is_back(
    until: float, now: float, back_at: float, expected: bool
) -> None:
    assert lapsed(until, 15, now, back_at) is expected


def test_matching_is_told_of_every_change_once() -> None:
    known = index()
    assert known.matching.matches(NOW, 9) == [Match("c1", "ines", "interpreter")]
    known.apply_early(FeedEntry(8, {"ines": agent(state="alerting")}, {"c1": None, "c2": request("c2")}))
    known.apply(FeedEntry(8, {"ines": agent()}, {}))
    assert known.matching.matches(NOW, 9) == [], "what was applied early is not undone"
    known.apply(FeedEntry(9, {"ines": agent()}, {}))
    assert known.matching.matches(NOW, 9) == [Match("c2", "ines", "interpreter")]
    known.apply(FeedEntry(10, {"ines": None}, {"c2": request("c2")}))
    assert known.matching.matches(NOW, 9) == []


def test_who_left_is_remembered_until_back() -> None:
    known, there = index(), agent(served=3)
    left = operations.leave(View(NOW, there))
    assert left is not None
    known.apply(FeedEntry(8, {"ines": there}, {}))
    known.apply_early(FeedEntry(9, left.agents, left.requests, left.events))
    known.apply(FeedEntry(9, left.agents, left.requests, left.events))
    assert known.departed == {"ines": Departed(there, NOW)}
    known.apply(FeedEntry(10, {"ines": agent()}, {}))
    assert known.departed == {}
