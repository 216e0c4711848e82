from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.phone.dialling import DiallingPolicy
from relay.phone.emergency import EMERGENCY_NUMBERS
from relay.phone.target import is_on_own_network
from signaling.config import SignalingConfig
from signaling.numbers import DRILL, FICTION, Dialable, EmergencyFound, read_number
from signaling.page_errors import SENTENCES, PageError

CONFIG = SignalingConfig(data_dir=Path("nowhere"), redis_url="redis://x", operator_token="o", secret_key="s")
WIDE = replace(CONFIG, dialling=DiallingPolicy(countries=None, premium_allowed=True))


def refusal(typed: str, *, rehearsal: bool) -> str:
    with pytest.raises(PageError) as refused:
        read_number(typed, CONFIG, allow_uri=rehearsal)
    return refused.value.code


def test_caller_dials_ordinary_numbers_and_no_addresses() -> None:
    assert read_number("06 12 34 56 78", CONFIG, allow_uri=False) == Dialable("+33612345678", "06 12 34 56 78")
    assert refusal("sip:bob@127.0.0.1", rehearsal=False) == "not_a_number"
    assert refusal("0899 12 34 56", rehearsal=False) == "premium"
    assert refusal("1" * 65, rehearsal=False) in SENTENCES


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("01 99 00 00 20", "+33199000020"),
        ("+33199001042", "+33199001042"),
        ("sip:bob@127.0.0.1:5070", "sip:bob@127.0.0.1:5070"),
        ("sip:bob@127.8.9.1;transport=tcp", "sip:bob@127.8.9.1;transport=tcp"),
        ("sip:bob@localhost", "sip:bob@localhost"),
        ("sip:bob@192.168.4.7", "sip:bob@192.168.4.7"),
        ("sip:bob@10.1.2.3:5062", "sip:bob@10.1.2.3:5062"),
        ("sip:bob@[::1]:5070", "sip:bob@[::1]:5070"),
    ],
)
def test_rehearsal_dials_fiction_and_the_own_network(typed: str, target: str) -> None:
    assert read_number(typed, CONFIG, allow_uri=True).target == target


@pytest.mark.parametrize(
    "typed",
    [
        *("06 12 34 56 78", "+44 20 7946 0000", "3939", "01 99 01 00 00", "+33 2 61 91 00 00"),
        *("sip:bob@trunk.example", "sip:bob@192.0.2.1", "sip:bob@127.0.0.1.example", "sip:bob@localhost.example"),
        *("sip:bob@127.0.0.1@trunk.example", "sip:bob@127.0.0.1\n", "sips:bob@127.0.0.1", "sip:bob@0.0.0.0", "sip:"),
        *("sip:15@trunk.example", "SIP:bob@trunk.example", "sip:bob@[::ffff:192.0.2.1]", "sip:bob@127.0.0.1;maddr=x"),
    ],
)
def test_rehearsal_dials_nothing_else(typed: str) -> None:
    assert refusal(typed, rehearsal=True) == "number_refused"


@pytest.mark.parametrize("entry", EMERGENCY_NUMBERS, ids=lambda entry: entry.number)
def test_emergency_number_is_dialled_as_it_is_and_in_a_rehearsal_never(entry: object) -> None:
    number, kind = entry.number, entry.kind  # type: ignore[attr-defined]
    assert read_number(number, CONFIG, allow_uri=False) == EmergencyFound(number, number, kind)
    assert read_number(f"{number} !", CONFIG, allow_uri=True) == EmergencyFound(DRILL, number, kind)


def test_number_for_drills_is_one_kept_for_fiction() -> None:
    assert FICTION.fullmatch(DRILL)


@pytest.mark.parametrize(
    "policy", [None, DiallingPolicy(countries=None, premium_allowed=True), DiallingPolicy(countries=frozenset())]
)
def test_a_drill_reaches_the_demonstration_phone_in_every_form_under_every_policy(
    policy: DiallingPolicy | None,
) -> None:
    for entry in EMERGENCY_NUMBERS:
        spaced = " ".join(entry.number)
        for form in (entry.number, spaced, f"+33{entry.number}", f"0033 {spaced}", f"tel:{entry.number}", "110"):
            assert read_number(form, WIDE, allow_uri=True, policy=policy).target == DRILL


@given(st.text(alphabet="0123456789+ sip:@.[]127localhost;é\u200b", max_size=40))
def test_whatever_a_rehearsal_types_stays_on_this_machine(typed: str) -> None:
    try:
        target = read_number(typed, WIDE, allow_uri=True).target
    except PageError:
        return
    assert FICTION.fullmatch(target) or is_on_own_network(target)
