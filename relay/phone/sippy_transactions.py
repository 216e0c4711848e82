"""
sippy's transactions on asyncio, with what stock sippy does not do put right.

sippy's event dispatcher is one per process and is never run: a task fires its timers. Put right here: ACK before BYE
and before the authenticated INVITE, upper-case ``transport=UDP``, a body-less re-INVITE taken as the refresh that it
is, faults counted instead of printed (they would show numbers). Hooks are semi-internal: the version is pinned.
"""

import asyncio
import logging
from heapq import heapify
from typing import Any

import sippy.Core.EventDispatcher
import sippy.Network_server
import sippy.SipTransactionManager
import sippy.SipURL
import sippy.UacStateRinging
import sippy.UacStateTrying
import sippy.UaStateConnected
from sippy.Core.EventDispatcher import ED2
from sippy.SipTransactionManager import SipTransactionManager
from sippy.Time.MonoTime import MonoTime
from sippy.Udp_server import Udp_server_opts

from relay.phone.sip_transport import StreamServer, UdpServer

TICK_S = 0.02
log = logging.getLogger(__name__)


def _log_fault(message: str, *_: Any, **__: Any) -> None:
    """In place of sippy's own, which prints the whole message. Only the kind of fault is told."""
    log.debug("SIP message or timer dropped", exc_info=False)


def _silent(*_: Any, **__: Any) -> None:
    """In place of ``print`` in sippy's modules."""


for _module in (sippy.SipTransactionManager, sippy.Network_server, sippy.Core.EventDispatcher):
    _module.dump_exception = _log_fault
for _module in (
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
    stream: StreamServer | None = None

    def newTransaction(self, msg: Any, resp_cb: Any = None, *args: Any, userv: Any = None, **kwargs: Any) -> Any:  # noqa: N802
        if resp_cb is not None and msg.getMethod() == "INVITE":
            resp_cb = _after_ack(resp_cb)
        address, transport = msg.getTarget()
        transport = str(transport).lower()
        msg.setTarget((address, transport))
        if userv is None and self.stream is not None and transport == self.stream.transport:
            userv = self.stream
        return super().newTransaction(msg, resp_cb, *args, userv=userv, **kwargs)

    def incomingRequest(self, msg: Any, checksum: Any, tids: Any, server: Any) -> None:  # noqa: N802
        """A body-less re-INVITE asks for our offer; sippy would take it for a hold. The peer's last SDP: no change."""
        if msg.getMethod() == "INVITE" and msg.getBody() is None and msg.getHFBody("to").getTag() is not None:
            for consumer in self.req_consumers.get(str(msg.getHFBody("call-id")), ()):
                if consumer.cobj.rSDP is not None:
                    msg.setBody(consumer.cobj.rSDP.getCopy())
        super().incomingRequest(msg, checksum, tids, server)


def _after_ack(callback: Any) -> Any:
    """sippy tells the dialog of a final response before it sends the ACK: let the ACK go first."""
    loop = asyncio.get_running_loop()

    def deferred(response: Any, *rest: Any) -> None:
        if response.getSCode()[0] >= 200:
            loop.call_soon(callback, response, *rest)
        else:
            callback(response, *rest)

    return deferred


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
