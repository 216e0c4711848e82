import numpy as np

from relay.audio import WEB_FRAME, WEB_RATE, sine
from relay.phone.players import SoundPlayer, tone


def test_player_gives_the_whole_sound_in_frames_and_tells_its_end_once() -> None:
    ended: list[bool] = []
    sound = sine(440, 2 * WEB_FRAME + 100, rate=WEB_RATE)
    player = SoundPlayer(sound, on_end=lambda: ended.append(True))
    frames = [player.step() for _ in range(3)]
    assert not ended
    assert [player.step(), player.step()] == [None, None]
    assert ended == [True]
    played = np.concatenate([frame for frame in frames if frame is not None])
    assert len(played) == 3 * WEB_FRAME
    assert np.array_equal(played[: len(sound)], sound)
    assert not played[len(sound) :].any()


def test_player_that_repeats_rests_between_and_never_ends() -> None:
    ended: list[bool] = []
    player = SoundPlayer(sine(440, WEB_FRAME, 100, WEB_RATE), every_s=0.06, on_end=lambda: ended.append(True))
    loud = [bool(frame.any()) for _ in range(9) if (frame := player.step()) is not None]
    assert loud == [True, False, False, False, True, False, False, False, True]
    assert not ended


def test_tone_begins_and_ends_softly() -> None:
    sound = tone()
    assert abs(int(sound[0])) < 100
    assert abs(int(sound[-1])) < 100
    assert np.abs(sound).max() > 5000
