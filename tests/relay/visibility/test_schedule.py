"""When a picture is looked at: often where it pays, rarely where nothing changes, and fairly when time is short."""

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest

from relay.model import VisibilityLevel, WatchFor
from relay.visibility.model import Glance, Look
from relay.visibility.schedule import (
    GLANCE_S,
    LONGEST_S,
    PERIODS_S,
    RARE_GLANCE_S,
    SHORTEST_S,
    STAFF_LONGEST_S,
    LegSchedule,
    Want,
    is_other_picture,
    stretch,
)
from tests.relay.visibility.frames import glance, look

STILL = glance(movement=0.0, difference=0.001)
MOVING = glance(movement=0.08, difference=0.01)
WELL = look()
PICTURE_S = 0.133


def watch(
    pictures: Iterable[Glance],
    seconds: float = 20.0,
    *,
    level: VisibilityLevel = "good",
    watch_for: WatchFor = "signing",
    is_own_staff: bool = False,
    seen: Look = WELL,
) -> list[float]:
    """:returns: times of the looks at these pictures, the last of which stays."""
    schedule = LegSchedule(watch_for, is_own_staff=is_own_staff)
    looks: list[float] = []
    given = iter(pictures)
    shown = next(given)
    t, told_at = 0.0, 0.0
    while t < seconds:
        schedule.glanced(shown, t)
        if schedule.due_at(schedule.want(t).period_s) <= t:
            schedule.looked(seen, t)
            looks.append(t)
        if t - told_at >= 1.0:
            told_at = t
            schedule.told(level, "good" if level == "good" else "hands_cut", t)
        shown = next(given, shown)
        t += PICTURE_S
    return looks


def rate(looks: list[float], since: float = 6.0, until: float = 20.0) -> float:
    """Looks a second after the beginning."""
    return len([t for t in looks if t >= since]) / (until - since)


def test_first_picture_is_looked_at_at_once() -> None:
    assert watch([STILL], 0.5)[0] == 0.0


@pytest.mark.parametrize(
    ("picture", "level", "per_s"),
    [
        (STILL, "good", 1 / PERIODS_S["well", "still"]),
        (MOVING, "good", 1 / PERIODS_S["well", "moving"]),
        (STILL, "poor", 1 / PERIODS_S["badly", "still"]),
        (MOVING, "poor", 1 / PERIODS_S["badly", "moving"]),
    ],
    ids=["still", "signing well", "bad, still", "bad, signing"],
)
def test_looks_come_as_often_as_the_table_says(picture: Glance, level: VisibilityLevel, per_s: float) -> None:
    assert 0.7 * per_s <= rate(watch([picture], level=level), 6.0) <= 1.2 * per_s  # pictures come 7.5 times a second


def test_looks_never_come_more_often_than_four_times_a_second() -> None:
    looks = watch([MOVING, glance(luma=0.1), glance(luma=0.9)] * 60, seen=look(faces_found=0))
    assert min(b - a for a, b in itertools.pairwise(looks)) >= SHORTEST_S - 1e-6


@pytest.mark.parametrize(
    "other",
    [
        replace(STILL, luma=0.1),
        replace(STILL, contrast=0.02),
        replace(STILL, detail=0.001),
        replace(STILL, difference=0.3),
        MOVING,
    ],
    ids=["dark", "flat", "covered", "another scene", "somebody moves"],
)
def test_changed_picture_is_looked_at_at_once_and_often_for_two_seconds(other: Glance) -> None:
    change_at = 60 * PICTURE_S
    looks = watch([*[STILL] * 60, *[other] * 90])
    after = [t for t in looks if t >= change_at]
    assert after[0] - change_at < 0.7
    assert len([t for t in after if t < change_at + 2.5]) >= 3


def test_person_who_leaves_is_noticed_when_the_picture_becomes_still() -> None:
    left_at = 60 * PICTURE_S
    looks = watch([*[MOVING] * 60, *[STILL] * 90])
    assert any(left_at + 1.0 < t < left_at + 2.5 for t in looks)


def test_slow_change_is_noticed_though_no_two_pictures_differ() -> None:
    dusk = [replace(STILL, luma=0.5 - 0.003 * number) for number in range(100)]
    assert rate(watch(dusk, 13.0), 2.0, 13.0) > 2 / PERIODS_S["well", "still"]


def test_doubtful_looks_do_not_keep_a_well_seen_signer_at_the_highest_rate() -> None:
    assert rate(watch([MOVING], seen=look(hands_cut=("bottom",)))) < 2.5


def test_doubts_that_change_nothing_count_ever_more_rarely_until_something_changes() -> None:
    often = 1.2 / PERIODS_S["well", "moving"]
    looks = watch([MOVING], 120.0, seen=look(hands_found=0))
    assert rate(looks, 0.0, 20.0) > often
    assert rate(looks, 60.0, 120.0) < often


def test_doubts_count_anew_once_something_is_said() -> None:
    schedule = LegSchedule("signing")

    def doubts(since: float, until: float) -> int:
        """Pictures at which a look is wanted at once."""
        wanted = 0
        for number in range(round((until - since) / PICTURE_S)):
            now = since + number * PICTURE_S
            schedule.glanced(MOVING, now)
            schedule.looked(look(hands_found=0), now)
            wanted += schedule.want(now).period_s == SHORTEST_S
        return wanted

    schedule.told("good", "good", 0.0)
    doubts(0.0, 100.0)
    calm = doubts(100.0, 120.0)
    schedule.told("poor", "hands_cut", 120.0)
    schedule.told("good", "good", 121.0)
    assert doubts(124.0, 144.0) > calm


def test_pictures_are_glanced_at_more_rarely_where_all_is_well_and_nothing_moves() -> None:
    schedule = LegSchedule("signing")
    assert schedule.glance_period_s(0.0) == GLANCE_S  # nothing is known yet
    schedule.glanced(STILL, 0.0)
    schedule.looked(WELL, 0.0)
    schedule.told("good", "good", 1.0)
    assert schedule.glance_period_s(1.0) == GLANCE_S
    assert schedule.glance_period_s(4.0) == RARE_GLANCE_S
    schedule.glanced(MOVING, 4.1)
    assert schedule.glance_period_s(4.1) == GLANCE_S
    schedule.glanced(STILL, 4.2)
    assert schedule.glance_period_s(4.2) == GLANCE_S  # pictures of the seconds that are judged come equally often
    assert schedule.glance_period_s(6.2) == RARE_GLANCE_S
    schedule.glanced(replace(STILL, luma=0.1), 6.4)
    assert schedule.glance_period_s(6.4) == GLANCE_S
    schedule.looked(WELL, 6.5)
    schedule.told("poor", "too_dark", 8.0)
    assert schedule.glance_period_s(20.0) == GLANCE_S


@pytest.mark.parametrize("picture", [STILL, MOVING])
def test_own_staff_is_looked_at_rarely_but_never_forgotten(picture: Glance) -> None:
    looks = watch([picture], 100.0, is_own_staff=True)
    gaps = [b - a for a, b in itertools.pairwise(looks) if a > 10]
    assert min(gaps) >= 4.0
    assert max(gaps) <= STAFF_LONGEST_S + PICTURE_S


def test_camera_check_is_answered_twice_a_second_even_when_nothing_moves() -> None:
    assert rate(watch([STILL], watch_for="camera_check")) >= 1.8


def test_hands_are_looked_for_only_where_they_count() -> None:
    schedule = LegSchedule("signing")
    assert "hands" in schedule.parts  # nothing is known yet
    schedule.looked(WELL, 0.0)
    assert schedule.parts == {"faces"}
    for number in range(10):
        schedule.glanced(MOVING, number * PICTURE_S)
    assert "hands" in schedule.parts
    schedule.watch_for = "lips"
    assert "hands" not in schedule.parts


def test_hands_are_looked_for_while_something_hides_them_though_only_elbows_move() -> None:
    elbows = glance(movement=0.01)
    assert rate(watch([elbows], seen=look(hands_found=0, hands_lost=True))) >= 0.9
    assert rate(watch([elbows])) < 0.5


def test_same_picture_is_no_other_one() -> None:
    assert not is_other_picture(MOVING, MOVING)
    assert not is_other_picture(STILL, replace(STILL, luma=STILL.luma + 0.03))


LOOK_S = 0.025


@pytest.mark.parametrize(
    ("wants", "cores", "expected"),
    [
        ([], 1.0, (1.0, 1.0)),
        ([Want(0.25, True)] * 4, 1.0, (1.0, 1.0)),
        ([Want(0.25, True)] * 4, 0.2, (2.0, 1.0)),
        ([Want(1.0, False)] * 10, 0.125, (1.0, 2.0)),
        ([Want(0.25, True), *[Want(1.0, False)] * 10], 0.2, (1.0, 2.5)),
        ([Want(0.25, True)], 0.0, (float("inf"), 1.0)),
    ],
    ids=["nobody", "enough", "all urgent", "all well", "the others wait for the urgent", "nothing left"],
)
def test_budget_is_stretched_fairly_the_worst_pictures_first(
    wants: list[Want], cores: float, expected: tuple[float, float]
) -> None:
    assert stretch(wants, LOOK_S, cores) == pytest.approx(expected)


@pytest.mark.parametrize("cores", [0.05, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("urgent", [0, 3, 30])
@pytest.mark.parametrize("others", [0, 5, 50])
def test_what_is_granted_stays_within_the_budget(cores: float, urgent: int, others: int) -> None:
    wants = [*[Want(0.25, True)] * urgent, *[Want(1.0, False)] * others]
    of_urgent, of_others = stretch(wants, LOOK_S, cores)
    used = sum(LOOK_S / (want.period_s * (of_urgent if want.is_urgent else of_others)) for want in wants)
    assert used <= cores + 1e-9
    assert min(of_urgent, of_others) >= 1.0
    if of_urgent == 1.0 and others:
        assert of_others <= LONGEST_S + 1e-9  # they are not forgotten for the urgent ones
