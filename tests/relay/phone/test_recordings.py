import pytest

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE, silence, sine
from relay.phone.recordings import Recorder, open_, pack, seal, unpack

SECRET = "kept in a file"


def said(recorder: Recorder, seconds: float, frame: PCM) -> bool:
    """:returns: whether the recorder called it over."""
    return any(_one(recorder, frame) for _ in range(round(seconds * 50)))


def _one(recorder: Recorder, frame: PCM) -> bool:
    recorder.hear(frame, PHONE_RATE)
    return recorder.step()


LOUD, QUIET = sine(440, PHONE_FRAME), silence(PHONE_FRAME)


def test_message_ends_by_silence_after_speech_and_keeps_no_more_of_it_than_half_a_second() -> None:
    recorder = Recorder(limit_s=60, silence_s=3)
    assert not said(recorder, 2, QUIET)
    assert not said(recorder, 2, LOUD)
    assert not said(recorder, 2.8, QUIET)
    assert said(recorder, 1, QUIET)
    assert 4.0 <= len(recorder.message()) / 50 <= 5.2


def test_message_ends_at_its_limit() -> None:
    recorder = Recorder(limit_s=3, silence_s=3)
    assert not said(recorder, 2.9, LOUD)
    assert said(recorder, 0.2, LOUD)
    assert len(recorder.message()) == 150


def test_nothing_said_is_no_message() -> None:
    recorder = Recorder(limit_s=60, silence_s=3)
    assert not said(recorder, 9, QUIET)
    assert said(recorder, 2, QUIET)
    assert recorder.message() == ()


def test_telephone_that_sends_nothing_in_silence_ends_its_message_too() -> None:
    recorder = Recorder(limit_s=60, silence_s=3)
    assert not said(recorder, 2, LOUD)
    steps = 0
    while not recorder.step():
        steps += 1
    assert 3.0 <= steps / 50 <= 4.5


def test_message_of_a_telephone_that_changes_its_codec_goes_on() -> None:
    recorder = Recorder(limit_s=60, silence_s=3)
    said(recorder, 1, LOUD)
    recorder.hear(sine(440, 320, rate=16_000), 16_000)
    assert len(recorder.message()) == 51


def test_message_opens_for_its_receiver_and_the_right_secret_only() -> None:
    sound = pack([b"one", b"", b"three"])
    sealed = seal(sound, SECRET, "person-1")
    assert sound not in sealed
    assert unpack(open_(sealed, SECRET, "person-1")) == (b"one", b"", b"three")
    assert seal(sound, SECRET, "person-1") != sealed
    for secret, receiver in ((SECRET, "person-2"), ("another", "person-1"), (SECRET, "")):
        with pytest.raises(ValueError):
            open_(sealed, secret, receiver)


@pytest.mark.parametrize("at", [0, 1, 13, -1])
def test_damaged_message_is_refused(at: int) -> None:
    sealed = bytearray(seal(b"sound", SECRET, "person-1"))
    sealed[at] ^= 1
    with pytest.raises(ValueError):
        open_(bytes(sealed), SECRET, "person-1")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), bytes(40)])
def test_what_is_no_message_is_refused(sealed: bytes) -> None:
    with pytest.raises(ValueError):
        open_(sealed, SECRET, "person-1")


def test_nothing_is_sealed_without_a_secret() -> None:
    with pytest.raises(ValueError):
        seal(b"sound", "", "person-1")


def test_message_cut_within_a_packet_is_refused() -> None:
    for cut in (1, 4):
        with pytest.raises(ValueError):
            unpack(pack([b"one"])[:-cut])
