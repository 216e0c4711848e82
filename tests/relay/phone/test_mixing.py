"""When a listener is due something: frames are numbers here, and the time is told."""

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import pytest

from relay.phone.mixing import LATE_S, STALE_S, TRIM_AFTER, WAITING_FRAMES, Mixture, Waiting

STEP = 0.02


class Arrival(NamedTuple):
    at: float
    source: str
    number: int


class Turn(NamedTuple):
    at: float
    frames: list[tuple[str, int]]


def talk(
    source: str, frames: int, start: float = 0.0, step: float = STEP, jitter: Iterator[float] | None = None
) -> list[Arrival]:
    """Frames in order, each as late as ``jitter`` says, those overtaken with the next one."""
    arrivals, last = [], 0.0
    for number in range(frames):
        last = max(last, start + number * step + (next(jitter) if jitter is not None else 0))
        arrivals.append(Arrival(last, source, number))
    return arrivals


def turns(arrivals: Iterable[Arrival], hears: str = "abc") -> list[Turn]:
    mixture = Mixture[tuple[str, int]]()
    mixture.hears = frozenset(hears)
    return [
        Turn(arrival.at, frames)
        for arrival in sorted(arrivals)
        for frames in mixture.arrived(arrival.source, (arrival.source, arrival.number), arrival.at)
    ]


def heard(found: list[Turn], source: str) -> list[tuple[float, int]]:
    return [(turn.at, number) for turn in found for name, number in turn.frames if name == source]


def waits(found: list[Turn], arrivals: list[Arrival]) -> list[float]:
    """:returns: for each frame that was heard how long it waited, s; all of one source."""
    arrived = {arrival.number: arrival.at for arrival in arrivals}
    return [at - arrived[number] for at, number in heard(found, arrivals[0].source)]


def test_the_only_source_goes_on_the_moment_it_arrives_whatever_its_jitter() -> None:
    dice = random.Random(1)
    arrivals = talk("a", 500, jitter=iter(lambda: dice.uniform(0, 0.5), 2.0))
    found = turns(arrivals)
    assert [turn.at for turn in found] == [arrival.at for arrival in arrivals]
    assert [turn.frames for turn in found] == [[("a", number)] for number in range(500)]


def test_the_second_source_waits_for_the_leader_and_at_most_a_frame() -> None:
    leader, second = talk("a", 500), talk("b", 500, start=0.013)
    found = turns([*leader, *second])
    assert [turn.at for turn in found] == [arrival.at for arrival in leader]
    assert all(turn.frames[0][0] == "a" for turn in found)
    assert max(waits(found, second)) <= STEP
    assert len(heard(found, "b")) == 499, "each once; the last one still waits"


def test_three_sources_are_each_heard_once_a_turn() -> None:
    found = turns([*talk("a", 300), *talk("b", 300, start=0.005), *talk("c", 300, start=0.011)])
    assert [len(turn.frames) for turn in found[1:]] == [3] * 299
    assert all(len({name for name, _ in turn.frames}) == len(turn.frames) for turn in found)


@pytest.mark.parametrize("phase", [0.001, 0.007, 0.0125, 0.019])
def test_source_that_stops_holds_nobody_up(phase: float) -> None:
    leader, second = talk("a", 50), talk("b", 200, start=phase)
    found = turns([*leader, *second])
    alone = [at for at, _ in heard(found, "b") if at > 50 * STEP]
    assert max(later - earlier for earlier, later in pairwise(alone)) < STEP + 1e-6
    assert alone[0] - leader[-1].at <= LATE_S + STEP
    assert max(waits(found, second)) <= LATE_S + STEP
    assert {round(wait, 6) for wait in waits(found, second)[-100:]} == {0}


@pytest.mark.parametrize("phase", [0.001, 0.007, 0.0125, 0.019])
def test_nobody_is_ever_sent_double_speed(phase: float) -> None:
    """Whoever takes the lead, in any second there are at most as many turns as there is time for, and one."""
    arrivals = [*talk("a", 50), *talk("b", 150, start=phase), *talk("a", 100, start=2 + phase / 2)]
    at = [turn.at for turn in turns(arrivals)]
    for first in range(len(at)):
        window = [each for each in at[first:] if each < at[first] + 1]
        assert len(window) <= 52


def test_leader_that_comes_back_finds_another_leader_and_is_mixed_in() -> None:
    found = turns([*talk("a", 20), *talk("b", 200, start=0.01), *talk("a", 100, start=2.0)])
    late = [turn for turn in found if turn.at > 2.1]
    assert all(turn.frames[0][0] == "b" for turn in late)
    assert sum(len(turn.frames) == 2 for turn in late) >= 90


def test_frame_that_waited_too_long_is_not_heard_later() -> None:
    mixture = Mixture[int]()
    mixture.hears = frozenset("ab")
    mixture.arrived("a", 1, 0.0)
    mixture.arrived("b", 2, 0.01)
    assert mixture.arrived("a", 3, 0.01 + STALE_S + 0.01) == [[3]]


def test_what_is_not_heard_reaches_nobody_and_a_change_takes_effect_at_once() -> None:
    mixture = Mixture[int]()
    mixture.hears = frozenset("a")
    assert mixture.arrived("b", 1, 0.0) == []
    assert mixture.arrived("a", 2, 0.0) == [[2]]
    mixture.hears = frozenset("b")
    assert mixture.arrived("a", 3, 0.02) == []
    assert mixture.arrived("b", 4, 0.021) == [[4]], "the new one leads, though the old leader was here just now"
    mixture.hears = frozenset()
    assert mixture.arrived("b", 5, 0.04) == []


def test_burst_is_bounded_and_given_back_within_two_seconds() -> None:
    leader = talk("a", 400)
    steady = talk("b", 400, start=0.01)
    stuck = [arrival._replace(at=max(arrival.at, 1.2)) if 1 < arrival.at < 1.2 else arrival for arrival in steady]
    found = turns([*leader, *stuck])
    delays = list(zip([at for at, _ in heard(found, "b")], waits(found, steady), strict=True))
    assert max(delay for _, delay in delays) <= (WAITING_FRAMES + 10) * STEP
    assert max(delay for at, delay in delays if at < 1) == pytest.approx(0.01)
    assert max(delay for at, delay in delays if at > 1.2 + 2) == pytest.approx(0.01)


def test_jitter_of_two_lines_costs_neither_speech_nor_delay() -> None:
    dice = random.Random(2)
    quiver = iter(lambda: abs(dice.gauss(0, 0.008)), 2.0)
    one, two = talk("a", 3000, jitter=quiver), talk("b", 3000, start=0.004, jitter=quiver)
    found = turns([*one, *two])
    for arrivals in (one, two):
        kept = waits(found, arrivals)
        assert len(kept) > 0.98 * len(arrivals)
        assert sorted(kept)[len(kept) // 2] <= STEP
        assert max(kept) <= STEP * (WAITING_FRAMES + 1)
    assert len(found) == pytest.approx(3000, rel=0.01)


@pytest.mark.parametrize("ppm", [-200, 200])
def test_delay_does_not_grow_over_an_hour_though_the_clocks_differ(ppm: int) -> None:
    frames = 180_000  # an hour
    leader = talk("a", frames)
    second = talk("b", frames, start=0.01, step=STEP * (1 + ppm / 1e6))
    found = turns(_merged(leader, second))
    late = waits(found[-500:], second)
    assert late
    assert max(late) <= 2 * STEP
    assert max(waits(found, leader)) <= 2 * STEP
    assert len(heard(found, "b")) > 0.999 * frames
    assert len(found) == pytest.approx(frames, rel=3e-4), "the listener gets sound at the speed of one of them"


def test_packets_of_sixty_milliseconds_are_mixed_with_those_of_twenty() -> None:
    long = [Arrival(0.005 + number // 3 * 0.06, "b", number) for number in range(300)]
    found = turns([*talk("a", 300), *long])
    assert len(heard(found, "b")) >= 297
    assert max(waits(found, long)) <= 0.06


def test_waiting_frames_are_dropped_from_the_oldest_end() -> None:
    waiting = Waiting[int]()
    for number in range(10):
        waiting.push(number, 0.0)
    assert [waiting.pop(0.0) for _ in range(WAITING_FRAMES + 1)] == [7, 8, 9, None]


def test_frame_that_was_never_needed_is_given_back_after_half_a_second() -> None:
    waiting = Waiting[int]()
    waiting.push(-1, 0.0)
    for number in range(3 * TRIM_AFTER):
        waiting.push(number, number * STEP)
        waiting.pop(number * STEP)
    assert len(waiting) == 0


def _merged(one: list[Arrival], two: list[Arrival]) -> list[Arrival]:
    return sorted([*one, *two])
