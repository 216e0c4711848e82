import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import BadDescriptionError
from relay.phone import sdp
from relay.phone.sdp import LocalAudio, LocalText, Negotiated, NegotiatedText
from relay.phone.sdp_crypto import new_keys, read_line, write_line
from relay.phone.sdp_reading import Direction


def agreed_by_answer(text: str) -> Negotiated:
    """Without our own numbers."""
    return replace(sdp.read(text), received_type=None, event_received_type=None)


ALL = LocalAudio("192.0.2.1", 20_000, 42)
OURS = replace(ALL, codecs=("PCMA", "PCMU"))
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


TLS = replace(ALL, encryption="offer", over_tls=True)
REQUIRED = replace(TLS, encryption="require")


def media_lines(text: str) -> list[str]:
    return [line for line in text.split("\r\n") if line.startswith("m=")]


def test_offer_has_both_g711_laws_and_digits() -> None:
    text = sdp.offer(OURS)
    assert "m=audio 20000 RTP/AVP 8 0 13 101\r\n" in text
    assert "a=rtpmap:101 telephone-event/8000\r\n" in text
    assert "o=- 42 1 IN IP4 192.0.2.1\r\n" in text
    assert text.endswith("a=sendrecv\r\n")


def test_first_common_codec_of_an_answer_is_taken() -> None:
    assert agreed_by_answer(PEER) == Negotiated("198.51.100.7", 30_000, "PCMA", 8, 97)
    assert sdp.read(PEER.replace("18 8 0 97", "0 8 97")).codec == "PCMU"


def test_codec_under_a_dynamic_payload_type_is_found() -> None:
    text = PEER.replace("18 8 0 97", "96 97") + "a=rtpmap:96 PCMA/8000\r\n"
    assert agreed_by_answer(text) == Negotiated("198.51.100.7", 30_000, "PCMA", 96, 97)
    assert sdp.read(text).received_type == 8, "the peer sends with the number that we offered"


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
    assert media_lines(text) == [
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
        PEER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 224.0.1.1"),
        PEER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 255.255.255.255"),
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


def test_we_understand_ourselves() -> None:
    text, theirs = sdp.answer(sdp.offer(ALL), replace(ALL, host="192.0.2.2", port=20_002))
    expected = Negotiated("192.0.2.1", 20_000, "opus", 111, 100, event_rate=48_000)
    assert theirs == expected
    assert agreed_by_answer(text) == replace(expected, host="192.0.2.2", port=20_002)


def test_offer_has_wideband_first_and_digits_at_the_clock_of_each() -> None:
    text = sdp.offer(ALL)
    assert "m=audio 20000 RTP/AVP 111 9 8 0 13 101 100\r\n" in text
    assert "a=rtpmap:111 opus/48000/2\r\n" in text
    assert "a=fmtp:111 useinbandfec=1;maxplaybackrate=48000\r\n" in text
    assert "a=rtpmap:9 G722/8000\r\n" in text, "RFC 3551 keeps the old mistake"
    assert "a=rtpmap:100 telephone-event/48000\r\n" in text


def test_answer_takes_what_sounds_best_among_what_is_offered() -> None:
    text = PEER.replace("18 8 0 97", "0 8 9 97")
    assert sdp.answer(text, ALL)[1].codec == "G722"
    assert sdp.answer(text, OURS)[1].codec == "PCMA"
    assert sdp.answer(text, replace(ALL, codecs=("PCMU",)))[1].codec == "PCMU", "a trunk may allow fewer"


def test_opus_with_numbers_of_the_peer_and_digits_at_either_clock() -> None:
    text = PEER.replace("18 8 0 97", "8 96 97 98") + "a=rtpmap:96 OPUS/48000/2\r\na=rtpmap:98 telephone-event/48000\r\n"
    answered, agreed = sdp.answer(text, ALL)
    assert (agreed.codec, agreed.payload_type, agreed.telephone_event, agreed.event_rate) == ("opus", 96, 98, 48_000)
    assert media_lines(answered) == ["m=audio 20000 RTP/AVP 96 98"]
    without = sdp.answer(text.replace("telephone-event/48000", "x/48000"), ALL)[1]
    assert (without.telephone_event, without.event_rate) == (97, 8000)


def test_comfort_noise_is_agreed_beside_a_narrow_codec_only() -> None:
    text = PEER.replace("18 8 0 97", "96 8 13 97") + "a=rtpmap:96 opus/48000/2\r\n"
    assert sdp.answer(text, OURS)[1].comfort_noise == 13
    assert sdp.answer(text, ALL)[1].comfort_noise is None


@pytest.mark.parametrize(
    ("lines", "ptime_ms"),
    [
        ("", 20),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:60\r\n", 60),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:25\r\n", 20),
        ("a=ptime:5000\r\n", 60),
        ("a=ptime:40\r\na=maxptime:30\r\n", 30),
        ("a=maxptime:10\r\n", 10),
        ("a=maxptime:150\r\n", 20),
        ("a=ptime:0\r\n", 20),
        ("a=ptime:x\r\n", 20),
    ],
)
def test_packets_are_as_long_as_the_peer_wants_them(lines: str, ptime_ms: int) -> None:
    assert sdp.read(PEER + lines).ptime_ms == ptime_ms


def test_ipv6_is_written_and_read_in_its_shortest_form() -> None:
    text, theirs = sdp.answer(
        PEER.replace("IP4 198.51.100.7", "IP6 2001:DB8:0:0::7"), replace(OURS, host="2001:db8::1")
    )
    assert theirs.host == "2001:db8::7"
    assert "c=IN IP6 2001:db8::1\r\n" in text
    assert not sdp.read(PEER.replace("IP4 198.51.100.7", "IP6 ::")).we_send


def test_port_of_reports_is_where_the_peer_says() -> None:
    assert sdp.read(PEER).rtcp is None
    assert sdp.read(PEER + "a=rtcp:53020\r\n").rtcp == ("198.51.100.7", 53_020)
    assert sdp.read(PEER + "a=rtcp:53020 IN IP4 198.51.100.9\r\n").rtcp == ("198.51.100.9", 53_020)
    assert sdp.read(PEER + "a=rtcp:x\r\n").rtcp is None


def test_first_usable_audio_stream_is_taken_and_the_others_refused() -> None:
    text = PEER + "m=audio 40000 RTP/AVP 8\r\nm=application 5000 UDP/BFCP *\r\n"
    answered, agreed = sdp.answer(text.replace("m=audio 30000", "m=audio 0"), OURS)
    assert agreed.port == 40_000
    assert media_lines(answered) == [
        "m=audio 0 RTP/AVP 18 8 0 97",
        "m=audio 20000 RTP/AVP 8",
        "m=application 0 UDP/BFCP *",
    ]


# --- encryption -------------------------------------------------------------------------------------------


def test_keys_are_offered_over_tls_only() -> None:
    assert "a=crypto" not in sdp.offer(ALL)
    assert "a=crypto" not in sdp.offer(replace(TLS, over_tls=False))
    assert "m=audio 20000 RTP/AVP " in sdp.offer(TLS), "RFC 8643: a peer without SRTP still understands"
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in sdp.offer(TLS)
    assert "m=audio 20000 RTP/SAVP " in sdp.offer(REQUIRED)
    with pytest.raises(BadDescriptionError):
        sdp.offer(replace(REQUIRED, over_tls=False))


@pytest.mark.parametrize("offering", [TLS, REQUIRED])
@pytest.mark.parametrize("answering", [TLS, REQUIRED])
def test_both_ends_agree_on_the_same_keys_the_other_way_round(offering: LocalAudio, answering: LocalAudio) -> None:
    answering = replace(answering, host="192.0.2.2", keys=new_keys())
    text, theirs = sdp.answer(sdp.offer(offering), answering)
    ours = sdp.read(text, offering)
    assert ours.srtp is not None
    assert theirs.srtp is not None
    assert (ours.srtp.local, ours.srtp.remote) == (theirs.srtp.remote, theirs.srtp.local)
    assert ours.srtp.suite == theirs.srtp.suite == "AES_CM_128_HMAC_SHA1_80"
    assert media_lines(text)[0].split()[2] == ("RTP/SAVP" if offering is REQUIRED else "RTP/AVP")


def test_later_offer_keeps_the_codec_and_the_encryption_of_the_call() -> None:
    _, agreed = sdp.answer(sdp.offer(replace(REQUIRED, codecs=("PCMU", "PCMA"))), TLS)
    assert media_lines(sdp.offer(TLS, agreed)) == ["m=audio 20000 RTP/SAVP 8 111 9 0 13 101 100"]
    _, agreed = sdp.answer(sdp.offer(TLS), TLS)
    assert media_lines(sdp.offer(TLS, agreed)) == ["m=audio 20000 RTP/AVP 111 9 8 0 13 101 100"]


def test_required_encryption_is_not_given_up() -> None:
    for attempt in (lambda: sdp.answer(PEER, REQUIRED), lambda: sdp.read(PEER, REQUIRED)):
        with pytest.raises(BadDescriptionError):
            attempt()


def test_keys_that_came_in_the_clear_are_not_believed() -> None:
    with pytest.raises(BadDescriptionError):
        sdp.answer(sdp.offer(REQUIRED), replace(TLS, over_tls=False))
    assert sdp.answer(sdp.offer(TLS), replace(TLS, over_tls=False))[1].srtp is None


def test_encrypted_stream_goes_before_an_open_one_where_both_are_offered() -> None:
    key = write_line(new_keys()[0])
    text = PEER + f"m=audio 40000 RTP/SAVP 8\r\n{key}\r\n"
    answered, agreed = sdp.answer(text, TLS)
    assert agreed.srtp is not None
    assert media_lines(answered) == ["m=audio 0 RTP/AVP 18 8 0 97", "m=audio 20000 RTP/SAVP 8"]
    assert sdp.answer(text, OURS)[1].port == 30_000


@pytest.mark.parametrize(
    "line",
    [
        "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD",
        "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!",
        "1 F8_128_HMAC_SHA1_80 inline:" + "A" * 40,
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "|2^20|1:4",
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + " UNENCRYPTED_SRTP",
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + ";inline:" + "B" * 40,
        "1 AES_CM_128_HMAC_SHA1_80",
        "",
    ],
)
def test_key_that_we_cannot_honour_is_not_taken(line: str) -> None:
    assert read_line(line) is None


def test_key_with_lifetime_and_window_hint_is_taken() -> None:
    """RFC 4568 §9.1, its example."""
    found = read_line("1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20 WSH=64")
    assert found is not None
    assert found.key == b"YS___semctl () {\t220;}\n}\nunles"


def test_secrets_are_not_shown() -> None:
    _, agreed = sdp.answer(sdp.offer(REQUIRED), TLS)
    assert agreed.srtp is not None
    assert repr(agreed.srtp.local) not in repr(agreed)
    assert repr(TLS.keys[0].key) not in repr(TLS)


# --- text -------------------------------------------------------------------------------------------------

WITH_TEXT = replace(TLS, text=LocalText(20_010))
TEXT_OFFER = PEER + (
    "m=text 11000 RTP/AVP 98 100\r\na=rtpmap:98 t140/1000\r\na=fmtp:98 cps=20\r\n"
    "a=rtpmap:100 red/1000\r\na=fmtp:100 98/98/98\r\n"
)


def test_text_is_taken_when_wanted_and_refused_otherwise() -> None:
    assert sdp.offers_text(TEXT_OFFER)
    assert not sdp.offers_text(PEER)
    answered, agreed = sdp.answer(TEXT_OFFER, WITH_TEXT)
    assert agreed.text == NegotiatedText("198.51.100.7", 11_000, 98, 100, 20)
    assert media_lines(answered)[1] == "m=text 20010 RTP/AVP 100 98"
    assert "a=fmtp:100 98/98/98\r\n" in answered
    answered, agreed = sdp.answer(TEXT_OFFER, OURS)
    assert agreed.text is None
    assert media_lines(answered)[1] == "m=text 0 RTP/AVP 98 100"


def test_text_is_offered_and_its_answer_understood() -> None:
    offered = sdp.offer(WITH_TEXT)
    assert "m=text 20010 RTP/AVP 99 98\r\n" in offered
    text, theirs = sdp.answer(offered, replace(WITH_TEXT, host="192.0.2.2", text=LocalText(20_020)))
    ours = sdp.read(text, WITH_TEXT)
    assert ours.text is not None
    assert theirs.text is not None
    assert (ours.text.port, ours.text.red, ours.text.t140) == (20_020, 99, 98)
    assert ours.text.srtp is not None
    assert theirs.text.srtp is not None
    assert ours.text.srtp.local == theirs.text.srtp.remote
    assert ours.srtp is not None
    assert ours.text.srtp.local != ours.srtp.local, "one key, one stream"
    refused = text.replace("m=text 20020", "m=text 0")
    assert sdp.read(refused, WITH_TEXT).text is None


ATTRIBUTES = ("m=audio ", "m=text ", "c=IN ", "a=rtpmap:", "a=fmtp:", "a=crypto:", "a=rtcp:", "a=ptime:", "a=")
NOISE = st.builds(
    lambda at, cut, noise: (at, cut, noise),
    st.integers(0, 900),
    st.integers(0, 40),
    st.text(max_size=60)
    | st.builds(lambda name, rest: f"\n{name}{rest}", st.sampled_from(ATTRIBUTES), st.text(max_size=40)),
)


@given(st.lists(NOISE, max_size=4))
def test_garbled_description_raises_its_own_error_or_none(noises: list[tuple[int, int, str]]) -> None:
    text = TEXT_OFFER + write_line(new_keys()[0]) + "\r\n"
    for at, cut, noise in noises:
        text = text[:at] + noise + text[at + cut :]
    for local in (OURS, WITH_TEXT):
        with contextlib.suppress(BadDescriptionError):
            answered, agreed = sdp.answer(text, local)
            assert len(media_lines(answered)) == len(
                [x for x in text.replace("\r\n", "\n").split("\n") if x[:2] == "m="]
            )
            assert 0 < agreed.port < 65_536
            assert len(answered) < 20_000
