import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import BadDescriptionError
from relay.phone import sdp
from relay.phone.sdp import Direction, LocalAudio, Negotiated

OURS = LocalAudio("192.0.2.1", 20_000, 42)
PEER = """v=0\r
o=- 1 1 IN IP4 198.51.100.7\r
s=-\r
c=IN IP4 198.51.100.7\r
t=0 0\r
m=audio 30000 RTP/AVP 18 8 0 97\r
a=rtpmap:18 G729/8000\r
a=rtpmap:97 telephone-event/8000\r
a=fmtp:97 0-15\r
"""


def test_offer_has_both_g711_laws_and_digits() -> None:
    text = sdp.offer(OURS)
    assert "m=audio 20000 RTP/AVP 8 0 101\r\n" in text
    assert "a=rtpmap:101 telephone-event/8000\r\n" in text
    assert "o=- 42 1 IN IP4 192.0.2.1\r\n" in text
    assert text.endswith("a=sendrecv\r\n")


def test_first_common_codec_of_the_peer_is_taken() -> None:
    assert sdp.read(PEER) == Negotiated("198.51.100.7", 30_000, "PCMA", 8, 97)
    assert sdp.read(PEER.replace("18 8 0 97", "0 8 97")).codec == "PCMU"


def test_codec_under_a_dynamic_payload_type_is_found() -> None:
    text = PEER.replace("18 8 0 97", "96 97") + "a=rtpmap:96 PCMA/8000\r\n"
    assert sdp.read(text) == Negotiated("198.51.100.7", 30_000, "PCMA", 96, 97)


def test_peer_without_digits_is_accepted() -> None:
    assert sdp.read(PEER.replace("8 0 97", "8")).telephone_event is None


def test_address_of_the_stream_goes_before_that_of_the_session() -> None:
    assert sdp.read(PEER + "c=IN IP4 203.0.113.9\r\n").host == "203.0.113.9"


@pytest.mark.parametrize(
    ("theirs", "ours", "answered", "we_send", "we_receive"),
    [
        ("sendrecv", "sendrecv", "sendrecv", True, True),
        ("sendonly", "sendrecv", "recvonly", False, True),
        ("recvonly", "sendrecv", "sendonly", True, False),
        ("inactive", "sendrecv", "inactive", False, False),
        ("sendrecv", "sendonly", "sendonly", True, True),
        ("sendonly", "sendonly", "inactive", False, True),
    ],
)
def test_answer_fits_the_direction_of_the_offer(
    theirs: Direction, ours: Direction, answered: str, we_send: bool, we_receive: bool
) -> None:
    local = LocalAudio("192.0.2.1", 20_000, 42, 2, ours)
    text, agreed = sdp.answer(PEER + f"a={theirs}\r\n", local)
    assert text.endswith(f"a={answered}\r\n")
    assert (agreed.we_send, agreed.we_receive) == (we_send, we_receive)


def test_old_way_of_holding_is_understood() -> None:
    agreed = sdp.read(PEER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0"))
    assert not agreed.we_send
    assert not agreed.we_receive


def test_video_in_an_offer_is_refused_in_its_place() -> None:
    text, _ = sdp.answer(PEER + "m=video 40000 RTP/AVP 31\r\na=sendrecv\r\n", OURS)
    assert [line for line in text.split("\r\n") if line.startswith("m=")] == [
        "m=audio 20000 RTP/AVP 8 97",
        "m=video 0 RTP/AVP 31",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0\r\nm=video 1 RTP/AVP 31\r\n",
        PEER.replace("m=audio 30000", "m=audio 0"),
        PEER.replace("m=audio 30000", "m=audio 99999"),
        PEER.replace("RTP/AVP", "RTP/SAVP"),
        PEER.replace("18 8 0 97", "18"),
        PEER.replace("c=IN IP4 198.51.100.7\r\n", ""),
        PEER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 phone.example"),
        PEER.replace("m=audio 30000 RTP/AVP 18 8 0 97", "m=audio"),
        PEER.replace("m=audio 30000", "m=audio abc"),
        PEER + "a=x\r\n" * 3000,
    ],
)
def test_description_without_usable_sound_is_refused(text: str) -> None:
    with pytest.raises(BadDescriptionError):
        sdp.read(text)
    with pytest.raises(BadDescriptionError):
        sdp.answer(text, OURS)


@given(st.text(max_size=300), st.integers(min_value=0, max_value=len(PEER)))
def test_garbled_description_raises_its_own_error_or_none(noise: str, at: int) -> None:
    with contextlib.suppress(BadDescriptionError):
        sdp.answer(PEER[:at] + noise + PEER[at:], OURS)


def test_we_understand_ourselves() -> None:
    text, theirs = sdp.answer(sdp.offer(OURS), LocalAudio("192.0.2.2", 20_002, 43))
    assert theirs == Negotiated("192.0.2.1", 20_000, "PCMA", 8, 101)
    assert sdp.read(text) == Negotiated("192.0.2.2", 20_002, "PCMA", 8, 101)
