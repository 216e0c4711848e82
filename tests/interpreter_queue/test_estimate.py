"""Position and expected wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreter_queue import policy
from interpreter_queue.config import QueueConfig
from interpreter_queue.estimate import Standing, expected_range, hold, quantile, standings
from interpreter_queue.model import AgentRecord, HandleTime, RequestRecord, Trade
from tests.interpreter_queue.samples import NOW, agent, request

CONFIG = QueueConfig(min_samples=5, handle_window_s=3600)


def handled(*seconds: float, ended_at: float = NOW - 60, trade: Trade = "interpreter") -> list[HandleTime]:
    return [HandleTime(trade=trade, seconds=one, ended_at=ended_at) for one in seconds]


def stand(line: list[RequestRecord], crew: list[AgentRecord], handles: list[HandleTime]) -> dict[str, Standing]:
    return standings(sorted(line, key=lambda one: policy.place(one, NOW)), crew, handles, now=NOW, config=CONFIG)


def positions(line: list[RequestRecord], crew: list[AgentRecord]) -> dict[str, int]:
    return {call_id: found.position for call_id, found in stand(line, crew, []).items()}


LINE = [request(f"c{number}", queued_at=number) for number in range(1, 4)]


def test_position_counts_from_one_in_the_order_of_the_line() -> None:
    found = stand(LINE, [], [])
    assert [found[f"c{number}"].position for number in (1, 2, 3)] == [1, 2, 3]


def test_only_requests_for_the_same_agents_count_as_ahead() -> None:
    line = [
        request("coded", "lfpc_coder", queued_at=1),
        request("trial", queued_at=2, rehearsal=True),
        request("either", "lfpc_coder", "interpreter", queued_at=3),
        request("signed", queued_at=4),
    ]
    both = agent("both", "lfpc_coder", "interpreter", state="engaged")
    apart = [agent("ines", state="engaged"), agent("lea", "lfpc_coder", state="engaged")]
    assert positions(line, [both]) == {"coded": 1, "trial": 1, "either": 2, "signed": 3}
    assert positions(line, apart) == {"coded": 1, "trial": 1, "either": 2, "signed": 2}
    assert positions(line, []) == {"coded": 1, "trial": 1, "either": 2, "signed": 2}, "by trades, nobody being there"


def test_brands_whose_advisers_are_not_the_same_have_lines_of_their_own() -> None:
    line = [request(f"m{n}", "adviser", brand="mairie", skills=("brand:mairie",), queued_at=n) for n in range(4)]
    line.append(request("bank", "adviser", brand="banque", skills=("brand:banque",), queued_at=9))
    marc = agent("marc", "adviser", skills=("brand:mairie",), state="engaged")
    lea = agent("lea", "adviser", skills=("brand:banque",), state="engaged")
    assert positions(line, [marc, lea])["bank"] == 1
    lea_does_both = agent("lea", "adviser", skills=("brand:mairie", "brand:banque"), state="engaged")
    assert positions(line, [marc, lea_does_both])["bank"] == 5
    found = stand(line, [marc, lea_does_both], handled(*[300] * 5, trade="adviser"))["bank"]
    assert (found.low_s, found.high_s) == (900, 900), "half of the mairie's agents serve the bank too: two of its four"


def test_known_adviser_counts_as_serving_and_nobody_learns_who_refused_or_declined() -> None:
    known = ({"trades": ["adviser"], "agents": ["marc"]}, {"trades": ["adviser"], "skills": {"lsf": 3}, "after_s": 30})
    crew = [agent("marc", "adviser", state="engaged"), agent("lea", "adviser", skills=("lsf",))]
    assert stand([request("c1", targets=known)], crew, [])["c1"].working == 2
    plain = request("c1", targets=({"trades": ["adviser"], "skills": {"lsf": 3}},))
    handles = handled(*[300] * 5, trade="adviser")
    shown = stand([plain], crew, handles)["c1"]
    assert shown.working == 1 and shown.low_s is not None
    for silent in (
        {"declined_by": ("lea",)},
        {"request": plain.request.model_copy(update={"refused_agents": ("lea",)})},
    ):
        assert stand([plain.model_copy(update=silent)], crew, handles)["c1"] == shown


def test_wait_is_hidden_under_five_samples() -> None:
    busy = [agent(state="engaged")]
    assert stand(LINE, busy, handled(300, 300, 300, 300))["c1"].low_s is None
    assert stand(LINE, busy, handled(300, 300, 300, 300, 300))["c1"].low_s is not None


def test_old_samples_and_those_of_other_trades_do_not_count() -> None:
    busy = [agent(state="engaged")]
    assert stand(LINE, busy, handled(*[300] * 9, ended_at=NOW - 3600))["c1"].low_s is None
    others = [HandleTime(trade="adviser", seconds=300, ended_at=NOW) for _ in range(9)]
    assert stand(LINE, busy, others)["c1"].low_s is None


def test_rehearsals_are_told_no_wait_measured_on_real_calls() -> None:
    robot = agent("robot", skills=("rehearsal",), state="engaged")
    found = stand([request("trial", rehearsal=True)], [robot], handled(*[300] * 9))["trial"]
    assert (found.working, found.low_s) == (1, None)


def test_wait_is_hidden_while_nobody_who_could_serve_is_at_work() -> None:
    away = [agent("ines", state="paused"), agent("karim", state="not_responding"), agent("marc", "adviser")]
    found = stand(LINE, away, handled(*[300] * 5))["c1"]
    assert (found.working, found.low_s, found.high_s) == (0, None, None)


def test_wait_is_calls_ahead_plus_one_by_handle_time_over_agents_at_work() -> None:
    two = [agent("ines", state="engaged"), agent("karim", state="wrap_up")]
    found = stand(LINE, two, handled(*[300] * 5))
    assert [(found[c].low_s, found[c].high_s) for c in ("c1", "c2", "c3")] == [(150, 150), (300, 300), (450, 450)]


def test_free_agents_shorten_the_wait_and_the_first_ones_wait_for_the_alert_only() -> None:
    crew = [agent("ines", state="alerting"), agent("karim", state="engaged")]
    found = stand(LINE, crew, handled(*[300] * 5))
    assert (found["c1"].low_s, found["c1"].high_s) == (0, 30)
    assert (found["c2"].low_s, found["c2"].high_s) == (150, 150)


def test_range_is_rounded_outwards() -> None:
    assert expected_range(0, 1, 0, [100, 200, 300]) == (150, 270)  # quartiles 150 and 250
    assert expected_range(3, 1, 0, [100, 200, 300]) == (600, 1200)  # beyond ten minutes by five


@given(
    st.integers(0, 50),
    st.integers(1, 20),
    st.lists(st.floats(1, 7200), min_size=5, max_size=50).map(sorted),
)
def test_range_is_ordered_never_empty_and_grows_with_the_line(ahead: int, working: int, samples: list[float]) -> None:
    low, high = expected_range(ahead, working, 0, samples)
    further_low, further_high = expected_range(ahead + 1, working, 0, samples)
    assert 0 <= low <= high
    assert high >= 30
    assert low <= further_low
    assert high <= further_high


@pytest.mark.parametrize(("share", "expected"), [(0, 1.0), (0.25, 1.75), (0.5, 2.5), (1, 4.0)])
def test_quantile_interpolates_between_neighbours(share: float, expected: float) -> None:
    assert quantile([1, 2, 3, 4], share) == expected


def test_wait_never_rises_without_a_reason() -> None:
    shown = Standing(2, 3, 120, 240)
    assert hold(shown, Standing(2, 3, 150, 300)) == Standing(2, 3, 120, 240), "longer calls are no reason"
    assert hold(shown, Standing(1, 3, 60, 300)) == Standing(1, 3, 60, 240)
    assert hold(shown, Standing(3, 3, 180, 360)) == Standing(3, 3, 180, 360), "somebody urgent came before"
    assert hold(shown, Standing(2, 2, 180, 360)) == Standing(2, 2, 180, 360), "one interpreter less"
    assert hold(shown, Standing(2, 3, None, None)) == Standing(2, 3, None, None)
    assert hold(None, shown) == shown


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 900), st.integers(0, 900)), min_size=2, max_size=20))
def test_shown_wait_only_falls_while_place_and_crew_stay(steps: list[tuple[int, int, int]]) -> None:
    shown: Standing | None = None
    for position, one, other in steps:
        before, shown = shown, hold(shown, Standing(position, 2, min(one, other), max(one, other)))
        if before is not None and position <= before.position:
            assert shown.low_s is not None
            assert before.low_s is not None
            assert shown.high_s is not None
            assert before.high_s is not None
            assert shown.low_s <= before.low_s
            assert shown.high_s <= before.high_s
        assert shown.low_s is not None
        assert shown.high_s is not None
        assert shown.low_s <= shown.high_s
