"""
How long a session may go on without a sign of life from the other side. RFC 4028.

The decisions are pure functions; :class:`SessionClock` counts the time on the event loop.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

_VALUE = re.compile(r"^\s*(\d{1,9})\s*(?:;(.*))?$")
_REFRESHER = re.compile(r"\brefresher\s*=\s*(uac|uas)\b", re.IGNORECASE)
RETRY_SHARE = 8  # a refused refresh is tried again after this part of the session's length


@dataclass(frozen=True)
class Session:
    """
    :param expires_s: length without a refresh. :param we_refresh: it is ours to refresh it.
    """

    expires_s: int
    we_refresh: bool

    @property
    def refresh_after_s(self) -> float:
        return self.expires_s / 2

    @property
    def give_up_after_s(self) -> float:
        """§10: the one who waits for refreshes says BYE a little before the end."""
        return self.expires_s - (0 if self.we_refresh else min(32.0, self.expires_s / 3))


@dataclass(frozen=True)
class TooShort:
    """422, with this in Min-SE."""

    min_se_s: int


def read(value: str | None) -> tuple[int, str | None] | None:
    """:param value: of Session-Expires. :returns: seconds and ``uac``, ``uas`` or None; None: absent or malformed."""
    found = _VALUE.match(value or "")
    if found is None:
        return None
    refresher = _REFRESHER.search(found[2] or "")
    return int(found[1]), refresher[1].lower() if refresher else None


def read_seconds(value: str | None) -> int | None:
    """:param value: of Min-SE."""
    found = read(value)
    return found[0] if found else None


def requested(value: str | None, *, peer_supports: bool, min_se_s: int) -> Session | TooShort | None:
    """
    What becomes of a peer's request, in which it is the UAC.

    :param value: of Session-Expires. :param peer_supports: ``timer`` is in its Supported.
    :returns: None: no session timer. A peer without the extension cannot refresh and knows no 422: we do it.
    """
    found = read(value)
    if found is None:
        return None
    seconds, refresher = found
    if seconds < min_se_s:
        return TooShort(min_se_s) if peer_supports else Session(min_se_s, True)
    return Session(seconds, refresher == "uas" or not peer_supports)


def answered(value: str | None) -> Session | None:
    """:param value: of Session-Expires in the 2xx to our request. :returns: None: the peer keeps no time."""
    found = read(value)
    if found is None:
        return None
    seconds, refresher = found
    return Session(seconds, refresher != "uas")


def header(session: Session, *, in_request: bool) -> str:
    """:returns: value of Session-Expires; we are the UAC of our requests and the UAS of the peer's."""
    ours, theirs = ("uac", "uas") if in_request else ("uas", "uac")
    return f"{session.expires_s};refresher={ours if session.we_refresh else theirs}"


class SessionClock:
    """
    :param refresh: send a re-INVITE. :param give_up: say BYE.
    """

    def __init__(self, refresh: Callable[[], None], give_up: Callable[[], None]) -> None:
        self.session: Session | None = None
        self._refresh, self._give_up = refresh, give_up
        self._timers: list[asyncio.TimerHandle] = []

    def start(self, session: Session | None) -> None:
        """From the beginning: a request of either side succeeded. None: no timer any more."""
        self.stop()
        self.session = session
        if session is None:
            return
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(session.give_up_after_s, self._give_up)]
        if session.we_refresh:
            self._timers.append(loop.call_later(session.refresh_after_s, self._refresh))

    def try_again(self) -> None:
        """Our refresh was refused; the session still ends when it was to end."""
        if self.session is not None and self.session.we_refresh:
            later = self.session.expires_s / RETRY_SHARE
            self._timers.append(asyncio.get_running_loop().call_later(later, self._refresh))

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
