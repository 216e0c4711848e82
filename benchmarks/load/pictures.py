"""
Which picture is which after a relay has decoded and encoded it: by the steps of its timestamps.

The generator's timestamps do not step by 3600 exactly but by ``STEP`` plus -20..20 in turn. A relay that encodes anew
keeps the distances and changes the origin, so that a step says which of 41 neighbouring pictures it belongs to. Pure.
"""

import numpy as np
from numpy.typing import NDArray

STEP, CODES = 3600, 41  # of 90 kHz; ``KEY_CODE`` in traffic.c
RUN = 3  # steps in a row that must agree


def picture_delays_ms(pictures: NDArray[np.void], begin_ns: int, end_ns: int) -> NDArray[np.float64]:
    """
    :param pictures: ``native.PICTURE``: the last packet of each, as sent and as received; peers 2n and 2n+1 are a call.
    :returns: from last packet in to last packet out, for those sent between the two moments.
    """
    found: list[float] = []
    for peer in np.unique(pictures["peer"]):
        sent = pictures[(pictures["peer"] == peer) & (pictures["is_received"] == 0)]
        received = pictures[(pictures["peer"] == peer ^ 1) & (pictures["is_received"] == 1)]
        origin = _origin(sent, received)
        if origin is None:
            continue
        sent_at = dict(zip(sent["timestamp"].tolist(), sent["at"].tolist(), strict=True))
        for timestamp, at in zip(received["timestamp"].tolist(), received["at"].tolist(), strict=True):
            began = sent_at.get((timestamp - origin) % (1 << 32))
            if began is not None and begin_ns <= began < end_ns:
                found.append((at - began) / 1e6)
    return np.array(found)


def _origin(sent: NDArray[np.void], received: NDArray[np.void]) -> int | None:
    """:returns: what the relay adds to timestamps, None when no run of pictures came through whole."""
    steps_in, steps_out = _steps(sent), _steps(received)
    for at in range(len(steps_out) - RUN, -1, -1):  # the latest first: the relay is in step by then
        pattern, first = steps_out[at : at + RUN], received[at]
        if np.abs(pattern - STEP).max() > CODES // 2:
            continue
        for i in range(len(steps_in) - RUN, -1, -1):  # the same comes every 41 pictures: the newest already sent
            if sent[i]["at"] < first["at"] and (steps_in[i : i + RUN] == pattern).all():
                return int(first["timestamp"]) - int(sent[i]["timestamp"])
    return None


def _steps(pictures: NDArray[np.void]) -> NDArray[np.int64]:
    timestamps: NDArray[np.int64] = pictures["timestamp"].astype(np.int64)
    return np.diff(timestamps) % np.int64(1 << 32)
