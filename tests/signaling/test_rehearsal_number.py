"""Numbers of rehearsals' signers."""

import pytest

from signaling.numbers import e164
from signaling.rehearsal_number import rehearsal_key, rehearsal_number


@pytest.mark.parametrize(
    "key", ["rehearsal-0000000000000001", "rehearsal-ffffffffffffffff", "rehearsal-0123456789abcdef"]
)
def test_a_rehearsals_number_leads_to_its_page_and_is_no_telephones(key: str) -> None:
    number = rehearsal_number(key)
    assert rehearsal_key(number) == rehearsal_key("+" + number) == key
    assert e164(number) is None


@pytest.mark.parametrize("number", ["", "+33199000001", "999", "999" + "9" * 20, "9990" + "0" * 20, "999abc"])
def test_other_numbers_lead_to_no_rehearsal(number: str) -> None:
    assert rehearsal_key(number) is None
