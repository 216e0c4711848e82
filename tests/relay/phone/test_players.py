import numpy as np

from relay.audio import WEB_FRAME, WEB_RATE, sine, tones
from relay.phone.opus import OpusEncoder
from relay.phone.players import SOUND_RATE, MessagePlayer, SoundPlayer, tone

FRAME = SOUND_RATE // 50


def test_player_gives_the_whole_sound_in_frames_and_tells_its_end_once() -> None:
    ended: list[bool] = []
    sound = sine(440, 2 * FRAME + 100, rate=SOUND_RATE)
    player = SoundPlayer(sound, on_end=lambda: ended.append(True))
    frames = [player.next() for _ in range(3)]
    assert not ended
    assert [player.next(), player.next()] == [None, None]
    assert ended == [True]
    played = np.concatenate([frame for frame in frames if frame is not None])
    assert len(played) == 3 * FRAME
    assert np.array_equal(played[: len(sound)], sound)
    assert not played[len(sound) :].any()


def test_player_that_repeats_rests_between_and_never_ends() -> None:
    ended: list[bool] = []
    player = SoundPlayer(sine(440, FRAME, 100, SOUND_RATE), every_s=0.06, on_end=lambda: ended.append(True))
    loud = [bool(frame.any()) for _ in range(9) if (frame := player.next()) is not None]
    assert loud == [True, False, False, False, True, False, False, False, True]
    assert not ended


def test_message_is_played_packet_by_packet_a_damaged_one_as_silence() -> None:
    ended: list[bool] = []
    encoder = OpusEncoder()
    packets = [encoder.encode(sine(440, WEB_FRAME, WEB_FRAME * i, WEB_RATE)) for i in range(50)]
    player = MessagePlayer([*packets, b""], lambda: ended.append(True))
    frames = [frame for _ in range(51) if (frame := player.next()) is not None]
    assert [len(frame) for frame in frames] == [WEB_FRAME] * 51
    assert round(tones(np.concatenate(frames[10:50]), WEB_RATE)[0].hz / 10) == 44
    assert not frames[50].any()
    assert not ended
    assert [player.next(), player.next()] == [None, None]
    assert ended == [True]


def test_tone_begins_and_ends_softly() -> None:
    sound = tone()
    assert abs(int(sound[0])) < 100
    assert abs(int(sound[-1])) < 100
    assert np.abs(sound).max() > 5000
