"""The link to one peer: ICE, DTLS and SCTP by aiortc, media led past it."""

import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import aioice.ice
from aiortc import (
    RTCCertificate,
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

from relay.aiortc_internals.ice import OPENING, WatchedPairs, add_loopback, connection_of
from relay.aiortc_internals.srtp import fast_path
from relay.config import MediaWorkerConfig
from relay.errors import RelayError
from relay.forwarding.rtp import is_media
from relay.intake import Address, Intake
from relay.model import IceServer
from relay.protection import PathInUse, PlainPath, ProtectedDatagrams
from relay.sockets import MediaTransport, Opening, complaints

SILENCE_S = 2.0  # nothing from the pair in use: another one may take its place
PAIR_LIMIT = 100  # candidate pairs of one connection; a phone makes a new one with each new address
DTLS_BACKLOG = 256  # datagrams waiting for the DTLS handshake to begin; more is a flood
_DTLS_FIRST, _DTLS_LAST = 20, 63  # first byte, RFC 7983 §7


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
        setattr(connection, OPENING, Opening(self._config, ufrag, take_media))  # from ours, before STUN parsing

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


def _rank(one_priority: int, other_priority: int) -> tuple[int, int]:
    return min(one_priority, other_priority), max(one_priority, other_priority)


def _nothing(*_: object) -> None:
    """A closed link tells nobody."""
