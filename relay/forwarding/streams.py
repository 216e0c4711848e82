"""
What is the same on every leg: MIDs, payload types, header extension ids. ``relay.description`` writes them into offers.
"""

from dataclasses import dataclass
from typing import Literal

Stream = Literal["audio", "video", "video2"]
STREAMS: tuple[Stream, ...] = ("audio", "video", "video2")
VIDEO_STREAMS: tuple[Stream, ...] = ("video", "video2")
MIDS: dict[Stream, str] = {"audio": "0", "video": "1", "video2": "2"}
DATA_MID = "3"

OPUS, VP8, VP8_RTX, H264, H264_RTX = 111, 96, 97, 102, 103
RTX_OF = {VP8: VP8_RTX, H264: H264_RTX}
APT_OF = {rtx: media for media, rtx in RTX_OF.items()}
MEDIA_TYPES = frozenset((OPUS, VP8, H264))
VIDEO_CLOCK_RATE = 90_000  # Hz, RFC 3551
OPUS_CLOCK_RATE = 48_000  # Hz, RFC 7587
EXTENSION_MID, EXTENSION_AUDIO_LEVEL, EXTENSION_TRANSPORT_CC = 1, 2, 3


@dataclass(frozen=True)
class OutgoingSsrcs:
    media: int
    rtx: int


@dataclass(frozen=True)
class AnsweredStream:
    """
    :param sends: media will come from the leg. :param receives: the leg wants media.
    :param ssrcs: announced ones, the primary first, then its RTX; may be empty.
    :param payload_types: of the media that the leg reads.
    """

    sends: bool
    receives: bool
    ssrcs: tuple[int, ...] = ()
    has_transport_cc: bool = False
    has_rtx: bool = False
    payload_types: frozenset[int] = MEDIA_TYPES


REFUSED = AnsweredStream(sends=False, receives=False)
