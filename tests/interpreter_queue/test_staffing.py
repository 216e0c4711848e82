"""The smallest crew that answers in time, half hour by half hour, by formula and by simulation."""

import math

import pytest

from interpreter_queue.arrivals import DAY_S, Profile
from interpreter_queue.erlang import Load, service_level_with_abandons
from interpreter_queue.simulation import Simulation
from interpreter_queue.simulation_figures import by_half_hour
from interpreter_queue.simulation_model import Duration, Scenario, Stream, one_queue
from interpreter_queue.staffing import GOALS, Demand, Goal, Rest, carried_over, crew_of, smallest, staff


@pytest.mark.parametrize("patience_s", [None, 120.0])
@pytest.mark.parametrize("per_hour", [1.0, 30.0, 60.0, 700.0])
def test_one_interpreter_fewer_would_miss_a_goal(per_hour: float, patience_s: float | None) -> None:
    def meets(servers: int) -> bool:
        load = Load(per_hour / 3600, 240, servers, patience_s)
        return all(service_level_with_abandons(load, goal.within_s) >= goal.share for goal in GOALS)

    needed = smallest(per_hour / 3600, 240, GOALS, patience_s)
    assert meets(needed)
    assert needed == 1 or not meets(needed - 1)


def test_both_goals_count_the_harder_one_decides() -> None:
    one, other = Goal(0.80, 120), Goal(0.999, 180)
    alone = [smallest(1 / 60, 240, (goal,), None) for goal in (one, other)]
    assert smallest(1 / 60, 240, (one, other), None) == max(alone) > min(alone)


def test_patience_known_asks_for_no_more_people_than_endless_patience() -> None:
    """Calls that give up early are counted against the goal, and yet the line that they leave is shorter."""
    for per_hour in (20.0, 60.0, 300.0):
        assert smallest(per_hour / 3600, 240, GOALS, 300) <= smallest(per_hour / 3600, 240, GOALS, None)


def test_an_impossible_goal_is_refused_and_not_looked_for_without_end() -> None:
    with pytest.raises(ValueError, match="more than"):
        smallest(1e6, 240, GOALS, None)
    with pytest.raises(ValueError, match="share between 0 and 1"):
        Goal(1.0, 120)


def test_calls_that_began_before_an_interval_are_carried_into_it() -> None:
    busy, quiet = Demand(60, 600), Demand(1, 600)
    first, second = staff([busy, quiet])
    alone = staff([quiet])[0]
    assert second.interpreters > alone.interpreters
    assert first.erlangs == pytest.approx(60 / 1800 * 600 * (1 - math.exp(-3)))  # not yet the 20 of the long run


def test_a_load_that_lasts_is_the_one_of_the_long_run() -> None:
    erlangs, end = 0.0, 0.0
    for _ in range(6):
        erlangs, end = carried_over(Demand(30, 240), end, 1800)
    assert erlangs == end == pytest.approx(4, abs=1e-6)


def test_carried_load_agrees_with_a_small_step_integration() -> None:
    before, demand, steps = 7.0, Demand(20, 500), 200_000
    present, total, step = before, 0.0, 1800 / 200_000
    for _ in range(steps):
        present += step * (demand.calls / 1800 - present / demand.handling_s)
        total += present / steps
    worst, end = carried_over(demand, before, 1800)
    assert end == pytest.approx(present, rel=1e-4)
    assert worst == pytest.approx(max(total, present), rel=1e-4)


def test_an_interval_without_calls_needs_nobody_and_a_minimum_holds_elsewhere() -> None:
    empty, few = staff([Demand(0, 240), Demand(0.1, 240)], minimum=2)
    assert (empty.interpreters, empty.planned) == (0, 0)
    assert few.interpreters == 2


def test_breaks_by_the_rule_are_planned_on_top() -> None:
    """Ten minutes after each hour in calls: busy for 80 % of the time, that is after each 75 minutes at work."""
    assert Rest().share(0.8) == pytest.approx(10 / 85)
    assert Rest(shrinkage=0.25).share(0.8) == 0.25
    need = staff([Demand(700, 240)] * 3, rest=Rest(shrinkage=0.5))[-1]
    assert need.planned == 2 * need.interpreters


def test_a_crew_has_its_size_in_each_interval() -> None:
    sizes = [0, 2, 3, 3, 1, 0, 2] + [0] * 41
    crew = crew_of(sizes)
    for index, size in enumerate(sizes):
        middle = (index + 0.5) * 1800
        assert sum(any(begin <= middle < end for begin, end in one.shifts) for one in crew) == size


def test_a_crew_of_the_whole_day_never_leaves() -> None:
    assert [worker.never_leaves for worker in crew_of([1] * 48)] == [True]


def test_the_simulated_day_meets_the_goal_that_it_was_staffed_for() -> None:
    calls = (0,) * 16 + (6, 10, 14, 18, 20, 20, 18, 14, 8, 6, 8, 12, 16, 16, 14, 14, 12, 10, 8, 6) + (0,) * 12
    needs = staff([Demand(number, 420) for number in calls], patience_s=300)
    stream: Stream = one_queue(Profile(calls), 420, 1, 300).streams[0]
    centre = Scenario((stream,), crew_of([need.interpreters for need in needs]))
    slots = by_half_hour(Simulation(centre, seed=1).run_days(30))
    assert stream.handling == Duration(420)
    for slot, need in zip(slots, needs, strict=True):
        if need.interpreters:
            assert (slot.service_level_120s_with_abandons or 0) >= 0.75, (slot.begin_s / DAY_S * 24, need.interpreters)
            assert slot.available >= need.interpreters - 0.01
