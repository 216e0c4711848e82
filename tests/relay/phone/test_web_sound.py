import numpy as np

from relay.audio import WEB_FRAME, WEB_RATE, silence, sine, tones
from relay.phone import rtp_packets as packets
from relay.phone.opus import OpusDecoder, OpusEncoder
from relay.phone.rtp_packets import RtpPacket
from relay.phone.web_sound import OPUS_PAYLOAD_TYPE, WebSpeaker, WebStream


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_voice_survives_opus() -> None:
    sent: list[bytes] = []
    stream, encoder = WebStream(sent.append), OpusEncoder()
    for index in range(50):
        stream.send(encoder.encode(sine(1000, WEB_FRAME, index * WEB_FRAME, WEB_RATE)), WEB_FRAME)
    speaker, decoder = WebSpeaker("agent"), OpusDecoder()
    read = [speaker.read(packet, index * 0.02) for index, packet in enumerate(sent)]
    sound = [decoder.decode(packet.data) for packet in read if packet is not None]
    assert [len(piece) for piece in sound] == [WEB_FRAME] * 50
    assert [round(tone.hz) for tone in tones(np.concatenate(sound[10:]), WEB_RATE)] == [1000]


def test_stream_is_continuous_and_its_clock_runs_through_silences() -> None:
    sent: list[RtpPacket] = []
    clock = Clock()

    def keep(data: bytes) -> None:
        packet = packets.parse_rtp(data)
        assert packet is not None
        sent.append(packet)

    stream = WebStream(keep, clock)
    for pause in (0.0, 0.02, 1.0, 0.02):
        clock.now += pause
        stream.send(b"\xf8\xff\xfe", WEB_FRAME)
    stream.send(b"\xf8\xff\xfe", WEB_FRAME, lost=2, gap=2 * WEB_FRAME)
    first, second, third, fourth, fifth = sent
    assert first.payload_type == OPUS_PAYLOAD_TYPE
    assert [packet.marker for packet in sent] == [True, False, True, False, False]
    assert [(packet.sequence - first.sequence) & 0xFFFF for packet in sent] == [0, 1, 2, 3, 6]
    assert second.timestamp - first.timestamp == fourth.timestamp - third.timestamp == WEB_FRAME
    assert third.timestamp - second.timestamp == WEB_RATE
    assert fifth.timestamp - fourth.timestamp == 3 * WEB_FRAME
    assert len({packet.ssrc for packet in sent}) == 1


def test_late_repeated_and_broken_packets_are_left_out_and_missing_ones_counted() -> None:
    sent: list[bytes] = []
    stream, encoder = WebStream(sent.append), OpusEncoder()
    for _ in range(5):
        stream.send(encoder.encode(silence(WEB_FRAME)), WEB_FRAME)
    speaker = WebSpeaker("signer")
    assert speaker.read(sent[0], 0.0) is not None
    later = speaker.read(sent[3], 0.06)
    assert later is not None
    assert later.lost == 2
    for packet in (sent[3], sent[1], b"", sent[4][:5]):
        assert speaker.read(packet, 0.08) is None
