"""
Which trunk a call takes, in which order, and how long one that failed rests. Pure.

Left to others: names and addresses (``relay.phone.trunk_routes``), placing the call (``relay.phone.call``).
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from relay.phone.config import TrunkConfig

REST_S = 30.0  # after a first failure; doubled with each further one
REST_LIMIT_S = 300.0
WAYS_LIMIT = 256
RETRY_AFTER_LIMIT_S = 3600.0  # a trunk that says longer is asked again all the same
_OF_THE_TRUNK = frozenset({401, 407, 408, 430, 439})  # our credentials, nobody behind it, our connection (RFC 5626)
_OF_THE_CALL = frozenset({501, 505, 513})  # no other trunk would take the same message either
T = TypeVar("T")
Draw = Callable[[int], int]  # n -> 0…n-1


def may_fail_over(sip_code: int | None, *, rang: bool) -> bool:
    """
    :param sip_code: the final response; None: none in time, no name, no connection.
    :param rang: a 18x was received: somebody may have heard it ring, another attempt would ring them twice.
    :returns: whether another trunk may be tried. Never after a refusal that speaks of the one who is called.
    """
    if rang:
        return False
    if sip_code is None:
        return True
    return sip_code in _OF_THE_TRUNK or (500 <= sip_code < 600 and sip_code not in _OF_THE_CALL)


def rests_after(sip_code: int | None) -> bool:
    """:returns: whether the trunk is dead, full or refuses us; else it only failed with this call."""
    return sip_code is None or sip_code in _OF_THE_TRUNK or sip_code in (502, 503, 504)


def by_weight(items: Iterable[tuple[T, int]], draw: Draw) -> list[T]:
    """Order of RFC 2782: each place is drawn among those left, in proportion to their weights."""
    left = sorted(items, key=lambda item: item[1] > 0)  # those of weight 0 first, as the RFC puts them
    order: list[T] = []
    while left:
        mark = draw(sum(weight for _, weight in left) + 1)
        at, total = 0, left[0][1]
        while total < mark:
            at += 1
            total += left[at][1]
        order.append(left.pop(at)[0])
    return order


def trunks_for(number: str, trunks: Iterable[TrunkConfig], draw: Draw) -> list[TrunkConfig]:
    """
    :param number: E.164 or a short number.
    :returns: who serves it: the longest prefix first, then by priority, then drawn by weight.
    """
    serving = sorted((trunk for trunk in trunks if serves(number, trunk)), key=lambda trunk: _rank(number, trunk))
    groups = groupby(serving, key=lambda trunk: _rank(number, trunk))
    return [trunk for _, group in groups for trunk in by_weight([(trunk, trunk.weight) for trunk in group], draw)]


def serves(number: str, trunk: TrunkConfig) -> bool:
    return not trunk.prefixes or any(number.startswith(prefix) for prefix in trunk.prefixes)


def _rank(number: str, trunk: TrunkConfig) -> tuple[int, int]:
    longest = max((len(prefix) for prefix in trunk.prefixes if number.startswith(prefix)), default=0)
    return -longest, trunk.priority


@dataclass(frozen=True)
class _Rest:
    until: float
    failures: int


class Circuit:
    """
    Who failed and rests for a while. Keys are whatever tells one way from another.

    Resting means being tried last, not never: with nothing else left, a call still goes out.
    """

    def __init__(self) -> None:
        self._resting: dict[Hashable, _Rest] = {}

    def failed(self, key: Hashable, now: float, retry_after_s: float | None = None) -> None:
        """:param retry_after_s: what a 503 asked for (RFC 3261 §21.5.4)."""
        failures = self._resting[key].failures + 1 if key in self._resting else 1
        rest_s: float = min(REST_S * 2 ** min(failures - 1, 8), REST_LIMIT_S)
        if retry_after_s is not None:
            rest_s = min(max(retry_after_s, 1.0), RETRY_AFTER_LIMIT_S)
        if len(self._resting) >= WAYS_LIMIT:
            self._resting = {each: rest for each, rest in self._resting.items() if now < rest.until}
        self._resting[key] = _Rest(now + rest_s, failures)

    def worked(self, key: Hashable) -> None:
        self._resting.pop(key, None)

    def rests(self, key: Hashable, now: float) -> bool:
        return key in self._resting and now < self._resting[key].until
