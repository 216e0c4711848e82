"""The load generator tells pictures again after they were decoded and encoded."""

import numpy as np
import pytest

from benchmarks.load.native import PICTURE
from benchmarks.load.pictures import CODES, STEP, picture_delays_ms

MS = 1_000_000
FRAME_MS = 40


def recorded(first: int, count: int, delay_ms: int, origin: int, dropped: tuple[int, ...] = ()) -> np.ndarray:
    """Peer 0 sends pictures, peer 1 gets them later under other timestamps."""
    rows, timestamp = [], first
    for number in range(count):
        at = number * FRAME_MS * MS
        rows.append((at, timestamp % (1 << 32), 0, 0))
        if number not in dropped:
            rows.append((at + delay_ms * MS, (timestamp + origin) % (1 << 32), 1, 1))
        timestamp += STEP + number % CODES - CODES // 2
    return np.array(rows, PICTURE)


@pytest.mark.parametrize("delay_ms", [1, 39, 41, 300, 1500])
@pytest.mark.parametrize(("first", "origin"), [(1000, 5), (1000, -900), ((1 << 32) - 7000, 1 << 31)])
def test_the_delay_of_a_picture_is_found_whatever_origin_its_timestamps_got(
    delay_ms: int, first: int, origin: int
) -> None:
    delays = picture_delays_ms(recorded(first, 100, delay_ms, origin), 0, 80 * FRAME_MS * MS)
    assert len(delays) == 80
    assert np.allclose(delays, delay_ms)


def test_a_lost_picture_does_not_move_the_others() -> None:
    delays = picture_delays_ms(recorded(0, 60, 70, 123, dropped=(10, 11, 55)), 0, 60 * FRAME_MS * MS)
    assert len(delays) == 57
    assert np.allclose(delays, 70)


def test_pictures_outside_the_window_do_not_count() -> None:
    delays = picture_delays_ms(recorded(0, 60, 70, 123), 10 * FRAME_MS * MS, 20 * FRAME_MS * MS)
    assert len(delays) == 10


def test_nothing_received_gives_no_delay() -> None:
    sent = recorded(0, 60, 70, 0, dropped=tuple(range(60)))
    assert len(picture_delays_ms(sent, 0, 60 * FRAME_MS * MS)) == 0
