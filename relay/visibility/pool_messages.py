"""
What the visibility worker and its analysis processes say to each other, over one ``SOCK_SEQPACKET`` pair.

Each message is JSON, but for tap datagrams, which go to the process as they came (``relay.datagram``; they begin with
its version, JSON begins with a brace). Both ends are of one start and one code: there is no version.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from relay.control_messages import VisibilityReading
from relay.model import Frozen, WatchFor, WebLeg
from relay.visibility.model_files import ModelFiles

RECEIVE_LIMIT = 65_536  # bytes of one message


class Setup(Frozen):
    """The first one. :param thresholds: the centre's own, None: those that come with the service."""

    type: Literal["setup"] = "setup"
    models: ModelFiles
    thresholds: Path | None = None
    max_pending_frames: int


class WatchLeg(Frozen):
    type: Literal["watch"] = "watch"
    call_id: str
    leg: WebLeg
    watch_for: WatchFor


class UnwatchLeg(Frozen):
    type: Literal["unwatch"] = "unwatch"
    call_id: str
    leg: WebLeg


class Share(Frozen):
    """:param cores: what this process may use, in cores."""

    type: Literal["share"] = "share"
    cores: float


class Ready(Frozen):
    """Models are loaded."""

    type: Literal["ready"] = "ready"


class Unable(Frozen):
    """MediaPipe or its models cannot be loaded now: another try at once would end the same way."""

    type: Literal["unable"] = "unable"
    reason: str


class Alive(Frozen):
    """
    Once a second.

    :param looks: MediaPipe's, since the one before. :param dropped: coded pictures that found no time.
    :param cores: CPU time used, in cores. :param stretch: 1: looks come as wanted; 2: half as often…
    """

    type: Literal["alive"] = "alive"
    looks: int
    dropped: int
    cores: float
    stretch: float


class KeyFrameWanted(Frozen):
    """Video comes, and nothing of it can be decoded."""

    type: Literal["key_frame"] = "key_frame"
    call_id: str
    leg: WebLeg


class LogLine(Frozen):
    """:param level: as in ``logging``. :param name: of the logger."""

    type: Literal["log"] = "log"
    level: int
    name: str
    message: str
    call_id: str | None = None
    leg: WebLeg | None = None


ToProcess = Setup | WatchLeg | UnwatchLeg | Share
FromProcess = Ready | Unable | Alive | VisibilityReading | KeyFrameWanted | LogLine

to_process: TypeAdapter[ToProcess] = TypeAdapter(Annotated[ToProcess, Field(discriminator="type")])
from_process: TypeAdapter[FromProcess] = TypeAdapter(Annotated[FromProcess, Field(discriminator="type")])
