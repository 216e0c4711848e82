"""
sippy 2.5 as a :class:`relay.phone.leg.PhoneStack`: starts and stops it, places calls, answers requests outside dialogs.

Besides calls: 200 to OPTIONS, 420 to an unknown ``Require``, 481 to a stray request, 480 to a call that nobody takes.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from sippy.Core.EventDispatcher import ED2
from sippy.SipConf import SipConf
from sippy.SipRequest import SipRequest

from relay.phone.leg import DialogConfig, Invite, LegListener, StoredRequest, Transport
from relay.phone.sip_transport import Peers, StreamServer
from relay.phone.sippy_agent import ALLOW, SUPPORTED, headers
from relay.phone.sippy_calls import IncomingSippyLeg, OutgoingLeg, take_over, unsupported
from relay.phone.sippy_transactions import TICK_S, NoLog, Transactions, fire_timers, forget_timers

CLOSE_DEADLINE_S = 2.0


@dataclass(frozen=True)
class StackConfig:
    """
    :param host: a concrete IP address; it is written into Via and Contact.
    :param known_hosts: whose SIP messages are read besides those we call.
    :param tls: client context, needed for transport ``tls``.
    """

    host: str
    port: int
    transport: Transport = "udp"
    known_hosts: frozenset[str] = frozenset()
    tls: SSLContext | None = None
    dialog: DialogConfig = field(default_factory=DialogConfig)


class SippyStack:
    """One per process in production: sippy's timers are global."""

    _running = 0

    def __init__(self, config: StackConfig, on_incoming: Callable[[IncomingSippyLeg], None] | None = None) -> None:
        self.config = config
        self._on_incoming = on_incoming
        self.peers = Peers(set(config.known_hosts))
        self.globals: dict[str, Any] = {
            "_sip_address": config.host,
            "_sip_port": config.port,
            "_sip_logger": NoLog(),
            "peers": self.peers,
        }
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        ED2.my_ident = threading.get_ident()
        SipConf.my_uaname = "Passerelle"
        SipConf.autoconvert_tel_url = True
        self.transactions = Transactions(self.globals, self._request)
        self.transactions.dialog = self.config.dialog
        self.globals["_sip_tm"] = self.transactions
        if self.config.transport != "udp":
            address = (self.config.host, self.config.port)
            incoming = self.transactions.handleIncoming
            stream = StreamServer(address, incoming, self.config.transport, self.peers, self.config.tls)
            await stream.listen()
            self.transactions.stream = stream
        self._ticker = asyncio.create_task(fire_timers())
        SippyStack._running += 1

    def dial(self, invite: Invite, listener: LegListener) -> OutgoingLeg:
        self.peers.add(invite.address[0])
        return OutgoingLeg(self.transactions, invite, listener)

    def expect_name(self, address: tuple[str, int], name: str) -> None:
        if self.transactions.stream is not None:
            self.transactions.stream.expect_name(address, name)

    def send_stored(self, request: StoredRequest) -> None:
        message = SipRequest(request.text)
        message.setTarget(((request.host, request.port), request.transport))
        self.peers.add(request.host)
        self.transactions.newTransaction(message)

    async def close(self, deadline_s: float = CLOSE_DEADLINE_S) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while self.transactions.tclient:  # noqa: ASYNC110 - sippy tells nobody when one ends
                    await asyncio.sleep(TICK_S)
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        if self.transactions.stream is not None:
            self.transactions.stream.shutdown()
        self.transactions.shutdown()
        SippyStack._running -= 1
        if not SippyStack._running:
            forget_timers()

    def _request(self, request: Any, transaction: Any) -> Any:
        """A request outside any dialog of ours."""
        method = request.getMethod()
        if request.getHFBody("to").getTag() is not None:
            return request.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if unsupported(request):
            refusal = request.genResponse(420, "Bad Extension")
            refusal.appendHeaders(headers([("Unsupported", ", ".join(unsupported(request)))]))
            return refusal, None, None
        if method == "OPTIONS":
            response = request.genResponse(200, "OK")
            response.appendHeaders(headers([("Allow", ALLOW), ("Supported", SUPPORTED), ("Accept", "application/sdp")]))
            return response, None, None
        if method != "INVITE":
            return request.genResponse(501, "Not Implemented"), None, None
        if request.countHFs("replaces"):
            return take_over(self.transactions, request, transaction)
        if self._on_incoming is None:
            return request.genResponse(480, "Temporarily Unavailable"), None, None
        leg = IncomingSippyLeg(self.transactions, request)
        response = leg.begin(transaction)
        if not leg.is_over:
            self._on_incoming(leg)
        return response
