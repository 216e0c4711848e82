import json
from dataclasses import asdict

import pytest

from relay.phone.farewells import Envelope
from relay.phone.leg import StoredRequest

BYE = StoredRequest("127.0.0.1", 5060, "udp", "BYE sip:+33199005678@trunk.example SIP/2.0\r\n\r\n")


def test_stored_dialog_is_unreadable_without_the_secret_and_whole_with_it() -> None:
    entry = Envelope("one").close(BYE)
    assert b"199005678" not in entry
    assert Envelope("one").open(entry) == BYE


def test_entry_of_another_secret_damaged_or_slipped_in_is_never_sent() -> None:
    entry = Envelope("one").close(BYE)
    assert Envelope("two").open(entry) is None
    assert Envelope("one").open(entry[:-8] + b"AAAAAAA=") is None
    assert Envelope("one").open(json.dumps(asdict(BYE)).encode()) is None


def test_without_a_secret_entries_are_kept_as_they_are() -> None:
    entry = Envelope("").close(BYE)
    assert json.loads(entry)["text"] == BYE.text
    assert Envelope("").open(entry) == BYE


@pytest.mark.parametrize("entry", [b"", b"\xff", b"[]", b"{}", b"1", b'{"host": 1, "more": 2}'])
def test_unusable_entry_is_skipped_and_stops_nobody(entry: bytes) -> None:
    assert Envelope("").open(entry) is None
    assert Envelope("one").open(entry) is None
