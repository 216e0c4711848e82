"""
Comfort noise (RFC 3389): the background of a telephone that sends nothing while nobody speaks there. Pure.

Dead silence sounds like a call that has broken off. Only the level is followed, not the spectrum that a packet may
add: between two words nobody tells them apart.
"""

import numpy as np

from relay.audio import PCM, silence

LOUDEST_DBOV = -36  # a background louder than that would be taken for a fault, and could be somebody's joke
UNHEARD_DBOV = -78
FULL_SCALE = 32_768


class ComfortNoise:
    """One telephone's."""

    def __init__(self) -> None:
        self._random = np.random.default_rng()
        self._level_dbov: int | None = None

    @property
    def is_on(self) -> bool:
        return self._level_dbov is not None

    def told(self, payload: bytes) -> None:
        """:param payload: its first byte is the level below the loudest, in dBov without the sign."""
        if payload:
            self._level_dbov = min(-(payload[0] & 0x7F), LOUDEST_DBOV)

    def over(self) -> None:
        """Somebody speaks again."""
        self._level_dbov = None

    def next(self, samples: int) -> PCM:
        """:returns: so many samples of noise at the level told last."""
        if self._level_dbov is None or self._level_dbov < UNHEARD_DBOV:
            return silence(samples)
        rms = FULL_SCALE * 10 ** (self._level_dbov / 20)
        made: PCM = (self._random.standard_normal(samples) * rms).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
        return made
