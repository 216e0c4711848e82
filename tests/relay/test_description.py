"""The offer every leg gets, and what its answer may be."""

import contextlib
from dataclasses import replace

import pytest
from aiortc import RTCDtlsFingerprint, RTCIceCandidate
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from relay.description import Answer, OfferParameters, build_offer, parse_answer
from relay.errors import BadDescriptionError
from relay.forwarding.streams import MIDS, STREAMS, OutgoingSsrcs
from relay.model import VideoCodec

FINGERPRINT = RTCDtlsFingerprint("sha-256", ":".join(["AB"] * 32))
CANDIDATE = RTCIceCandidate(
    component=1, foundation="1", ip="127.0.0.1", port=5004, priority=1, protocol="udp", type="host"
)
OFFER = OfferParameters(
    session_id=1,
    ice_username="abcd",
    ice_password="p" * 22,
    fingerprints=(FINGERPRINT,),
    candidates=(CANDIDATE,),
    ssrcs={stream: OutgoingSsrcs(10 + index, 20 + index) for index, stream in enumerate(STREAMS)},
    cname="cname",
    start_bitrate_kbps=1200,
)


def answer(**replacements: str) -> str:
    """A browser's answer: our offer seen from the other side."""
    text = build_offer(OFFER).replace("a=setup:actpass", "a=setup:active")
    for old, new in replacements.items():
        assert WORDS[old] in text
        text = text.replace(WORDS[old], new)
    return text


WORDS = {
    "setup": "a=setup:active",
    "ufrag": "a=ice-ufrag:abcd\r\n",
    "fingerprint": "a=fingerprint:sha-256 " + FINGERPRINT.value + "\r\n",
    "video": "m=video 9",
    "candidate": "127.0.0.1 5004",
    "direction": "a=sendrecv",
    "vp8": "VP8/90000",
    "h264": "H264/90000",
    "mid": "a=mid:1",
}


def refused(sdp: str) -> str:
    with pytest.raises(BadDescriptionError) as caught:
        parse_answer(sdp)
    assert caught.value.code == "bad_sdp"
    return caught.value.message


def test_offer_has_the_fixed_sections_in_order() -> None:
    media = SessionDescription.parse(build_offer(OFFER)).media
    assert [(each.kind, each.rtp.muxId) for each in media] == [
        ("audio", "0"),
        ("video", "1"),
        ("video", "2"),
        ("application", "3"),
    ]


def test_offer_prefers_vp8_then_h264_each_with_retransmission() -> None:
    media = SessionDescription.parse(build_offer(OFFER)).media[1]
    assert [(each.payloadType, each.name) for each in media.rtp.codecs] == [
        (96, "VP8"),
        (97, "rtx"),
        (102, "H264"),
        (103, "rtx"),
    ]
    assert media.rtp.codecs[0].parameters == {"x-google-start-bitrate": "1200"}
    assert media.rtp.codecs[2].parameters["profile-level-id"] == "42e01f"
    assert {str(each.type) for each in media.rtp.codecs[0].rtcpFeedback} == {"goog-remb", "transport-cc", "ccm", "nack"}


@pytest.mark.parametrize(
    ("codecs", "types"), [(("H264",), ["102", "103"]), (("H264", "VP8"), ["102", "103", "96", "97"])]
)
def test_offer_names_only_the_codecs_wanted_in_their_order(codecs: tuple[VideoCodec, ...], types: list[str]) -> None:
    offer = build_offer(replace(OFFER, video_codecs=codecs))
    lines = [line for line in offer.splitlines() if line.startswith("m=video")]
    assert [line.split()[3:] for line in lines] == [types, types]
    assert ("VP8" in offer) == ("VP8" in codecs)


def test_answer_tells_which_codecs_were_taken_preferred_first() -> None:
    assert parse_answer(answer()).video_codecs == ("VP8", "H264")
    turned = build_offer(OFFER).replace("96 97 102 103", "102 103 96 97").replace("actpass", "active")
    assert parse_answer(turned).video_codecs == ("H264", "VP8")
    only = build_offer(replace(OFFER, video_codecs=("H264",))).replace("actpass", "active")
    assert parse_answer(only).video_codecs == ("H264",)
    assert parse_answer(answer(video="m=video 0")).video_codecs == ()


def test_every_offer_names_the_same_types_and_extensions() -> None:
    other = replace(OFFER, ice_username="zzzz", session_id=2, start_bitrate_kbps=1200)
    same = [
        line for line in build_offer(OFFER).splitlines() if line.startswith(("m=", "a=rtpmap", "a=extmap", "a=mid"))
    ]
    assert all(line in build_offer(other).splitlines() for line in same)


def test_usual_answer_is_read() -> None:
    found = parse_answer(answer())
    assert (found.ice_username, found.is_dtls_client, found.sctp_port) == ("abcd", True, 5000)
    assert found.streams["audio"].ssrcs == (10,)
    assert found.streams["video"].ssrcs == (11, 21)
    assert found.streams["video"].sends and found.streams["video"].receives
    assert found.streams["video"].has_rtx and found.streams["video"].has_transport_cc
    assert not found.streams["audio"].has_transport_cc
    assert [each.port for each in found.candidates] == [5004]


@pytest.mark.parametrize(
    ("direction", "sends", "receives"),
    [("sendonly", True, False), ("recvonly", False, True), ("inactive", False, False)],
)
def test_direction_tells_who_sends(direction: str, sends: bool, receives: bool) -> None:
    video = parse_answer(answer(direction=f"a={direction}")).streams["video"]
    assert (video.sends, video.receives) == (sends, receives)


def test_person_without_camera_is_accepted() -> None:
    found = parse_answer(answer(video="m=video 0"))
    assert not found.streams["video"].sends and not found.streams["video"].receives
    assert found.streams["audio"].sends


def test_mdns_candidates_are_left_out() -> None:
    assert parse_answer(answer(candidate="0b5c2f.local 5004")).candidates == ()


def test_server_may_become_dtls_client() -> None:
    assert not parse_answer(answer(setup="a=setup:passive")).is_dtls_client


@pytest.mark.parametrize(
    ("sdp", "reason"),
    [
        ("", "sections"),
        ("garbage", "sections"),
        ("m=audio x", "read"),
        ("v=0\r\n" * 50_000, "too long"),
        (answer(mid="a=mid:7"), "sections"),
        (answer(setup="a=setup:actpass"), "DTLS"),
        (answer(setup="a=nothing"), "DTLS"),
        (answer(fingerprint=""), "DTLS"),
        (answer(ufrag=""), "ICE"),
        (answer(vp8="AV1/90000", h264="VP9/90000"), "codec"),
        (answer().replace(" 9 ", " 0 "), "refused"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(sdp: str, reason: str) -> None:
    assert reason in refused(sdp)


@given(st.integers(0, 3000), st.integers(0, 255))
def test_damaged_answer_is_read_or_refused_and_nothing_else(place: int, value: int) -> None:
    text = answer()
    damaged = text[: place % len(text)] + chr(value) + text[place % len(text) + 1 :]
    with contextlib.suppress(BadDescriptionError):
        assert isinstance(parse_answer(damaged), Answer)


def test_errors_never_hold_the_description() -> None:
    assert "abcd" not in refused(answer(fingerprint="")) and MIDS["audio"] == "0"
