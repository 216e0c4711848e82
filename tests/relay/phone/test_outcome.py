import pytest

from relay.phone.outcome import outcome_of, q850_cause

#: Every final code of IANA's registry of SIP responses, by what it means to people.
CODES = {
    "busy": (486, 600),
    "wrong_number": (301, 404, 410, 484, 485, 604),
    "declined": (433, 603, 607, 608),
    "unreachable": (302, 380, 430, 480, 487),
    "trunk_failed": (
        *(300, 305, 400, 401, 402, 403, 405, 406, 407, 412, 413, 414, 415, 416, 417, 420, 421, 422, 423, 424, 425, 428),
        *(429, 436, 437, 438, 439, 440, 469, 470, 481, 482, 483, 488, 489, 491, 493, 494),
        *(500, 501, 502, 503, 504, 505, 513, 555, 580, 606),
    ),
}
#: Every cause of ITU-T Q.850 §2.2.7 that says something about a call that failed.
CAUSES = {
    "busy": (17,),
    "no_answer": (18, 19),
    "wrong_number": (1, 3, 4, 5, 22, 28),
    "declined": (21, 24, 54, 55, 87),
    "unreachable": (14, 20, 23, 26, 27),
    "trunk_failed": (*(2, 25, 29, 34, 38, 41, 42, 43, 44, 46, 47, 50, 52, 53, 57, 58, 63, 65, 69, 79, 88, 102, 111),),
}


@pytest.mark.parametrize(("outcome", "codes"), CODES.items())
def test_response_code_says_why_the_phone_was_not_reached(outcome: str, codes: tuple[int, ...]) -> None:
    for code in codes:
        assert outcome_of(code, rang=False) == outcome, code
        assert outcome_of(code, rang=True) == outcome, code


def test_time_out_is_nobody_answering_only_when_it_rang() -> None:
    assert outcome_of(408, rang=True) == "no_answer"
    assert outcome_of(408, rang=False) == "trunk_failed"


def test_code_of_nobody_is_the_trunks_fault() -> None:
    known = {code for codes in CODES.values() for code in codes} | {408}
    for code in set(range(300, 700)) - known:
        assert outcome_of(code, rang=False) == "trunk_failed", code


@pytest.mark.parametrize(("outcome", "causes"), CAUSES.items())
def test_cause_of_the_telephone_network_is_more_exact_than_a_gateways_code(
    outcome: str, causes: tuple[int, ...]
) -> None:
    for cause in causes:
        for code in (302, 404, 408, 480, 487, 500, 503):
            assert outcome_of(code, rang=False, cause=cause) == outcome, (code, cause)


def test_cause_that_says_nothing_leaves_it_to_the_code() -> None:
    said = {cause for causes in CAUSES.values() for cause in causes}
    for cause in set(range(128)) - said:
        assert outcome_of(486, rang=True, cause=cause) == "busy", cause


def test_will_of_the_person_called_comes_before_any_cause() -> None:
    for cause in range(128):
        assert outcome_of(603, rang=True, cause=cause) == "declined"


def test_cause_is_found_in_reason_headers_as_gateways_write_them() -> None:
    assert q850_cause(["Q.850;cause=17"]) == 17
    assert q850_cause(['Q.850 ;cause= 31 ;text="Normal, unspecified"']) == 31
    assert q850_cause(['SIP;cause=603;text="Decline"', "q.850; cause=21"]) == 21
    assert q850_cause(['SIP;cause=500, Q.850;text="no";cause=34']) == 34
    for nothing in ([], ["SIP;cause=200"], ["Q.850;text=x"], ["Q.850;cause=0"], ["Q.850;cause=999"], ["X-Q.850"]):
        assert q850_cause(nothing) is None
