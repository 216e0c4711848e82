import numpy as np

from relay.audio import PCM, WEB_FRAME, WEB_RATE, sine, tones
from relay.model import Leg
from relay.phone.mixing import BUFFER_FRAMES, FLOWING_TICKS, TRIM_AFTER, Mixer, SourceBuffer

HZ: dict[Leg, float] = {"signer": 700, "agent": 1000, "phone": 440}


def frame(value: int) -> PCM:
    return np.full(WEB_FRAME, value, np.int16)


def heard(hears: dict[Leg, tuple[Leg, ...]], speaking: tuple[Leg, ...]) -> dict[Leg, set[int]]:
    """:returns: the tones that reach each destination within half a second, everybody speaking his own."""
    mixer = Mixer()
    mixer.hears = hears
    got: dict[Leg, list[PCM]] = {}
    for index in range(25):
        for leg in speaking:
            mixer.push(leg, sine(HZ[leg], WEB_FRAME, index * WEB_FRAME, WEB_RATE))
        for destination, sound in mixer.tick().items():
            got.setdefault(destination, []).append(sound)
    return {leg: {round(tone.hz) for tone in tones(np.concatenate(sound), WEB_RATE)} for leg, sound in got.items()}


def test_everybody_hears_whom_the_routing_names_and_nobody_else() -> None:
    everybody: tuple[Leg, ...] = ("signer", "agent", "phone")
    assert heard({"phone": ("agent",), "agent": ("phone",)}, everybody) == {"phone": {1000}, "agent": {440}}
    assert heard({"phone": ("agent", "signer"), "agent": ("signer", "phone"), "signer": ("phone",)}, everybody) == {
        "phone": {1000, 700},
        "agent": {700, 440},
        "signer": {440},
    }


def test_nobody_ever_hears_itself() -> None:
    assert heard({"agent": ("agent", "phone")}, ("agent", "phone")) == {"agent": {440}}


def test_destination_whose_sources_are_silent_gets_nothing() -> None:
    assert heard({"agent": ("phone",), "signer": ()}, ("agent",)) == {}


def test_missing_frame_is_silence_until_the_source_counts_as_gone() -> None:
    mixer = Mixer()
    mixer.hears = {"agent": ("phone",)}
    mixer.push("phone", frame(5))
    assert mixer.tick()["agent"][0] == 5
    for _ in range(FLOWING_TICKS - 1):
        assert not mixer.tick()["agent"].any()
    assert mixer.tick() == {}
    mixer.push("phone", frame(6))
    assert mixer.tick()["agent"][0] == 6


def test_burst_never_becomes_more_than_sixty_milliseconds_of_delay() -> None:
    buffer = SourceBuffer()
    for value in range(10):
        buffer.push(frame(value))
    got = [buffer.pop() for _ in range(BUFFER_FRAMES + 1)]
    assert [None if sound is None else int(sound[0]) for sound in got] == [7, 8, 9, None]


def test_delay_that_is_never_needed_is_given_back_within_a_second() -> None:
    buffer = SourceBuffer()
    buffer.push(frame(0))
    buffer.push(frame(1))
    lags = []
    for value in range(2, 2 + 3 * TRIM_AFTER):
        buffer.push(frame(value))
        sound = buffer.pop()
        assert sound is not None
        lags.append(value - int(sound[0]))
    assert lags[0] == 2
    assert lags[-1] == 0


def test_packets_of_other_lengths_are_cut_into_frames() -> None:
    buffer = SourceBuffer()
    sound = np.arange(3 * WEB_FRAME).astype(np.int16)
    buffer.push(sound[:480])
    assert buffer.pop() is None
    buffer.push(sound[480:1440])
    buffer.push(sound[1440:])
    got = [buffer.pop() for _ in range(3)]
    assert np.array_equal(np.concatenate([piece for piece in got if piece is not None]), sound)
