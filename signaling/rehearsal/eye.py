"""What one leg sees: participants and times read from the pictures' codes, rates and gaps. Pure: ``now`` is given."""

from signaling.rehearsal.model import PictureSeen

KEPT_DELAYS = 5_000  # 200 s at 25 fps


class Eye:
    """
    Fed with every decoded picture; the window in which rates are measured is opened and closed by the driver.

    Identities are kept from the very first picture: a leak counts whenever it happens.
    """

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.frames_seen = 0
        self.size = (0, 0)
        self.last_at: float | None = None
        self._opened_at: float | None = None
        self._first_at: float | None = None
        self._frames = 0
        self._unread = 0
        self._gap = 0.0
        self._delays_ms: list[float] = []

    def see(self, width: int, height: int, code: tuple[int, float] | None, now: float) -> None:
        """
        :param code: participant and delay in ms, None when the picture carries no readable code.
        :param now: monotonic seconds.
        """
        self.frames_seen += 1
        self.size = (width, height)
        if code is not None:
            self.ids.add(code[0])
        if self._opened_at is not None:
            self._measure(code, now)
        self.last_at = now

    def _measure(self, code: tuple[int, float] | None, now: float) -> None:
        if self._first_at is None:
            self._first_at = now
        elif self.last_at is not None:
            self._gap = max(self._gap, now - self.last_at)
        self._frames += 1
        if code is None:
            self._unread += 1
        elif len(self._delays_ms) < KEPT_DELAYS:
            self._delays_ms.append(code[1])

    def open_window(self, now: float) -> None:
        self._opened_at, self._first_at = now, None
        self._frames = self._unread = 0
        self._gap = 0.0
        self._delays_ms = []

    def close_window(self, now: float) -> PictureSeen:
        """:returns: the rate counts the pictures that followed the first one, over the time since it."""
        first, self._opened_at = self._first_at, None
        elapsed = now - first if first is not None else 0.0
        end_gap = now - self.last_at if self.last_at is not None and first is not None else 0.0
        return PictureSeen(
            ids=frozenset(self.ids),
            frames=self._frames - self._unread,
            unread=self._unread,
            fps=(self._frames - 1) / elapsed if elapsed > 0 else 0.0,
            width=self.size[0],
            height=self.size[1],
            delays_ms=tuple(self._delays_ms),
            longest_gap_ms=max(self._gap, end_gap) * 1000,
        )
