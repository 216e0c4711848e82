"""
Every private name of aiortc, aioice and pylibsrtp that we touch, in one place; the versions are pinned.

aiortc does ICE, DTLS and SCTP. RTP and RTCP never enter it: :class:`MediaLink` takes them where aioice hands on what
is not STUN, and uses the SRTP sessions of the DTLS transport itself. ``problems()`` says exactly what moved when a
version changes; the contract test asserts that it says nothing.
"""

import contextlib
import secrets
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

from relay import native
from relay.config import MediaWorkerConfig
from relay.errors import RelayError
from relay.forwarding.rtp import is_media
from relay.intake import Address, Intake
from relay.model import IceServer
from relay.native.datagrams import NativePath
from relay.protection import PathInUse, PlainPath, ProtectedDatagrams
from relay.sockets import MediaTransport, Opening, complaints

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0", "pylibsrtp": "1.0.0"}
LOOPBACK = ("127.0.0.1", "::1")
BUFFER_SIZE = 2048  # bytes; Ethernet's 1500 and SRTP trailers
SRTP_TRAILER = 148  # bytes, SRTP_MAX_SRTCP_TRAILER_LEN
SILENCE_S = 2.0  # nothing from the pair in use: another one may take its place
PAIR_LIMIT = 100  # candidate pairs of one connection; a phone makes a new one with each new address
DTLS_BACKLOG = 256  # datagrams waiting for the DTLS handshake to begin; more is a flood
_OPENING = "passerelle_opening"  # our own attribute on aioice's Connection
_STEP_NAMES = ("srtp_unprotect", "srtp_unprotect_rtcp", "srtp_protect", "srtp_protect_rtcp")
_LIBRARY = (*_STEP_NAMES, "srtp_err_status_ok")
_CONNECTION = (
    "_check_list",
    "_nominated",
    "_protocols",
    "_queue",
    "_remote_candidates",
    "check_incoming",
    "check_state",
    "data_received",
    "get_component_candidates",
)
_OK = lib.srtp_err_status_ok
_STRING = 51  # payload protocol identifier "WebRTC String" (RFC 8831 §8)

# One buffer for all sessions: a worker's media runs in one thread, and each call is finished before the next.
_BUFFER = ffi.new("unsigned char[]", BUFFER_SIZE)
_VIEW = memoryview(ffi.buffer(_BUFFER))
_LENGTH = ffi.new("int *")
#: addresses of libsrtp's functions, in the order of ``use_srtp`` in ``relay/native/datagrams.c``
_STEPS = [int(ffi.cast("uintptr_t", ffi.addressof(lib, name))) for name in _STEP_NAMES]


def problems() -> list[str]:
    """:returns: what is not where this module expects it, in words; empty when all is well. In a running loop."""
    found = [
        f"{name} is {version(name)}, written for {wanted}" for name, wanted in PINNED.items() if version(name) != wanted
    ]
    gatherer = RTCIceGatherer(iceServers=[])
    dtls = RTCDtlsTransport(RTCIceTransport(gatherer), [RTCCertificate.generateCertificate()])
    connection = getattr(gatherer, "_connection", None)
    wanted: list[tuple[str, object, tuple[str, ...]]] = [
        ("aiortc.RTCIceGatherer", gatherer, ("_connection",)),
        ("aiortc.RTCDtlsTransport", dtls, ("_set_role", "_rx_srtp", "_tx_srtp", "_ssl")),
        ("aioice.Connection", connection, _CONNECTION),
        ("aioice.ice", aioice.ice, ("CandidatePair", "StunProtocol", "get_host_addresses")),
        ("aiortc.RTCSctpTransport", RTCSctpTransport(dtls), ("_sent_queue", "_outbound_queue")),
        ("pylibsrtp._binding.lib", lib, _LIBRARY),
        ("pylibsrtp.Session()", Session(), ("_srtp",)),
    ]
    if isinstance(connection, aioice.ice.Connection):
        protocol = aioice.ice.StunProtocol(connection)
        candidate = aioice.Candidate("1", 1, "udp", 1, "127.0.0.1", 9, "host")
        protocol.local_candidate = candidate
        pair = aioice.ice.CandidatePair(protocol, candidate)
        pair_names = ("local_candidate", "protocol", "remote_addr", "remote_candidate", "state", "task")
        wanted += [
            ("aioice.StunProtocol", protocol, ("datagram_received", "receiver", "transactions")),
            ("aioice.CandidatePair", pair, pair_names),
            ("aioice.CandidatePair.State", aioice.ice.CandidatePair.State, ("SUCCEEDED", "WAITING")),
        ]
    found += [f"{owner}.{name} is gone" for owner, value, names in wanted for name in names if not hasattr(value, name)]
    return found


def opening_of(protocol: object) -> Opening | None:
    """:returns: None for a protocol that no :class:`MediaLink` stands behind."""
    is_stun = isinstance(protocol, aioice.ice.StunProtocol)
    return getattr(protocol.receiver, _OPENING, None) if is_stun else None  # type: ignore[attr-defined]


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


def unacknowledged_bytes(sctp: RTCSctpTransport, channel: RTCDataChannel) -> int:
    """Of the strings given to the channel, what the other side has not yet confirmed (SACK, RFC 9260 §3.3.4)."""
    chunks: Any = (*sctp._sent_queue, *sctp._outbound_queue)
    flying = sum(len(each.user_data) for each in chunks if (each.stream_id, each.protocol) == (channel.id, _STRING))
    return int(flying + channel.bufferedAmount)


class FastPath:
    """
    The SRTP sessions of one peer used in place, and its socket without a copy: pylibsrtp's own wrapper allocates and
    copies twice a packet, asyncio's transport once more.

    :param transport: one of ours. :param on_failure: called when a packet could not be opened: the keys may be others.
    """

    def __init__(
        self,
        receiving: Session,
        sending: Session,
        transport: MediaTransport,
        address: Address,
        on_failure: Callable[[], None],
    ) -> None:
        self._sessions = (receiving, sending)
        self._receiving = receiving._srtp[0]
        self._sending = sending._srtp[0]
        self._send = transport.send_media
        self._address = address
        self._on_failure = on_failure

    def unprotect(self, data: bytes | memoryview) -> bytes | None:
        return self._open(lib.srtp_unprotect, data)

    def unprotect_rtcp(self, data: bytes | memoryview) -> bytes | None:
        return self._open(lib.srtp_unprotect_rtcp, data)

    def send(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        size = len(packet)
        if size <= BUFFER_SIZE - SRTP_TRAILER:
            _VIEW[:size] = packet
            if number_at:
                _VIEW[number_at], _VIEW[number_at + 1] = number >> 8, number & 0xFF
            self._seal(lib.srtp_protect, size)

    def send_rtcp(self, message: bytes) -> None:
        size = len(message)
        if size <= BUFFER_SIZE - SRTP_TRAILER:
            _VIEW[:size] = message
            self._seal(lib.srtp_protect_rtcp, size)

    def _open(self, function: Any, data: bytes | memoryview) -> bytes | None:
        size = len(data)
        if size > BUFFER_SIZE:
            return None
        _VIEW[:size] = data
        _LENGTH[0] = size
        if function(self._receiving, _BUFFER, _LENGTH) == _OK:
            return _VIEW[: _LENGTH[0]].tobytes()
        self._on_failure()
        return None

    def _seal(self, function: Any, size: int) -> None:
        _LENGTH[0] = size
        if function(self._sending, _BUFFER, _LENGTH) == _OK:
            self._send(_VIEW[: _LENGTH[0]], self._address)


def fast_path(
    receiving: Session,
    sending: Session,
    transport: MediaTransport,
    address: Address,
    on_failure: Callable[[], None],
) -> FastPath | NativePath:
    """In C where that was built, and the socket is used by it."""
    library, reader = native.library, transport.reader
    if library is not None and reader is not None and reader.native is not None:
        library.lib.use_srtp(*(library.ffi.cast("void *", each) for each in _STEPS))
        pointers = [int(ffi.cast("uintptr_t", each._srtp[0])) for each in (receiving, sending)]
        with contextlib.suppress(ValueError):  # an address that only Python's sockets understand
            return NativePath(library, reader.native, pointers, (receiving, sending), address, on_failure=on_failure)
    return FastPath(receiving, sending, transport, address, on_failure)


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


class MediaLink:
    """
    ICE, DTLS and SCTP of one peer, with media led past aiortc.

    Media takes the fast path while the nominated pair is on a socket of ours and the keys are the first ones; else, and
    when the settings say so, the plain one.

    :param on_media: called with each SRTP or SRTCP datagram and the time; a memoryview is valid during the call only.
    :param on_change: called when the DTLS or ICE state changed.
    """

    def __init__(
        self,
        ice_servers: Sequence[IceServer],
        on_media: Callable[[bytes | memoryview, float], None],
        on_change: Callable[[], None],
        config: MediaWorkerConfig,
    ) -> None:
        servers = [RTCIceServer(list(each.urls), each.username, each.credential) for each in ice_servers]
        ufrag = secrets.token_hex(4)  # aioice's own four letters may meet twice on a shared port
        self._gatherer = RTCIceGatherer(iceServers=servers, local_username=ufrag)
        self._connection = connection_of(self._gatherer)
        self._connection.ice_controlling = True  # the offerer (RFC 8445 §6.1.1)
        add_loopback(self._connection, always=config.offer_loopback, timeout_s=config.gather_timeout_s)
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self.sctp = RTCSctpTransport(self._dtls)
        self.srtp: PathInUse | None = None
        self._config = config
        self._keys: tuple[Session, Session] | None = None  # that the fast path uses
        self._is_rekeyed = False
        self.intake = Intake(on_media, self._source_moved)
        self._other_at = self.intake.heard_at  # when anything but media came
        self._arriving: Address | None = None
        self._checked: set[Address] = set()  # the client has proved itself from there (RFC 8445 §7.3)
        self._passed_over: tuple[Any, Address, Any] | None = None  # the last check that was not followed
        self._on_change = on_change
        self._divert(ufrag)
        self._dtls.on("statechange", self._changed)
        self._ice.on("statechange", self._changed)

    @property
    def is_connected(self) -> bool:
        return self._dtls.state == "connected" and self._ice.state == "completed"

    @property
    def is_closed(self) -> bool:
        return self._dtls.state in ("closed", "failed") or self._ice.state in ("closed", "failed")

    @property
    def is_fast(self) -> bool:
        return self._keys is not None

    @property
    def address(self) -> Address | None:
        """Where media goes, None without a nominated pair."""
        pair = self._connection._nominated.get(1)
        return pair.remote_addr if pair is not None else None

    @property
    def heard_at(self) -> float:
        """When the last datagram of any kind came."""
        return max(self.intake.heard_at, self._other_at)

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
        """:raises RelayError: ``no_udp_port``: the range is used up."""
        await self._gatherer.gather()
        for protocol in self._connection._protocols:
            self._guard(protocol)
        candidates = tuple(self._gatherer.getLocalCandidates())
        if not candidates:
            raise RelayError("no_udp_port", "no UDP port can be had on any address")
        return candidates

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

    async def close(self) -> None:
        """Tells the other side by DTLS close_notify."""
        self._on_change = _nothing
        self.intake.on_media = _nothing
        with contextlib.suppress(ConnectionError):
            await self.sctp.stop()
        await self._dtls.stop()
        await self._ice.stop()

    def _changed(self) -> None:
        if self._dtls.state == "connected":
            if self.srtp is None:
                self.srtp = PathInUse(self._path())
            self._check_keys()
        self._on_change()

    # --- which path

    def _follow(self) -> None:
        """Send over the pair that ICE nominated now."""
        if self.srtp is not None:
            self.srtp.use(self._path())

    def _path(self) -> ProtectedDatagrams:
        pair, self._keys = self._connection._nominated.get(1), None
        if pair is None:
            return PlainPath(self._sessions, _nothing, ("", 0))
        transport: Any = pair.protocol.transport
        if self._config.fast_path and not self._is_rekeyed and isinstance(transport, MediaTransport):
            self._keys = self._sessions()
            return fast_path(*self._keys, transport, pair.remote_addr, self._check_keys)
        return PlainPath(self._sessions, transport.sendto, pair.remote_addr)

    def _sessions(self) -> tuple[Session, Session]:
        return self._dtls._rx_srtp, self._dtls._tx_srtp

    def _check_keys(self) -> None:
        if self._keys is not None and self._keys != self._sessions():
            self._is_rekeyed = True
            self._follow()

    # --- what comes in

    def _divert(self, ufrag: str) -> None:
        connection: Any = self._connection
        self._pass_on, self._check = connection.data_received, connection.check_incoming
        connection.data_received = self._data_received  # from any transport, TURN too
        connection.check_incoming = self._check_received
        connection._nominated = WatchedPairs(self._follow)
        take_media = self.intake.take if self._config.fast_path else None
        setattr(connection, _OPENING, Opening(self._config, ufrag, take_media))  # from ours, before STUN parsing

    def _guard(self, protocol: Any) -> None:
        """Whatever arrives must not raise: on TURN over TCP an exception would close the connection."""
        receive = protocol.datagram_received

        def datagram_received(data: bytes, address: tuple[Any, ...]) -> None:
            self._arriving = (address[0], address[1])
            try:
                receive(data, address)
            except Exception as error:
                complaints.add(error)

        protocol.datagram_received = datagram_received

    def _source_moved(self) -> None:
        if self._passed_over is not None and self._passed_over[1] == self.intake.source:
            self._check_received(*self._passed_over)

    def _data_received(self, data: bytes, component: int) -> None:
        """What aioice found to be no STUN: media on the plain way, or DTLS. aiortc would trip over anything else."""
        if data and is_media(data[0]):
            self.intake.take(data, self._arriving)
        elif data and _DTLS_FIRST <= data[0] <= _DTLS_LAST and self._is_checked(self._arriving):
            self._other_at = time.monotonic()
            if self._connection._queue.qsize() < DTLS_BACKLOG:
                self._pass_on(data, component)

    def _is_checked(self, address: Address | None) -> bool:
        """Before its keys are agreed, DTLS believes anybody's alert: strangers must not be heard."""
        good = aioice.ice.CandidatePair.State.SUCCEEDED
        pairs = self._connection._check_list
        return address in self._checked or any(each.state is good and each.remote_addr == address for each in pairs)

    # --- a changed address

    def _check_received(self, message: Any, address: Address, protocol: Any) -> None:
        """
        A connectivity check that aioice has authenticated and answered.

        aioice would nominate any new pair at once, and none that it has tried before. We keep the pair in use while
        media comes over it, unless a better one appears, and follow the client wherever it checks from when it does
        not: its NAT has given it another port, or it has gone from one network to another (RFC 8445 §7.3.1.3, §8.1.1).
        """
        now = time.monotonic()
        if len(self._checked) < PAIR_LIMIT:
            self._checked.add((address[0], address[1]))
        selected = self._connection._nominated.get(1)
        if selected is not None and selected.protocol is protocol and selected.remote_addr == address:
            self.intake.heard_at, self.intake.source = now, address
        elif selected is not None and self._connection.ice_controlling:  # else the client nominates
            self._other_at = now
            is_alive = self.intake.source == selected.remote_addr and now - self.intake.heard_at < SILENCE_S
            if is_alive and not self._is_better(selected, message, address, protocol):
                self._passed_over = (message, address, protocol)
                return
            self._passed_over = None
            self._prepare(selected, address, protocol)
        self._check(message, address, protocol)

    def _is_better(self, selected: Any, message: Any, address: Address, protocol: Any) -> bool:
        """RFC 8445 §6.1.2.3, where the lower of both sides' priorities decides."""
        known = self._pair_from(address, protocol)
        remote = known.remote_candidate.priority if known is not None else message.attributes.get("PRIORITY", 0)
        return _rank(protocol.local_candidate.priority, remote) > _rank(
            selected.local_candidate.priority, selected.remote_candidate.priority
        )

    def _prepare(self, selected: Any, address: Address, protocol: Any) -> None:
        """Let the pair be checked again: aioice keeps what it found, or gave up, when another one was nominated."""
        connection = self._connection
        if len(connection._check_list) >= PAIR_LIMIT:
            connection._check_list[:] = [each for each in connection._check_list if each is selected]
            connection._remote_candidates[:] = [selected.remote_candidate]
        pair = self._pair_from(address, protocol)
        if pair is not None and (pair.task is None or pair.task.done()):
            pair.task = None
            connection.check_state(pair, aioice.ice.CandidatePair.State.WAITING)

    def _pair_from(self, address: Address, protocol: Any) -> Any:
        pairs = self._connection._check_list
        return next((each for each in pairs if each.protocol is protocol and each.remote_addr == address), None)


_DTLS_FIRST, _DTLS_LAST = 20, 63  # first byte, RFC 7983 §7


def _rank(one_priority: int, other_priority: int) -> tuple[int, int]:
    return min(one_priority, other_priority), max(one_priority, other_priority)


def _nothing(*_: object) -> None:
    """A closed link tells nobody."""
