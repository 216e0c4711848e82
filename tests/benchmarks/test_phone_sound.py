"""The delay of a bridge is found in its sound, whatever codecs and phases lie between."""

import numpy as np
import pytest

from benchmarks.load.phone_sound import Delay, Packet, delays, recovery, worse
from relay.audio import PHONE_FRAME, a_law_decode, a_law_encode
from relay.phone.demo_sound import greeting

STEP = 0.02


def sent(count: int) -> list[Packet]:
    voice = np.resize(greeting(), count * PHONE_FRAME)
    return [Packet(i * STEP, voice[i * PHONE_FRAME : (i + 1) * PHONE_FRAME]) for i in range(count)]


def passed_on(packets: list[Packet], held_s: float, shifted: int) -> list[Packet]:
    """A bridge that holds packets for a while, and whose filters shift the sound by some samples."""
    sound = np.concatenate([np.zeros(shifted, np.int16), *(packet.sound for packet in packets)])
    coded = a_law_decode(a_law_encode(sound))
    return [
        Packet(packet.at + held_s, coded[i * PHONE_FRAME : (i + 1) * PHONE_FRAME]) for i, packet in enumerate(packets)
    ]


@pytest.mark.parametrize(("held_s", "shifted"), [(0.0, 0), (0.001, 0), (0.001, 20), (0.08, 0), (0.1, 100), (0.3, 7)])
def test_what_was_held_back_and_what_filters_shift_add_up(held_s: float, shifted: int) -> None:
    packets = sent(250)
    found = delays(packets, passed_on(packets, held_s, shifted))
    assert len(found) >= 200
    assert float(np.median([delay.seconds for delay in found])) == pytest.approx(held_s + shifted / 8000, abs=1e-4)


def test_sound_that_was_never_sent_has_no_delay() -> None:
    packets = sent(100)
    noise = np.random.default_rng(1).normal(size=(100, PHONE_FRAME)) * 2000
    assert delays(packets, [Packet(i * STEP, row.astype(np.int16)) for i, row in enumerate(noise)]) == []


def test_recovery_is_when_the_delay_is_the_old_one_and_stays() -> None:
    before = [Delay(i * STEP, 0.001) for i in range(100)]
    late = [Delay(2 + i * STEP, 0.2) for i in range(50)]
    after = [Delay(3 + i * STEP, 0.001) for i in range(100)]
    assert recovery(before, [*late, *after], 2.0).seconds == pytest.approx(0.98, abs=0.05)
    assert recovery(before, after, 3.0) == (0, 0)
    never = recovery(before, late, 2.0)
    assert never.seconds is None
    assert never.left_s == pytest.approx(0.199)
    assert worse([never, recovery(before, after, 3.0)]) == never
    assert recovery(before, [], 2.0).seconds is None
