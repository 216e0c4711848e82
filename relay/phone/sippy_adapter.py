"""
sippy 2.5 as a :class:`relay.phone.leg.PhoneStack`: starts and stops it, places calls, answers requests outside dialogs.

Besides calls: 200 to OPTIONS, 401 to a peer that has to prove itself, 405 and 501, 420 to an unknown ``Require``, 481
to a stray request, 503 when there is no room. Who was not configured and begins something gets no answer at all.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from sippy.Core.EventDispatcher import ED2
from sippy.SipConf import SipConf
from sippy.SipRequest import SipRequest
from sippy.Udp_server import Udp_server_opts

from relay.phone.config import TrunkConfig
from relay.phone.dns_names import Address
from relay.phone.incoming_digest import challenges, is_proven
from relay.phone.leg import DialogConfig, Invite, LegListener, StoredRequest, Transport
from relay.phone.peers import PeerLimits, Peers
from relay.phone.sip_streams import StreamOptions, StreamServer
from relay.phone.sip_transport import SipServers, UdpServer
from relay.phone.sippy_agent import ALLOW, METHODS, SUPPORTED, headers, unsupported
from relay.phone.sippy_calls import IncomingSippyLeg, OutgoingLeg, take_over
from relay.phone.sippy_transactions import TICK_S, NoLog, Transactions, fire_timers, forget_timers
from relay.phone.target import uri_host

CLOSE_DEADLINE_S = 2.0
RETRY_AFTER_S = 10
_KNOWN = METHODS | {"REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "PRACK"}
_RINGING = ("Trying(UAS)", "Ringing(UAS)")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StackConfig:
    """
    :param host: a concrete IP address; it is written into Via and Contact, unless ``public_host`` is.
    :param host_2: another one, of the other family.
    :param transports: ``udp`` always; ``tcp`` and ``tls`` as wished.
    :param needed: of these, those without which nothing works: a taken port is an error, else a warning.
    :param tls_port: for peers that connect to us, with ``server_tls``.
    :param known_hosts: whose SIP messages are read besides those of trunks.
    :param trunks: peers by name: their ``known_hosts``, and whether they must prove themselves.
    :param client_tls: for connections that we open, where a trunk has no authority of its own.
    :param incoming_limit: calls to us that ring at once. :param limits: of one address.
    """

    host: str
    port: int
    host_2: str | None = None
    public_host: str | None = None
    transports: frozenset[Transport] = frozenset({"udp"})
    needed: frozenset[Transport] = frozenset({"udp"})
    tls_port: int = 5061
    known_hosts: frozenset[str] = frozenset()
    trunks: tuple[TrunkConfig, ...] = ()
    client_tls: SSLContext | None = None
    server_tls: SSLContext | None = None
    incoming_limit: int = 1000
    limits: PeerLimits = field(default_factory=PeerLimits)
    dialog: DialogConfig = field(default_factory=DialogConfig)


class SippyStack:
    """
    One per process in production: sippy's timers are global.

    :param on_incoming: told a call and the name of the trunk it came from, empty for none in particular.
    """

    _running = 0

    def __init__(self, config: StackConfig, on_incoming: Callable[[IncomingSippyLeg, str], None] | None = None) -> None:
        self.config = config
        self.is_closing = False
        self._on_incoming = on_incoming
        self._incoming: set[IncomingSippyLeg] = set()
        self.peers = Peers(config.known_hosts, config.limits)
        for trunk in config.trunks:
            self.peers.know(trunk.known_hosts, trunk.label)
        self._proving = {trunk.label: trunk for trunk in config.trunks if trunk.incoming_auth}
        self.globals: dict[str, Any] = {
            "_sip_address": uri_host(config.host),
            "_sip_port": config.port,
            "_sip_logger": NoLog(),
            "peers": self.peers,
            "advertised": self._advertised,
        }
        self._ticker: asyncio.Task[None] | None = None

    # --- life ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """:raises OSError: a port is taken."""
        ED2.my_ident = threading.get_ident()
        SipConf.my_uaname = "Passerelle"
        SipConf.autoconvert_tel_url = True
        self.transactions = Transactions(self.globals, self._request)
        self.transactions.dialog = self.config.dialog
        self.transactions.servers = self.servers = SipServers()
        self.globals["_sip_tm"] = self.transactions
        try:
            self._open_servers()
        except OSError:
            self.servers.close()
            raise
        self._ticker = asyncio.create_task(fire_timers())
        SippyStack._running += 1

    def _open_servers(self) -> None:
        config, receive = self.config, self.transactions.handleIncoming
        self.servers.add(self.transactions.l4r.getServer(None), config.host)
        if config.host_2 is not None:
            options = Udp_server_opts((uri_host(config.host_2), config.port), receive)
            self.servers.add(UdpServer(self.globals, options), config.host_2)
        for host in filter(None, (config.host, config.host_2)):
            for transport in ("tcp", "tls"):
                if transport in config.transports:
                    self._open_stream(host, transport)

    def _open_stream(self, host: str, transport: Transport) -> None:
        config = self.config
        port = config.port if transport == "tcp" else config.tls_port
        options = StreamOptions(
            bind=(host, port),
            advertised=(uri_host(self._advertised(host)), port),
            server_tls=config.server_tls if transport == "tls" else None,
            client_tls=config.client_tls,
        )
        tell = self.transactions.unreachable
        stream = StreamServer(options, transport, self.peers, self.transactions.handleIncoming, tell)
        self.servers.add(stream, host)
        try:
            stream.listen()
        except OSError as error:
            if transport in config.needed:
                raise
            log.warning("nobody can connect to us for SIP over %s: %s", transport, error.strerror)

    def _advertised(self, host: str) -> str:
        return self.config.public_host if self.config.public_host and host == self.config.host else host

    async def close(self, deadline_s: float = CLOSE_DEADLINE_S) -> None:
        self.is_closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while self.transactions.tclient:  # noqa: ASYNC110 - sippy tells nobody when one ends
                    await asyncio.sleep(TICK_S)
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        self.servers.close()
        self.transactions.l4r.cache_l2s.clear()  # closed above
        self.transactions.shutdown()
        SippyStack._running -= 1
        if not SippyStack._running:
            forget_timers()

    # --- peers --------------------------------------------------------------------------------------------

    def meet(self, address: Address, transport: Transport, name: str, tls: SSLContext | None = None) -> None:
        """
        We are about to write to it.

        :param name: what its certificate must carry. :param tls: who must have signed it, None: the usual authorities.
        """
        self.peers.expect(address[0], asyncio.get_running_loop().time())
        if transport == "tls":
            for stream in self.servers.streams:
                if stream.transport == "tls":
                    stream.expect_name(address[0], name, tls)

    # --- calls --------------------------------------------------------------------------------------------

    def dial(self, invite: Invite, listener: LegListener) -> OutgoingLeg:
        """:raises RuntimeError: no socket of this transport or family."""
        host, port = invite.address
        self.servers.towards((host, port), invite.transport)
        return OutgoingLeg(self.transactions, invite, listener)

    def send_stored(self, request: StoredRequest) -> None:
        message = SipRequest(request.text)
        message.setTarget(((request.host, request.port), request.transport))
        self.transactions.newTransaction(message)

    def _request(self, request: Any, transaction: Any) -> Any:
        """A request outside any dialog of ours."""
        trunk = self.peers.trunk_of(request.getSource()[0])
        if request.getHFBody("to").getTag() is not None:
            return request.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if trunk is None:
            return None
        answer = self._answer(request, trunk)
        if answer is not None:
            return answer, None, None
        if request.countHFs("replaces"):
            return take_over(self.transactions, request, transaction)
        leg = IncomingSippyLeg(self.transactions, request, is_trusted=bool(trunk))
        response = leg.begin(transaction)
        if not leg.is_over and self._on_incoming is not None:
            self._incoming.add(leg)
            self._on_incoming(leg, trunk)
        return response

    def _answer(self, request: Any, trunk: str) -> Any:
        """:returns: None for a call that may ring."""
        method = request.getMethod()
        if method not in _KNOWN:
            return request.genResponse(501, "Not Implemented")
        if method == "OPTIONS":
            return _with(request.genResponse(200, "OK"), Allow=ALLOW, Accept="application/sdp", Supported=SUPPORTED)
        if method != "INVITE":
            return _with(request.genResponse(405, "Method Not Allowed"), Allow=ALLOW)
        if lacking := unsupported(request):
            return _with(request.genResponse(420, "Bad Extension"), Unsupported=", ".join(lacking))
        if trunk in self._proving and not is_proven(request, self._proving[trunk]):
            refusal = request.genResponse(401, "Unauthorized")
            refusal.appendHeaders(challenges(self._proving[trunk]))
            return refusal
        if self._on_incoming is None:
            return request.genResponse(480, "Temporarily Unavailable")
        if self.is_closing or self._ringing() >= self.config.incoming_limit:
            return _with(request.genResponse(503, "Service Unavailable"), Retry_After=str(RETRY_AFTER_S))
        return None

    def _ringing(self) -> int:
        self._incoming = {leg for leg in self._incoming if leg.agent.state and leg.agent.state.sname in _RINGING}
        return len(self._incoming)


def _with(response: Any, **more: str) -> Any:
    response.appendHeaders(headers([(name.replace("_", "-"), text) for name, text in more.items()]))
    return response
