"""
What phone parties are told by a recorded voice: the service's own sounds, or those of a brand.

A brand's own are files ``<sounds_dir>/<slug>/<name>.opus`` (or wav, flac, mp3); a file that cannot be used is warned of
once and the service's own sound takes its place. Left to others: when what is said (signaling), who hears it
(``relay.phone.call``).
"""

import asyncio
import logging
from collections import OrderedDict
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from relay.audio import PCM, silence
from relay.errors import RelayError
from relay.model import Announcement
from relay.phone.players import SOUND_RATE

OWN_SOUNDS = Path(__file__).parent / "sounds"
ENDINGS = ("wav", "opus", "flac", "mp3")
LENGTH_LIMIT_S = 60.0
KEPT_SAMPLES = 300 * SOUND_RATE  # 5 minutes of sound, 10 MB
log = logging.getLogger(__name__)


class Announcements:
    """
    Files are read when they are first needed, again when they changed, and kept while there is room.

    :param folder: ``sounds_dir``, None: there are no sounds of brands.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._kept: OrderedDict[Path, tuple[int, PCM]] = OrderedDict()
        self._warned: dict[Path, int] = {}

    async def sound(self, name: Announcement, brand: str | None = None) -> PCM:
        """
        :returns: 16 kHz.
        :raises RelayError: ``no_sound``: not even the service's own can be read.
        """
        for path in (*self._of_brand(name, brand), OWN_SOUNDS / f"{name}.opus"):
            found = await self._read(path)
            if found is not None:
                return found
        raise RelayError("no_sound", f"the announcement {name} cannot be read")

    def _of_brand(self, name: Announcement, brand: str | None) -> list[Path]:
        if self._folder is None or not brand or brand != Path(brand).name or brand.startswith("."):
            return []
        return [self._folder / brand / f"{name}.{ending}" for ending in ENDINGS]

    async def _read(self, path: Path) -> PCM | None:
        changed = _changed(path)
        if changed is None:
            return None
        kept = self._kept.get(path)
        if kept is not None and kept[0] == changed:
            return kept[1]
        try:
            return self._keep(path, changed, await asyncio.to_thread(read_sound, path))
        except ValueError as error:
            if self._warned.get(path) != changed:
                self._warned[path] = changed
                log.warning("announcement %s of brand %s is not used: %s", path.name, path.parent.name, error)
            return None

    def _keep(self, path: Path, changed: int, sound: PCM) -> PCM:
        self._kept[path] = (changed, sound)
        self._kept.move_to_end(path)
        while sum(len(each) for _, each in self._kept.values()) > KEPT_SAMPLES:
            self._kept.popitem(last=False)
        return sound


def _changed(path: Path) -> int | None:
    """:returns: when, ns; None: there is no such file."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def read_sound(path: Path) -> PCM:
    """
    :returns: 16 kHz, all channels as one.
    :raises ValueError: why it cannot be used, for the operator: no sound in it, damaged, empty or too long.
    """
    pieces: list[PCM] = []
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE)
    try:
        with av.open(str(path)) as file:
            if not file.streams.audio:
                raise ValueError("it holds no sound")
            for frame in file.decode(file.streams.audio[0]):
                pieces += map(_samples, resampler.resample(frame))
                if sum(map(len, pieces)) > LENGTH_LIMIT_S * SOUND_RATE:
                    raise ValueError(f"it is longer than {LENGTH_LIMIT_S:.0f} s")
            pieces += map(_samples, resampler.resample(None))
    except (FFmpegError, OSError) as error:
        raise ValueError(f"it cannot be read ({type(error).__name__})") from error
    sound = np.concatenate(pieces) if pieces else silence(0)
    if not len(sound):
        raise ValueError("it is empty")
    return sound


def _samples(frame: av.AudioFrame) -> PCM:
    return frame.to_ndarray().reshape(-1).astype(np.int16)
