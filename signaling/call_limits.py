"""
How many calls may be asked for: by one person who is signed in, or by all visitors behind one address.

A visitor's key costs nothing, so visitors count by their address; who is signed in counts alone, because a school or a
deaf association is one address too. Emergency numbers and rehearsals never count.
"""

import time
from collections.abc import Callable

from relay.phone.dialling import find_emergency
from signaling.config import SignalingConfig
from signaling.identity import Identity
from signaling.messages.call import CallRequest
from signaling.page_errors import PageError
from signaling.rate_limit import Rate, TokenBuckets


class CallLimits:
    """:param clock: monotonic seconds."""

    def __init__(self, config: SignalingConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._asked = TokenBuckets(Rate(config.call_requests_burst, config.call_requests_window_s))
        self._at_once, self._clock = config.visitor_calls_per_address, clock

    def take(self, who: Identity, address: str, message: CallRequest, visitor_calls: Callable[[], int]) -> None:
        """
        :param visitor_calls: of this address now; asked for visitors only.
        :raises PageError: ``rate_limited``.
        """
        if _is_exempt(who, message):
            return
        if who.is_visitor and visitor_calls() >= self._at_once:
            raise PageError("rate_limited")
        if self._asked.take(_key(who, address), self._clock()):
            raise PageError("rate_limited")

    def give_back(self, who: Identity, address: str, message: CallRequest) -> None:
        """It became no call: a mistyped number, a closed service."""
        if not _is_exempt(who, message):
            self._asked.give_back(_key(who, address), self._clock())


def is_emergency(message: CallRequest) -> bool:
    """Whatever kind of call was asked for."""
    return find_emergency(message.number or "") is not None


def _is_exempt(who: Identity, message: CallRequest) -> bool:
    return who.rehearsal or is_emergency(message)


def _key(who: Identity, address: str) -> str:
    return f"visitors {address}" if who.is_visitor else f"person {who.key}"
