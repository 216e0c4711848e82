"""Each codec: a tone through it, its sizes, what it makes of loss and rubbish."""

import numpy as np
import pytest

from relay.audio import PCM, level_dbfs, sine, tones
from relay.phone.codecs import SoundCodec, sound_codec
from relay.phone.sdp import CodecName

NAMES: list[CodecName] = ["PCMA", "PCMU", "G722", "opus"]
every_codec = pytest.mark.parametrize("name", NAMES)


def frames(codec: SoundCodec, hz: float, count: int) -> list[PCM]:
    size = codec.rate // 50
    return [sine(hz, size, index * size, codec.rate) for index in range(count)]


@every_codec
def test_tone_comes_out_as_it_went_in(name: CodecName) -> None:
    codec = sound_codec(name)
    sound = np.concatenate([codec.decode(codec.encode(frame)) for frame in frames(codec, 1000, 50)])
    assert len(sound) == codec.rate
    assert abs(tones(sound, codec.rate, at_most=1)[0].hz - 1000) < 5
    assert abs(level_dbfs(sound) - level_dbfs(sine(1000, codec.rate, 0, codec.rate))) < 1


@pytest.mark.parametrize("name", ["PCMA", "PCMU", "G722"])
def test_64_kbit_codec_gives_160_bytes_for_each_20_ms_at_once(name: CodecName) -> None:
    codec = sound_codec(name)
    assert [len(codec.encode(frame)) for frame in frames(codec, 440, 3)] == [160, 160, 160]
    assert codec.clock_rate == 8000


@every_codec
def test_rubbish_is_silence_or_noise_and_never_an_error(name: CodecName) -> None:
    codec = sound_codec(name)
    for data in (b"", b"\x00", b"\xff" * 7, b"\x80" * 1400, bytes(range(256))):
        assert codec.decode(data).dtype == np.int16


@every_codec
def test_lost_packet_in_a_tone_is_hardly_heard(name: CodecName) -> None:
    codec = sound_codec(name)
    sent = [codec.encode(frame) for frame in frames(codec, 220, 30)]
    heard = [codec.conceal() if index == 20 else codec.decode(payload) for index, payload in enumerate(sent)]
    assert [len(frame) for frame in heard] == [codec.rate // 50] * 30
    steady = level_dbfs(np.concatenate(heard[10:19]))
    assert level_dbfs(heard[20]) > steady - 4
    around = np.concatenate(heard[16:26])
    assert abs(tones(around, codec.rate, at_most=1)[0].hz - 220) < 6


@every_codec
def test_long_loss_fades_away(name: CodecName) -> None:
    codec = sound_codec(name)
    for frame in frames(codec, 220, 20):
        codec.decode(codec.encode(frame))
    made = [codec.conceal() for _ in range(5)]
    assert level_dbfs(made[0]) > level_dbfs(made[1]) > level_dbfs(made[2])
    assert not np.concatenate(made[3:]).any(), "nothing is made up for more than 60 ms"


@every_codec
def test_loss_before_anything_was_heard_is_silence(name: CodecName) -> None:
    assert not sound_codec(name).conceal().any()


def test_concealed_opus_lasts_as_long_as_the_packet_before() -> None:
    codec = sound_codec("opus")
    single = codec.encode(sine(220, 960, 0, 48_000))
    double = bytes([single[0] | 1]) + single[1:] * 2  # RFC 6716 §3.2.3: two frames of equal size
    assert len(codec.decode(double)) == 1920
    assert len(codec.conceal()) == 1920
