"""The order of the line: who is before whom, how long somebody can be bypassed, and that nobody waits for ever."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interpreter_queue import policy
from interpreter_queue.matching import Matching
from interpreter_queue.model import Request, RequestRecord
from tests.interpreter_queue.samples import NOW, agent, request

weights, head_starts = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0]), st.sampled_from([0.0, 60.0, 1800.0])
wordings = st.builds(lambda weight, start: request(weight=weight, head_start_s=start).request, weights, head_starts)


def worded(call_id: str, wording: Request, queued_at: float) -> RequestRecord:
    record = request(call_id, queued_at=queued_at)
    return record.model_copy(update={"request": wording.model_copy(update={"call_id": call_id})})


def order(*records: RequestRecord, now: float = NOW) -> list[str]:
    return [record.call_id for record in sorted(records, key=lambda one: policy.place(one, now))]


def test_first_come_is_first_in_line() -> None:
    assert order(request("b", queued_at=2), request("a", queued_at=1), request("c", queued_at=3)) == ["a", "b", "c"]


def test_emergencies_then_resumed_calls_go_before_any_wait() -> None:
    old = request("old", queued_at=0, weight=4.0, head_start_s=1800)
    resumed, urgent = request("resumed", queued_at=999, priority=50), request("urgent", queued_at=999, priority=100)
    assert order(old, resumed, urgent, now=1e6) == ["urgent", "resumed", "old"]


def test_hearing_caller_goes_before_whoever_has_waited_less_than_half_an_hour() -> None:
    incoming = request("incoming", queued_at=2000, head_start_s=1800)
    assert order(incoming, request("short", queued_at=201), now=2000) == ["incoming", "short"]
    assert order(incoming, request("long", queued_at=199), now=2000) == ["long", "incoming"]


def test_call_back_stands_where_the_signer_first_stood_and_before_nobody_who_came_earlier() -> None:
    callback = request("callback", queued_at=500, callback=True).model_copy(update={"enqueued_at": 900.0})
    assert order(callback, request("earlier", queued_at=499), request("later", queued_at=501)) == [
        "earlier",
        "callback",
        "later",
    ]


def test_heavier_queue_overtakes_as_both_wait() -> None:
    light, heavy = request("light", queued_at=0), request("heavy", queued_at=100, weight=2.0)
    assert order(light, heavy, now=150) == ["light", "heavy"]
    assert order(light, heavy, now=201) == ["heavy", "light"]


@given(wordings, wordings, st.integers(1, 4000), st.integers(0, 4000))
def test_whoever_came_after_the_window_is_behind_and_within_it_ahead(
    first: Request, later: Request, waited: int, lag: int
) -> None:
    assume(0 < lag <= waited)
    window = policy.bypass_window_s(first, later, waited)
    assert 0 <= window <= waited
    assume(abs(window - lag) > 1e-6)
    is_ahead = order(worded("later", later, lag), worded("first", first, 0.0), now=waited)[0] == "later"
    assert is_ahead == (lag < window)


@given(wordings, wordings, st.floats(0, 1e4), st.floats(1, 1e4))
def test_the_wait_that_bypasses_nobody_grows_with_the_wait(
    first: Request, later: Request, waited: float, more: float
) -> None:
    def safe(wait: float) -> float:
        return wait - policy.bypass_window_s(first, later, wait)

    assert safe(waited + more) >= safe(waited) - 1e-6
    far = 1e7
    assert safe(far) > far * min(1.0, first.weight / later.weight) - later.head_start_s / later.weight - 1, "no end"


@given(st.lists(st.tuples(wordings, st.integers(0, 900)), min_size=2, max_size=12), st.integers(0, 5000))
def test_requests_of_one_weight_keep_their_order_whatever_the_time(
    waiting: list[tuple[Request, int]], later: int
) -> None:
    same = [
        worded(f"c{number}", wording.model_copy(update={"weight": 2.0}), float(queued_at))
        for number, (wording, queued_at) in enumerate(waiting)
    ]
    assert order(*same, now=NOW) == order(*same, now=NOW + later)


@given(st.lists(st.tuples(wordings, st.integers(0, 900)), min_size=1, max_size=12), st.integers(900, 5000))
def test_pairs_are_found_in_the_order_of_the_line(waiting: list[tuple[Request, int]], now: int) -> None:
    records = [worded(f"c{number}", wording, float(at)) for number, (wording, at) in enumerate(waiting)]
    matching = Matching()
    for record in records:
        matching.put_request(record)
    for number in range(len(records)):
        matching.put_agent(agent(f"a{number}"))
    expected = order(*records, now=now)
    assert [matching.ahead(call_id, now) for call_id in expected] == list(range(len(records)))
    assert [match.call_id for match in matching.matches(now, 100)] == expected


@pytest.mark.parametrize(("every_s", "weight"), [(8, 3.0), (11, 4.0), (6, 2.0)])
def test_nobody_starves_even_where_a_heavier_queue_alone_is_more_than_the_desk_can_serve(
    every_s: int, weight: float
) -> None:
    """
    One agent, calls of 10 s, and a heavier request every few seconds. By the wait W, those who came later and are
    ahead came within ``bypass_window_s(W)``: W / every_s * (1 - 1/weight) of them at most, 10 s each. The light one is
    served as soon as they have been: at the latest when W = 10 * (2 + W / every_s * (1 - 1/weight)).
    """
    share = 10 / every_s * (1 - 1 / weight)
    assert share < 1
    latest = 20 / (1 - share)
    matching, now, free_at = Matching(), 0.0, 10.0
    matching.put_request(request("light", queued_at=0.0))
    while True:
        assert now <= latest, "still waits"
        if now % every_s == 0:
            matching.put_request(request(f"heavy{now}", queued_at=now, weight=weight))
        if now >= free_at:
            matching.put_agent(agent())
            (match,) = matching.matches(now, 1)
            if match.call_id == "light":
                break
            matching.drop_request(match.call_id)
            free_at = now + 10
        now += 1


@pytest.mark.parametrize("many", [50, 4000])
def test_entries_looked_at_for_a_pair_depend_on_the_lines_not_on_who_waits_or_is_free(many: int) -> None:
    lines = 8
    matching = Matching()
    for number in range(many):
        asked = request(f"c{number}", skills=(f"skill{number % lines}",), queued_at=float(number))
        matching.put_request(asked)
        matching.put_agent(agent(f"a{number}", skills=[f"skill{one}" for one in range(lines) if (one + number) % 3]))
    matching.scanned = 0
    assert len(matching.matches(NOW, 40)) == 40
    assert matching.scanned <= 40 * (2 * lines + 2)


def test_thousand_known_advisers_make_no_lines_to_search_through() -> None:
    matching = Matching()
    for number in range(1000):
        known = {"trades": ["adviser"], "agents": [f"a{number}"]}
        anybody = {"trades": ["adviser"], "after_s": 3600}
        matching.put_request(request(f"c{number}", targets=(known, anybody), queued_at=NOW))
        matching.put_agent(agent(f"a{number}", "adviser", state="engaged"))
    matching.advance(NOW)
    matching.put_agent(agent("a77", "adviser"))
    matching.scanned = 0
    (match,) = matching.matches(NOW, 10)
    assert (match.call_id, match.agent_id) == ("c77", "a77")
    assert matching.scanned <= 2
