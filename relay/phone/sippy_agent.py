"""
sippy's user agent with the requests inside a dialog that it does not know or answers wrongly.

Here: INFO, REFER, NOTIFY, UPDATE and every re-INVITE reach the owner, who answers at once; digest for requests other
than INVITE; 422; remote target refresh; CSeq order. Left to others: what the requests mean (``relay.phone.sippy_leg``),
transactions (``relay.phone.sippy_transactions``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sippy.CCEvents import CCEventDisconnect
from sippy.MsgBody import MsgBody
from sippy.SipContentType import SipContentType
from sippy.SipHeader import SipHeader
from sippy.SipReason import SipReason
from sippy.UA import UA
from sippy.UacStateCancelling import UacStateCancelling
from sippy.UacStateUpdating import UacStateUpdating
from sippy.UaStateDisconnected import UaStateDisconnected

from relay.phone import session_timer
from relay.phone.session_timer import Session, TooShort

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY"
SUPPORTED = "replaces, timer"
METHODS = frozenset(ALLOW.split(", "))
EXTENSIONS = frozenset(SUPPORTED.split(", "))
_KEPT_WITH_DIGEST = ("reason", "refer-to", "referred-by", "event", "subscription-state")
_REFRESHING = ("INVITE", "UPDATE")
_WITH_CONTACT = ("INVITE", "UPDATE", "REFER", "NOTIFY")
Header = tuple[str, str]
NORMAL_CLEARING: Header = ("Q.850", "16")


@dataclass(frozen=True)
class Reply:
    """
    To a request inside a dialog.

    :param on_ack: called with the body of the ACK, None without one; for the 200 to an INVITE.
    """

    code: int
    reason: str
    headers: tuple[Header, ...] = ()
    body: Any = None
    on_ack: Callable[[str | None], None] | None = None


class AgentOwner(Protocol):
    def on_agent_event(self, event: Any, agent: "DialogAgent") -> None:
        """One of sippy's CCEvents."""

    def on_agent_request(self, request: Any, agent: "DialogAgent") -> Reply: ...

    def on_agent_response(self, response: Any, agent: "DialogAgent") -> None:
        """Any response to an INVITE of ours, before sippy makes an event of it."""


def values(message: Any, name: str) -> list[str]:
    """:returns: header values as text, parsed or not."""
    return [str(header.body) for header in message.getHFs(name)]


def value(message: Any, name: str) -> str | None:
    return next(iter(values(message, name)), None)


def tokens(message: Any, *names: str) -> frozenset[str]:
    """:returns: the members of list headers, lower case."""
    found = (item.strip().lower() for name in names for text in values(message, name) for item in text.split(","))
    return frozenset(item for item in found if item)


def unsupported(request: Any) -> list[str]:
    """:returns: extensions that the peer requires and we do not have: 420."""
    return sorted(tokens(request, "require") - EXTENSIONS)


def headers(pairs: Sequence[Header]) -> list[Any]:
    return [SipHeader(f"{name}: {text}") for name, text in pairs]


def body(text: str, content_type: str = "application/sdp") -> Any:
    kind = SipContentType(content_type)
    kind.parse()
    return MsgBody(text, kind)


class DialogAgent(UA):  # type: ignore[misc]
    rCSeq: int | None = None  # noqa: N815 - of the peer's last request

    def __init__(self, global_config: dict[str, Any], owner: AgentOwner, **options: Any) -> None:
        super().__init__(global_config, owner.on_agent_event, **options)
        self.owner = owner
        self._lengthened = False

    # --- requests of the peer -----------------------------------------------------------------------------

    def isYours(self, req: Any = None, *rest: Any, **more: Any) -> Any:  # noqa: N802
        """Also requests of the peer inside a dialog that is not confirmed yet."""
        early = self.state is not None and not self.isConnected() and not isinstance(self.state, UaStateDisconnected)
        if req is not None and early and req.getMethod() not in ("INVITE", "BYE", "CANCEL", "ACK"):
            same = str(req.getHFBody("call-id")) == str(self.cId) and req.getHFBody("to").getTag() == self.lTag
            return self if same else None
        return super().isYours(req, *rest, **more)

    def recvRequest(self, req: Any, sip_t: Any) -> Any:  # noqa: N802
        method = req.getMethod()
        if self.state is None or method == "BYE":
            return super().recvRequest(req, sip_t)
        if isinstance(self.state, UaStateDisconnected):
            return self._refused(req, 481, "Call/Transaction Does Not Exist")
        number = req.getHFBody("cseq").getCSeqNum()
        if self.rCSeq is not None and number <= self.rCSeq:
            return self._refused(req, 500, "Server Internal Error")
        self.rCSeq = number
        if not self.isConnected():
            return self._early(req)
        if method in _REFRESHING and isinstance(self.state, UacStateUpdating):
            return self._refused(req, 491, "Request Pending")
        if method not in METHODS:
            return self._refused(req, 405, "Method Not Allowed", ("Allow", ALLOW))
        if lacking := unsupported(req):
            return self._refused(req, 420, "Bad Extension", ("Unsupported", ", ".join(lacking)))
        return self._answered(req, sip_t, self.owner.on_agent_request(req, self))

    def _early(self, req: Any) -> Any:
        """An offer cannot be taken before ours is answered; what carries none needs no decision."""
        if req.getMethod() == "UPDATE" and req.getBody() is not None:
            return self._refused(req, 491, "Request Pending")
        if req.getMethod() in ("UPDATE", "INFO", "OPTIONS"):
            return req.genResponse(200, "OK"), None, None
        return self._refused(req, 481, "Call/Transaction Does Not Exist")

    def _refused(self, req: Any, code: int, reason: str, *pairs: Header) -> Any:
        response = req.genResponse(code, reason)
        response.appendHeaders(headers(pairs))
        return response, None, None

    def _answered(self, req: Any, sip_t: Any, reply: Reply) -> Any:
        response = req.genResponse(reply.code, reply.reason, reply.body)
        response.appendHeaders(headers(reply.headers))
        succeeded = 200 <= reply.code < 300
        if succeeded and req.getMethod() in _REFRESHING:
            self.refresh_target(req)
            response.appendHeaders(headers([("Allow", ALLOW), ("Supported", SUPPORTED)]))
        if succeeded and req.getMethod() in _WITH_CONTACT:
            response.appendHeader(SipHeader(name="contact", body=self.lContact))
        if req.getMethod() != "INVITE":
            return response, None, None
        on_ack = reply.on_ack

        def acknowledged(ack: Any) -> None:
            if on_ack is not None:
                on_ack(None if ack.getBody() is None else str(ack.getBody()))

        self.global_config["_sip_tm"].sendResponse(response, sip_t, ack_cb=acknowledged)
        return None, None, (self.disconnect if succeeded else None)

    def refresh_target(self, message: Any) -> None:
        """RFC 3261 §12.2: later requests go to the Contact of the last INVITE, UPDATE or answer to one."""
        if not message.countHFs("contact") or any(not route.getUrl().lr for route in self.routes or ()):
            return
        self.rTarget = message.getHFBody("contact").getUrl().getCopy()
        if not self.routes:
            self.rAddr = self.rTarget.getTAddr()

    # --- our requests -------------------------------------------------------------------------------------

    def reinvite(self, description: Any, pairs: Sequence[Header]) -> None:
        """The answer comes as CCEventConnect or CCEventFail."""
        extra = headers(pairs)
        self._lengthened = False
        request = self.genRequest("INVITE", description, extra_headers=extra)
        self.lSDP = description
        self.newUacTransaction(request, req_extra_headers=extra)
        self.changeState((UacStateUpdating,))

    def ask(
        self,
        method: str,
        pairs: Sequence[Header] = (),
        content: Any = None,
        on_final: Callable[[int], None] | None = None,
    ) -> None:
        """
        A request inside the dialog, with digest when the peer wants it.

        :param on_final: called with its final code, 408 when none came.
        """

        def answered(response: Any) -> None:
            code = response.getSCode()[0]
            if code >= 200 and on_final is not None:
                on_final(code)

        self.newTransaction(self.genRequest(method, content, extra_headers=headers(pairs)), resp_cb=answered)

    def hang_up(self, reason: Header) -> None:
        """CANCEL or BYE. :param reason: protocol and cause, e.g. :data:`NORMAL_CLEARING`."""
        protocol, cause = reason
        event = CCEventDisconnect()
        event.reason_rfc3326 = SipReason(protocol=protocol, cause=int(cause))
        self.recvEvent(event)

    def newTransaction(self, req: Any, req_extra_headers: Any = None, **options: Any) -> Any:  # noqa: N802
        if req.getMethod() not in ("INVITE", "CANCEL", "ACK"):
            options["resp_cb"] = self._with_digest(req, options.get("resp_cb"))
        return super().newTransaction(req, req_extra_headers, **options)

    def _with_digest(self, request: Any, callback: Callable[[Any], None] | None) -> Callable[[Any], None]:
        def answered(response: Any) -> None:
            again = self._authorised(request, response)
            if again is not None:
                super(DialogAgent, self).newTransaction(again, resp_cb=callback)
            elif callback is not None:
                callback(response)

        return answered

    def _authorised(self, request: Any, response: Any) -> Any:
        """:returns: the request with our answer to the peer's challenge, None when there is nothing to answer."""
        name = {401: "www-authenticate", 407: "proxy-authenticate"}.get(response.getSCode()[0])
        if name is None or self.username is None or self.password is None:
            return None
        for challenge in response.getHFBodys(name):
            supported, qop = challenge.supportedAlgorithm()
            if supported:
                kept = [header for header in request.headers if header.name in _KEPT_WITH_DIGEST]
                return self.genRequest(request.getMethod(), request.getBody(), (challenge, qop), extra_headers=kept)
        return None

    # --- responses to our INVITE --------------------------------------------------------------------------

    def recvResponse(self, resp: Any, tr: Any) -> None:  # noqa: N802
        if self.state is None or self.state.dead:
            return
        if isinstance(self.state, UacStateCancelling):
            self.pass_auth = True  # sippy would answer a challenge and call again
        elif resp.getHFBody("cseq").getCSeq()[1] == "INVITE":
            if resp.getSCode()[0] == 422 and self._ask_longer(resp, tr):
                return
            self.owner.on_agent_response(resp, self)
        super().recvResponse(resp, tr)

    def _ask_longer(self, response: Any, transaction: Any) -> bool:
        """422: once more with the length the peer wants (RFC 4028 §7.3)."""
        wanted = session_timer.read_seconds(value(response, "min-se"))
        cseq = response.getHFBody("cseq").getCSeqNum()
        if wanted is None or self._lengthened or cseq not in self.reqs or isinstance(self.state, UaStateDisconnected):
            return False
        self._lengthened = True
        wanted = max(wanted, self.global_config["_sip_tm"].dialog.min_session_s)  # no peer has us refresh more often
        del self.reqs[cseq]
        extra = [item for item in transaction.req_extra_headers or () if item.name not in ("session-expires", "min-se")]
        extra += headers([("Session-Expires", str(wanted)), ("Min-SE", str(wanted))])
        self.newUacTransaction(self.genRequest("INVITE", self.lSDP, extra_headers=extra), req_extra_headers=extra)
        return True


def too_short(session: TooShort) -> Reply:
    return Reply(422, "Session Interval Too Small", (("Min-SE", str(session.min_se_s)),))


def session_headers(session: Session | None, request: Any) -> tuple[Header, ...]:
    """For our 200 to a peer's request."""
    if session is None:
        return ()
    found: tuple[Header, ...] = (("Session-Expires", session_timer.header(session, in_request=False)),)
    return (*found, ("Require", "timer")) if "timer" in tokens(request, "supported", "k") else found
