import pytest

from relay.audio import PHONE_FRAME, level_dbfs, silence, sine, tones
from relay.phone.demo_numbers import behaviour_of, normalise
from relay.phone.demo_sound import ECHO_FRAMES, ContinuousTone, GreetingThenEcho, Heard, PageSound, greeting
from relay.phone.dialling import Allowed, dial_rule


@pytest.mark.parametrize("written", ["+33199000001", "0199000001", "0033199000001", "33199000001", "01-99-00-00-01"])
def test_number_is_the_same_however_the_trunk_writes_it(written: str) -> None:
    assert normalise(written) == "+33199000001"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+33199000001", "echo"),
        ("+33199000002", "busy"),
        ("+33199000003", "never_answers"),
        ("+33199000004", "unknown"),
        ("+33199000005", "hangs_up"),
        ("+33199000006", "declines"),
        ("+33199000010", "person"),
        ("+33199007777", "person"),
        ("+33199000020", "tone"),
        ("0199000020", "tone"),
        ("115", "person"),
        ("+33612345678", "unknown"),
        ("", "unknown"),
    ],
)
def test_each_number_has_its_behaviour(number: str, kind: str) -> None:
    assert behaviour_of(number).kind == kind


def test_hundred_calls_of_a_rehearsal_have_a_hundred_tones() -> None:
    tones_hz = {behaviour_of(f"+331990010{index:02d}").hz for index in range(100)}
    assert len(tones_hz) == 100
    assert min(tones_hz) >= 300
    assert max(tones_hz) <= 3000, "within the telephone's band"


def test_numbers_of_the_demonstration_may_be_dialled() -> None:
    for number in ("0199000001", "0199000020", "0199001042"):
        assert isinstance(dial_rule(number), Allowed)


def test_sentence_is_spoken_and_then_the_voice_comes_back() -> None:
    sound = GreetingThenEcho()
    frames = len(greeting()) // PHONE_FRAME + 1
    assert 3 < frames / 50 < 10, "seconds"
    for _ in range(frames):
        sound.hear(sine(3000, PHONE_FRAME))  # not echoed: the sentence is still being said
        assert len(sound.speak()) == PHONE_FRAME
    for index in range(ECHO_FRAMES - 1):
        sound.hear(sine(1000, PHONE_FRAME, index * PHONE_FRAME))
        assert not sound.speak().any()
    sound.hear(sine(1000, PHONE_FRAME, (ECHO_FRAMES - 1) * PHONE_FRAME))
    assert (sound.speak() == sine(1000, PHONE_FRAME)).all()


def test_tone_joins_without_a_click_and_what_is_heard_is_told_as_numbers() -> None:
    sound, heard = ContinuousTone(440), Heard()
    assert heard.tones() == ()
    for _ in range(50):
        heard.hear(sound.speak())
    assert [round(tone.hz) for tone in heard.tones()] == [440]
    assert heard.level_dbfs() == pytest.approx(level_dbfs(sine(440, 8000)), abs=0.2)


def test_page_that_sends_too_much_is_cut_and_odd_bytes_do_no_harm() -> None:
    page = PageSound()
    page.said(b"\x01")
    page.said(sine(500, PHONE_FRAME * 30).tobytes() + b"\x01")
    spoken = [page.speak() for _ in range(11)]
    assert spoken[-1].tolist() == silence(PHONE_FRAME).tolist()
    assert all(piece.any() for piece in spoken[:-1])


def test_greeting_is_speech_and_not_a_tone() -> None:
    assert len(tones(greeting()[:8000], 8000)) > 1
    assert level_dbfs(greeting()) > -30
