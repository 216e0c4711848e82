"""
Media that says who sent it and when: a code in the picture, tones for voices. Pure.

Rehearsals and tests prove with it who sees whom, who hears whom, how late, and that no other call leaks in.

The code is two rows of 24 black or white blocks along the lower edge (a tenth of the height), most significant bit
first: participant (8 bits), time in ms (28 bits), checksum (12 bits). Blocks scale with the picture, so that the code
survives an encoder that lowers the resolution; it reads from about 240 pixels width up.
"""

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Samples = NDArray[np.int16]

COLUMNS, ROWS = 24, 2
STRIP = 0.1  # share of the height
TIME_BITS = 28
TIME_MODULO_MS = 1 << TIME_BITS  # 74 hours
SAMPLE_RATE = 48_000  # Hz
_MINIMUM_CONTRAST = 60  # of 255, between the blackest and the whitest block


class PictureCode(NamedTuple):
    """:param time_ms: modulo ``TIME_MODULO_MS``."""

    participant: int
    time_ms: int

    def age_ms(self, now_ms: int) -> int:
        return (now_ms - self.time_ms) % TIME_MODULO_MS


def draw_code(picture: Picture, code: PictureCode) -> None:
    """
    Draw into the picture in place.

    :param picture: shape (height, width, 3), any channel order.
    :raises ValueError: the participant does not fit in 8 bits.
    """
    if not 0 <= code.participant < 256:
        raise ValueError("participant must fit in 8 bits")
    top, rows, columns = _grid(picture)
    for index, bit in enumerate(_bits(code)):
        row, column = divmod(index, COLUMNS)
        area = picture[top + rows[row] : top + rows[row + 1], columns[column] : columns[column + 1]]
        area[:] = 255 if bit else 0


def read_code(picture: Picture) -> PictureCode | None:
    """:returns: None when there is no intact code."""
    top, rows, columns = _grid(picture)
    if rows[1] - rows[0] < 4 or columns[1] - columns[0] < 4:
        return None
    levels = [
        _centre_level(picture[top + rows[row] : top + rows[row + 1], columns[column] : columns[column + 1]])
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]
    darkest, brightest = min(levels), max(levels)
    if brightest - darkest < _MINIMUM_CONTRAST:
        return None
    middle = (darkest + brightest) / 2
    word = int("".join("1" if level > middle else "0" for level in levels), 2)
    body, checksum = word >> 12, word & 0xFFF
    return PictureCode(body >> TIME_BITS, body % TIME_MODULO_MS) if _checksum(body) == checksum else None


def _bits(code: PictureCode) -> list[bool]:
    body = code.participant << TIME_BITS | code.time_ms % TIME_MODULO_MS
    word = body << 12 | _checksum(body)
    return [bool(word >> place & 1) for place in reversed(range(COLUMNS * ROWS))]


def _checksum(body: int) -> int:
    return zlib.crc32(body.to_bytes(5, "big")) & 0xFFF


def _grid(picture: Picture) -> tuple[int, list[int], list[int]]:
    """:returns: top of the strip, row edges below it, column edges, in pixels."""
    height, width = picture.shape[:2]
    strip = round(height * STRIP)
    rows = [round(strip * row / ROWS) for row in range(ROWS + 1)]
    columns = [round(width * column / COLUMNS) for column in range(COLUMNS + 1)]
    return height - strip, rows, columns


def _centre_level(block: Picture) -> float:
    height, width = block.shape[:2]
    centre = block[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return float(centre.mean())


def tone(frequency_hz: float, start: int, count: int, amplitude: float = 0.3) -> Samples:
    """
    :param start: index of the first sample, so that consecutive pieces join without a click.
    :param amplitude: of full scale.
    :returns: ``count`` samples at ``SAMPLE_RATE``.
    """
    phase = 2 * np.pi * frequency_hz / SAMPLE_RATE * np.arange(start, start + count)
    samples: Samples = (np.sin(phase) * amplitude * 32767).astype(np.int16)
    return samples


def tone_share(samples: Samples, frequency_hz: float, rate: int = SAMPLE_RATE, width_hz: float = 25.0) -> float:
    """
    How much of a sound is one tone.

    :param samples: mono, at least 0.1 s.
    :returns: share of the power (0..1) within ``width_hz`` of the frequency; 0 for silence.
    """
    signal = samples.astype(np.float64)
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    frequencies = np.fft.rfftfreq(len(signal), 1 / rate)
    total = float(spectrum[1:].sum())
    if total < len(signal) ** 2:  # quieter than one step of 16-bit sound
        return 0.0
    return float(spectrum[np.abs(frequencies - frequency_hz) <= width_hz].sum()) / total
