"""
One UDP port for all peers of a worker: who a datagram is for.

A STUN request names its peer by the ICE username fragment; a STUN response belongs to whoever asked (transaction id);
media and DTLS come from an address that ICE has proved. An address is a peer's from the moment that the peer's ICE
agent has accepted a request from there (it answers with success, having checked the integrity) or an answer to its own
request came from there. An accepted request also moves an address that was another peer's: behind a NAT a port comes
back with the next connection. What STUN says otherwise is left to aioice.
"""

import asyncio
import socket
from collections import OrderedDict
from typing import Any

from relay.intake import Address
from relay.sockets import DatagramProtocol, DatagramReader, MediaTransport, TakeMedia

ADDRESSES_PER_PEER = 32  # a browser has a handful; the least recently proved one goes
TRANSACTIONS = 8192  # requests under way of all peers of a worker; aioice ends each after 32 s at most
STUN_HEADER = 20  # bytes, RFC 8489 §5
BINDING_REQUEST, BINDING_SUCCESS, BINDING_ERROR = 0x0001, 0x0101, 0x0111
_COOKIE = b"\x21\x12\xa4\x42"
_USERNAME = 0x0006
_STUN_END, _DTLS_START, _DTLS_END = 4, 20, 64  # first byte, RFC 7983 §7
_MEDIA_START, _MEDIA_END = 128, 192


def stun_type(data: bytes) -> int | None:
    """:returns: method and class of a STUN message, None for anything else."""
    if len(data) < STUN_HEADER or data[0] >= _STUN_END or data[4:8] != _COOKIE:
        return None
    return data[0] << 8 | data[1]


def transaction_id(message: bytes) -> bytes:
    return bytes(message[8:STUN_HEADER])


def requested_ufrag(message: bytes) -> str | None:
    """:returns: the local username fragment that a request names (RFC 8445 §7.2.2), None when it names none."""
    position = STUN_HEADER
    while position + 4 <= len(message):
        kind = message[position] << 8 | message[position + 1]
        size = message[position + 2] << 8 | message[position + 3]
        if kind == _USERNAME:
            local, colon, _ = message[position + 4 : position + 4 + size].partition(b":")
            return local.decode("ascii", "replace") if colon else None
        position += 4 + size + (-size % 4)
    return None


class SharedPort(DatagramReader):
    """One socket on one local address, for the life of the worker."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        super().__init__(loop, sock)
        self.loop = loop
        self.name = sock.getsockname()
        self.strays = 0  # datagrams for nobody: old connections, scanners
        self._by_ufrag: dict[str, SharedEndpoint] = {}
        self._by_address: dict[Address, SharedEndpoint] = {}
        self._by_transaction: OrderedDict[bytes, SharedEndpoint] = OrderedDict()

    def join(self, ufrag: str, protocol: DatagramProtocol, take_media: TakeMedia | None) -> "SharedEndpoint":
        """:raises ValueError: the fragment is taken."""
        if ufrag in self._by_ufrag:
            raise ValueError("two peers with the same username fragment")
        endpoint = self._by_ufrag[ufrag] = SharedEndpoint(self, ufrag, protocol, take_media)
        return endpoint

    def leave(self, endpoint: "SharedEndpoint") -> None:
        self._by_ufrag.pop(endpoint.ufrag, None)
        for address in endpoint.addresses:
            self._by_address.pop(address, None)
        endpoint.addresses.clear()
        for each in [key for key, owner in self._by_transaction.items() if owner is endpoint]:
            del self._by_transaction[each]

    def asked(self, transaction: bytes, endpoint: "SharedEndpoint") -> None:
        self._by_transaction[transaction] = endpoint
        if len(self._by_transaction) > TRANSACTIONS:
            self._by_transaction.popitem(last=False)

    def prove(self, address: Address, endpoint: "SharedEndpoint", *, may_move: bool) -> None:
        """The address is the endpoint's peer's."""
        owner = self._by_address.get(address)
        if owner is not None and owner is not endpoint:
            if not may_move:
                return
            owner.addresses.pop(address, None)
        self._by_address[address] = endpoint
        endpoint.addresses[address] = None
        endpoint.addresses.move_to_end(address)
        if len(endpoint.addresses) > ADDRESSES_PER_PEER:
            oldest, _ = endpoint.addresses.popitem(last=False)
            self._by_address.pop(oldest, None)

    def _take(self, data: bytes | memoryview, address: Address) -> None:
        first = data[0]
        if _MEDIA_START <= first < _MEDIA_END:
            endpoint = self._by_address.get(address)
            if endpoint is not None and endpoint.take_media is not None:
                endpoint.take_media(data, address)
                return
        elif first < _STUN_END:
            endpoint = self._stun_owner(bytes(data), address)
        else:
            endpoint = self._by_address.get(address) if _DTLS_START <= first < _DTLS_END else None
        if endpoint is not None:
            endpoint.protocol.datagram_received(bytes(data), address)
        else:
            self.strays += 1

    def _stun_owner(self, message: bytes, address: Address) -> "SharedEndpoint | None":
        kind = stun_type(message)
        if kind == BINDING_REQUEST:
            return self._by_ufrag.get(requested_ufrag(message) or "")
        if kind not in (BINDING_SUCCESS, BINDING_ERROR):
            return None
        endpoint = self._by_transaction.get(transaction_id(message))
        if endpoint is not None and kind == BINDING_SUCCESS:
            self.prove(address, endpoint, may_move=False)
        return endpoint


class SharedEndpoint(MediaTransport):
    """One peer's share of a port, an ordinary datagram transport to aioice."""

    def __init__(self, port: SharedPort, ufrag: str, protocol: DatagramProtocol, take_media: TakeMedia | None) -> None:
        super().__init__()
        self.ufrag = ufrag
        self.protocol = protocol
        self.take_media = take_media
        self.addresses: OrderedDict[Address, None] = OrderedDict()  # proved ones, the latest last
        self._port = self.reader = port
        self._is_closed = False
        self.send_media = port.send

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._port.name if name == "sockname" else default

    def sendto(self, data: Any, addr: Any = None) -> None:
        """STUN and DTLS of aioice."""
        kind = stun_type(data) if not self._is_closed else None
        if kind == BINDING_REQUEST:
            self._port.asked(transaction_id(data), self)
        elif kind == BINDING_SUCCESS:
            self._port.prove(addr[:2], self, may_move=True)
        self._port.send(data, addr)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._port.leave(self)
            self._port.loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closed
