"""What the keys of a telephone make."""

from signaling.incoming_caller import DONE_AFTER_S, FIRST_KEY_S, NEXT_KEY_S, CodeEntry


def pressed(keys: str) -> tuple[CodeEntry, str | None]:
    entry, code = CodeEntry(), None
    for key in keys:
        code = entry.press(key)
    return entry, code


def test_a_code_is_whole_at_the_hash_or_with_its_eighth_digit() -> None:
    assert pressed("1234#")[1] == "1234"
    assert pressed("12345678")[1] == "12345678"
    assert pressed("1234567")[1] is None
    assert pressed("#")[1] == "", "nothing is no code, and counts as a try"


def test_a_star_begins_anew_and_letters_are_nothing() -> None:
    assert pressed("99*12A34#")[1] == "1234"


def test_whoever_leaves_the_hash_out_is_understood_after_a_pause() -> None:
    entry, _ = pressed("1234")
    assert (entry.patience_s, entry.pause()) == (DONE_AFTER_S, "1234")
    entry, _ = pressed("123")
    assert (entry.patience_s, entry.pause()) == (NEXT_KEY_S, None)
    assert CodeEntry().patience_s == FIRST_KEY_S
    assert pressed("*")[0].patience_s == NEXT_KEY_S
