"""A simulated centre keeps the queue's own rules, and comes out the same with the same seed."""

from collections.abc import Iterable
from dataclasses import astuple, replace
from typing import Any

import pytest

from interpreter_queue import simulation_book
from interpreter_queue.arrivals import DAY_S, Profile, steady
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import Agent, AgentRecord, Request, RequestRecord, Target
from interpreter_queue.policy import Match
from interpreter_queue.simulation import Simulation
from interpreter_queue.simulation_figures import by_half_hour, days, figures, margins, occupancy
from interpreter_queue.simulation_model import (
    CallBacks,
    Duration,
    Habits,
    Scenario,
    Stream,
    Worker,
    interpreter,
    joined,
    one_queue,
)
from interpreter_queue.simulation_trace import SimulatedCall, Trace
from tests.interpreter_queue.plain import search

HOUR = 3600.0
WORKDAY = Profile((0,) * 16 + (20,) * 20 + (0,) * 12)  # 400 calls from 8:00 to 18:00


def stream(name: str, per_hour: float, handling_s: float = 240, **request: Any) -> Stream:
    wanted = {"call_id": "-", "targets": (Target(trades=("interpreter",)),), "queue": name} | request
    return Stream(Request(**wanted), steady(per_hour), Duration(handling_s))


def crew(size: int, **skills: int) -> tuple[Worker, ...]:
    return tuple(Worker(interpreter(number, dict(skills))) for number in range(size))


def steady_run(scenario: Scenario, calls: int = 2000, seed: int = 1) -> Trace:
    return Simulation(scenario, seed).run_calls(calls, warm_up=200, batches=20)


def of(trace: Trace, index: int) -> list[SimulatedCall]:
    return [call for call in trace.calls if call.stream == index]


def wait(calls: Iterable[SimulatedCall]) -> float:
    return figures(calls).mean_wait_s or 0.0


# The same again


def test_the_same_seed_gives_the_same_calls_and_another_one_others() -> None:
    centre = replace(one_queue(60, 240, 5, 300), habits=Habits(accept_s=3, missed_share=0.05, declined_share=0.05))
    first, again, other = ([astuple(call) for call in steady_run(centre, 500, seed).calls] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_another_crew_meets_the_same_calls() -> None:
    few, many = (steady_run(one_queue(60, 240, size), 300) for size in (5, 12))
    assert [call.at for call in few.calls] == [call.at for call in many.calls]


def test_every_measured_call_comes_to_an_end() -> None:
    trace = steady_run(one_queue(60, 240, 3, 60), 1000)
    assert len(trace.calls) == 1000
    assert {call.ending for call in trace.calls} == {"answered", "abandoned"}


# Who is served before whom


def test_one_class_is_served_in_the_order_of_arrival() -> None:
    calls = steady_run(one_queue(60, 240, 5), 1000).calls
    answered = [call.at + call.wait_s for call in calls]
    assert answered == sorted(answered)


def test_weighted_queues_wait_in_the_inverse_ratio_of_their_weights_under_heavy_load() -> None:
    """Accumulating priority: near saturation, waits are as 1 / weight (Stanford, Taylor & Ziedins 2014, section 6)."""
    centre = Scenario((stream("slow", 30), stream("fast", 30, weight=4.0)), crew(4))
    centre = replace(centre, streams=tuple(replace(each, arrivals=steady(29.5)) for each in centre.streams))  # 98 %
    trace = steady_run(centre, 6000)
    assert wait(of(trace, 0)) / wait(of(trace, 1)) == pytest.approx(4, rel=0.15)


def test_weights_share_out_waits_and_make_none() -> None:
    """What one queue gains the other loses: the mean wait of all is that of the unweighted line (conservation law)."""
    plain = steady_run(Scenario((stream("a", 30), stream("b", 30)), crew(5)), 4000)
    weighted = steady_run(Scenario((stream("a", 30), stream("b", 30, weight=5.0)), crew(5)), 4000)
    assert wait(of(weighted, 1)) < wait(of(plain, 1)) < wait(of(plain, 0)) * 1.3 < wait(of(weighted, 0)) * 1.3
    assert wait(weighted.calls) == pytest.approx(wait(plain.calls), rel=0.1)


def test_a_heavier_request_overtakes_only_within_its_window() -> None:
    """Whoever is overtaken by a later call of weight w' > w was overtaken within W * (1 - w / w') (policy)."""
    centre = Scenario((stream("slow", 40), stream("fast", 15, weight=3.0)), crew(4))
    trace = steady_run(centre, 2000)
    overtaken = 0
    for slow in of(trace, 0):
        for fast in of(trace, 1):
            if slow.at < fast.at and fast.at + fast.wait_s < slow.at + slow.wait_s - 1e-6:
                overtaken += 1
                served = fast.at + fast.wait_s
                assert fast.at - slow.at <= (served - slow.at) * (1 - 1 / 3) + 1e-6
    assert overtaken > 20


def test_emergencies_wait_for_nobody_but_the_next_free_interpreter() -> None:
    centre = Scenario((stream("relay", 58), stream("urgent", 1, priority=100)), crew(4))
    trace = steady_run(centre, 3000)
    assert wait(of(trace, 1)) < 0.2 * wait(of(trace, 0))
    assert wait(of(trace, 1)) < 120  # four busy with calls of 240 s: the next is free after 60 s on average


def test_a_skill_that_few_have_waits_for_those_few() -> None:
    medical = (Target(trades=("interpreter",), skills={"medical": 3}),)
    able = tuple(
        Worker(Agent(agent_id=f"m{n}", trades=frozenset({"interpreter"}), skills={"medical": 3})) for n in (1, 2)
    )
    centre = Scenario((stream("plain", 30), stream("medical", 10, targets=medical)), (*crew(3), *able))
    trace = steady_run(centre, 1500)
    assert {call.agent_id for call in of(trace, 1)} == {"m1", "m2"}
    assert len({call.agent_id for call in of(trace, 0)}) == 5


def test_a_later_target_helps_out_after_its_time_and_not_before() -> None:
    targets = (Target(trades=("adviser",)), Target(after_s=60, trades=("interpreter",)))
    adviser = Worker(Agent(agent_id="adviser", trades=frozenset({"adviser"})))
    centre = Scenario((stream("mairie", 20, targets=targets),), (adviser, *crew(2)))
    overflowed = [call for call in steady_run(centre, 800).calls if call.agent_id != "adviser"]
    assert len(overflowed) > 50
    assert min(call.wait_s for call in overflowed) == pytest.approx(60)


def test_a_queue_with_no_room_left_refuses() -> None:
    full = replace(Scenario((stream("relay", 60, room=2),), crew(3)), has_room_limit=True)
    trace = steady_run(full, 500)
    assert figures(trace.calls).refused > 20
    assert trace.longest_line == 2


# People


def test_missed_alerts_cost_their_time_and_the_call_keeps_its_place() -> None:
    missing = replace(one_queue(30, 240, 20), habits=Habits(missed_share=0.3))
    trace = steady_run(missing, 1000)
    assert trace.missed / trace.alerts == pytest.approx(0.3, abs=0.04)
    assert min(call.wait_s for call in trace.calls if call.wait_s) >= QueueConfig.alert_s - 1e-6
    answered = [call.at for call in sorted(trace.calls, key=lambda one: one.at + one.wait_s)]
    assert figures(trace.calls).answered == 1000
    assert answered != sorted(answered)  # others were answered while it rang in vain


def test_declined_alerts_go_to_somebody_else_at_once() -> None:
    centre = replace(one_queue(10, 240, 8), habits=Habits(declined_share=0.2))
    trace = steady_run(centre, 500)
    assert trace.declined > 80
    assert wait(trace.calls) < 1


def test_wrap_up_occupies_the_interpreter_after_the_call() -> None:
    without, with_it = (
        steady_run(replace(one_queue(30, 240, 6), habits=Habits(wrap_up_s=seconds))) for seconds in (0.0, 60.0)
    )
    ratio = (occupancy(with_it.marks) or 0) / (occupancy(without.marks) or 1)
    assert ratio == pytest.approx(300 / 240, rel=0.05)


@pytest.mark.parametrize(("breaks", "least_s"), [("due", 3600.0), ("proposed", 1800.0)])
def test_breaks_come_by_the_queues_own_rule(breaks: str, least_s: float) -> None:
    """As many as the time in calls allows, and nobody is called in a break."""
    centre = replace(one_queue(60, 240, 7), habits=Habits(breaks=breaks, break_s=600))  # type: ignore[arg-type]
    trace = steady_run(centre, 3000)
    in_calls_s = sum(call.handling_s for call in trace.calls)
    expected = in_calls_s / (least_s + 240)  # the running call goes on, 240 s on average
    assert trace.breaks == pytest.approx(expected, rel=0.2)
    free = steady_run(one_queue(60, 240, 7), 3000)
    assert free.breaks == 0
    assert wait(trace.calls) > wait(free.calls)


# Days


def test_nobody_is_there_outside_the_shifts_and_calls_end_before_people_leave() -> None:
    shift = ((8 * HOUR, 18 * HOUR),)
    centre = Scenario(
        (replace(stream("relay", 1), arrivals=WORKDAY, patience=Duration(300)),),
        tuple(Worker(interpreter(number), shifts=shift) for number in range(5)),
    )
    slots = by_half_hour(Simulation(centre, 1).run_days(2))
    assert all(slot.available == 0 for slot in slots[:16] + slots[38:])
    assert all(slot.available == pytest.approx(5, abs=0.01) for slot in slots[16:36])
    assert 0 < slots[36].available < 5  # the calls of 17:59


def test_planned_pauses_empty_the_floor_and_end() -> None:
    shift, lunch = ((8 * HOUR, 18 * HOUR),), ((12 * HOUR, 13 * HOUR),)
    centre = Scenario(
        (replace(stream("relay", 1, handling_s=30), arrivals=WORKDAY, patience=Duration(60)),),
        tuple(Worker(interpreter(number), shifts=shift, pauses=lunch) for number in range(3)),
    )
    slots = by_half_hour(Simulation(centre, 1).run_days(1))
    assert slots[24].available < 0.3
    assert slots[27].available == pytest.approx(3, abs=0.01)


def test_a_planned_pause_is_taken_by_who_is_away_when_it_begins() -> None:
    lunch = ((12 * HOUR, 13 * HOUR),)
    centre = Scenario(
        (replace(stream("relay", 60, handling_s=30), patience=Duration(60)),),
        tuple(Worker(interpreter(number), pauses=lunch) for number in range(3)),
        Habits(missed_share=0.9, back_after_s=400),  # nearly always not responding
    )
    slots = by_half_hour(Simulation(centre, 1).run_days(1))
    assert slots[23].available > 0.1 and slots[26].available > 0.1
    assert slots[24].available < 0.05 and slots[25].available == 0


def test_a_night_shift_is_there_on_both_sides_of_midnight() -> None:
    centre = Scenario(
        (replace(stream("relay", 4), patience=Duration(300)),),
        (Worker(interpreter(0), shifts=((22 * HOUR, 30 * HOUR),)), Worker(interpreter(1))),
    )
    slots = by_half_hour(Simulation(centre, 1).run_days(2))
    assert [round(slots[index].available) for index in (2, 20, 45)] == [2, 1, 2]


def test_shifts_that_touch_are_one_around_midnight_too() -> None:
    assert joined(((0, 6 * HOUR), (20 * HOUR, DAY_S))) == ((20 * HOUR, DAY_S + 6 * HOUR),)
    assert joined(((8 * HOUR, 12 * HOUR), (12 * HOUR, 16 * HOUR))) == ((8 * HOUR, 16 * HOUR),)
    assert joined(((0, 12 * HOUR), (12 * HOUR, DAY_S))) == ((0, DAY_S),)


def test_a_closed_queue_lets_nobody_in() -> None:
    open_mornings = replace(stream("mairie", 20), opens=((9 * HOUR, 12 * HOUR),))
    trace = Simulation(Scenario((open_mornings,), crew(4)), 1).run_days(1)
    assert {call.ending for call in trace.calls if not 9 * HOUR <= call.at < 12 * HOUR} == {"closed"}
    assert {call.ending for call in trace.calls if 9 * HOUR <= call.at < 12 * HOUR} == {"answered"}


def test_who_is_never_served_is_counted_as_left_waiting() -> None:
    asl = (Target(trades=("interpreter",), skills={"asl": 3}),)
    trace = Simulation(Scenario((stream("asl", 1, targets=asl),), crew(2, lsf=5)), 1).run_days(1)
    assert figures(trace.calls).left_waiting == len(trace.calls) > 0


# Call-backs


def test_call_backs_are_rung_in_their_old_place_and_are_no_abandons() -> None:
    backs = CallBacks(asked_share=1.0, after_s=60, answered_share=1.0)
    centre = Scenario((replace(stream("relay", 60), patience=Duration(3600), call_backs=backs),), crew(4))
    trace = steady_run(centre, 1000)
    found = figures(trace.calls)
    assert found.called_back > 100
    assert all(call.wait_s >= 60 for call in trace.calls if call.ending == "called_back")
    assert found.abandoned_share == pytest.approx(found.abandoned / 1000)
    assert found.abandoned < 60  # whoever asked for a call-back does not give up


def test_a_call_back_that_nobody_answers_is_tried_again_and_given_up_after_the_last_attempt() -> None:
    backs = CallBacks(asked_share=1.0, after_s=1, answered_share=0.0, attempts=3, spacing_s=600)
    centre = Scenario((replace(stream("relay", 60), call_backs=backs),), crew(4))
    trace = Simulation(centre, 1).run_days(1)
    failed = [call for call in trace.calls if call.ending == "call_back_failed"]
    assert len(failed) > 20
    assert {call.rings for call in failed} == {3}
    assert all(call.wait_s >= 2 * 600 + 3 * 45 for call in failed)


# Figures


def test_days_are_the_parts_from_which_a_margin_is_made() -> None:
    centre = replace(one_queue(WORKDAY, 240, 5, 300))
    trace = Simulation(centre, 1).run_days(6)
    assert [len(part.marks) for part in days(trace)] == [49] * 6
    assert sum(len(part.calls) for part in days(trace)) == len(trace.calls)
    assert margins(days(trace))["mean_wait_s"] > 0
    assert margins(days(Simulation(centre, 1).run_days(1))) == {}


def test_figures_of_known_calls_are_the_ones_of_their_definitions() -> None:
    calls = [
        SimulatedCall(0, 0, "answered", 0.0, 100),
        SimulatedCall(0, 0, "answered", 120.0, 100),
        SimulatedCall(0, 0, "answered", 150.0, 100),
        SimulatedCall(0, 0, "answered", 300.0, 100),
        SimulatedCall(0, 0, "abandoned", 5.0),
        SimulatedCall(0, 0, "abandoned", 60.0),
        SimulatedCall(0, 0, "called_back", 900.0, 100),
        SimulatedCall(0, 0, "closed"),
    ]
    found = figures(calls)
    assert (found.calls, found.entered, found.answered, found.short_abandoned) == (8, 7, 4, 1)
    assert found.mean_wait_s == 142.5
    assert (found.wait_p50_s, found.wait_p95_s) == (120.0, 300.0)
    assert (found.service_level_120s, found.service_level_180s) == (0.5, 0.75)
    assert (found.service_level_120s_with_abandons, found.service_level_180s_with_abandons) == (0.4, 0.6)
    assert found.abandoned_share == pytest.approx(2 / 7)


# The real policy


class AllAtOnce:
    """The plain rules behind the interface of the incremental matching: the same pairs, found by searching."""

    def __init__(self) -> None:
        self.agents: dict[str, AgentRecord] = {}
        self.requests: dict[str, RequestRecord] = {}

    def put_agent(self, record: AgentRecord) -> None:
        self.agents[record.agent_id] = record

    def drop_agent(self, agent_id: str) -> None:
        self.agents.pop(agent_id, None)

    def put_request(self, record: RequestRecord) -> None:
        self.requests[record.call_id] = record

    def drop_request(self, call_id: str) -> None:
        self.requests.pop(call_id, None)

    def matches(self, now: float, limit: int) -> list[Match]:
        return search(self.requests.values(), self.agents, now)[:limit]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_is_the_same_as_with_plain_rules_and_a_search_through_everything(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (Target(trades=("adviser",)), Target(after_s=45, trades=("interpreter",), skills={"lsf": 3}))
    known = (Target(trades=("interpreter",), agents=("i0002",)), Target(after_s=30, trades=("interpreter",)))
    adviser = Worker(Agent(agent_id="adviser", trades=frozenset({"adviser"}), skills={"gender:f": 5}))
    centre = Scenario(
        (
            replace(stream("relay", 25, preferred={"lsf": 3}), patience=Duration(400)),
            replace(stream("mairie", 15, targets=first, weight=2.0), call_backs=CallBacks(0.5, 30)),
            stream("resumed", 3, targets=known, priority=50),
            stream("incoming", 5, head_start_s=1800.0, strategy="fewest_calls"),
        ),
        (
            adviser,
            *crew(1, lsf=2),
            *(Worker(interpreter(n, {"lsf": 4}), ((n * HOUR, (n + 14) * HOUR),)) for n in range(1, 5)),
        ),
        Habits(accept_s=4, declined_share=0.05, missed_share=0.05, wrap_up_s=30, breaks="due"),
    )
    quick = Simulation(centre, seed).run_days(1)
    monkeypatch.setattr(simulation_book, "Matching", AllAtOnce)
    slow = Simulation(centre, seed).run_days(1)
    assert len(quick.calls) > 900
    assert [astuple(call) for call in quick.calls] == [astuple(call) for call in slow.calls]
