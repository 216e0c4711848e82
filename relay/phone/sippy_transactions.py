"""
sippy's transactions on asyncio, with what stock sippy does not do put right.

sippy's event dispatcher is one per process and is never run: a task fires its timers. Put right here: ACK before BYE
and before the authenticated INVITE, upper-case ``transport=UDP``, several answers to one INVITE, timers of
retransmissions, faults counted instead of printed (they would show numbers). Hooks are semi-internal: the version is
pinned.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from heapq import heapify
from typing import Any

import sippy.Core.EventDispatcher
import sippy.Network_server
import sippy.SipMsg
import sippy.SipRequest
import sippy.SipTransactionManager
import sippy.SipURL
import sippy.UacStateRinging
import sippy.UacStateTrying
import sippy.UaStateConnected
from sippy.Core.EventDispatcher import ED2
from sippy.Exceptions.SipParseError import SipParseError
from sippy.SipHeader import SipHeader
from sippy.SipRecordRoute import SipRecordRoute
from sippy.SipTransactionManager import RINGING, TRYING, SipTransactionManager
from sippy.Time.MonoTime import MonoTime
from sippy.Time.Timeout import Timeout
from sippy.Udp_server import Udp_server_opts

from relay.phone.dns_names import Address
from relay.phone.leg import DialogConfig
from relay.phone.sip_transport import SipServers, UdpServer
from relay.phone.sippy_forks import Forks
from relay.phone.sippy_reading import has_target, is_readable, may_be_answered

TICK_S = 0.02
PROVISIONAL_AGAIN_S = 60  # a 18x that says nothing new keeps proxies waiting (RFC 3261 §13.3.1.1)
UDP_LIMIT = 1300  # bytes of a request: what is longer goes by TCP where that can be (RFC 3261 §18.1.1)
REMEMBERED = 20_000  # answers to what may come again, twice: 32 s of the most that one peer may send are 6,400
T2_S = 4.0  # longest time between two sendings (RFC 3261 §17.1.2.1)
log = logging.getLogger(__name__)


def _log_fault(message: str, *_: Any, **__: Any) -> None:
    """In place of sippy's own, which prints the whole message. Only the kind of fault is told."""
    log.debug("SIP message or timer dropped", exc_info=False)


def _silent(*_: Any, **__: Any) -> None:
    """In place of ``print`` in sippy's modules."""


TELLING = (sippy.SipTransactionManager, sippy.Network_server, sippy.Core.EventDispatcher)
for _module in TELLING:
    _module.dump_exception = _log_fault
for _module in (
    sippy.SipMsg,
    sippy.SipRequest,
    sippy.SipTransactionManager,
    sippy.SipURL,
    sippy.UacStateTrying,
    sippy.UacStateRinging,
    sippy.UaStateConnected,
):
    _module.print = _silent


class NoLog:
    def write(self, *_: Any, **__: Any) -> None:
        """sippy offers every message with its content: none is kept."""


class Transactions(SipTransactionManager):  # type: ignore[misc]
    model_udp_server = (UdpServer, Udp_server_opts)
    provisional_retr = PROVISIONAL_AGAIN_S
    servers: SipServers
    on_retry_after: Callable[[Address, float], None] = staticmethod(lambda *_: None)
    dialog = DialogConfig()
    _after_ack: list[Callable[[], None]] | None = None

    def __init__(self, global_config: dict[str, Any], req_cb: Any = None) -> None:
        self._forks = Forks(self)
        self.also_tcp: set[Address] = set()  # peers that we know by UDP and that take TCP as well
        super().__init__(global_config, req_cb)

    def server(self, address: Address, transport: str) -> Any:
        """:returns: the socket for a request inside a dialog. :raises RuntimeError: there is none."""
        return self.servers.towards(address, transport, in_dialog=True)

    def newTransaction(self, msg: Any, resp_cb: Any = None, *args: Any, userv: Any = None, **kwargs: Any) -> Any:  # noqa: N802
        if resp_cb is not None and msg.getMethod() == "INVITE":
            resp_cb = partial(self._tell_after_ack, resp_cb)
        address, transport = msg.getTarget()
        transport = str(transport).lower()
        if transport == "udp" and (address[0].strip("[]"), address[1]) in self.also_tcp and len(str(msg)) > UDP_LIMIT:
            transport = "tcp"
        msg.setTarget((address, transport))
        if userv is None:
            in_dialog = msg.getHFBody("to").getTag() is not None
            userv = self.servers.towards(address, transport, in_dialog=in_dialog)
        if userv.transport != "udp":  # requests to us may take this connection too (RFC 5923)
            msg.getHFBody("via").params["alias"] = None
        return super().newTransaction(msg, resp_cb, *args, userv=userv, **kwargs)

    def handleIncoming(self, data_in: Any, ra: Any, server: Any, rtime: Any) -> None:  # noqa: N802
        if len(self.l1rcache) >= REMEMBERED:
            self.rCachePurge()
        if not self._forks.take(data_in, server):
            super().handleIncoming(data_in, ra, server, rtime)

    def unreachable(self, server: Any, address: Address) -> None:
        """No connection: what waits for a first response there counts as answered by 503 (RFC 3261 §8.1.3.1)."""
        for waiting in list(self.tclient.values()):
            host, port = waiting.address
            if waiting.userv is server and (host.strip("[]"), port) == address and waiting.state == TRYING:
                waiting.teB.cancel()
                if waiting.resp_cb is not None:
                    waiting.r408.setSCode(503, "Service Unavailable")
                self.timerB(waiting)

    def incomingRequest(self, msg: Any, checksum: Any, tids: Any, server: Any) -> None:  # noqa: N802
        if not is_readable(msg) or not has_target(msg, msg.getMethod()):
            if may_be_answered(msg) and msg.getMethod() != "ACK":
                refusal = msg.genResponse(400, "Bad Request")
                self.transmitMsg(server, refusal, refusal.getHFBody("via").getTAddr(), checksum)
            return
        if server.transport != "udp":  # the answer takes the connection that the request came by
            (host, port), via = msg.getSource(), msg.getHFBody("via")
            via.params |= {"received": host.strip("[]"), "rport": str(port)}
        try:
            super().incomingRequest(msg, checksum, tids, server)
        except SipParseError:
            raise  # sippy answers by itself
        except Exception as error:
            log.error("a SIP request cannot be handled: %s", type(error).__name__)
            self._give_up(msg)
            raise

    def _give_up(self, request: Any) -> None:
        """Leave no transaction half done."""
        transaction = self.tserver.get(request.getTId(wBRN=True))
        if transaction is not None and transaction.state in (TRYING, RINGING):
            self.sendResponse(request.genResponse(500, "Server Internal Error"), transaction)

    def incomingResponse(self, msg: Any, t: Any, checksum: Any) -> None:  # noqa: N802
        if not is_readable(msg):
            return
        if msg.getSCode()[0] == 503 and msg.countHFs("retry-after"):
            seconds = str(msg.getHFBody("retry-after")).partition(";")[0].partition("(")[0].strip()
            if seconds.isdigit():
                self.on_retry_after(t.address, float(seconds))
        if msg.getHFBody("cseq").getCSeq()[1] == "INVITE" and 200 <= msg.getSCode()[0] < 300:
            self._forks.expect(t.tid, msg.getHFBody("to").getTag())
        after_ack: list[Callable[[], None]] = []
        self._after_ack, told = after_ack, msg.headers
        if t.needack and msg.getSCode()[0] >= 300 and t.cancel is not None:
            msg.headers = _as_hop_by_hop(told, t.cancel)
        try:
            super().incomingResponse(msg, t, checksum)
        finally:
            self._after_ack, msg.headers = None, told
        for tell in after_ack:
            tell()

    def _tell_after_ack(self, callback: Callable[..., None], response: Any, *rest: Any) -> None:
        """sippy tells the dialog of a final response before it sends the ACK: let the ACK go first, nothing else."""
        if self._after_ack is not None and response.getSCode()[0] >= 200:
            self._after_ack.append(partial(callback, response, *rest))
        else:
            callback(response, *rest)

    def timerA(self, t: Any) -> None:  # noqa: N802
        """Sends again: requests not over a stream, others than INVITE and all answers at least every T2 (RFC 3261)."""
        is_request = self.tclient.get(t.tid) is t
        if is_request and t.userv.transport != "udp":
            return
        self.transmitData(t.userv, t.data, t.address)
        t.tout = t.tout * 2 if is_request and t.method == "INVITE" else min(t.tout * 2, T2_S)
        t.teA = Timeout(self.timerA, t.tout, 1, t)


def _as_hop_by_hop(headers: list[Any], request: Any) -> list[Any]:
    """
    The ACK of a refusal takes the way of its INVITE (RFC 3261 §17.1.1.3); sippy reads its way from the response.

    :param request: with the INVITE's Route headers.
    """
    routes = [SipRecordRoute(address=route.getUri().getCopy()) for route in reversed(request.getHFBodys("route"))]
    kept = [header for header in headers if header.name not in ("contact", "record-route")]
    return kept + [SipHeader(name="record-route", body=route) for route in routes]


async def fire_timers() -> None:
    while True:
        await asyncio.sleep(TICK_S)
        ED2.last_ts = MonoTime()
        ED2.dispatchTimers()
        if ED2.twasted * 2 > len(ED2.tlisteners):  # cancelled timers; stock sippy does this in loop()
            ED2.tlisteners = [timer for timer in ED2.tlisteners if timer.cb_func is not None]
            heapify(ED2.tlisteners)
            ED2.twasted = 0


def forget_timers() -> None:
    """When no stack runs any more: what is left are timers of ended dialogs."""
    ED2.tlisteners, ED2.twasted = [], 0
