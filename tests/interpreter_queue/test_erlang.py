"""Queueing formulas against published values, against each other, and at their limits."""

import math

import pytest

from interpreter_queue.erlang import (
    Load,
    erlang_b,
    erlang_c,
    outlook,
    service_level,
    service_level_with_abandons,
)

HOUR = 3600.0


@pytest.mark.parametrize(
    ("servers", "erlangs", "published"),
    [(5, 3.0, 0.1101), (10, 5.0, 0.01838), (10, 4.461, 0.01), (20, 12.03, 0.01), (100, 84.06, 0.01)],
)
def test_erlang_b_has_the_values_of_the_traffic_tables(servers: int, erlangs: float, published: float) -> None:
    assert erlang_b(servers, erlangs) == pytest.approx(published, rel=2e-3)


def test_erlang_c_of_the_usual_example_of_call_centres() -> None:
    """200 calls an hour of 3 min, 14 agents: 17.4 % wait, 88.8 % within 20 s, 7.8 s on average, 71.4 % busy."""
    load = Load(200 / HOUR, 180, 14)
    found = outlook(load)
    assert found.waits_share == pytest.approx(0.1741, abs=5e-5)
    assert found.mean_wait_s == pytest.approx(7.84, abs=0.005)
    assert found.occupancy == pytest.approx(0.714, abs=5e-4)
    assert service_level(load, 20) == pytest.approx(0.888, abs=5e-4)


def test_erlang_c_of_55_agents() -> None:
    """360 calls per half hour of 4 min, 55 agents: 23.9 % wait, 8.2 s on average (Mitan)."""
    load = Load(360 / 1800, 240, 55)
    assert outlook(load).waits_share == pytest.approx(0.239, abs=5e-4)
    assert outlook(load).mean_wait_s == pytest.approx(8.2, abs=0.05)


def test_erlang_a_of_the_example_of_mandelbaum_and_zeltyn() -> None:
    """48 calls a minute of 1 min, 50 agents, patience 2 min: 3.1 % give up, 3.7 s, 93 % busy; 20.8 s without."""
    impatient = outlook(Load(48 / 60, 60, 50, patience_s=120))
    assert impatient.abandoned_share == pytest.approx(0.031, abs=5e-4)
    assert impatient.abandoned_share * 120 == pytest.approx(3.7, abs=0.05)  # E[W] = P(Ab) / theta, of all
    assert impatient.occupancy == pytest.approx(0.93, abs=5e-3)
    assert outlook(Load(48 / 60, 60, 50)).mean_wait_s == pytest.approx(20.8, abs=0.05)


def test_erlang_a_agrees_with_the_birth_and_death_chain_it_stands_for() -> None:
    load = Load(70 / HOUR, 240, 4, patience_s=90)
    shares = chain(load)
    busy = sum(min(k, 4) * share for k, share in enumerate(shares)) / 4
    given_up = sum(max(0, k - 4) / 90 * share for k, share in enumerate(shares)) / load.arrivals_per_s
    found = outlook(load)
    assert found.waits_share == pytest.approx(sum(shares[4:]), rel=1e-9)
    assert found.abandoned_share == pytest.approx(given_up, rel=1e-9)
    assert found.occupancy == pytest.approx(busy, rel=1e-9)


def chain(load: Load) -> list[float]:
    weights = [1.0]
    for k in range(1, 400):
        leaving = min(k, load.servers) / load.handling_s + max(0, k - load.servers) / (load.patience_s or math.inf)
        weights.append(weights[-1] * load.arrivals_per_s / leaving)
    return [weight / sum(weights) for weight in weights]


def test_erlang_a_is_quick_for_a_crowd_of_endless_patience_and_a_small_crew() -> None:
    """A million calls an hour for one interpreter: all of the answer is in the tail of a curve."""
    found = outlook(Load(1e6 / HOUR, 240, 1, patience_s=86_400))
    assert found.abandoned_share == pytest.approx(1 - 1 / (1e6 / HOUR * 240), rel=1e-9)
    assert found.mean_wait_s == pytest.approx(86_400 * math.log(1e6 / HOUR * 240), rel=1e-3)


@pytest.mark.parametrize("servers", [3, 6, 40])
def test_waits_of_erlang_a_are_the_shares_of_its_closed_form(servers: int) -> None:
    """The integral over the offered wait and the closed form are two ways to one number."""
    load = Load(60 / HOUR, 240, servers, patience_s=150)
    found = outlook(load)
    answered = 1 - found.abandoned_share
    assert service_level(load, 1e9) == pytest.approx(1)
    assert service_level_with_abandons(load, 1e9, short_s=0) == pytest.approx(answered, rel=1e-9)
    assert service_level_with_abandons(load, 0, short_s=0) == pytest.approx(1 - found.waits_share, rel=1e-9)
    everybody = answered * found.mean_wait_s  # plus the waits of those who gave up: P(Ab) / theta in all
    assert everybody <= found.abandoned_share * 150 + 1e-9


def test_a_short_abandon_leaves_the_second_formula() -> None:
    load = Load(60 / HOUR, 240, 4, patience_s=150)
    levels = [service_level_with_abandons(load, 120, short_s=short) for short in (0.0, 10.0, 60.0)]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1] < service_level(load, 120)


def test_endless_patience_is_erlang_c() -> None:
    patient, endless = Load(60 / HOUR, 240, 6, patience_s=1e8), Load(60 / HOUR, 240, 6)
    assert outlook(patient).mean_wait_s == pytest.approx(outlook(endless).mean_wait_s, rel=1e-4)
    assert service_level(patient, 120) == pytest.approx(service_level(endless, 120), rel=1e-5)
    assert outlook(patient).abandoned_share < 1e-6


def test_patience_as_long_as_the_handling_is_a_server_for_everybody() -> None:
    """With theta = mu those in line leave as those served do: M/M/infinity, whose number present is Poisson."""
    load = Load(60 / HOUR, 240, 6, patience_s=240)
    poisson = [math.exp(-4) * 4**k / math.factorial(k) for k in range(6)]
    assert outlook(load).waits_share == pytest.approx(1 - sum(poisson), rel=1e-9)


@pytest.mark.parametrize("servers", [1, 3, 4])
def test_load_not_below_the_servers_never_gets_through_without_patience(servers: int) -> None:
    load = Load(60 / HOUR, 240, servers)
    assert (erlang_c(servers, load.erlangs), outlook(load).mean_wait_s, service_level(load, 600)) == (1, math.inf, 0)


def test_overload_with_patience_serves_what_it_can() -> None:
    found = outlook(Load(6000 / HOUR, 240, 100, patience_s=60))  # 400 erlangs
    assert found.occupancy == pytest.approx(1, abs=1e-6)
    assert found.abandoned_share == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(("servers", "patience_s"), [(30_000, 60.0), (30_500, None), (60_000, 60.0), (10_000, 600.0)])
def test_formulas_stay_finite_for_many_servers(servers: int, patience_s: float | None) -> None:
    load = Load(100, 300, servers, patience_s)  # 30 000 erlangs
    found = outlook(load)
    assert 0 <= found.waits_share <= 1
    assert 0 <= found.abandoned_share < 1
    assert 0 <= found.mean_wait_s < math.inf
    assert 0 <= service_level_with_abandons(load, 120) <= service_level(load, 120) + 1e-9 <= 1 + 2e-9


def test_more_servers_never_make_it_worse() -> None:
    loads = [Load(60 / HOUR, 240, servers, 180) for servers in range(1, 15)]
    levels = [service_level(load, 120) for load in loads]
    waits = [outlook(load).mean_wait_s for load in loads]
    assert levels == sorted(levels)
    assert waits == sorted(waits, reverse=True)


@pytest.mark.parametrize(
    "wrong", [{"arrivals_per_s": 0}, {"handling_s": -1}, {"servers": 0}, {"patience_s": 0}], ids=str
)
def test_a_load_without_arrivals_servers_or_time_is_refused(wrong: dict[str, float]) -> None:
    good: dict[str, float] = {"arrivals_per_s": 1, "handling_s": 1, "servers": 1}
    with pytest.raises(ValueError, match="above 0"):
        Load(**{**good, **wrong})  # type: ignore[arg-type]
