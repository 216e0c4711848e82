"""With one skill and exponential times, the real policy on a virtual clock waits as queueing theory says."""

from functools import cache

import pytest

from interpreter_queue.erlang import Load, outlook, service_level, service_level_with_abandons
from interpreter_queue.simulation import Simulation
from interpreter_queue.simulation_figures import BATCHES, batches, figures, margins, occupancy
from interpreter_queue.simulation_model import one_queue

CALLS = 8_000
#: Each interval holds the truth in 95 of 100 cases; thirty-five at once are held against theory here, so each one is
#: widened to 99.9 % (Bonferroni): Student's t for 19 degrees of freedom, 3.883 instead of 2.093. A share is of whole
#: calls: one more or less is always within.
WIDER = 3.883 / 2.093
#: arrivals per hour, handling, interpreters, patience
LOADS = [
    (60.0, 240.0, 6, None),  # 67 % busy
    (20.0, 120.0, 1, None),  # one interpreter alone
    (60.0, 240.0, 6, 180.0),
    (60.0, 240.0, 3, 120.0),  # overloaded: 133 %
    (300.0, 300.0, 24, 300.0),  # a larger crew, 104 %
]


@cache
def simulated(load: tuple[float, float, int, float | None]) -> tuple[dict[str, float], dict[str, float]]:
    trace = Simulation(one_queue(*load), seed=1).run_calls(CALLS, warm_up=500, batches=BATCHES)
    found = figures(trace.calls)
    named = {name: getattr(found, name) for name in margins(batches(trace)) if name != "occupancy"}
    return named | {"occupancy": occupancy(trace.marks) or 0.0}, margins(batches(trace))


def expected(load: tuple[float, float, int, float | None]) -> dict[str, float]:
    per_hour, handling_s, interpreters, patience_s = load
    theory = Load(per_hour / 3600, handling_s, interpreters, patience_s)
    found = outlook(theory)
    return {
        "mean_wait_s": found.mean_wait_s,
        "abandoned_share": found.abandoned_share,
        "occupancy": found.occupancy,
        "service_level_120s": service_level(theory, 120),
        "service_level_180s": service_level(theory, 180),
        "service_level_120s_with_abandons": service_level_with_abandons(theory, 120),
        "service_level_180s_with_abandons": service_level_with_abandons(theory, 180),
    }


@pytest.mark.parametrize("load", LOADS, ids=str)
def test_each_figure_lies_within_its_own_confidence_interval_of_theory(
    load: tuple[float, float, int, float | None],
) -> None:
    found, margin = simulated(load)
    for name, value in expected(load).items():
        assert abs(found[name] - value) <= WIDER * margin[name] + 1 / CALLS, (name, found[name], value, margin[name])


@pytest.mark.parametrize("load", LOADS, ids=str)
def test_the_confidence_intervals_are_narrow_enough_to_say_something(
    load: tuple[float, float, int, float | None],
) -> None:
    """An interval that holds everything agrees with everything."""
    _, margin = simulated(load)
    assert margin["mean_wait_s"] <= 0.4 * expected(load)["mean_wait_s"] + 1
    assert margin["occupancy"] <= 0.03
    assert margin["service_level_120s"] <= 0.05
    assert margin["abandoned_share"] <= 0.03
