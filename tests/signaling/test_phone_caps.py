"""How much may be dialled, and what looks like fraud."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.phone_caps import (
    KEPT_S,
    RECENT_LIMIT,
    SERVICE,
    CapsConfig,
    Dialled,
    Payer,
    Tally,
    alarmed,
    alarming,
    begun,
    ended,
    is_braked,
    kept,
    limits_of,
    refusal,
    undone,
    with_caps,
)

NOON = 1_795_345_200.0  # 2026-11-22 12:00 in Paris
DAY_S = 86_400.0
CAPS = CapsConfig()
SIGNER = limits_of(Payer("signer", "camille"), CAPS)


def to(number: int, *, costly: bool = False, block: str = "") -> Dialled:
    return Dialled(str(number), block or f"block of {number}", costly)


def after_calls(*dialled: Dialled, lasting_s: float | None = 60.0, every_s: float = 20.0) -> Tally:
    """Answered, over after ``lasting_s``; one every ``every_s``. None: they go on unanswered."""
    tally, at = Tally().at(NOON, CAPS.window_s), NOON
    for number, each in enumerate(dialled):
        tally = begun(tally, f"c-{number}", each, at)
        if lasting_s is not None:
            tally = ended(tally, f"c-{number}", lasting_s, CAPS.short_call_s)
        at += every_s
    return tally


def test_so_many_telephones_at_once_and_no_more() -> None:
    tally = after_calls(*(to(number) for number in range(SIGNER.lines or 0)), lasting_s=None)
    assert refusal(tally, SIGNER, NOON) == "too_many_lines"
    assert refusal(ended(tally, "c-0", None, CAPS.short_call_s), SIGNER, NOON) is None


def test_so_many_calls_in_a_day_of_paris() -> None:
    limits = with_caps(SIGNER, None, 3, None)
    tally = after_calls(to(1), to(2), to(3))
    assert refusal(tally, limits, NOON) == "calls_used_up"
    before_midnight, after_midnight = NOON + 12 * 3600 - 1, NOON + 12 * 3600
    assert refusal(tally.at(before_midnight, CAPS.window_s), limits, before_midnight) == "calls_used_up"
    assert refusal(tally.at(after_midnight, CAPS.window_s), limits, after_midnight) is None


def test_minutes_count_while_the_call_goes_on_and_nothing_is_cut() -> None:
    limits = with_caps(SIGNER, None, None, 10)
    tally = kept(after_calls(to(1), lasting_s=None), {"c-0": NOON}, NOON + 599)
    assert refusal(tally.at(NOON + 599, CAPS.window_s), limits, NOON + 599) is None
    assert refusal(tally.at(NOON + 600, CAPS.window_s), limits, NOON + 600) == "minutes_used_up"
    assert "c-0" in tally.at(NOON + 600, CAPS.window_s).legs
    over = ended(tally, "c-0", 650.0, CAPS.short_call_s)
    assert over.minutes(NOON + 9_000) == pytest.approx(650 / 60)


def test_the_end_of_a_leg_counts_once_whoever_tells_it() -> None:
    tally = after_calls(to(1), lasting_s=60.0)
    assert ended(tally, "c-0", 60.0, CAPS.short_call_s) == tally
    assert tally.seconds == 60.0


def test_a_leg_whose_owner_died_stops_counting_and_its_minutes_stay() -> None:
    tally = kept(after_calls(to(1), lasting_s=None), {"c-0": NOON}, NOON + 30)
    later = tally.at(NOON + 30 + KEPT_S, CAPS.window_s)
    assert not later.legs
    assert later.seconds == 30 + KEPT_S


def test_what_was_not_dialled_after_all_is_forgotten() -> None:
    tally = after_calls(to(1))
    assert undone(begun(tally, "c-9", to(2), NOON), "c-9") == tally
    assert undone(tally, "never") == tally


@pytest.mark.parametrize(
    ("kind", "tally"),
    [
        ("numbers", after_calls(*(to(number) for number in range(SIGNER.numbers)))),
        ("short_calls", after_calls(*(to(1) for _ in range(SIGNER.short_calls)), lasting_s=3.0)),
        ("abroad", after_calls(*(to(1, costly=True) for _ in range(SIGNER.abroad)))),
        ("neighbours", after_calls(*(to(number, block="one") for number in range(SIGNER.neighbours)))),
    ],
)
def test_each_sudden_rise_alarms_once_and_by_itself(kind: str, tally: Tally) -> None:
    assert alarming(tally, SIGNER) == {kind}
    first, new = alarmed(tally, SIGNER, CAPS, NOON)
    assert new == {kind}
    assert alarmed(first, SIGNER, CAPS, NOON + 1)[1] == frozenset(), "told once as long as it goes on"
    fewer = tally.model_copy(update={"recent": tally.recent[1:]})
    assert alarming(fewer, SIGNER) == frozenset(), "one less is nobody's fault"


def test_a_busy_day_alarms_nobody() -> None:
    calls = [to(number % 40, costly=number % 30 == 0) for number in range(80)]
    tally, at = Tally(), NOON - 8 * 3600
    for number, each in enumerate(calls):
        tally = begun(tally.at(at, CAPS.window_s), f"c-{number}", each, at)
        tally = ended(tally, f"c-{number}", 200.0, CAPS.short_call_s)
        assert alarming(tally, SIGNER) == frozenset()
        at += 300


def test_the_brake_closes_what_is_costly_for_a_while_and_nothing_else() -> None:
    tally, _ = alarmed(after_calls(*(to(1, costly=True) for _ in range(SIGNER.abroad))), SIGNER, CAPS, NOON)
    assert is_braked(tally, to(9, costly=True), CAPS, NOON + 60)
    assert not is_braked(tally, to(9), CAPS, NOON + 60)
    assert not is_braked(tally, to(9, costly=True), replace(CAPS, brake=False), NOON + 60)
    later = NOON + CAPS.brake_s + CAPS.window_s
    assert not is_braked(tally.at(later, CAPS.window_s), to(9, costly=True), CAPS, later)


def test_the_service_as_a_whole_has_alarms_and_no_caps() -> None:
    limits = limits_of(SERVICE, CAPS)
    assert (limits.lines, limits.calls, limits.minutes) == (None, None, None)
    busy = after_calls(*(to(number) for number in range(limits.numbers)), lasting_s=None, every_s=1.0)
    assert refusal(busy, limits, NOON) is None
    assert alarming(busy, limits) == {"numbers"}


STEPS = st.lists(st.tuples(st.sampled_from(["begin", "end", "undo", "keep"]), st.integers(0, 5), st.floats(0, 4000)))


@given(STEPS)
def test_whatever_happens_a_tally_is_bounded_and_survives_being_written(steps: list[tuple[str, int, float]]) -> None:
    tally, now = Tally(), NOON
    for what, number, elapsed_s in steps:
        now += elapsed_s
        tally, attempt = tally.at(now, CAPS.window_s), f"c-{number}"
        match what:
            case "begin":
                tally = begun(tally, attempt, to(number), now)
            case "end":
                tally = ended(tally, attempt, elapsed_s, CAPS.short_call_s)
            case "undo":
                tally = undone(tally, attempt)
            case _:
                tally = kept(tally, {attempt: now} if attempt in tally.legs else {}, now)
        assert tally.calls >= 0
        assert tally.seconds >= 0
        assert len(tally.recent) <= RECENT_LIMIT
        assert len(tally.legs) <= 6
        assert Tally.model_validate_json(tally.model_dump_json()) == tally
