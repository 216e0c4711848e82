import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.phone.dialling import (
    Allowed,
    DiallingOverride,
    DiallingPolicy,
    DialResult,
    Emergency,
    Refused,
    dial_rule,
    find_emergency,
    may_be_forwarded,
)
from relay.phone.emergency import EMERGENCY_NUMBERS


@pytest.mark.parametrize(
    ("typed", "e164", "display"),
    [
        ("0199000001", "+33199000001", "01 99 00 00 01"),
        ("01 99 00 00 01", "+33199000001", "01 99 00 00 01"),
        ("01.99.00.00.01", "+33199000001", "01 99 00 00 01"),
        ("01-99-00-00-01", "+33199000001", "01 99 00 00 01"),
        ("01\u00a099\u202f00 00 01", "+33199000001", "01 99 00 00 01"),
        ("+33 1 99 00 00 01", "+33199000001", "01 99 00 00 01"),
        ("+33 (0)1 99 00 00 01", "+33199000001", "01 99 00 00 01"),
        ("0033199000001", "+33199000001", "01 99 00 00 01"),
        ("tel:+33199000001", "+33199000001", "01 99 00 00 01"),
        ("０１９９００００２０", "+33199000020", "01 99 00 00 20"),
        ("06 12 34 56 78", "+33612345678", "06 12 34 56 78"),
        ("+44 20 7946 0000", "+442079460000", "+44 20 7946 0000"),
        ("00 32 2 555 12 12", "+3225551212", "+32 2 555 12 12"),
        ("0810 123 456", "+33810123456", "0 810 12 34 56"),
        ("0800 123 456", "+33800123456", "0 800 12 34 56"),
        ("0809 401 401", "+33809401401", "0 809 40 14 01"),
        ("+44 7911 123456", "+447911123456", "+44 7911 123456"),
        ("+44 7624 123456", "+447624123456", "+44 7624 123456"),
        ("+49 170 1234567", "+491701234567", "+49 170 1234567"),
        ("\u202a01 99 00 00 01\u202c", "+33199000001", "01 99 00 00 01"),
        ("01\u200b99\u00ad00\ufe0f00\u200f01\ufeff", "+33199000001", "01 99 00 00 01"),
        ("39 39", "3939", "39 39"),
        ("3114", "3114", "31 14"),
    ],
)
def test_number_is_understood_as_people_write_it(typed: str, e164: str, display: str) -> None:
    assert dial_rule(typed) == Allowed(e164, display)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "not_a_number"),
        ("bonjour", "not_a_number"),
        ("+", "not_a_number"),
        ("01 99 00 00", "not_a_number"),
        ("0199000001234", "not_a_number"),
        ("07 00 00 00 00", "not_a_number"),
        ("1" * 65, "too_long"),
        ("0899 12 34 56", "premium"),
        ("+33 820 12 34 56", "premium"),
        ("+44 70 1234 5678", "premium"),
        ("+44 55 1234 5678", "premium"),
        ("+44 56 1234 5678", "premium"),
        ("+44 7640 123456", "premium"),
        ("+41 878 123 456", "premium"),
        ("+353 818 123 456", "premium"),
        ("+31 88 012 3456", "premium"),
        ("1\u200b" * 65, "too_long"),
        ("\u200b" * 2000, "too_long"),
        ("#31#01 99 00 00 01", "not_a_number"),
        ("118 218", "short_number"),
        ("3299", "short_number"),
        ("1", "short_number"),
        ("01 99", "not_a_number"),
        ("+1 212 555 0123", "country_not_allowed"),
        ("+881 6 1234 5678", "country_not_allowed"),
    ],
)
def test_number_that_may_not_be_dialled_is_refused_with_its_reason(typed: str, code: str) -> None:
    result = dial_rule(typed)
    assert isinstance(result, Refused), result
    assert result.code == code


def test_policy_opens_countries_surcharges_and_short_numbers() -> None:
    policy = DiallingPolicy(countries=None, premium_allowed=True, short_numbers=frozenset({"118218"}))
    assert dial_rule("+1 212 555 0123", policy) == Allowed("+12125550123", "+1 212-555-0123", "abroad")
    assert isinstance(dial_rule("0899123456", policy), Allowed)
    assert dial_rule("118 218", policy) == Allowed("118218", "118218")
    assert dial_rule("3939", policy) == Refused("short_number")


OPEN = DiallingPolicy(countries=None, premium_allowed=True, satellite_allowed=True, islands_allowed=True)


@pytest.mark.parametrize(
    ("typed", "tariff"),
    [
        *(("01 99 00 00 01", "ordinary"), ("+44 20 7946 0000", "ordinary"), ("0800 123 456", "ordinary")),
        *(("3939", "ordinary"), ("+800 1234 5678", "ordinary"), ("+1 800 253 0000", "ordinary")),
        *(("0899 12 34 56", "special"), ("+44 70 1234 5678", "special"), ("+979 123 456 789", "special")),
        *(("+1 212 555 0123", "abroad"), ("+212 520 123456", "abroad"), ("+1 876 618 2345", "abroad")),
        *(("+881 6 1234 5678", "satellite"), ("+870 301 234 567", "satellite")),
        *(("+883 510 012 345", "satellite"), ("+888 123 456 78901", "satellite")),
    ],
)
def test_every_number_that_costs_extra_is_told_apart(typed: str, tariff: str) -> None:
    result = dial_rule(typed, OPEN)
    assert isinstance(result, Allowed), result
    assert result.tariff == tariff


@pytest.mark.parametrize("typed", ["+881 6 1234 5678", "+870 301 234 567", "+883 510 012 345", "+1 876 618 2345"])
def test_satellites_and_dear_islands_stay_closed_when_all_countries_are_open(typed: str) -> None:
    assert dial_rule(typed, DiallingPolicy(countries=None)) == Refused("country_not_allowed")


def test_an_override_changes_what_it_names_and_nothing_else() -> None:
    at_home = DiallingPolicy().changed_by(DiallingOverride(countries=frozenset({33}), premium_allowed=True))
    assert dial_rule("+44 20 7946 0000", at_home) == Refused("country_not_allowed")
    assert isinstance(dial_rule("0899 12 34 56", at_home), Allowed)
    assert isinstance(dial_rule("3939", at_home), Allowed)
    assert DiallingPolicy().changed_by(DiallingOverride()) == DiallingPolicy()


def written(number: str) -> list[str]:
    spaced = " ".join(number)
    forms = [number, spaced, f" {number} ", "-".join(number), ".".join(number), f"tel:{number}", f"({number})"]
    forms += [f"+33{number}", f"+33 {spaced}", f"0033{number}", f"0033 {spaced}", f"33{number}", f"+33 (0){number}"]
    forms += [f"+33 0 {number}", f"00{number}", f"+{number}", "\u00a0".join(number), f"sip:{number}@example.org"]
    forms += [
        f"#31#{number}",
        f"*31#{number}",
        f"#31# {spaced}",
        f"tel:#31#{number}",
        f"{number}\u200b",
        f"\u202d{number}",
    ]
    forms += ["\u200b".join(number), "\u00ad".join(number), "".join(f"{digit}\ufe0f\u20e3" for digit in number)]
    forms += [f"{number}{mark}" for mark in ",!?.;»#/"] + [f"{mark}{number}" for mark in ",!?.;«#/"]
    forms += [
        f'"{number}"',
        f"« {number} »",
        f"{number} !!!",
        f"{number} SAMU",
        f"appeler le {number}",
        f"({number}) svp",
    ]
    forms += [f"{number}/17", f"{number}, 18", f"{number} ou 112", f"{number};15", f"police secours {number}"]
    forms.append("".join(chr(ord(digit) + 0xFEE0) for digit in number))  # full-width digits
    forms.append("".join(chr(ord(digit) - ord("0") + 0x0660) for digit in number))  # Arabic-Indic digits
    return forms


@pytest.mark.parametrize("entry", EMERGENCY_NUMBERS, ids=lambda entry: entry.number)
def test_emergency_number_is_recognised_in_every_written_form(entry: object) -> None:
    number, kind = entry.number, entry.kind  # type: ignore[attr-defined]
    strict = DiallingPolicy(countries=frozenset(), short_numbers=frozenset())
    for form in written(number):
        for policy in (DiallingPolicy(), strict):
            result = dial_rule(form, policy)
            assert isinstance(result, Emergency), form
            assert (result.number, result.kind) == (number, kind), form


def test_114_is_offered_first_for_medical_police_fire_and_the_european_number() -> None:
    offered = {entry.number for entry in EMERGENCY_NUMBERS if entry.kind == "offer_114"}
    assert offered == {"15", "17", "18", "112", "114"}
    assert {entry.number for entry in EMERGENCY_NUMBERS} - offered == {
        "115",
        "119",
        "191",
        "196",
        "197",
        "116000",
        "116117",
    }


@pytest.mark.parametrize("number", ["911", "999", "110", "113", "911!", "+999", "9 1 1", "911 help", "110/113"])
def test_emergency_number_of_another_country_is_understood_as_112(number: str) -> None:
    assert find_emergency(number) == Emergency("112", "offer_114", "Numéro d’urgence européen")


@pytest.mark.parametrize(
    "typed",
    [
        *("0115000000", "01 15 11 22 33", "+33 1 12 00 00 00", "+44 117 496 0000", "1512", "3115", "31 15", "31/15"),
        *("01 15 17 18 12", "01/15/17/18/12", "01 15 17 18 12!", "+33 1 15 17 18 12", "+33 15/17/18/112", "0,15"),
        *("01 99 00 00 01 poste 15", "0033 1 15 17 18 12 (SAMU)", "18h15", "#31#01 15 17 18 12", "15 17"),
        *("0033/15/17/18/112", "33 15/17/18/112", "le 15 est en panne depuis hier", "911 0000", "1 110", "112 112"),
    ],
)
def test_number_that_merely_contains_an_emergency_number_is_none(typed: str) -> None:
    assert find_emergency(typed) is None


BETWEEN = st.sampled_from(["", " ", ".", "-", "/", "\u00a0", "\u202f", "\u200b", " / ", ", ", ";", "!", "#"])
PARTS = st.sampled_from(["15", "17", "18", "112", "114", "115", "119", "191", "196", "197", "911", "12", "0", "1"])


@given(
    st.sampled_from(["0", "+33", "+33 ", "0033 ", "+33 (0)", "33"]),
    st.lists(st.tuples(PARTS, BETWEEN), min_size=9, max_size=9),
    st.sampled_from(["", "!", ",", " SAMU", "»"]),
)
def test_ordinary_number_made_of_emergency_numbers_is_never_taken_for_one(
    prefix: str, parts: list[tuple[str, str]], end: str
) -> None:
    typed, missing = prefix, 9
    for part, between in parts:
        typed += part[:missing] + between if missing else ""
        missing -= len(part[:missing])
    typed += end
    assert missing == 0
    assert not isinstance(dial_rule(typed), Emergency), typed


@given(st.integers(min_value=1, max_value=9), st.integers(min_value=0, max_value=10**8 - 1), st.data())
def test_ten_digits_are_never_an_emergency_however_they_are_grouped(zone: int, rest: int, data: st.DataObject) -> None:
    typed = "".join(digit + data.draw(BETWEEN) for digit in f"0{zone}{rest:08d}")
    assert not isinstance(dial_rule(typed), Emergency), typed


@given(st.text(max_size=80))
def test_any_text_gets_an_answer_and_never_an_error(typed: str) -> None:
    result: DialResult = dial_rule(typed)
    assert isinstance(result, Allowed | Refused | Emergency)
    if isinstance(result, Allowed):
        assert result.e164.lstrip("+").isascii()
        assert result.e164.lstrip("+").isdigit()


def test_redirection_is_followed_to_an_ordinary_number_of_the_same_country_alone() -> None:
    assert may_be_forwarded("+33199000001", "+33199000002")
    refused = ("+33899000001", "+442079460001", "+3315", "15", "0199000002", "bob", "")
    assert [number for number in refused if may_be_forwarded("+33199000001", number)] == []
    assert not may_be_forwarded("sip:bob@127.0.0.1", "+33199000002")
    assert not may_be_forwarded("3919", "+33199000002")
