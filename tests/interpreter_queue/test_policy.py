"""Who is alerted for which request."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreter_queue import policy
from interpreter_queue.config import QueueConfig
from interpreter_queue.matching import Matching
from interpreter_queue.model import (
    Agent,
    AgentRecord,
    AgentState,
    Request,
    RequestRecord,
    Strategy,
    Target,
    Trade,
)
from tests.interpreter_queue.plain import matched
from tests.interpreter_queue.samples import NOW, agent, request

CONFIG = QueueConfig()
TRADES: tuple[Trade, ...] = get_args(Trade)
SKILLS = ("lsf", "lsfa", "brand:mairie", "rehearsal")
NAMES = ("ines", "karim", "lea", "marc")

profiles = st.builds(
    Agent,
    agent_id=st.sampled_from(NAMES),
    trades=st.frozensets(st.sampled_from(TRADES), min_size=1),
    skills=st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5)),
)
targets = st.builds(
    Target,
    trades=st.lists(st.sampled_from(TRADES), min_size=1, unique=True).map(tuple),
    skills=st.dictionaries(st.sampled_from(SKILLS[:3]), st.integers(1, 5), max_size=2),
    agents=st.just(()) | st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
)


def steps(found: list[Target]) -> tuple[Target, ...]:
    """One opens after the other, 30 s apart."""
    return tuple(target.model_copy(update={"after_s": 30.0 * step}) for step, target in enumerate(found))


agents = st.builds(
    AgentRecord,
    agent=profiles,
    presence=st.just("available"),
    state=st.sampled_from(get_args(AgentState)),
    since=st.just(0.0),
    idle_since=st.floats(0, 900),
)
requests = st.builds(
    RequestRecord,
    request=st.builds(
        Request,
        call_id=st.sampled_from([f"c{number}" for number in range(8)]),
        targets=st.lists(targets, min_size=1, max_size=3).map(steps),
        preferred=st.dictionaries(st.sampled_from(SKILLS[:3]), st.integers(1, 5), max_size=2),
        priority=st.sampled_from([0, 50, 100]),
        weight=st.sampled_from([0.5, 1.0, 3.0]),
        strategy=st.sampled_from(get_args(Strategy)),
        refused_agents=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
        rehearsal=st.booleans(),
    ),
    state=st.sampled_from(["queued", "queued", "alerting", "assigned"]),
    queued_at=st.floats(0, 900),
    enqueued_at=st.floats(900, 1000),
    declined_by=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
)


def who(*records: AgentRecord) -> dict[str, AgentRecord]:
    return {record.agent_id: record for record in records}


def room_limit(asked: Request, crowd: list[RequestRecord], config: QueueConfig) -> int | None:
    matching = Matching()
    for record in crowd:
        matching.put_request(record)
    return matching.room_limit(asked, config)


def may(one: AgentRecord, record: RequestRecord, crew: dict[str, AgentRecord]) -> bool:
    """By a target that is open now."""
    opened = record.request.targets[: policy.open_targets(record, crew, NOW)]
    by_target = any(policy.serving_trade(one.agent, target) for target in opened)
    return by_target and not policy.is_excluded(one, record)


def pairs(requests_: list[RequestRecord], *agents_: AgentRecord, now: float = NOW) -> list[tuple[str, str]]:
    return [(match.call_id, match.agent_id) for match in matched(requests_, who(*agents_), now)]


@given(st.lists(agents, max_size=4), st.lists(requests, max_size=8))
def test_no_request_ever_reaches_somebody_without_its_trade_or_skills(
    some: list[AgentRecord], waiting: list[RequestRecord]
) -> None:
    crew, line = who(*some), {record.call_id: record for record in waiting}
    for match in matched(line.values(), crew, NOW):
        asked, served_by = line[match.call_id].request, crew[match.agent_id]
        assert match.trade in served_by.agent.trades
        assert any(
            match.trade in target.trades
            and all(served_by.agent.skills.get(name, 0) >= level for name, level in target.skills.items())
            and match.agent_id in (target.agents or (match.agent_id,))
            for target in asked.targets
        )
        assert served_by.state == "idle"
        assert match.agent_id not in (*asked.refused_agents, *line[match.call_id].declined_by)
        assert asked.rehearsal == ("rehearsal" in served_by.agent.skills)


@given(st.lists(agents, max_size=4), st.lists(requests, max_size=8))
def test_nobody_is_alerted_twice_and_nobody_free_is_left_out(
    some: list[AgentRecord], waiting: list[RequestRecord]
) -> None:
    crew, line = who(*some), {record.call_id: record for record in waiting}
    matches = matched(line.values(), crew, NOW)
    assert len({match.call_id for match in matches}) == len({match.agent_id for match in matches}) == len(matches)
    taken, served = {match.agent_id for match in matches}, {match.call_id for match in matches}
    for record in line.values():
        if record.state == "queued" and record.call_id not in served:
            assert {one.agent_id for one in crew.values() if one.state == "idle" and may(one, record, crew)} <= taken


@given(st.lists(agents, max_size=4), st.lists(requests, max_size=8))
def test_nobody_is_overtaken_for_an_agent_who_could_have_served(
    some: list[AgentRecord], waiting: list[RequestRecord]
) -> None:
    crew, line = who(*some), {record.call_id: record for record in waiting}
    matches = matched(line.values(), crew, NOW)
    served = {match.call_id for match in matches}
    for match in matches:
        for record in line.values():
            passed_over = (
                record.state == "queued"
                and record.call_id not in served
                and policy.place(record, NOW) < policy.place(line[match.call_id], NOW)
            )
            assert not (passed_over and may(crew[match.agent_id], record, crew))


@pytest.mark.parametrize("trade", ["interpreter", "lfpc_coder", "transcriber"])
def test_relay_call_waits_rather_than_reach_an_adviser(trade: str) -> None:
    assert pairs([request("c1", trade)], agent("marc", "adviser", skills=("lsf",))) == []
    assert pairs([request("c1", trade)], agent("marc", "adviser", trade)) == [("c1", "marc")]


def test_the_requests_own_order_of_trades_decides_in_which_one_it_is_served() -> None:
    both = agent("ines", "interpreter", "transcriber")
    (match,) = matched([request("c1", "transcriber", "interpreter")], who(both), NOW)
    assert match.trade == "transcriber"


def test_longest_idle_is_alerted_first() -> None:
    crew = [agent("ines", idle_since=50.0), agent("karim", idle_since=10.0), agent("lea", idle_since=30.0)]
    line = [request(f"c{n}", queued_at=n) for n in range(4)]
    assert pairs(line, *crew) == [("c0", "karim"), ("c1", "lea"), ("c2", "ines")]


def test_priority_goes_before_the_place_in_line() -> None:
    line = [request("old", queued_at=1), request("resumed", priority=50, queued_at=2), request("urgent", priority=100)]
    assert pairs(line, agent("ines"), agent("karim"), agent("lea")) == [
        ("urgent", "ines"),
        ("resumed", "karim"),
        ("old", "lea"),
    ]


def test_request_that_nobody_can_serve_does_not_hold_the_line() -> None:
    line = [request("coded", "lfpc_coder", queued_at=1), request("signed", queued_at=2)]
    assert pairs(line, agent("ines")) == [("signed", "ines")]


def test_refused_agents_and_those_who_declined_are_never_alerted() -> None:
    refused = request("c1", refused_agents=("ines",))
    declined = request("c2").model_copy(update={"declined_by": ("ines",)})
    assert pairs([refused, declined], agent("ines")) == []
    assert pairs([refused, declined], agent("ines"), agent("karim")) == [("c1", "karim")]


def test_rehearsals_reach_rehearsal_agents_only_and_those_nothing_else() -> None:
    robot, real = agent("robot", skills=("rehearsal",)), agent("ines")
    assert pairs([request("trial", rehearsal=True)], real) == []
    assert pairs([request("real")], robot) == []
    assert pairs([request("trial", rehearsal=True), request("real")], robot, real) == [
        ("real", "ines"),
        ("trial", "robot"),
    ]


KNOWN = ({"trades": ["interpreter"], "agents": ["karim"]}, {"trades": ["interpreter"], "after_s": 30})


def test_known_adviser_goes_first_even_with_a_shorter_idle_time() -> None:
    known = request("c1", targets=KNOWN, queued_at=NOW)
    assert pairs([known], agent("ines", idle_since=1.0), agent("karim", idle_since=9.0)) == [("c1", "karim")]


@pytest.mark.parametrize("state", ["alerting", "engaged", "hold", "wrap_up"])
def test_known_adviser_at_work_is_waited_for_until_the_time_runs_out(state: AgentState) -> None:
    known = request("c1", queued_at=NOW, targets=KNOWN)
    crew = (agent("ines"), agent("karim", state=state))
    assert pairs([known], *crew, now=NOW + 29.9) == []
    assert pairs([known], *crew, now=NOW + 30) == [("c1", "ines")]


@pytest.mark.parametrize("state", ["paused", "training", "not_responding", "offline"])
def test_known_adviser_who_is_not_at_work_is_not_waited_for(state: AgentState) -> None:
    known = request("c1", queued_at=NOW, targets=KNOWN)
    assert pairs([known], agent("ines"), agent("karim", state=state)) == [("c1", "ines")]
    assert pairs([known], agent("ines")) == [("c1", "ines")]


def test_visitors_of_brands_never_fill_the_line_of_relay_calls() -> None:
    crowd = [request(f"c{number}", "adviser", brand=f"brand-{number % 7}") for number in range(600)]
    assert room_limit(request("relay").request, crowd, CONFIG) is None
    assert room_limit(request("more", "adviser", brand="another").request, crowd, CONFIG) == 500


def test_relay_calls_of_any_mode_share_the_room_of_those_who_could_serve_them() -> None:
    crowd = [request(f"c{number}") for number in range(500)]
    assert room_limit(request("both", "transcriber", "interpreter").request, crowd, CONFIG) == 500
    assert room_limit(request("text", "transcriber").request, crowd, CONFIG) is None


def test_one_brands_crowd_leaves_room_for_the_others() -> None:
    crowd = [request(f"c{number}", "adviser", brand="mairie") for number in range(100)]
    assert room_limit(request("more", "adviser", brand="mairie").request, crowd, CONFIG) == 100
    assert room_limit(request("other", "adviser", brand="banque").request, crowd, CONFIG) is None


def test_rehearsals_take_no_room_from_real_calls() -> None:
    crowd = [request(f"c{number}", rehearsal=True) for number in range(500)]
    assert room_limit(request("real").request, crowd, CONFIG) is None
