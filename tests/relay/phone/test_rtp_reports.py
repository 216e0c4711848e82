"""What an RTP endpoint reports and learns, and its encryption."""

import secrets
from dataclasses import replace

import pytest

from relay.audio import PHONE_FRAME, a_law_encode, silence
from relay.phone import rtp_packets as packets
from relay.phone.sdp import Negotiated
from relay.phone.sdp_crypto import SUITES, SrtpKeys, Suite
from tests.helpers.rtp_wire import AGREED, PEER, Clock, endpoint, step, talk, voice

# --- reports ----------------------------------------------------------------------------------------------


def test_two_endpoints_learn_loss_jitter_and_the_way_there_and_back() -> None:
    clock = Clock()
    one, one_rtp, one_rtcp, _, _ = endpoint(clock=clock)
    two, two_rtp, two_rtcp, _, _ = endpoint(Negotiated("192.0.2.1", 20_000, "PCMA", 8, 101), clock)
    for index in range(1200):
        step(one)
        step(two)
        if index % 10:
            two.rtp_received(one_rtp.sent[-1][0], ("192.0.2.1", 20_000))
        one.rtp_received(two_rtp.sent[-1][0], PEER)
        clock.now += 0.010  # each way
        for wire, taker, source in ((one_rtcp, two, ("192.0.2.1", 20_001)), (two_rtcp, one, (PEER[0], PEER[1] + 1))):
            for data, _ in wire.sent:
                taker.rtcp_received(data, source)
            wire.sent.clear()
        clock.now += 0.010
    mine, theirs = one.stats(), two.stats()
    assert mine is not None
    assert theirs is not None
    assert theirs.fraction_lost == pytest.approx(0.1, abs=0.01)
    assert mine.remote_fraction_lost == pytest.approx(0.1, abs=0.01)
    assert mine.fraction_lost == 0
    assert mine.jitter_s == pytest.approx(0, abs=0.001)
    assert mine.round_trip_time_s == pytest.approx(0.02, abs=0.001)
    assert theirs.fraction_lost != 0
    again = two.stats()
    assert again is not None
    assert again.fraction_lost == 0, "of the time since the last question"


def test_who_sends_nothing_reports_as_a_receiver() -> None:
    clock = Clock()
    made, _, rtcp, _, _ = endpoint(clock=clock)
    step(made)
    made.connect(replace(AGREED, we_send=False))
    made.rtp_received(voice(1), PEER)
    for _ in range(2):
        clock.now += 6
        made.tick()
    kinds = [data[1] for data, _ in rtcp.sent]
    assert kinds == [packets.SENDER_REPORT, packets.RECEIVER_REPORT]


def test_reports_go_where_the_peer_says_and_then_where_its_own_come_from() -> None:
    clock = Clock()
    made, _, rtcp, _, _ = endpoint(replace(AGREED, rtcp=(PEER[0], 40_001)), clock)
    talk(made, clock, 2)
    assert rtcp.sent[-1][1] == (PEER[0], 40_001)
    made.rtcp_received(packets.build_receiver_report(1, None), (PEER[0], 40_777))
    made.rtcp_received(packets.build_receiver_report(1, None), ("203.0.113.66", 40_888))
    clock.now += 6
    talk(made, clock, 1)
    assert rtcp.sent[-1][1] == (PEER[0], 40_777)


# --- encryption -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", SUITES)
def test_encrypted_sound_is_heard_by_the_owner_of_the_key_alone(suite: Suite) -> None:
    keys = SrtpKeys(1, suite, secrets.token_bytes(SUITES[suite]), secrets.token_bytes(SUITES[suite]))
    turned = replace(keys, local=keys.remote, remote=keys.local)
    one, wire, reports, _, _ = endpoint(replace(AGREED, srtp=keys))
    two, _, _, sound, _ = endpoint(replace(AGREED, host="192.0.2.1", port=20_000, srtp=turned))
    thief, _, _, stolen, _ = endpoint(replace(AGREED, host="192.0.2.1", port=20_000, srtp=keys))
    step(one)
    step(one)
    one.tick()
    for _ in range(2):  # the second time is a replay
        for data, _ in wire.sent:
            two.rtp_received(data, ("192.0.2.1", 20_000))
            thief.rtp_received(data, ("192.0.2.1", 20_000))
    assert [packet.data for packet in sound] == [a_law_encode(silence(PHONE_FRAME))] * 2
    assert not stolen
    assert (two.statistics.undecipherable, thief.statistics.undecipherable) == (2, 4)
    two.rtcp_received(reports.sent[0][0], ("192.0.2.1", 20_001))
    thief.rtcp_received(reports.sent[0][0], ("192.0.2.1", 20_001))
    assert (two.statistics.reports_received, thief.statistics.reports_received) == (1, 0)


def test_open_sound_is_not_taken_where_encryption_was_agreed_nor_noise() -> None:
    keys = SrtpKeys(1, "AES_CM_128_HMAC_SHA1_80", b"a" * 30, b"b" * 30)
    made, _, _, sound, _ = endpoint(replace(AGREED, srtp=keys))
    for data in (voice(1), b"", b"\x80", b"\x80" * 1500):
        made.rtp_received(data, PEER)
        made.rtcp_received(data, PEER)
    assert not sound
    assert made.statistics.undecipherable == 8


def test_new_key_of_the_peer_leaves_our_own_stream_as_it_was() -> None:
    keys = SrtpKeys(1, "AES_CM_128_HMAC_SHA1_80", b"a" * 30, b"b" * 30)
    one, wire, _, _, _ = endpoint(replace(AGREED, srtp=keys))
    two, _, _, sound, _ = endpoint(replace(AGREED, host="192.0.2.1", port=20_000, srtp=replace(keys, remote=b"a" * 30)))
    step(one)
    one.connect(replace(AGREED, srtp=replace(keys, remote=b"c" * 30)))
    step(one)
    other, other_wire, _, _, _ = endpoint(replace(AGREED, srtp=replace(keys, local=b"c" * 30)))
    step(other)
    one.rtp_received(other_wire.sent[-1][0], PEER)
    for data, _ in wire.sent:
        two.rtp_received(data, ("192.0.2.1", 20_000))
    assert len(sound) == 2
    assert one.statistics.packets_received == 1
