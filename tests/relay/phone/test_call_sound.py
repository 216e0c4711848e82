"""Who hears whom in a call, how soon, and what is decoded on the way."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE, WEB_RATE, resampler, silence, sine
from relay.model import CallPlan, Leg, SecondRole
from relay.phone.opus import OpusEncoder
from relay.phone.sdp import CodecName
from relay.phone_messages import PhoneSoundChanged, PhoneSpeaking
from relay.routing import EVERYBODY, routes
from tests.helpers import phone_sounds
from tests.helpers.call_sound_rig import CALL, STEP, SoundRig

CODECS: tuple[CodecName, ...] = ("PCMA", "PCMU", "G722", "opus")
RELAY: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",), "agent": ("phone",)}
VCO: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent", "signer"), "agent": ("phone", "signer"), "signer": ("phone",)}
VOICED: dict[str, Any] = {"bridged": True, "signer_hearing": True, "phone_socket": "/phone"}


def hears(plan: CallPlan) -> dict[Leg, tuple[Leg, ...]]:
    return routes(EVERYBODY, plan).hears


class Tone:
    """Something that is played, for so many frames."""

    rate = PHONE_RATE

    def __init__(self, hz: float, frames: int = 1000) -> None:
        self._hz, self._left, self._at = hz, frames, 0

    def next(self) -> PCM | None:
        self._left -= 1
        self._at += PHONE_FRAME
        return sine(self._hz, PHONE_FRAME, self._at, self.rate) if self._left >= 0 else None


def steps(values: Sequence[int]) -> set[int]:
    return {later - earlier for earlier, later in pairwise(values)}


# --- as soon as it arrives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
def test_sound_goes_on_the_moment_it_arrives_both_ways(codec: CodecName) -> None:
    rig = SoundRig(RELAY, (codec, 440))
    (phone,) = rig.telephones
    for _ in range(50):
        rig.clock.now += 0.013
        rig.say("agent")
        assert phone.ear.at[-1] == rig.clock.now
        rig.clock.now += 0.007
        phone.say()
        assert rig.ears["agent"].at[-1] == rig.clock.now
    assert len(phone.ear.packets) == len(rig.ears["agent"].packets) == 50
    assert phone.ear.tones() == {1000}
    assert rig.ears["agent"].tones() == {440}


@pytest.mark.parametrize("codec", CODECS)
def test_signer_who_speaks_for_himself_is_mixed_with_the_agent(codec: CodecName) -> None:
    rig = SoundRig(VCO, (codec, 440))
    (phone,) = rig.telephones
    rig.run(1.5, "agent", "signer", phone)
    assert phone.ear.tones() == {1000, 700}
    assert rig.ears["agent"].tones() == {440, 700}
    assert rig.ears["signer"].tones() == {440}
    for ear in (phone.ear, rig.ears["agent"], rig.ears["signer"]):
        assert len(ear.packets) == pytest.approx(75, abs=2), "neither double speed nor half of it"
        assert len(steps([packet.timestamp for packet in ear.packets[5:]])) == 1


def test_both_of_a_team_hear_everybody_and_the_telephone_hears_the_active_one() -> None:
    rig = SoundRig(hears(CallPlan(**VOICED, second="team", active="second")), ("G722", 440))
    (phone,) = rig.telephones
    rig.run(1.5, "agent", "second", phone)
    assert phone.ear.tones() == {1500}
    assert rig.ears["agent"].tones() == {440, 1500}
    assert rig.ears["second"].tones() == {440, 1000}
    assert rig.ears["signer"].tones() == {440}
    rig.hears(hears(CallPlan(**VOICED, second="team", active="agent")))
    rig.run(1.0, "agent", "second", phone)
    assert phone.ear.tones() == {1000}
    assert rig.ears["second"].tones() == {440, 1000}


@pytest.mark.parametrize(
    ("role", "muted", "heard"),
    [("interpreter", True, {1500}), ("expert", False, {1000, 1500}), ("supervisor", False, {1000})],
)
def test_telephone_hears_of_a_second_what_the_role_allows(role: SecondRole, muted: bool, heard: set[int]) -> None:
    rig = SoundRig(hears(CallPlan(**VOICED, second=role, agent_muted=muted)), ("G722", 440))
    (phone,) = rig.telephones
    rig.run(1.5, "agent", "second", phone)
    assert phone.ear.tones() == heard
    assert 440 in rig.ears["second"].tones()


def test_telephone_is_on_hold_while_a_colleague_is_consulted() -> None:
    rig = SoundRig(hears(CallPlan(**VOICED, second="consulted")), ("G722", 440))
    (phone,) = rig.telephones
    rig.run(1.5, "agent", "second", "signer", phone)
    assert phone.ear.tones() == rig.ears["signer"].tones() == set()
    assert rig.ears["agent"].tones() == {1500}
    assert rig.ears["second"].tones() == {1000}


def test_two_telephones_hear_each_other_and_those_who_hear_the_phone_hear_both() -> None:
    rig = SoundRig(VCO, ("PCMA", 440), ("G722", 1500))
    one, two = rig.telephones
    rig.run(1.5, "agent", one, two)
    assert one.ear.tones() == {1000, 1500}
    assert two.ear.tones() == {1000, 440}
    assert rig.ears["agent"].tones() == {440, 1500}
    assert rig.ears["signer"].tones() == {440, 1500}
    rig.sound.remove_line(two.line)
    rig.run(1.0, "agent", one)
    assert one.ear.tones() == {1000}
    assert rig.ears["agent"].tones() == {440}


def test_speaker_who_stops_silences_nobody_else() -> None:
    rig = SoundRig(VCO, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.run(0.5, "agent", "signer", phone)
    phone.ear.forget()
    rig.run(1.0, "signer", phone)
    assert phone.ear.tones() == {700}
    assert len(phone.ear.packets) == pytest.approx(50, abs=2)
    assert max(np.diff(phone.ear.at)) < 0.05


# --- hold, mute, silence ------------------------------------------------------------------------------------


def test_telephone_on_hold_hears_silence_and_is_not_heard() -> None:
    rig = SoundRig(VCO, ("PCMA", 440), ("PCMA", 1500))
    one, two = rig.telephones
    one.line.is_heard = one.line.hears = False
    rig.sound.line_changed()
    rig.run(1.0, "agent", one, two)
    assert one.ear.tones() == set()
    assert len(one.ear.packets) >= 40, "silence is sent, so that the way stays open"
    assert rig.ears["agent"].tones() == {1500}
    assert two.ear.tones() == {1000}
    one.line.is_heard = one.line.hears = True
    rig.sound.line_changed()
    rig.run(1.0, "agent", one, two)
    assert one.ear.tones() == {1000, 1500}
    assert rig.ears["agent"].tones() == {440, 1500}


def test_ring_back_is_heard_by_those_who_called_and_nobody_speaks_to_it() -> None:
    rig = SoundRig(VCO, ("PCMA", 440), ("PCMA", 1500))
    one, two = rig.telephones
    two.line.hears = False
    rig.sound.line_changed()
    rig.run(1.0, "agent", one, two)
    assert rig.ears["agent"].tones() == {440, 1500}
    assert one.ear.tones() == {1000}
    assert two.ear.tones() == set()


def test_who_is_muted_in_the_plan_reaches_nobody() -> None:
    rig = SoundRig(VCO, ("opus", 440))
    (phone,) = rig.telephones
    rig.run(1.0, "agent", "signer", phone)
    rig.hears({"phone": (), "agent": ("phone",), "signer": ()})
    phone.ear.forget()
    rig.ears["signer"].forget()
    rig.run(1.0, "agent", "signer", phone)
    assert phone.ear.tones() == set()
    assert not rig.ears["signer"].packets
    assert rig.ears["agent"].tones() == {440}


@pytest.mark.parametrize("codec", CODECS)
def test_telephone_that_nobody_speaks_to_gets_silence_at_the_speed_of_sound(codec: CodecName) -> None:
    rig = SoundRig(RELAY, (codec, 440))
    (phone,) = rig.telephones
    rig.run(1.0)
    assert len(phone.ear.packets) == pytest.approx(50, abs=1)
    rig.run(1.0, "agent")
    assert len(phone.ear.packets) == pytest.approx(100, abs=3)
    rig.run(1.0)
    assert len(phone.ear.packets) == pytest.approx(150, abs=5)
    assert not rig.ears["agent"].packets, "who hears nobody is left alone"
    spans = phone.ear.packets[-1].timestamp - phone.ear.packets[0].timestamp
    assert spans / phone.codec.clock_rate == pytest.approx(3.0, abs=0.15)


def test_speaking_of_the_telephone_is_told_and_ends_with_hold() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.run(0.5, phone)
    assert rig.events == [PhoneSpeaking(call_id=CALL, speaking=True)]
    phone.line.is_heard = phone.line.hears = False
    rig.sound.line_changed()
    assert rig.events[-1] == PhoneSpeaking(call_id=CALL, speaking=False)


# --- announcements and recordings ---------------------------------------------------------------------------


def test_speaking_is_told_of_an_opus_telephone_whose_packets_are_passed_on() -> None:
    rig = SoundRig(RELAY, ("opus", 440))
    (phone,) = rig.telephones
    rig.run(5.0, "agent", phone, amplitude=0)
    for amplitude, speaking in ((8000, True), (0, False), (8000, True)):
        rig.events.clear()
        rig.run(1.0, "agent", phone, amplitude=amplitude)
        assert rig.events == [PhoneSpeaking(call_id=CALL, speaking=speaking)]


def test_announcement_goes_to_one_telephone_alone_in_place_of_the_others() -> None:
    rig = SoundRig(VCO, ("PCMA", 440), ("opus", 1500))
    one, two = rig.telephones
    rig.sound.announce(one.line, Tone(600))
    rig.run(1.0, "agent", one, two)
    assert one.ear.tones() == {600}
    assert len(one.ear.packets) == pytest.approx(50, abs=1)
    assert two.ear.tones() == {1000, 440}
    assert rig.ears["agent"].tones() == {440, 1500}
    rig.sound.announce(one.line, None)
    rig.run(1.0, "agent", one, two)
    assert one.ear.tones() == {1000, 1500}


def test_announcement_that_is_over_gives_the_telephone_back() -> None:
    rig = SoundRig(RELAY, ("G722", 440))
    (phone,) = rig.telephones
    rig.sound.announce(phone.line, Tone(600, frames=10))
    rig.run(1.0, "agent", phone)
    assert phone.ear.tones(0.4) == {1000}


def test_announcement_may_begin_the_next_one_when_it_ends() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones

    class Chain(Tone):
        def next(self) -> PCM | None:
            sound = super().next()
            if sound is None:
                rig.sound.announce(phone.line, Tone(900))
            return sound

    rig.sound.announce(phone.line, Chain(600, frames=10))
    rig.run(1.0, "agent")
    assert phone.ear.tones() == {900}


def test_recording_is_heard_beside_the_phone_by_those_who_hear_it() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.sound.play(Tone(600))
    rig.run(1.0, "agent", phone)
    assert rig.ears["agent"].tones() == {440, 600}
    assert phone.ear.tones() == {1000}
    assert not rig.ears["signer"].packets
    rig.sound.play(None)
    rig.run(1.0, phone)
    assert rig.ears["agent"].tones() == {440}


def test_recording_is_heard_without_any_telephone() -> None:
    rig = SoundRig(RELAY)
    rig.sound.play(Tone(600, frames=50))
    rig.run(1.0)
    assert rig.ears["agent"].tones() == {600}
    rig.ears["agent"].forget()
    rig.run(0.2)
    assert not rig.ears["agent"].packets


def test_what_one_telephone_says_can_be_listened_to() -> None:
    rig = SoundRig(RELAY, ("G722", 440), ("PCMA", 1500))
    one, two = rig.telephones
    heard: list[tuple[int, int]] = []
    rig.sound.listen(one.line, lambda sound, rate: heard.append((len(sound), rate)))
    rig.run(0.2, one, two)
    one.lose(2)
    rig.run(0.2, one, two)
    rig.sound.listen(one.line, None)
    rig.run(0.2, one, two)
    assert heard == [(320, 16_000)] * 22


# --- Opus as it is ------------------------------------------------------------------------------------------


def test_opus_passes_untouched_both_ways_while_one_speaks() -> None:
    rig = SoundRig(RELAY, ("opus", 440))
    (phone,) = rig.telephones
    said: list[bytes] = []
    answered: list[bytes] = []
    for _ in range(100):
        said.append(rig.say("agent"))
        answered.append(phone.say())
        rig.clock.now += STEP
        rig.sound.tick()
    assert [packet.payload for packet in phone.ear.packets] == said
    assert [packet.payload for packet in rig.ears["agent"].packets] == answered


def test_lost_opus_packets_stay_lost_so_that_the_far_end_conceals_them() -> None:
    rig = SoundRig(RELAY, ("opus", 440))
    (phone,) = rig.telephones
    rig.run(0.2, "agent", phone)
    rig.lose("agent", 2)
    phone.lose(2)
    rig.clock.now += 2 * STEP
    rig.run(0.2, "agent", phone)
    for ear in (phone.ear, rig.ears["agent"]):
        assert len(ear.packets) == 20
        assert (ear.packets[-1].sequence - ear.packets[0].sequence) & 0xFFFF == 21
        assert (ear.packets[-1].timestamp - ear.packets[0].timestamp) & 0xFFFFFFFF == 21 * 960


def test_lost_packets_are_concealed_where_the_codec_changes() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.run(1.0, "agent", phone)
    rig.lose("agent", 2)
    phone.lose(2)
    rig.clock.now += 2 * STEP
    rig.run(0.2, "agent", phone)
    for ear in (phone.ear, rig.ears["agent"]):
        assert len(ear.packets) == 62
        assert (ear.packets[-1].sequence - ear.packets[0].sequence) & 0xFFFF == 61
        levels = [
            np.abs(ear.sound[i : i + ear.rate // 50]).max()
            for i in range(45 * ear.rate // 50, len(ear.sound), ear.rate // 50)
        ]
        assert min(levels) > 300, "a tone that fades, and no hole"


def test_second_voice_turns_passing_into_mixing_and_back_without_click_or_jump() -> None:
    rig = SoundRig(VCO, ("opus", 440))
    (phone,) = rig.telephones
    said: list[list[bytes]] = []

    def talk(seconds: float, signer: int, agent: int = 8000) -> None:
        said.append([])
        for _ in range(round(seconds / STEP)):
            said[-1].append(rig.say("agent", agent))
            rig.clock.now += 0.004
            rig.say("signer", signer)
            rig.clock.now += STEP - 0.004
            rig.sound.tick()

    talk(1.0, signer=0)
    talk(1.0, signer=8000)
    talk(1.5, signer=0)
    talk(0.2, signer=0, agent=0)
    talk(1.0, signer=0)
    payloads = [packet.payload for packet in phone.ear.packets]
    assert payloads[:50] == said[0], "passed on as they are"
    assert not set(payloads[51:150]) & set(said[1] + said[2]), "mixed"
    assert payloads[-45:] == said[4][-45:], "passed on again, since a pause"
    assert steps([packet.timestamp for packet in phone.ear.packets]) == {960}
    assert steps([packet.sequence for packet in phone.ear.packets]) == {1}
    sound = phone.ear.sound.astype(float)
    change = np.abs(np.diff(sound, n=2))
    usual = change[10_000:40_000].max() + change[60_000:90_000].max()
    assert change[44_000:56_000].max() < 1.5 * usual, "the change to the mix is not heard"
    level = [np.abs(sound[i : i + 480]).max() for i in range(44_000, 100_000, 480)]
    assert min(level) > 4000, "nothing is missing"


def test_change_of_codec_in_a_call_is_followed() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.run(0.2, "agent", phone)
    phone.change_codec("G722")
    rig.run(1.0, "agent", phone)
    assert phone.ear.tones() == {1000}
    assert rig.ears["agent"].tones() == {440}


# --- what is made of it -------------------------------------------------------------------------------------


def test_hold_watcher_tells_when_somebody_speaks_and_only_when_asked() -> None:
    rig = SoundRig(RELAY, ("PCMA", 0))
    (phone,) = rig.telephones

    def hear(sound: PCM) -> None:
        for start in range(0, len(sound) - PHONE_FRAME + 1, PHONE_FRAME):
            phone.arrive(phone.codec.encode(sound[start : start + PHONE_FRAME]))
            rig.clock.now += STEP

    def told() -> list[str]:
        return [event.sound for event in rig.events if isinstance(event, PhoneSoundChanged)]

    hear(phone_sounds.voice(1))
    assert told() == []
    rig.sound.watch_hold(True)
    hear(phone_sounds.music(1, 6))
    assert told() == ["silence", "music"]
    hear(phone_sounds.voice(2))
    assert told() == ["silence", "music", "speech"]
    rig.sound.watch_hold(False)
    hear(phone_sounds.quiet(6, 1))
    assert told() == ["silence", "music", "speech"]


def test_own_delay_and_echo_of_a_telephone_are_measured() -> None:
    rig = SoundRig(RELAY, ("PCMA", 0))
    (phone,) = rig.telephones
    assert rig.sound.measured(phone.line) == (None, None)
    voice = phone_sounds.joined([phone_sounds.voice(seed) for seed in range(10)])[: 28 * PHONE_RATE]
    rig.hears({"phone": ("agent",), "agent": ("phone",)})
    encoder, up = OpusEncoder(), resampler(PHONE_RATE, WEB_RATE)
    for start in range(0, len(voice), PHONE_FRAME):
        rig.clock.now += STEP
        rig.arrive("agent", encoder.encode(up(voice[start : start + PHONE_FRAME])))
        late = phone.ear.sound[max(0, start - 800) : max(0, start - 800) + PHONE_FRAME]
        echo: PCM = late // 10 if len(late) == PHONE_FRAME else silence(PHONE_FRAME)
        phone.arrive(phone.codec.encode(echo))
    found = rig.sound.measured(phone.line)
    assert found.delay_s == 0
    assert found.echo is not None
    assert found.echo.return_loss_db == pytest.approx(20, abs=2)
    assert found.echo.delay_s == pytest.approx(0.1, abs=0.005)


def test_delay_of_a_mix_is_that_of_waiting_for_the_other() -> None:
    rig = SoundRig(VCO, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.run(2.5, "signer", phone)
    delay = rig.sound.measured(phone.line).delay_s
    assert delay is not None
    assert 0 <= delay <= STEP
