"""How fast and how much text passes."""

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


def test_sustained_rate_is_30_characters_a_second() -> None:
    text = limiter(burst=10, backlog=5000, message=5000)
    text.add("x" * 2000)
    passed = sum(len(text.due(step / 10)) for step in range(101))
    assert 300 <= passed <= 311


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
