import pytest

from relay.phone.outcome import outcome_of


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (486, "busy"),
        (600, "busy"),
        (404, "wrong_number"),
        (410, "wrong_number"),
        (484, "wrong_number"),
        (485, "wrong_number"),
        (604, "wrong_number"),
        (603, "declined"),
        (607, "declined"),
        (608, "declined"),
        (433, "declined"),
        (480, "unreachable"),
        (487, "unreachable"),
        (430, "unreachable"),
        (401, "trunk_failed"),
        (403, "trunk_failed"),
        (407, "trunk_failed"),
        (488, "trunk_failed"),
        (302, "trunk_failed"),
        (500, "trunk_failed"),
        (503, "trunk_failed"),
        (504, "trunk_failed"),
        (606, "trunk_failed"),
    ],
)
def test_response_code_says_why_the_phone_was_not_reached(code: int, outcome: str) -> None:
    assert outcome_of(code, rang=False) == outcome
    assert outcome_of(code, rang=True) == outcome


def test_time_out_is_nobody_answering_only_when_it_rang() -> None:
    assert outcome_of(408, rang=True) == "no_answer"
    assert outcome_of(408, rang=False) == "trunk_failed"


def test_every_failure_code_has_an_outcome() -> None:
    for code in range(300, 700):
        assert outcome_of(code, rang=False)
