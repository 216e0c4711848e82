"""What the doctor says of the emergency numbers."""

from datetime import timedelta

from relay.phone.emergency import AS_OF
from signaling.doctor import EMERGENCY_LIST_AGE, emergency_finding


def test_the_list_of_emergency_numbers_is_dated_and_to_be_looked_at_once_a_year() -> None:
    fresh = emergency_finding(AS_OF + EMERGENCY_LIST_AGE, relays=False)
    assert fresh.verdict == "ok" and f"{AS_OF:%d/%m/%Y}" in fresh.words and "114" in fresh.words
    stale = emergency_finding(AS_OF + EMERGENCY_LIST_AGE + timedelta(days=1), relays=True)
    assert stale.verdict == "warning" and "Arcep" in stale.words and "insiste" in stale.words
