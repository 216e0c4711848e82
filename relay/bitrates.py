"""
How much each sender of a call is asked for, after what its viewers' lines carry. Pure.

Who sees a picture first bounds it: that line must carry it whole. Who sees it second gets less of it (temporal layers,
``relay.forwarding.relief``), and bounds it only as far as the others do not see it smaller for that.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from relay.model import WebLeg

FIRST_SHARE: Final = 0.65  # of a line that carries two pictures, for the first one
BASE_LAYER_SHARE: Final = 0.4  # of a picture in three temporal layers, its lowest: 7.5 pictures a second
FULL_PICTURE_BPS: Final = 1_050_000  # brings 1280x720 at 30 pictures a second back too (``adaptation``: step, margin)

Sees = Mapping[WebLeg, tuple[WebLeg, ...]]
Carries = Callable[[WebLeg], int | None]


def needed_bitrate(source: WebLeg, sees: Sees, carries: Carries) -> int | None:
    """
    :param carries: bit/s of pictures that a leg's line carries; None before it said anything.
    :returns: bit/s to ask ``source`` for; None without viewer or before any of them said anything.
    """
    first = min(_shares(source, 0, sees, carries), default=None)
    second = min(_shares(source, 1, sees, carries), default=None)
    if second is None:
        return first
    if not any(sources[:1] == (source,) for sources in sees.values()):
        return second
    bound = max(FULL_PICTURE_BPS, int(second / BASE_LAYER_SHARE))
    return bound if first is None else min(first, bound)


def _shares(source: WebLeg, place: int, sees: Sees, carries: Carries) -> Iterator[int]:
    """Of each line that carries the source's picture in this place."""
    for viewer, sources in sees.items():
        if sources[place : place + 1] != (source,):
            continue
        bitrate = carries(viewer)
        if bitrate is not None:
            share = 1.0 if len(sources) == 1 else (1 - FIRST_SHARE if place else FIRST_SHARE)
            yield int(bitrate * share)
