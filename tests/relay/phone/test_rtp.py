"""The RTP endpoint without a network: bytes in, callbacks and bytes out."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.audio import PHONE_FRAME
from relay.phone import rtp_packets as packets
from relay.phone.dtmf import DTMF_END_PACKETS, DTMF_FRAMES, DTMF_GAP_FRAMES
from relay.phone.rtp import RtpPorts, open_rtp
from relay.phone.rtp_packets import DtmfEvent, Payload, RtpPacket
from relay.phone.sdp import Negotiated
from relay.phone.sdp_crypto import SrtpKeys
from tests.helpers.ports import free_port
from tests.helpers.rtp_wire import AGREED, PEER, Clock, endpoint, key, step, talk, voice
from tests.helpers.sip_peers import until


def test_voice_of_the_negotiated_host_is_heard_and_answered_at_the_port_it_came_from() -> None:
    made, rtp, _, sound, _ = endpoint()
    made.rtp_received(voice(1), (PEER[0], 44_444))
    assert len(sound) == 1
    step(made)
    assert rtp.sent[-1][1] == (PEER[0], 44_444)


def test_voice_of_another_host_is_never_heard_and_draws_no_sound_to_it() -> None:
    made, rtp, _, sound, _ = endpoint()
    made.rtp_received(voice(1), ("203.0.113.66", PEER[1]))
    step(made)
    assert sound == []
    assert rtp.sent[-1][1] == PEER
    assert made.statistics.packets_dropped == 1


def test_nothing_passes_before_something_is_negotiated() -> None:
    made, rtp, _, sound, _ = endpoint(None)
    made.rtp_received(voice(1), PEER)
    step(made)
    assert not sound
    assert not rtp.sent
    assert not made.press("1")


def test_late_repeated_and_foreign_packets_are_dropped() -> None:
    made, _, _, sound, _ = endpoint()
    for data in (voice(10), voice(10), voice(9), voice(11, payload_type=0), voice(12), b"\x80", b""):
        made.rtp_received(data, PEER)
    assert len(sound) == 2, "10 and 12"


def test_new_stream_of_the_peer_is_followed_at_once() -> None:
    made, _, _, sound, _ = endpoint()
    for data in (voice(40_000), voice(5, ssrc=2), voice(6, ssrc=2)):
        made.rtp_received(data, PEER)
    assert len(sound) == 3


def test_stream_is_continuous_and_marked_at_its_start() -> None:
    made, rtp, _, _, _ = endpoint()
    for _ in range(3):
        step(made)
    sent = rtp.packets()
    assert [packet.marker for packet in sent] == [True, False, False]
    assert {packet.payload_type for packet in sent} == {8}
    assert [(packet.sequence - sent[0].sequence) & 0xFFFF for packet in sent] == [0, 1, 2]
    assert [(packet.timestamp - sent[0].timestamp) & 0xFFFFFFFF for packet in sent] == [0, 160, 320]


def test_key_is_sent_as_rfc_4733_one_packet_every_twenty_milliseconds() -> None:
    made, rtp, _, _, _ = endpoint()
    assert made.press("5#")
    steps = DTMF_FRAMES + DTMF_END_PACKETS + DTMF_GAP_FRAMES
    for _ in range(2 * steps + 1):
        step(made)
    sent = rtp.packets()
    keys = [packet for packet in sent if packet.payload_type == 101]
    first, second = keys[: len(keys) // 2], keys[len(keys) // 2 :]
    for group, digit in ((first, "5"), (second, "#")):
        events = [packets.parse_event(packet.payload) for packet in group]
        assert [packet.marker for packet in group] == [True] + [False] * (len(group) - 1)
        assert len({packet.timestamp for packet in group}) == 1
        assert [event.end for event in events if event] == [False] * DTMF_FRAMES + [True] * DTMF_END_PACKETS
        assert [event.duration for event in events if event] == [160, 320, 480, 640, 800, 800, 800, 800]
        assert {event.digit for event in events if event} == {digit}
    assert (second[0].timestamp - first[0].timestamp) & 0xFFFFFFFF == steps * PHONE_FRAME
    assert sent[-1].payload_type == 8, "the voice goes on"


def test_key_of_the_peer_counts_once_and_the_same_key_again_counts_again() -> None:
    made, _, _, sound, digits = endpoint()
    steps = [(0, False), (0, False), (0, True), (0, True), (0, True), (1600, False), (1600, True), (1600, True)]
    for sequence, (timestamp, end) in enumerate(steps):
        made.rtp_received(key(sequence, timestamp, DtmfEvent("7", end, 800)), PEER)
    assert digits == ["7", "7"]
    assert sound == []


def test_held_peer_gets_no_sound_and_old_hold_address_is_not_sent_to() -> None:
    made, rtp, rtcp, _, _ = endpoint()
    step(made)
    made.connect(Negotiated("0.0.0.0", 30_000, "PCMA", 8, 101, we_send=False, we_receive=False))
    before = len(rtp.sent)
    for _ in range(300):
        step(made)
    assert len(rtp.sent) == before
    assert {address[0] for _, address in rtp.sent + rtcp.sent} == {PEER[0]}


def test_reports_say_what_was_lost_and_the_end_is_said() -> None:
    made, _, rtcp, _, _ = endpoint()
    for sequence in (65_534, 65_535, 0, 3):
        made.rtp_received(voice(sequence), PEER)
    step(made)
    made.tick()
    data, address = rtcp.sent[0]
    assert address == (PEER[0], PEER[1] + 1)
    _, blocks = packets.parse_reports(data)
    assert (blocks[0].ssrc, blocks[0].packets_lost, blocks[0].highest_sequence) == (1, 2, 65_536 + 3)
    made.close()
    assert any(data[-7] == packets.GOODBYE for data, _ in rtcp.sent if len(data) > 8)


def test_ports_are_even_within_their_range_and_not_taken_again_at_once() -> None:
    ports = RtpPorts(20_001, 20_009)
    taken = [next(ports) for _ in range(8)]
    assert set(taken) == {20_002, 20_004, 20_006, 20_008}
    assert all(one != two for one, two in itertools.pairwise(taken))


def test_payload_tells_what_is_missing_before_it() -> None:
    made, _, _, sound, _ = endpoint()
    for sequence in (10, 11, 14, 13, 15):
        made.rtp_received(voice(sequence), PEER)
    assert [packet.lost for packet in sound] == [0, 0, 2, 0]
    assert [packet.timestamp // PHONE_FRAME for packet in sound] == [10, 11, 14, 15]


def test_peer_that_begins_anew_under_its_old_name_is_heard_again() -> None:
    made, _, _, sound, _ = endpoint()
    for sequence in (30_000, 30_001, 5, 6, 7):
        made.rtp_received(voice(sequence), PEER)
    assert [packet.lost for packet in sound] == [0, 0, 0, 0]


def test_packets_that_come_late_in_their_order_are_no_new_beginning() -> None:
    made, _, _, sound, _ = endpoint()
    for sequence in (10, 15, 11, 12, 13, 14, 16, 16, 15, 17):
        made.rtp_received(voice(sequence), PEER)
    assert [packet.timestamp // PHONE_FRAME for packet in sound] == [10, 15, 16, 17]


def test_silence_suppressor_loses_nothing() -> None:
    """Comfort noise takes numbers of the row and gives no sound; then two seconds of nothing."""
    made, _, _, sound, _ = endpoint(replace(AGREED, comfort_noise=13))
    made.rtp_received(voice(1), PEER)
    made.rtp_received(packets.build_rtp(RtpPacket(13, 2, 320, 1, b"\x40")), PEER)
    made.rtp_received(packets.build_rtp(RtpPacket(8, 3, 16_320, 1, b"\xd5" * 160, True)), PEER)
    assert [(packet.lost, packet.marker) for packet in sound] == [(0, False), (0, True)]
    stats = made.stats()
    assert stats is not None
    assert (stats.packets_received, stats.fraction_lost) == (3, 0.0)


def test_live_stream_is_not_stolen_by_another_port_of_the_same_host() -> None:
    clock = Clock()
    made, rtp, _, sound, _ = endpoint(clock=clock)
    for sequence in range(20):
        made.rtp_received(voice(sequence), PEER)
        made.rtp_received(voice(sequence, ssrc=9), (PEER[0], 55_555))
        clock.now += 0.02
    step(made)
    assert len(sound) == 20
    assert rtp.sent[-1][1] == PEER


def test_stream_that_moved_to_another_port_is_followed_once_it_is_consistent() -> None:
    clock = Clock()
    made, rtp, _, sound, _ = endpoint(clock=clock)
    made.rtp_received(voice(1), PEER)
    clock.now += 1
    for sequence in range(50, 56):
        made.rtp_received(voice(sequence), (PEER[0], 55_555))
    step(made)
    assert rtp.sent[-1][1] == (PEER[0], 55_555)
    assert len(sound) == 5, "the first two only proved it"
    made.connect(AGREED)
    step(made)
    assert rtp.sent[-1][1] == (PEER[0], 55_555), "a re-INVITE with the same address changes nothing"
    made.connect(replace(AGREED, port=30_100))
    step(made)
    assert rtp.sent[-1][1] == (PEER[0], 30_100)


def test_time_goes_on_through_silences_and_holds() -> None:
    clock = Clock()
    made, rtp, _, _, _ = endpoint(clock=clock)
    talk(made, clock, 2)
    clock.now += 3
    talk(made, clock, 1)
    made.connect(replace(AGREED, we_send=False))
    talk(made, clock, 100)
    made.connect(AGREED)
    talk(made, clock, 2)
    sent = [packet for packet in rtp.packets() if packet.payload_type == 8]
    times = [(packet.timestamp - sent[0].timestamp) & 0xFFFFFFFF for packet in sent]
    assert times == [0, 160, 320 + 24_000, 480 + 24_000 + 16_000, 640 + 24_000 + 16_000]
    assert [packet.marker for packet in sent] == [True, False, True, True, False]


def test_passed_on_stream_keeps_its_gaps_so_that_the_peer_can_conceal_them() -> None:
    made, rtp, _, _, _ = endpoint(Negotiated(*PEER, "opus", 111, None))
    made.send(b"one", 960)
    made.send(b"two", 960, lost=2, gap=1920)
    one, two = rtp.packets()
    assert (two.sequence - one.sequence) & 0xFFFF == 3
    assert (two.timestamp - one.timestamp) & 0xFFFFFFFF == 2880


@pytest.mark.parametrize(("ptime_ms", "sizes"), [(10, [80] * 12), (20, [160] * 6), (30, [240] * 4), (60, [480] * 2)])
def test_packets_are_as_long_as_the_peer_asked(ptime_ms: int, sizes: list[int]) -> None:
    made, rtp, _, _, _ = endpoint(replace(AGREED, ptime_ms=ptime_ms))
    for _ in range(6):
        step(made)
    sent = rtp.packets()
    assert [len(packet.payload) for packet in sent] == sizes
    times = [(packet.timestamp - sent[0].timestamp) & 0xFFFFFFFF for packet in sent]
    assert times == [index * sizes[0] for index in range(len(sizes))]


def test_peer_may_send_under_our_number_or_its_own() -> None:
    made, _, _, sound, digits = endpoint(
        Negotiated(*PEER, "opus", 96, 98, received_type=111, event_received_type=100, event_rate=48_000)
    )
    made.rtp_received(voice(1, payload_type=111), PEER)
    made.rtp_received(voice(2, payload_type=96), PEER)
    made.rtp_received(packets.build_rtp(RtpPacket(100, 3, 0, 1, packets.build_event(DtmfEvent("D", False, 960)))), PEER)
    assert len(sound) == 2
    assert digits == ["D"]


def test_key_beside_opus_lasts_as_long_at_its_clock() -> None:
    made, rtp, _, _, _ = endpoint(Negotiated(*PEER, "opus", 111, 100, event_rate=48_000))
    made.press("A")
    for _ in range(DTMF_FRAMES):
        made.tick()
    events = [packets.parse_event(packet.payload) for packet in rtp.packets()]
    assert [event.duration for event in events if event] == [960, 1920, 2880, 3840, 4800]


def test_keys_end_where_a_new_description_takes_them_away() -> None:
    made, rtp, _, _, _ = endpoint()
    made.press("1")
    made.connect(replace(AGREED, telephone_event=None))
    for _ in range(20):
        step(made)
    assert {packet.payload_type for packet in rtp.packets()} == {8}


def test_held_line_is_kept_open_through_a_nat() -> None:
    clock = Clock()
    made, rtp, _, _, _ = endpoint(replace(AGREED, we_send=False), clock)
    talk(made, clock, 50 * 40)
    sent = rtp.packets()
    assert len(sent) == 2
    assert {packet.payload_type for packet in sent}.isdisjoint({8, 101, 13})
    assert not sent[0].payload


def test_call_that_begins_on_hold_sends_nothing_anywhere() -> None:
    clock = Clock()
    made, rtp, rtcp, sound, _ = endpoint(Negotiated("0.0.0.0", 30_000, "PCMA", 8, 101, we_send=False), clock)
    talk(made, clock, 1000)
    made.rtp_received(voice(1), ("0.0.0.0", 30_000))
    assert not rtp.sent + rtcp.sent
    assert not sound
    made.connect(AGREED)
    talk(made, clock, 1)
    assert rtp.sent[-1][1] == PEER


def test_key_does_not_look_like_jitter() -> None:
    clock = Clock()
    made, _, _, _, _ = endpoint(clock=clock)
    for sequence in range(100):
        is_key = sequence % 20 > 10
        made.rtp_received(key(sequence, 1600, DtmfEvent("7", False, 160)) if is_key else voice(sequence), PEER)
        clock.now += 0.02
    stats = made.stats()
    assert stats is not None
    assert stats.jitter_s == pytest.approx(0, abs=0.001)


DATAGRAM = st.binary(max_size=60) | st.builds(
    lambda head, body: bytes([0x80 | head[0], head[1]]) + body,
    st.tuples(st.integers(0, 63), st.sampled_from([8, 13, 101, 0x88, 200, 201, 127])),
    st.binary(max_size=200),
)


@given(st.lists(DATAGRAM, max_size=20), st.booleans())
def test_noise_reaches_nobody_as_an_error(noise: list[bytes], encrypted: bool) -> None:
    keys = SrtpKeys(1, "AES_CM_128_HMAC_SHA1_80", b"a" * 30, b"b" * 30) if encrypted else None
    made, _, _, _, _ = endpoint(replace(AGREED, srtp=keys))
    for data in noise:
        made.rtp_received(data, PEER)
        made.rtcp_received(data, PEER)
        step(made)
    assert made.stats() is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_two_endpoints_speak_over_real_sockets_of_either_family(host: str) -> None:
    one, two = await open_rtp(host, some_ports()), await open_rtp(host, some_ports())
    heard: list[Payload] = []
    two.on_payload = heard.append
    one.connect(Negotiated(host, two.port, "PCMA", 8, 101))
    two.connect(Negotiated(host, one.port, "PCMA", 8, 101))

    def heard_and_told() -> bool:
        step(one)
        return len(heard) > 3 and two.statistics.reports_received > 0

    await until(heard_and_told)
    one.close()
    two.close()


def some_ports() -> RtpPorts:
    first = free_port(20)
    return RtpPorts(first, first + 19)


def test_other_clock_is_another_source() -> None:
    made, rtp, _, _, _ = endpoint()
    step(made)
    made.connect(Negotiated(*PEER, "opus", 111, None))
    made.send(b"x", 960)
    assert rtp.packets()[0].ssrc != rtp.packets()[-1].ssrc
