import pytest

from relay.phone.info_keys import KEYS, read_key

RELAY = "application/dtmf-relay"


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_read_in_both_forms(key: str) -> None:
    assert read_key(RELAY, f"Signal={key}\r\nDuration=160\r\n") == key
    assert read_key("application/dtmf", key) == key


def test_keys_are_read_as_telephones_write_them() -> None:
    assert read_key(RELAY, "signal = 5\n") == "5"
    assert read_key(RELAY, "Duration=100\nSignal=*") == "*"
    assert read_key(RELAY, "Signal=10\nDuration=100") == "*"
    assert read_key("application/dtmf", "11\r\n") == "#"
    assert read_key("application/dtmf", "d") == "D"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (RELAY, ""),
        (RELAY, "Signal=E"),
        (RELAY, "Signal=16"),
        (RELAY, "5"),
        ("application/dtmf", "55x"),
        ("text/plain", "5"),
    ],
)
def test_what_is_no_key_is_none(kind: str, text: str) -> None:
    assert read_key(kind, text) is None
