"""
More than one answer to one INVITE of ours. RFC 3261 §13.2.2.4.
"""

import contextlib
import re
from hashlib import md5
from time import monotonic
from typing import Any, Protocol

from sippy.SipRequest import SipRequest
from sippy.SipResponse import SipResponse
from sippy.SipRoute import SipRoute

from relay.phone.sippy_reading import has_target, is_readable

ANSWERS_S = 64.0  # after the first; the last telephone's answer comes within 32 s of it and is repeated for as long
_INVITE_CSEQ = re.compile(rb"(?im)^cseq[ \t]*:[ \t]*\d+[ \t]+INVITE[ \t]*\r?$")


class Manager(Protocol):
    """sippy's transaction manager."""

    tclient: dict[Any, Any]
    l1rcache: dict[bytes, Any]
    l2rcache: dict[bytes, Any]

    def newTransaction(self, msg: Any) -> Any: ...  # noqa: N802

    def transmitMsg(self, userv: Any, msg: Any, address: Any, cachesum: Any) -> None: ...  # noqa: N802


class Forks:
    """
    A proxy may have rung several telephones, and more than one may answer: each 200 after the first is acknowledged,
    and its dialog ended at once.
    """

    def __init__(self, transactions: Manager) -> None:
        self._transactions = transactions
        self._answered: dict[Any, tuple[float, set[str | None]]] = {}

    def expect(self, tid: Any, to_tag: str | None) -> None:
        now = monotonic()
        while self._answered and next(iter(self._answered.values()))[0] < now:
            del self._answered[next(iter(self._answered))]
        self._answered[tid] = (now + ANSWERS_S, {to_tag})

    def take(self, data: Any, server: Any) -> bool:
        """:returns: whether this was a 2xx to an INVITE that is answered already, and is dealt with."""
        text = data if isinstance(data, bytes) else data.encode()
        if not self._answered or not text.startswith(b"SIP/2.0 2") or not _INVITE_CSEQ.search(text):
            return False
        try:
            response = SipResponse(text.decode())
            tid = response.getTId(True, True)
            tag = response.getHFBody("to").getTag()
        except Exception:  # sippy's parsers raise anything; its own way of refusing comes next
            return False
        if not is_readable(response) or not has_target(response, "INVITE"):
            return False
        known = self._answered.get(tid)
        if known is None or tid in self._transactions.tclient or (tag in known[1] and self._is_repeated(text)):
            return False
        self._acknowledge(response, server, is_new=tag not in known[1])
        known[1].add(tag)
        return True

    def _is_repeated(self, data: bytes) -> bool:
        """Byte for byte: sippy sends the same ACK again."""
        checksum = md5(data, usedforsecurity=False).digest()
        return checksum in self._transactions.l1rcache or checksum in self._transactions.l2rcache

    def _acknowledge(self, response: Any, server: Any, *, is_new: bool) -> None:
        number = response.getHFBody("cseq").getCSeqNum()
        ack = _in_dialog("ACK", response, number)
        self._transactions.transmitMsg(server, ack, ack.getTarget()[0], None)
        if is_new:
            with contextlib.suppress(RuntimeError):  # its Contact is where we have no socket for
                self._transactions.newTransaction(_in_dialog("BYE", response, number + 1))


def _in_dialog(method: str, response: Any, cseq: int) -> Any:
    """:returns: a request in the dialog that this answer to our INVITE made."""
    target = response.getHFBody("contact").getUrl().getCopy()
    routes = [SipRoute(address=route.getUri().getCopy()) for route in reversed(response.getHFBodys("record-route"))]
    return SipRequest(
        method=method,
        ruri=target,
        to=response.getHFBCopy("to"),
        fr0m=response.getHFBCopy("from"),
        cseq=cseq,
        callid=response.getHFBCopy("call-id"),
        routes=routes,
    )
