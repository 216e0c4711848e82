import logging
import wave
from pathlib import Path
from typing import get_args

import pytest

from relay.audio import PCM, level_dbfs, sine, tones
from relay.model import Announcement
from relay.phone.announcements import Announcements, read_sound
from relay.phone.players import SOUND_RATE


def write_wav(path: Path, sound: PCM, rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())


@pytest.mark.parametrize("name", get_args(Announcement))
async def test_service_has_a_sound_of_its_own_for_every_announcement(name: Announcement) -> None:
    sound = await Announcements().sound(name)
    assert 2 < len(sound) / SOUND_RATE < 20
    assert -30 < level_dbfs(sound) < -15


async def test_sound_of_a_brand_is_preferred_and_read_again_when_it_changed(tmp_path: Path) -> None:
    announcements = Announcements(tmp_path)
    path = tmp_path / "lumiere" / "ringing.wav"
    write_wav(path, sine(440, 8000))
    first = await announcements.sound("ringing", "lumiere")
    assert len(first) == pytest.approx(SOUND_RATE, rel=0.01)
    assert round(tones(first, SOUND_RATE)[0].hz) == 440
    write_wav(path, sine(700, 16000))
    second = await announcements.sound("ringing", "lumiere")
    assert round(tones(second, SOUND_RATE)[0].hz) == 700
    other = await announcements.sound("ringing", "autre")
    assert len(other) == len(await announcements.sound("ringing"))


async def test_sound_that_cannot_be_used_is_warned_of_once_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "ringing.wav").write_bytes(b"no sound at all")
    write_wav(tmp_path / "b" / "relay.wav", sine(440, 61 * 8000))
    announcements = Announcements(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            own = await announcements.sound("ringing")
            assert (await announcements.sound("ringing", "b")) is own
            assert len(await announcements.sound("relay", "b")) < 30 * SOUND_RATE
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "ringing.wav of brand b is not used: it cannot be read" in told[0]
    assert "relay.wav of brand b is not used: it is longer than 60 s" in told[1]


async def test_brand_leads_to_no_file_elsewhere(tmp_path: Path) -> None:
    write_wav(tmp_path / "ringing.wav", sine(440, 8000))
    announcements = Announcements(tmp_path / "sounds")
    for brand in ("..", "../", "/", str(tmp_path), "."):
        assert len(await announcements.sound("ringing", brand)) > 2 * SOUND_RATE


def test_file_without_any_sound_says_so(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", sine(440, 0))
    with pytest.raises(ValueError, match="empty"):
        read_sound(tmp_path / "empty.wav")
