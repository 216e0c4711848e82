import numpy as np

from relay.audio import WEB_FRAME, WEB_RATE, silence, sine, tones
from relay.phone import rtp_packets as packets
from relay.phone.web_sound import OPUS_PAYLOAD_TYPE, WebListener, WebSpeaker


def test_voice_survives_opus() -> None:
    listener, speaker = WebListener(), WebSpeaker()
    sound = []
    for index in range(50):
        packet = listener.step(sine(1000, WEB_FRAME, index * WEB_FRAME, WEB_RATE))
        assert packet is not None
        sound.append(speaker.decode(packet))
    assert all(len(piece) == WEB_FRAME for piece in sound)
    assert [round(tone.hz) for tone in tones(np.concatenate(sound[10:]), WEB_RATE)] == [1000]


def test_stream_is_continuous_and_its_clock_runs_through_silences() -> None:
    listener = WebListener()
    frame = silence(WEB_FRAME)
    steps = [listener.step(sound) for sound in (frame, frame, None, None, frame)]
    read = [packet and packets.parse_rtp(packet) for packet in steps]
    assert read[2] is read[3] is None
    first, second, last = (packet for packet in read if packet)
    assert first.payload_type == OPUS_PAYLOAD_TYPE
    assert [first.marker, second.marker, last.marker] == [True, False, True]
    assert [(p.sequence - first.sequence) & 0xFFFF for p in (second, last)] == [1, 2]
    assert [(p.timestamp - first.timestamp) & 0xFFFFFFFF for p in (second, last)] == [WEB_FRAME, 4 * WEB_FRAME]
    assert first.ssrc == second.ssrc == last.ssrc


def test_late_repeated_and_broken_packets_are_silent() -> None:
    listener, speaker = WebListener(), WebSpeaker()
    one, two = listener.step(silence(WEB_FRAME)), listener.step(silence(WEB_FRAME))
    assert one is not None
    assert two is not None
    assert len(speaker.decode(two)) == WEB_FRAME
    assert len(speaker.decode(two)) == 0
    assert len(speaker.decode(one)) == 0
    assert len(speaker.decode(b"")) == 0
    assert len(speaker.decode(two[:4] + b"\0" * 8 + b"\xff" * 3000)) == 0
