"""
What is the same on every leg: MIDs, payload types, header extension ids. ``relay.description`` writes them into offers.
"""

from dataclasses import dataclass
from typing import Final, Literal

Stream = Literal["audio", "video", "video2"]  # ``video2``: to a leg only, the picture of a second person
STREAMS: tuple[Stream, ...] = ("audio", "video", "video2")
VIDEO_STREAMS: tuple[Stream, ...] = ("video", "video2")
MIDS: dict[Stream, str] = {"audio": "0", "video": "1", "video2": "2"}
DATA_MID: Final = "3"

OPUS: Final = 111
VP8: Final = 96
VP8_RTX: Final = 97
H264: Final = 102
H264_RTX: Final = 103
RTX_OF = {VP8: VP8_RTX, H264: H264_RTX}
APT_OF = {rtx: media for media, rtx in RTX_OF.items()}
MEDIA_TYPES: Final = frozenset((OPUS, VP8, H264))
VIDEO_CLOCK_RATE: Final = 90_000  # Hz, RFC 3551
OPUS_CLOCK_RATE: Final = 48_000  # Hz, RFC 7587
EXTENSION_MID: Final = 1
EXTENSION_AUDIO_LEVEL: Final = 2
EXTENSION_TRANSPORT_CC: Final = 3


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


REFUSED: Final = AnsweredStream(sends=False, receives=False)
