"""What media of one peer passes between socket and ``MediaPath.receive``. Compiled where the forwarding is."""

import logging
import time
from collections.abc import Callable

Address = tuple[str, int]
log = logging.getLogger(__name__)


class Intake:
    """
    :param on_media: gets each SRTP or SRTCP datagram and the time; a memoryview is valid during the call only.
    :param on_moved: called before it, when media comes from another address than the last.
    """

    def __init__(self, on_media: Callable[[bytes | memoryview, float], None], on_moved: Callable[[], None]) -> None:
        self.on_media = on_media
        self.heard_at = time.monotonic()
        self.source: Address | None = None
        self._on_moved = on_moved

    def take(self, data: bytes | memoryview, address: Address | None) -> None:
        now = time.monotonic()
        self.heard_at = now
        if address is not self.source and address != self.source:
            self.source = address
            self._on_moved()
        try:
            self.on_media(data, now)
        except Exception:  # an exception here would end aioice's socket for everybody on it
            log.exception("packet could not be handled")
