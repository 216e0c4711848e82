"""
Every private name of aiortc, aioice and pylibsrtp that we touch, in one place; the versions are pinned.

aiortc does ICE, DTLS and SCTP. RTP and RTCP never enter it: :class:`MediaLink` takes them where aioice hands on what
is not STUN, and uses the SRTP sessions of the DTLS transport itself. ``problems()`` says exactly what moved when a
version changes; the contract test asserts that it says nothing.
"""

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import aioice.ice
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceServer,
    RTCIceTransport,
    RTCSctpTransport,
)
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from relay.forwarding.rtp import is_media
from relay.model import IceServer

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0", "pylibsrtp": "1.0.0"}
BUFFER_SIZE = 2048  # bytes; Ethernet's 1500 and SRTP trailers
SRTP_TRAILER = 148  # bytes, SRTP_MAX_SRTCP_TRAILER_LEN
_OK = lib.srtp_err_status_ok
_STRING = 51  # payload protocol identifier "WebRTC String" (RFC 8831 §8)

# One buffer for all sessions: a worker's media runs in one thread, and each call is finished before the next.
_BUFFER = ffi.new("unsigned char[]", BUFFER_SIZE)
_VIEW = memoryview(ffi.buffer(_BUFFER))
_LENGTH = ffi.new("int *")


def problems() -> list[str]:
    """:returns: what is not where this module expects it, in words; empty when all is well."""
    found = [
        f"{name} is {version(name)}, written for {wanted}" for name, wanted in PINNED.items() if version(name) != wanted
    ]
    gatherer = RTCIceGatherer(iceServers=[])
    connection = getattr(gatherer, "_connection", None)
    dtls = RTCDtlsTransport(RTCIceTransport(gatherer), [RTCCertificate.generateCertificate()])
    sctp = RTCSctpTransport(dtls)
    expected = {
        "aiortc.RTCIceGatherer._connection": connection,
        "aiortc.RTCDtlsTransport._set_role": getattr(dtls, "_set_role", None),
        "aioice.Connection.data_received": getattr(connection, "data_received", None),
        "aioice.Connection.request_received": getattr(connection, "request_received", None),
        "aioice.Connection.get_component_candidates": getattr(connection, "get_component_candidates", None),
        "aiortc.RTCSctpTransport._sent_queue": getattr(sctp, "_sent_queue", None),
        "aiortc.RTCSctpTransport._outbound_queue": getattr(sctp, "_outbound_queue", None),
        "pylibsrtp._binding.lib.srtp_protect": getattr(lib, "srtp_protect", None),
        "pylibsrtp._binding.lib.srtp_unprotect": getattr(lib, "srtp_unprotect", None),
        "pylibsrtp.Session()._srtp": getattr(Session(), "_srtp", None),
    }
    found += [f"{name} is gone" for name, value in expected.items() if value is None]
    for owner, attribute in ((dtls, "_rx_srtp"), (dtls, "_tx_srtp"), (connection, "_nominated")):
        if not hasattr(owner, attribute):
            found.append(f"{type(owner).__name__}.{attribute} is gone")
    return found


def add_loopback(connection: aioice.ice.Connection, *, always: bool, timeout_s: float) -> None:
    """Offer 127.0.0.1, which aioice leaves out: always, or when there is no other address."""
    original = connection.get_component_candidates

    async def get_component_candidates(component: int, addresses: list[str], timeout: float = 5) -> list[Any]:
        del timeout  # aioice's 5 s would hold up the offer when a STUN server is out of reach
        here = [*addresses, "127.0.0.1"] if always or not addresses else addresses
        return list(await original(component, here, timeout_s))  # type: ignore[arg-type]

    connection.get_component_candidates = get_component_candidates  # type: ignore[method-assign]


def connection_of(gatherer: RTCIceGatherer) -> aioice.ice.Connection:
    return gatherer._connection


def unacknowledged_bytes(sctp: RTCSctpTransport, channel: RTCDataChannel) -> int:
    """Of the strings given to the channel, what the other side has not yet confirmed (SACK, RFC 9260 §3.3.4)."""
    chunks: Any = (*sctp._sent_queue, *sctp._outbound_queue)
    flying = sum(len(each.user_data) for each in chunks if (each.stream_id, each.protocol) == (channel.id, _STRING))
    return int(flying + channel.bufferedAmount)


class SrtpPair:
    """
    The two SRTP sessions of one peer, used in place: pylibsrtp's own wrapper allocates and copies twice a packet.

    What :meth:`protect` and :meth:`protect_rtcp` return is a view into a shared buffer: send it before the next call.
    """

    def __init__(self, receiving: Session, sending: Session) -> None:
        self._keep = (receiving, sending)
        self._receiving = receiving._srtp[0]
        self._sending = sending._srtp[0]

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        """:returns: plaintext RTP, None when it is forged, replayed or too long."""
        return self._open(lib.srtp_unprotect, data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return self._open(lib.srtp_unprotect_rtcp, data)

    def protect(self, packet: bytes | bytearray) -> memoryview | None:
        return self._seal(lib.srtp_protect, packet)

    def protect_rtcp(self, packet: bytes) -> memoryview | None:
        return self._seal(lib.srtp_protect_rtcp, packet)

    def _open(self, function: Any, data: bytes | memoryview) -> bytes | None:
        size = len(data)
        if size > BUFFER_SIZE:
            return None
        _VIEW[:size] = data
        _LENGTH[0] = size
        return _VIEW[: _LENGTH[0]].tobytes() if function(self._receiving, _BUFFER, _LENGTH) == _OK else None

    def _seal(self, function: Any, packet: bytes | bytearray) -> memoryview | None:
        size = len(packet)
        if size > BUFFER_SIZE - SRTP_TRAILER:
            return None
        _VIEW[:size] = packet
        _LENGTH[0] = size
        return _VIEW[: _LENGTH[0]] if function(self._sending, _BUFFER, _LENGTH) == _OK else None


class MediaLink:
    """
    ICE, DTLS and SCTP of one peer, with media led past aiortc.

    :param on_media: called with each SRTP or SRTCP datagram; a memoryview is valid during the call only.
    :param on_change: called when the DTLS or ICE state changed.
    """

    def __init__(
        self,
        ice_servers: Sequence[IceServer],
        on_media: Callable[[bytes | memoryview], None],
        on_change: Callable[[], None],
        *,
        offer_loopback: bool,
        gather_timeout_s: float,
    ) -> None:
        servers = [RTCIceServer(list(each.urls), each.username, each.credential) for each in ice_servers]
        self._gatherer = RTCIceGatherer(iceServers=servers)
        self._connection = connection_of(self._gatherer)
        self._connection.ice_controlling = True  # the offerer (RFC 8445 §6.1.1)
        add_loopback(self._connection, always=offer_loopback, timeout_s=gather_timeout_s)
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self.sctp = RTCSctpTransport(self._dtls)
        self.srtp: SrtpPair | None = None
        self.heard_at = time.monotonic()  # last datagram of any kind
        self._pair: Any = None
        self._send: Callable[[Any, Any], None] | None = None
        self._address: Any = None
        self._on_media = on_media
        self._on_change = on_change
        self._divert_media()
        self._dtls.on("statechange", self._changed)
        self._ice.on("statechange", self._changed)

    @property
    def is_connected(self) -> bool:
        return self._dtls.state == "connected" and self._ice.state == "completed"

    @property
    def is_closed(self) -> bool:
        return self._dtls.state in ("closed", "failed") or self._ice.state in ("closed", "failed")

    @property
    def srtp_profile(self) -> str:
        """The name of the negotiated protection profile, empty before."""
        ssl: Any = self._dtls._ssl
        return str(ssl.get_selected_srtp_profile().decode()) if self.srtp is not None else ""

    @property
    def fingerprints(self) -> tuple[RTCDtlsFingerprint, ...]:
        return tuple(each for each in self._dtls.getLocalParameters().fingerprints if each.algorithm == "sha-256")

    @property
    def ice_parameters(self) -> RTCIceParameters:
        return self._gatherer.getLocalParameters()

    async def gather(self) -> tuple[RTCIceCandidate, ...]:
        await self._gatherer.gather()
        return tuple(self._gatherer.getLocalCandidates())

    async def connect(
        self,
        ice: RTCIceParameters,
        candidates: Sequence[RTCIceCandidate],
        fingerprints: Sequence[RTCDtlsFingerprint],
        *,
        is_dtls_server: bool,
    ) -> None:
        """
        Returns when DTLS is up or has failed.

        End-of-candidates is never signalled: the remote's real address may come by itself (peer-reflexive).
        """
        self._dtls._set_role("server" if is_dtls_server else "client")
        for candidate in candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.start(ice)
        if self._ice.state == "completed" and self._dtls.state == "new":
            await self._dtls.start(RTCDtlsParameters(fingerprints=list(fingerprints)))

    def send(self, data: memoryview) -> None:
        """Send over the pair that ICE nominated now; what the socket cannot take is lost like on any network."""
        pair = self._connection._nominated.get(1)
        if pair is None:
            return
        if pair is not self._pair:
            self._pair, self._address = pair, pair.remote_addr
            transport = pair.protocol.transport
            is_ours = isinstance(transport, MediaDatagramTransport)
            self._send = transport.sendto if is_ours else _sending_copies(transport.sendto)
        if self._send is not None:
            self._send(data, self._address)

    async def close(self) -> None:
        """Tells the other side by DTLS close_notify."""
        self._on_change = _nothing
        self._on_media = _nothing
        with contextlib.suppress(ConnectionError):
            await self.sctp.stop()
        await self._dtls.stop()
        await self._ice.stop()

    def _changed(self) -> None:
        if self._dtls.state == "connected" and self.srtp is None:
            self.srtp = SrtpPair(self._dtls._rx_srtp, self._dtls._tx_srtp)
        self._on_change()

    def _divert_media(self) -> None:
        pass_on, pass_request = self._connection.data_received, self._connection.request_received

        def media_received(data: bytes | memoryview) -> None:
            self.heard_at = time.monotonic()
            self._on_media(data)

        def data_received(data: bytes, component: int) -> None:
            if data and is_media(data[0]):
                media_received(data)
            else:
                self.heard_at = time.monotonic()
                pass_on(data, component)

        def request_received(message: Any, address: Any, protocol: Any) -> None:
            self.heard_at = time.monotonic()
            pass_request(message, address, protocol)

        connection: Any = self._connection
        connection.data_received = data_received  # from any transport, TURN too
        connection.request_received = request_received
        setattr(connection, _SHORT_WAY, media_received)  # from ours, before STUN parsing


def _nothing(*_: object) -> None:
    """A closed link tells nobody."""


def _sending_copies(sendto: Callable[[bytes, Any], None]) -> Callable[[Any, Any], None]:
    """Other transports (TURN, the standard loop's) may keep what they are given."""
    return lambda data, address: sendto(bytes(data), address)


_SHORT_WAY = "passerelle_media_received"  # our own attribute on aioice's Connection
_RECEIVE = bytearray(BUFFER_SIZE)
_RECEIVE_VIEW = memoryview(_RECEIVE)


class MediaDatagramTransport(asyncio.DatagramTransport):
    """
    A UDP socket for aioice that hands media on without STUN parsing and without asyncio's copy of 256 KiB a packet.

    :param protocol: aioice's ``StunProtocol``; media goes straight to its ``receiver`` if a :class:`MediaLink` owns it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, protocol: Any) -> None:
        super().__init__()
        self._loop = loop
        self._socket = sock
        self._protocol = protocol
        self._is_closed = False
        self.dropped = 0  # datagrams the socket could not take
        loop.add_reader(sock.fileno(), self._readable)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": self._socket.getsockname(), "socket": self._socket}.get(name, default)

    def sendto(self, data: Any, addr: Any = None) -> None:
        try:
            self._socket.sendto(data, addr)
        except OSError:  # full buffer, or the other side's host says "unreachable" for an earlier one
            self.dropped += 1

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closed

    def _readable(self) -> None:
        try:
            size, address = self._socket.recvfrom_into(_RECEIVE)
        except OSError:
            return
        short_way = getattr(self._protocol.receiver, _SHORT_WAY, None) if size and is_media(_RECEIVE[0]) else None
        if short_way is not None:
            short_way(_RECEIVE_VIEW[:size])
        else:
            self._protocol.datagram_received(bytes(_RECEIVE_VIEW[:size]), address)


def is_media_protocol(protocol: object) -> bool:
    return isinstance(protocol, aioice.ice.StunProtocol)


def open_media_socket(
    loop: asyncio.AbstractEventLoop, protocol: Any, local_address: tuple[str, int]
) -> MediaDatagramTransport:
    """:raises OSError: the address cannot be bound."""
    is_ipv6 = ipaddress.ip_address(local_address[0]).version == 6
    sock = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind(local_address)
    except OSError:
        sock.close()
        raise
    transport = MediaDatagramTransport(loop, sock, protocol)
    protocol.connection_made(transport)
    return transport
