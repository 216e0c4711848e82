"""aioice: which addresses are offered, whom a socket's datagrams are for, which pair is nominated."""

from collections.abc import Callable
from typing import Any

import aioice.ice
from aiortc import RTCIceGatherer

from relay.sockets import Opening

LOOPBACK = ("127.0.0.1", "::1")
OPENING = "passerelle_opening"  # our own attribute on aioice's Connection


def opening_of(protocol: object) -> Opening | None:
    """:returns: None for a protocol that no ``link.MediaLink`` stands behind."""
    is_stun = isinstance(protocol, aioice.ice.StunProtocol)
    return getattr(protocol.receiver, OPENING, None) if is_stun else None  # type: ignore[attr-defined]


def local_addresses(*, offer_loopback: bool) -> list[str]:
    """What aioice would offer, and the loopback, which it leaves out: when wanted, or when there is nothing else."""
    return _with_loopback(aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True), always=offer_loopback)


def _with_loopback(addresses: list[str], *, always: bool) -> list[str]:
    return [*addresses, *LOOPBACK] if always or not addresses else addresses


def add_loopback(connection: aioice.ice.Connection, *, always: bool, timeout_s: float) -> None:
    """Offer 127.0.0.1 and ::1, which aioice leaves out: always, or when there is no other address."""
    original = connection.get_component_candidates

    async def get_component_candidates(component: int, addresses: list[str], timeout: float = 5) -> list[Any]:
        del timeout  # aioice's 5 s would hold up the offer when a STUN server is out of reach
        here = _with_loopback(addresses, always=always)
        return list(await original(component, here, timeout_s))  # type: ignore[arg-type]

    connection.get_component_candidates = get_component_candidates  # type: ignore[method-assign]


def connection_of(gatherer: RTCIceGatherer) -> aioice.ice.Connection:
    return gatherer._connection


class WatchedPairs(dict[int, aioice.ice.CandidatePair]):
    """aioice's nominated pairs by component: tells when another one is nominated, or none is any more."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._on_change = on_change

    def __setitem__(self, component: int, pair: aioice.ice.CandidatePair) -> None:
        super().__setitem__(component, pair)
        self._on_change()

    def clear(self) -> None:
        super().clear()
        self._on_change()
