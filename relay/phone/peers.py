"""
Whose SIP messages are read at all, and how many of them. Pure; asked before anything is parsed.

Left to others: sockets (``relay.phone.sip_transport``), what a message means (``relay.phone.sippy_adapter``).
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

EXPECTED_FOR_S = 43_200.0  # whom we wrote to: 12 h, longer than any call, from the last message to them
EXPECTED_LIMIT = 4096
VERDICTS_KEPT = 4096  # about addresses seen before
_OPENING = (b"INVITE", b"OPTION", b"REGIST", b"SUBSCR", b"MESSAG", b"PUBLIS", b"NOTIFY", b"REFER ")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class PeerLimits:
    """
    Of one address. A call takes about ten messages, of which one or two open something.

    :param messages_per_s: any kind. :param messages_burst: at once.
    :param openings_per_s: requests that may begin a call or ask for an answer. :param openings_burst: at once.
    """

    messages_per_s: float = 200.0
    messages_burst: float = 400.0
    openings_per_s: float = 20.0
    openings_burst: float = 60.0

    @classmethod
    def of(cls, messages_per_s: float) -> "PeerLimits":
        """The others in their usual proportion."""
        return cls(messages_per_s, messages_per_s * 2, messages_per_s / 10, messages_per_s * 0.3)


@dataclass
class _Bucket:
    """A token bucket. :param filled_at: in s."""

    left: float
    filled_at: float

    def take(self, now: float, per_s: float, burst: float) -> bool:
        self.left = min(burst, self.left + (now - self.filled_at) * per_s)
        self.filled_at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


def canonical(host: str) -> str:
    """:returns: the address as Python prints it, without brackets and scope; a name unchanged."""
    bare = host.strip("[]").partition("%")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare


class Peers:
    """Addresses are text, with or without brackets."""

    def __init__(self, known: Iterable[str] = (), limits: PeerLimits | None = None) -> None:
        """:param known: addresses or networks that belong to no trunk in particular."""
        self._limits = limits or PeerLimits()
        self._networks: list[tuple[_Network, str]] = []
        self._learned: dict[str, str] = {}
        self._expected: OrderedDict[str, float] = OrderedDict()
        self._verdicts: dict[str, str | None] = {}
        self._buckets: dict[tuple[str, bool], _Bucket] = {}
        self.dropped = 0
        self.know(known)

    def know(self, hosts: Iterable[str], trunk: str = "") -> None:
        """:param hosts: addresses or networks of ``trunk``. :raises ValueError: neither."""
        self._networks += [(ipaddress.ip_network(host.strip("[]"), strict=False), trunk) for host in hosts]
        self._verdicts.clear()

    def learn(self, trunk: str, hosts: Iterable[str]) -> None:
        """The addresses that the trunk's name has now; those it had are forgotten."""
        kept = {host: name for host, name in self._learned.items() if name != trunk}
        self._learned = kept | {canonical(host): trunk for host in hosts}
        self._verdicts.clear()

    def expect(self, host: str, now: float) -> None:
        """We write to it: what it says in return is read. :param now: monotonic, in s."""
        host = canonical(host)
        self._expected[host] = now + EXPECTED_FOR_S
        self._expected.move_to_end(host)
        while len(self._expected) > EXPECTED_LIMIT:
            self._expected.popitem(last=False)

    def trunk_of(self, host: str) -> str | None:
        """:returns: whose address it is, empty for one of no trunk in particular; None: it was not configured."""
        if host not in self._verdicts:
            if len(self._verdicts) >= VERDICTS_KEPT:
                self._verdicts.clear()
            self._verdicts[host] = self._judge(canonical(host))
        return self._verdicts[host]

    def _judge(self, host: str) -> str | None:
        if host in self._learned:
            return self._learned[host]
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        return next((trunk for network, trunk in self._networks if address in network), None)

    def knows(self, host: str, now: float) -> bool:
        return self.trunk_of(host) is not None or (
            bool(self._expected) and self._expected.get(canonical(host), 0) > now
        )

    def admits(self, host: str, message: bytes, now: float) -> bool:
        """:returns: whether this message may be parsed. :param message: its beginning is enough."""
        if self.knows(host, now) and self._takes(host, message, now):
            return True
        self.dropped += 1
        return False

    def _takes(self, host: str, message: bytes, now: float) -> bool:
        limits = self._limits
        if message.startswith(_OPENING) and not self._bucket(host, True, now).take(
            now, limits.openings_per_s, limits.openings_burst
        ):
            return False
        return self._bucket(host, False, now).take(now, limits.messages_per_s, limits.messages_burst)

    def _bucket(self, host: str, opening: bool, now: float) -> _Bucket:
        key = (host, opening)
        if key not in self._buckets:
            if len(self._buckets) >= EXPECTED_LIMIT:
                self._buckets.clear()
            burst = self._limits.openings_burst if opening else self._limits.messages_burst
            self._buckets[key] = _Bucket(burst, now)
        return self._buckets[key]
