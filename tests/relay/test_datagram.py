"""Datagrams between our own processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.datagram import HEADER_SIZE, Kind, batch, call_key, header, pack, unbatch, unpack
from relay.model import WEB_LEGS, WebLeg

KEY = call_key("call-1")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("leg", WEB_LEGS)
def test_every_kind_and_leg_survives_the_way(kind: Kind, leg: WebLeg) -> None:
    message = unpack(pack(kind, KEY, leg, b"payload"))
    assert message == (kind, KEY, leg, b"payload")
    assert header(kind, KEY, leg) + b"payload" == pack(kind, KEY, leg, b"payload")


def test_calls_have_different_keys_of_16_bytes() -> None:
    assert len(KEY) == 16
    assert call_key("call-2") != KEY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        pack(Kind.AUDIO, KEY, "signer", b"")[: HEADER_SIZE - 1],
        b"\x02" + pack(Kind.AUDIO, KEY, "signer", b"")[1:],  # another version
        b"\x01\xf0" + KEY,  # unknown kind
        b"\x01\x15" + KEY,  # unknown leg
    ],
)
def test_what_is_not_ours_is_left_out(data: bytes) -> None:
    assert unpack(data) is None


@given(st.binary(max_size=40))
def test_no_datagram_raises(data: bytes) -> None:
    unpack(data)


@given(st.lists(st.binary(max_size=1500), max_size=40))
def test_a_batch_gives_its_packets_back(packets: list[bytes]) -> None:
    assert unbatch(batch(packets)) == packets


@given(st.binary(max_size=3000))
def test_a_broken_batch_gives_what_is_whole_and_never_raises(payload: bytes) -> None:
    assert sum(len(packet) + 2 for packet in unbatch(payload)) <= len(payload)
