"""
Queueing theory's answers for one skill and exponential times: pure formulas, the yardstick of the simulation.

Erlang B, Erlang C (M/M/n: nobody gives up) and Erlang A (M/M/n+M: each caller gives up after an exponential time).
Stable for thousands of servers: a recursion and one integral of a log-concave curve, never a factorial. Sources:
A. K. Erlang (1917); R. B. Cooper, Introduction to Queueing Theory (1981), chapter 3; A. Mandelbaum and S. Zeltyn,
"Service engineering in action: the Palm/Erlang-A queue" (2007); S. Zeltyn, "Call centers with impatient customers"
(2005) for the waits.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: exp(-45) is below the precision of a float: what lies beyond adds nothing to an integral
NEGLIGIBLE_EXPONENT = 45.0
SHORT_ABANDON_S = 10.0  # as in the service's report
PANELS = 24
#: abscissae and weights of Gauss and Legendre's rule of 8 points on [-1, 1] (Abramowitz and Stegun, table 25.4)
GAUSS = (
    (0.1834346424956498, 0.3626837833783620),
    (0.5255324099163290, 0.3137066458778873),
    (0.7966664774136267, 0.2223810344533745),
    (0.9602898564975363, 0.1012285362903763),
)


@dataclass(frozen=True)
class Load:
    """
    What comes and who is there; rates per second, times in seconds.

    :param arrivals_per_s: lambda, above 0. :param handling_s: mean handling time (1/mu), above 0.
    :param servers: n, 1 to about 100 000 (cost grows with n).
    :param patience_s: mean time until a caller gives up (1/theta), above 0; None: never, then Erlang C.
    """

    arrivals_per_s: float
    handling_s: float
    servers: int
    patience_s: float | None = None

    def __post_init__(self) -> None:
        if self.arrivals_per_s <= 0 or self.handling_s <= 0 or self.servers < 1:
            raise ValueError("arrivals and handling time must be above 0, and there must be a server")
        if self.patience_s is not None and self.patience_s <= 0:
            raise ValueError("patience must be above 0")

    @property
    def erlangs(self) -> float:
        """Offered load a = lambda / mu."""
        return self.arrivals_per_s * self.handling_s


@dataclass(frozen=True)
class Outlook:
    """
    The long run of a load.

    :param waits_share: of callers who find nobody free, 0..1.
    :param mean_wait_s: until answered, of the answered (ASA); infinite when the load never gets through.
    :param abandoned_share: of all callers, 0..1. :param occupancy: share of time a server is busy, 0..1.
    """

    waits_share: float
    mean_wait_s: float
    abandoned_share: float
    occupancy: float


def erlang_b(servers: int, erlangs: float) -> float:
    """
    Share of callers turned away when nobody can wait (M/M/n/n).

    Recursion B(k) = a B(k-1) / (k + a B(k-1)), B(0) = 1: all terms in [0, 1], no overflow, O(n).

    :param servers: 0 or more. :param erlangs: above 0.
    """
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = erlangs * blocked / (k + erlangs * blocked)
    return blocked


def erlang_c(servers: int, erlangs: float) -> float:
    """Share of callers who wait when nobody gives up (M/M/n); 1 when the load is not below the servers."""
    if erlangs >= servers:
        return 1.0
    blocked = erlang_b(servers, erlangs)
    return blocked / (1 - (erlangs / servers) * (1 - blocked))


def outlook(load: Load) -> Outlook:
    """Erlang A when the load has a patience, else Erlang C."""
    return _outlook_c(load) if load.patience_s is None else _outlook_a(load, load.patience_s)


def service_level(load: Load, within_s: float) -> float:
    """
    Answered within ``within_s`` / answered, 0..1: the first common formula.

    :param within_s: 0 or more.
    """
    if load.patience_s is None:
        return _served_within_c(load, within_s)
    wait = _OfferedWait(load, load.patience_s)
    return wait.served_within(within_s) / wait.served_within(math.inf)


def service_level_with_abandons(load: Load, within_s: float, short_s: float = SHORT_ABANDON_S) -> float:
    """
    Answered within ``within_s`` / (answered + given up after ``short_s`` or more): the second common formula.

    :param short_s: callers who give up sooner are not counted; seconds, 0 or more.
    """
    return service_levels_with_abandons(load, (within_s,), short_s)[0]


def service_levels_with_abandons(
    load: Load, limits_s: Sequence[float], short_s: float = SHORT_ABANDON_S
) -> tuple[float, ...]:
    """As :func:`service_level_with_abandons`, for several times at the cost of one."""
    if load.patience_s is None:
        return tuple(_served_within_c(load, limit) for limit in limits_s)
    wait = _OfferedWait(load, load.patience_s)
    offered = 1 - wait.abandoned_within(short_s)
    return tuple(wait.served_within(limit) / offered for limit in limits_s)


# Erlang C


def _outlook_c(load: Load) -> Outlook:
    waits = erlang_c(load.servers, load.erlangs)
    spare = load.servers - load.erlangs
    mean = waits * load.handling_s / spare if spare > 0 else math.inf
    return Outlook(waits, mean, 0.0, min(1.0, load.erlangs / load.servers))


def _served_within_c(load: Load, within_s: float) -> float:
    """The wait of those who wait is exponential with rate n mu - lambda."""
    spare = load.servers - load.erlangs
    if spare <= 0:
        return 0.0
    return 1 - erlang_c(load.servers, load.erlangs) * math.exp(-spare * within_s / load.handling_s)


# Erlang A


def _outlook_a(load: Load, patience_s: float) -> Outlook:
    wait = _OfferedWait(load, patience_s)
    abandoned = wait.abandoned_within(math.inf)
    occupied = min(1.0, load.erlangs / load.servers * (1 - abandoned))
    return Outlook(wait.waits_share, wait.mean_of_served_s(), abandoned, occupied)


class _OfferedWait:
    """
    The wait that a caller of endless patience would meet (Zeltyn 2005; Baccelli and Hebuterne 1981).

    Its density over x > 0 is proportional to exp(lambda (1 - exp(-theta x)) / theta - n mu x), a log-concave curve.
    """

    def __init__(self, load: Load, patience_s: float) -> None:
        self._patience_s = patience_s
        self._arrivals = load.arrivals_per_s
        self._service = load.servers / load.handling_s
        rho = self._arrivals / self._service
        self._peak_s = patience_s * math.log(rho) if rho > 1 else 0.0
        self._peak = self._exponent(self._peak_s)
        self._begin_s, self._end_s = max(0.0, self._edge(-1)), self._edge(1)
        self._mass = self._over(self._end_s, lambda _x: 1.0)
        self.waits_share = self._share_that_waits(erlang_b(load.servers, load.erlangs))

    def _share_that_waits(self, blocked: float) -> float:
        """P(W > 0) from Erlang B and A = n mu J, J the integral of the curve (Mandelbaum and Zeltyn 2007)."""
        inverse_a = math.exp(-self._peak) / (self._service * self._mass)
        return blocked / (inverse_a + (1 - inverse_a) * blocked)

    def served_within(self, seconds: float) -> float:
        """Share of all callers who are answered by then."""
        return 1 - self.waits_share + self.waits_share * self._part(seconds, self._stays)

    def abandoned_within(self, seconds: float) -> float:
        """Share of all callers who have given up by then: their patience ended before it and before their turn."""
        early = self._part(seconds, lambda x: -math.expm1(-x / self._patience_s))
        later = 1 - self._part(seconds, lambda _x: 1.0)
        return self.waits_share * (early - later * math.expm1(-seconds / self._patience_s))

    def mean_of_served_s(self) -> float:
        return self.waits_share * self._part(math.inf, lambda x: x * self._stays(x)) / self.served_within(math.inf)

    def _stays(self, seconds: float) -> float:
        return math.exp(-seconds / self._patience_s)

    def _part(self, upto_s: float, weight: Callable[[float], float]) -> float:
        return self._over(min(upto_s, self._end_s), weight) / self._mass

    def _exponent(self, x: float) -> float:
        return self._arrivals * self._patience_s * -math.expm1(-x / self._patience_s) - self._service * x

    def _edge(self, side: int) -> float:
        """Where the density has become negligible, before (-1) or after (1) its peak."""
        step = 1 / self._service
        while self._exponent(self._peak_s + side * step) > self._peak - NEGLIGIBLE_EXPONENT:
            if side * step < -self._peak_s:
                return 0.0
            step *= 1.5
        return self._peak_s + side * step

    def _over(self, end: float, weight: Callable[[float], float]) -> float:
        """Integral of weight times density up to ``end``, in panels on either side of the peak."""
        marks = sorted({self._begin_s, min(max(self._peak_s, self._begin_s), end), end})
        return sum(self._panels(a, b, weight) for a, b in pairwise(marks)) if end > self._begin_s else 0.0

    def _panels(self, begin: float, end: float, weight: Callable[[float], float]) -> float:
        half = (end - begin) / PANELS / 2
        total = 0.0
        for panel in range(PANELS):
            middle = begin + (2 * panel + 1) * half
            for node, share in GAUSS:
                for x in (middle - node * half, middle + node * half):
                    total += share * weight(x) * math.exp(self._exponent(x) - self._peak)
        return total * half
