"""
Sending datagrams to workers of other machines, sealed; to neighbours as ever.

Without network settings a worker gets the plain sender, and nothing is asked per packet.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections import OrderedDict

from relay.addresses import UDP, is_path, parse_network
from relay.audio_exchange import DatagramSender
from relay.network_config import NetworkConfig
from relay.sealed_datagrams import HEADER, SendingLink

LINKS_LIMIT = 256  # receivers at once; a centre has some dozens of workers
IDLE_S = 20.0  # a link made anew after it: a receiver may have forgotten the old one, and takes it no more
SEND_BUFFER = 1 << 20  # bytes; a key frame leaves as one burst
NOTICES_AT_ONCE = 16
log = logging.getLogger(__name__)


def datagram_sender(network: NetworkConfig | None) -> DatagramSender:
    """:raises OSError: the network's address is not this machine's."""
    return DatagramSender() if network is None or network.listen is None else NetworkSender(network, network.listen)


class _Link:
    def __init__(self, key: str, address: str) -> None:
        """:raises ValueError: not an address."""
        where = parse_network(address, UDP)
        self.target = (where.host, where.port)
        self.sealing = SendingLink(key, address)
        self.used_at = time.monotonic()
        self.misses = False  # the receiver said so


class NetworkSender(DatagramSender):
    """:param listen: address of this machine that datagrams leave from."""

    def __init__(self, network: NetworkConfig, listen: str) -> None:
        super().__init__()
        self._key = network.datagram_key
        self._links: OrderedDict[str, _Link] = OrderedDict()  # the longest unused first
        self._udp = socket.socket(socket.AF_INET6 if ":" in listen else socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setblocking(False)
        with contextlib.suppress(OSError):
            self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._udp.bind((listen, 0))
        asyncio.get_running_loop().add_reader(self._udp.fileno(), self._notices)

    def send(self, data: bytes, address: str) -> bool:
        """:returns: False also when the receiver has missed something sent before."""
        if is_path(address):
            return super().send(data, address)
        try:
            link = self._link(address)
            for sealed in link.sealing.seal(data):
                self._udp.sendto(sealed, link.target)
        except (OSError, ValueError):
            self.dropped += 1
            return False
        is_whole, link.misses = not link.misses, False
        return is_whole

    def identity(self, address: str) -> tuple[int, int] | None:
        """A network address names the incarnation of its listener."""
        return super().identity(address) if is_path(address) else (hash(address), 0)

    def close(self) -> None:
        super().close()
        asyncio.get_running_loop().remove_reader(self._udp.fileno())
        self._udp.close()

    def _link(self, address: str) -> _Link:
        """:raises ValueError: not an address."""
        now = time.monotonic()
        link = self._links.get(address)
        if link is None or now - link.used_at > IDLE_S:
            link = self._links[address] = _Link(self._key, address)
            if len(self._links) > LINKS_LIMIT:
                self._links.popitem(last=False)
        link.used_at = now
        self._links.move_to_end(address)
        return link

    def _notices(self) -> None:
        for _ in range(NOTICES_AT_ONCE):
            try:
                notice = self._udp.recv(HEADER.size * 2)
            except OSError:
                return
            for link in self._links.values():
                link.misses |= link.sealing.hears_of_loss(notice)
