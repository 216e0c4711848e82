"""How fast and how much text passes."""

import pytest

from relay.text import MISSING_TEXT, TextLimiter


def limiter(burst: int = 10, backlog: int = 50, message: int = 40) -> TextLimiter:
    return TextLimiter(rate_cps=30.0, burst=burst, backlog_limit=backlog, message_limit=message)


def test_ordinary_typing_passes_at_once() -> None:
    text = limiter()
    passed = []
    for index, letter in enumerate("bonjour à tous"):
        text.add(letter)
        passed.append(text.due(index * 0.1))
    assert "".join(passed) == "bonjour à tous"
    assert passed[0] == "b"


def test_paste_is_spread_over_time_and_loses_nothing() -> None:
    text = limiter()
    text.add("x" * 40)
    assert text.due(0.0) == "x" * 10
    assert text.is_waiting
    assert len(text.due(1.0)) == 10  # the bucket holds no more than a burst
    assert len(text.due(1.5)) == 10
    assert text.due(1.5) == ""
    assert len(text.due(60.0)) == 10
    assert not text.is_waiting


@pytest.mark.parametrize("burst", [10, 120, 300])
def test_no_ten_seconds_carry_more_than_thirty_characters_a_second(burst: int) -> None:
    text = limiter(burst=burst, backlog=5000, message=5000)
    text.add("x" * 5000)
    passed = [len(text.due(step / 10)) for step in range(601)]
    assert max(sum(passed[start : start + 100]) for start in range(501)) <= 300
    assert sum(passed) >= 0.9 * 30 * 60


def test_writer_who_keeps_to_thirty_a_second_is_never_held_up() -> None:
    text = limiter(burst=120, backlog=5000)
    for second in range(120):
        text.add("x" * 30)
        assert text.due(float(second)) == "x" * 30


def test_what_does_not_fit_is_marked_missing_once() -> None:
    text = limiter(burst=100, backlog=20)
    text.add("a" * 15)
    text.add("b" * 15)
    text.add("c" * 15)
    passed = text.due(0.0)
    assert passed == "a" * 15 + "b" * 4 + MISSING_TEXT


def test_too_long_message_is_cut_at_a_whole_character() -> None:
    text = limiter(burst=100, backlog=100, message=5)
    text.add("éééé")
    assert text.due(0.0) == "éé" + MISSING_TEXT


def test_lone_surrogate_is_no_exception() -> None:
    text = limiter()
    text.add("a\ud800b")
    assert text.due(0.0) == "a?b"


def test_nothing_waits_after_the_text_was_cleared() -> None:
    text = limiter(burst=1)
    text.add("secret")
    text.clear()
    assert text.due(100.0) == ""


def test_text_that_may_be_lost_is_marked_once_before_what_waits() -> None:
    text = limiter(burst=100)
    text.add("et la suite")
    text.mark_missing()
    text.mark_missing()
    assert text.due(0.0) == MISSING_TEXT + "et la suite"


def test_mark_waits_for_the_next_reader_when_nothing_else_does() -> None:
    text = limiter()
    text.mark_missing()
    assert text.is_waiting
    assert text.due(0.0) == MISSING_TEXT
