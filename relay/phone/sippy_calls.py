"""
How a dialog begins: calls we place, calls to us, and an INVITE that takes over a dialog of ours (RFC 3891).
"""

from dataclasses import replace
from typing import Any

from sippy.CCEvents import CCEventFail, CCEventPreConnect, CCEventRedirect, CCEventRing, CCEventTry
from sippy.MsgBody import MsgBody
from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipFrom import SipFrom
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL

from relay.errors import BadDescriptionError
from relay.phone import sdp
from relay.phone.identities import called_number, caller_number, read_number, read_uri
from relay.phone.leg import Acknowledged, Answered, EarlyMedia, Invite, LegListener, Ringing, Trying
from relay.phone.referring import read_replaces
from relay.phone.sdp import LocalAudio
from relay.phone.session_timer import Session, TooShort
from relay.phone.sippy_agent import ALLOW, SUPPORTED, DialogAgent, headers, session_headers, too_short, value, values
from relay.phone.sippy_leg import (
    GLARE_OWNER_S,
    NOT_ACCEPTABLE,
    OK_HEADERS,
    SippyLeg,
    new_session,
    read_description,
)
from relay.phone.sippy_transactions import Transactions
from relay.phone.target import split_port

CONTACT_USER = "passerelle"
TEMPORARILY_UNAVAILABLE = 480


class OutgoingLeg(SippyLeg):
    glare_s = GLARE_OWNER_S

    def __init__(self, transactions: Transactions, invite: Invite, listener: LegListener) -> None:
        super().__init__(transactions, invite.audio, listener, invite.address[0])
        self._invite = invite
        self._redirected = False
        domain, from_domain = (split_port(text)[0].lower() for text in (invite.domain, invite.from_domain))
        self.own_hosts = frozenset({domain, from_domain, *(host.lower() for host in invite.own_hosts)})
        self._place(invite)

    def _place(self, invite: Invite) -> None:
        self.agent = DialogAgent(
            self.transactions.global_config,
            self,
            username=invite.username,
            password=invite.password,
            nh_address=invite.address,
            nh_transport=invite.transport,
        )
        self.agent.lContact = contact(CONTACT_USER)
        self.agent.recvEvent(_try_event(invite, self.transactions.dialog.session_expires_s))

    def _on_ring(self, code: int, description: Any) -> None:
        if self._connected:
            return
        if code <= 100:
            self._tell(Trying())
            return
        media = read_description(description, self.audio)
        if media is None:
            self._tell(Ringing(code))
        else:
            self._media = media
            self._tell(EarlyMedia(code, media))

    def _on_first_connect(self, code: int | str, description: Any) -> None:
        media = read_description(description, self.audio) or self._media  # a 200 may repeat nothing of what a 183 said
        self._connected = True
        if media is None:
            self.agent.hang_up(("SIP", str(NOT_ACCEPTABLE)))
            self._released = True
            self._end(NOT_ACCEPTABLE)
            return
        self._media = media
        self._tell(Answered(media))
        self._hold_told(not media.we_send)
        self._update()

    def _on_connect(self, code: int | str, reason: str, description: Any) -> None:
        if self._connected:
            super()._on_connect(code, reason, description)
        else:
            self._on_first_connect(code, description)

    def _on_begin_failed(self, event: Any) -> None:
        if isinstance(event, CCEventRedirect) and not self._redirected:
            for address in event.getData()[3]:
                followed = self._followed(str(address))
                if followed is not None:
                    self._redirected = True
                    self._place(followed)
                    return
        self._end(event.getData()[0])

    def _followed(self, address: str) -> Invite | None:
        """:returns: the call to where a redirection points, through the same trunk; None when it may not go there."""
        uri = read_uri(address)
        invite = self._invite
        if uri is None or invite.may_follow is None or uri.host not in self.own_hosts | {self.peer_host}:
            return None
        number = read_number(uri.user, self.transactions.dialog.region, uri.context)
        if number is None or not invite.may_follow(number):
            return None
        domain = f"{uri.host}:{uri.port}" if uri.port else uri.host
        return replace(invite, user=number, domain=domain)


class IncomingSippyLeg(SippyLeg):
    """A call to us. :param is_trusted: it comes from a trunk, whose P-Asserted-Identity is believed (RFC 3325)."""

    def __init__(self, transactions: Transactions, request: Any, *, is_trusted: bool) -> None:
        host = request.getSource()[0]
        audio = LocalAudio(transactions.global_config["_sip_address"], 0, new_session())
        super().__init__(transactions, audio, lambda _: None, host)
        config = transactions.dialog
        to, from_ = (request.getHFBody(name) for name in ("to", "from"))
        asserted = values(request, "p-asserted-identity") if is_trusted else []
        self.number = called_number(str(request.getRURI()), _uri(to), config.region)
        self.caller = caller_number(_uri(from_), asserted, ";".join(values(request, "privacy")), config.region)
        self.own_hosts = frozenset(str(uri.host).lower() for uri in (to.getUrl(), from_.getUrl(), request.getRURI()))
        self._request = request
        self.offer = None if request.getBody() is None else str(request.getBody())
        self.transport = str(request.getSource(2)[1])
        self._answer: str | None = None
        self._session = self.session_wanted(request)
        self.note_peer(request)
        self.agent = DialogAgent(transactions.global_config, self)
        self.agent.lContact = contact(CONTACT_USER)

    def begin(self, transaction: Any) -> Any:
        """:returns: what sippy's transaction wants; too short a session timer is refused with 422."""
        result = self.agent.recvRequest(self._request, transaction)
        if isinstance(self._session, TooShort):
            reply = too_short(self._session)
            event = CCEventFail((reply.code, reply.reason))
            event.extra_headers = tuple(headers(reply.headers))
            self.agent.recvEvent(event)
            self._end(reply.code)
        return result

    @property
    def is_over(self) -> bool:
        return self._ended

    def ring(self) -> None:
        if not self._ended and not self._connected:
            self.agent.recvEvent(CCEventRing((180, "Ringing", None)))

    def early_media(self, audio: LocalAudio) -> None:
        if self._ended or self._connected:
            return
        text = self._describe(audio) if self.offer is not None else None
        description = None if text is None else MsgBody(text)
        self.agent.recvEvent(CCEventRing((183, "Session Progress", description)))
        if text is not None and self._media is not None:
            self._tell(EarlyMedia(183, self._media))

    def answer(self, audio: LocalAudio) -> None:
        if self._ended or self._connected:
            return
        text = self._describe(audio)
        if text is None:
            self.reject(NOT_ACCEPTABLE, "Not Acceptable Here")
            return
        self._connected = self._unacknowledged = self._answer_open = True
        session = self._session if isinstance(self._session, Session) else None
        self._clock.start(session)
        event = CCEventPreConnect((200, "OK", MsgBody(text)))
        event.extra_headers = tuple(headers([*OK_HEADERS, *session_headers(session, self._request)]))
        self.agent.recvEvent(event)
        if self._media is not None:
            self._tell(Answered(self._media))
            self._hold_told(not self._media.we_send)

    def reject(self, code: int, reason: str) -> None:
        if not self._ended and not self._connected:
            self._released = True
            self.agent.recvEvent(CCEventFail((code, reason)))
            self._end(code)

    def hang_up(self) -> None:
        if self._connected:
            super().hang_up()
        else:
            self.reject(TEMPORARILY_UNAVAILABLE, "Temporarily Unavailable")

    def _describe(self, audio: LocalAudio) -> str | None:
        """:returns: our answer, the same as in a 183 before, or our offer; None when nothing can be agreed."""
        if self._answer is not None:
            return self._answer
        self.audio = audio
        if self.offer is None:
            return sdp.offer(audio)
        try:
            self._answer, self._media = sdp.answer(self.offer, audio)
        except BadDescriptionError:
            return None
        return self._answer

    def _on_ring(self, code: int, description: Any) -> None:
        """We ring."""

    def _on_first_connect(self, code: int | str, description: Any) -> None:
        """The ACK that brings the answer to our offer."""
        self._unacknowledged = False
        self._media = read_description(description, self.audio)
        if self._media is None:
            self.agent.hang_up(("SIP", str(NOT_ACCEPTABLE)))
            self._released = True
            self._end(NOT_ACCEPTABLE)
            return
        self._tell(Answered(self._media))
        self._tell(Acknowledged())
        self._hold_told(not self._media.we_send)
        self._update()

    def _acknowledged_first(self) -> None:
        if self._media is not None:
            self._tell(Acknowledged())
        super()._acknowledged_first()

    def _on_begin_failed(self, event: Any) -> None:
        self._end(event.getData()[0])

    def _code_of_cancel(self) -> int:
        return 487


def take_over(transactions: Transactions, request: Any, transaction: Any) -> Any:
    """
    An INVITE with Replaces (RFC 3891): honoured for an answered dialog of ours, from the peer that has it.

    :returns: what sippy's transaction wants.
    """
    wanted = read_replaces(value(request, "replaces") or "")
    if wanted is None or request.countHFs("replaces") != 1:
        return request.genResponse(400, "Bad Request"), None, None
    for consumer in transactions.req_consumers.get(wanted.call_id, ()):
        agent = consumer.cobj
        if agent.lTag == wanted.to_tag and agent.rUri is not None and agent.rUri.getTag() == wanted.from_tag:
            return agent.owner.replace_dialog(request, transaction, early_only=wanted.early_only)
    return request.genResponse(481, "Call/Transaction Does Not Exist"), None, None


def _uri(party: Any) -> str:
    """:param party: From or To. :returns: its URI; sippy makes one without a host of a ``tel:`` URI."""
    url = party.getUrl()
    return str(url) if url.host else ";".join([f"tel:{url.username}", *url.userparams])


def contact(user: str) -> Any:
    return SipContact(address=SipAddress(url=SipURL(username=user), hadbrace=True))


class _Try(CCEventTry):  # type: ignore[misc]
    """The INVITE, with the addresses written as the trunk wants them."""

    invite: Invite

    def onUacSetupComplete(self, uac: Any) -> None:  # noqa: N802
        invite = self.invite
        host, port = split_port(invite.domain)
        usertype = "phone" if invite.is_number else None
        target = SipURL(username=invite.user, host=host, port=port, usertype=usertype)
        uac.rUri = SipTo(address=SipAddress(url=target.getCopy(), hadbrace=True))
        if invite.transport != "udp":
            target.transport = invite.transport
        uac.rTarget = target
        uac.lContact.getUrl().username = CONTACT_USER
        user, domain, name = invite.caller_id, invite.from_domain, None
        if user is None:
            user, domain, name = "anonymous", "anonymous.invalid", "Anonymous"
        uac.lUri = SipFrom(address=SipAddress(url=SipURL(username=user, host=domain), hadbrace=True, name=name))
        uac.lUri.setTag(uac.lTag)


def _try_event(invite: Invite, session_expires_s: int) -> _Try:
    event = _Try(
        (SipCallId(), invite.caller_id or "anonymous", invite.user, MsgBody(sdp.offer(invite.audio)), None, None)
    )
    event.invite = invite
    pairs = [("Allow", ALLOW), ("Supported", SUPPORTED), ("Session-Expires", str(session_expires_s))]
    if invite.caller_id is None:
        pairs.append(("Privacy", "id"))
    if invite.asserted_id is not None:
        pairs.append(("P-Asserted-Identity", f"<sip:{invite.asserted_id}@{invite.from_domain}>"))
    if invite.replaces is not None:
        pairs.append(("Replaces", invite.replaces))
    event.extra_headers = tuple(headers(pairs))
    return event
