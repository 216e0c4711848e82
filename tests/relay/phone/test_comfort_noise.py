"""What is heard of a telephone that suppresses its silence."""

import numpy as np
import pytest

from relay.audio import PHONE_FRAME, level_dbfs
from relay.model import Leg
from relay.phone.comfort_noise import LOUDEST_DBOV, ComfortNoise
from relay.phone_messages import PhoneSpeaking
from tests.helpers.call_sound_rig import CALL, SoundRig

RELAY: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",), "agent": ("phone",)}


@pytest.mark.parametrize(("told", "heard_dbfs"), [(40, -40.0), (60, -60.0), (5, LOUDEST_DBOV)])
def test_noise_is_as_loud_as_the_peer_says_but_never_loud(told: int, heard_dbfs: float) -> None:
    noise = ComfortNoise()
    assert not noise.is_on
    noise.told(bytes([told, 1, 2, 3]))
    assert noise.is_on
    assert level_dbfs(noise.next(8000)) == pytest.approx(heard_dbfs, abs=0.5)
    noise.over()
    assert not noise.is_on


def test_lowest_level_is_silence_and_an_empty_packet_changes_nothing() -> None:
    noise = ComfortNoise()
    noise.told(b"\x7f")
    noise.told(b"")
    assert noise.is_on
    assert not noise.next(PHONE_FRAME).any()


def test_pause_of_the_telephone_is_filled_without_a_gap_and_speech_follows_at_once() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones
    ear = rig.ears["agent"]
    rig.run(0.5, phone)
    assert PhoneSpeaking(call_id=CALL, speaking=True) in rig.events
    ear.forget()
    phone.falls_silent(50)
    rig.run(1.0)
    assert len(ear.packets) == 50
    assert level_dbfs(ear.sound[-24_000:]) == pytest.approx(-50, abs=4), "soft, and through Opus"
    assert ear.tones() != {440}
    assert rig.events[-1] == PhoneSpeaking(call_id=CALL, speaking=False)
    phone.waits(50)
    rig.run(0.5, phone)
    assert ear.at[50] == pytest.approx(ear.at[49], abs=0.01), "the first word waits for nothing"
    steps = set(np.diff([packet.timestamp for packet in ear.packets]))
    assert steps == {960}, "time neither stands still nor leaps"
    assert ear.tones(0.3) == {440}


def test_held_telephone_is_not_heard_by_its_noise_either() -> None:
    rig = SoundRig(RELAY, ("PCMA", 440))
    (phone,) = rig.telephones
    rig.run(0.2, phone)
    phone.falls_silent(40)
    phone.line.is_heard = phone.line.hears = False
    rig.sound.line_changed()
    rig.ears["agent"].forget()
    rig.run(0.5)
    assert not rig.ears["agent"].packets
