"""
One SIP dialog on sippy's user agent, as a :class:`relay.phone.leg.PhoneLeg`.

Decides how offers, answers, holds and refusals follow each other in a dialog. Left to others: transactions
(``relay.phone.sippy_transactions``), what an ending means (``relay.phone.outcome``).
"""

import asyncio
import secrets
from dataclasses import replace
from typing import Any

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventRedirect,
    CCEventRing,
    CCEventTry,
    CCEventUpdate,
)
from sippy.MsgBody import MsgBody
from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipFrom import SipFrom
from sippy.SipHeader import SipHeader
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL
from sippy.UA import UA

from relay.errors import BadDescriptionError
from relay.phone import sdp
from relay.phone.leg import (
    Answered,
    EarlyMedia,
    Ended,
    Invite,
    LegEvent,
    LegListener,
    MediaChanged,
    Ringing,
    StoredRequest,
    Trying,
)
from relay.phone.sdp import LocalAudio, Negotiated
from relay.phone.sippy_transactions import Transactions

NOT_ACCEPTABLE = 488
GLARE_RETRY_S = 2.5  # 2.1…4 s for the owner of the Call-ID (RFC 3261 §14.1)
SPARE_CSEQ = 8  # a successor's BYE must come after any re-INVITE we still sent
CONTACT_USER = "passerelle"


def new_session() -> int:
    """:returns: a random number for the o= line."""
    return secrets.randbits(31)


class SippyLeg:
    """One dialog."""

    def __init__(self, transactions: Transactions, audio: LocalAudio, listener: LegListener) -> None:
        self.transactions = transactions
        self.audio = audio
        self._listener = listener
        self._media: Negotiated | None = None
        self._connected = False
        self._ended = False
        self._released = False
        self._updating = False
        self._wanted: sdp.Direction = "sendrecv"
        self.ua: Any = None

    # what the owner asks

    def hold(self, held: bool) -> None:
        self._wanted = "sendonly" if held else "sendrecv"
        self._update()

    def hang_up(self) -> None:
        if self._ended:
            return
        self._released = True
        self.ua.disconnect()
        self._end(None)

    def farewell(self) -> StoredRequest | None:
        if self._ended or self.ua is None or self.ua.tr is None:
            return None
        return self._stored_bye() if self._connected else self._stored_cancel()

    # what the dialog tells

    def _on_event(self, event: Any, _: Any) -> None:
        if self._ended:
            return
        if isinstance(event, CCEventRing):
            self._on_ring(*event.getData())
        elif isinstance(event, CCEventConnect):
            self._on_connect(event.getData()[2])
        elif isinstance(event, CCEventUpdate):
            self._on_remote_update(str(event.getData()))
        elif isinstance(event, CCEventFail) and self._connected and self.ua.isConnected():
            self._on_update_refused(event.getData()[0])
        elif isinstance(event, CCEventFail | CCEventRedirect):
            self._end(event.getData()[0])
        elif isinstance(event, CCEventDisconnect):
            self._end(None)

    def _on_ring(self, code: int, _reason: str, body: Any) -> None:
        if self._connected:
            return
        if code <= 100:
            self._tell(Trying())
            return
        media = _read(body)
        if media is None:
            self._tell(Ringing(code))
        else:
            self._media = media
            self._tell(EarlyMedia(code, media))

    def _on_connect(self, body: Any) -> None:
        media = _read(body) or self._media  # a 200 may repeat nothing of what a 183 said
        first = not self._connected
        self._connected = True
        self._updating = False
        if media is None:
            self._released = True
            self.ua.disconnect()
            self._end(NOT_ACCEPTABLE)
            return
        self._media = media
        self._tell(Answered(media) if first else MediaChanged(media))
        self._update()

    def _on_remote_update(self, offer: str) -> None:
        wanted = replace(self._next_audio(), direction=self._wanted)
        try:
            text, media = sdp.answer(offer, wanted)
        except BadDescriptionError:
            self.ua.recvEvent(CCEventFail((NOT_ACCEPTABLE, "Not Acceptable Here")))
            return
        self.audio = replace(wanted, direction=self.audio.direction)
        self._media = media
        body = MsgBody(text)
        self.ua.lSDP = body
        self.ua.recvEvent(CCEventConnect((200, "OK", body)))
        self._tell(MediaChanged(media))

    def _on_update_refused(self, code: int) -> None:
        """The call goes on as it was. 491 is glare: once more, later."""
        self._updating = False
        self.ua.lSDP = self.ua.lSDP or MsgBody(sdp.offer(self.audio))
        if code == 491:
            self.audio = replace(self.audio, direction="sendrecv" if self._wanted == "sendonly" else "sendonly")
            asyncio.get_running_loop().call_later(GLARE_RETRY_S, self._update)

    def _update(self) -> None:
        if not self._connected or self._updating or self._ended or self.audio.direction == self._wanted:
            return
        self._updating = True
        self.audio = replace(self._next_audio(), direction=self._wanted)
        self.ua.recvEvent(CCEventUpdate(MsgBody(sdp.offer(self.audio))))

    def _next_audio(self) -> LocalAudio:
        return replace(self.audio, version=self.audio.version + 1)

    def _end(self, code: int | None) -> None:
        if not self._ended:
            self._ended = True
            self._tell(Ended(code, self._released))

    def _tell(self, event: LegEvent) -> None:
        self._listener(event)

    # what a successor would send

    def _stored_bye(self) -> StoredRequest:
        ua = self.ua
        current = ua.lCSeq
        ua.lCSeq = current + SPARE_CSEQ
        request = ua.genRequest("BYE")
        ua.lCSeq = current
        (host, port), transport = request.getTarget()
        server = ua.tr.userv or self._server()
        return StoredRequest(host, port, str(transport).lower(), request.localStr(server.getSIPaddr()))  # type: ignore[arg-type]

    def _stored_cancel(self) -> StoredRequest | None:
        transaction = self.ua.tr
        if getattr(transaction, "cancel", None) is None:
            return None
        host, port = transaction.address
        server = transaction.userv
        return StoredRequest(host, port, server.transport, transaction.cancel.localStr(server.getSIPaddr()))

    def _server(self) -> Any:
        return self.transactions.stream or self.transactions.l4r.getServer(None)


class OutgoingLeg(SippyLeg):
    def __init__(self, transactions: Transactions, invite: Invite, listener: LegListener) -> None:
        super().__init__(transactions, invite.audio, listener)
        self.ua = UA(
            transactions.global_config,
            self._on_event,
            username=invite.username,
            password=invite.password,
            nh_address=invite.address,
            nh_transport=invite.transport,
        )
        self.ua.lContact = _contact(CONTACT_USER)
        self.ua.recvEvent(_try_event(invite))


class IncomingSippyLeg(SippyLeg):
    """A call to us; ``number`` and ``caller`` are the user parts of Request-URI and From."""

    def __init__(self, transactions: Transactions, request: Any) -> None:
        super().__init__(
            transactions, LocalAudio(transactions.global_config["_sip_address"], 0, new_session()), lambda _: None
        )
        self.number = str(request.getRURI().username or "")
        self.caller = str(request.getHFBody("from").getUrl().username or "") or None
        self._offer = str(request.getBody() or "")
        self.ua = UA(transactions.global_config, self._on_event)
        self.ua.lContact = _contact(CONTACT_USER)

    def listen(self, listener: LegListener) -> None:
        self._listener = listener

    def ring(self) -> None:
        self.ua.recvEvent(CCEventRing((180, "Ringing", None)))

    def answer(self, audio: LocalAudio) -> None:
        if self._ended or self._connected:
            return
        try:
            text, self._media = sdp.answer(self._offer, audio)
        except BadDescriptionError:
            self.reject(NOT_ACCEPTABLE, "Not Acceptable Here")
            return
        self.audio = audio
        self._connected = True
        body = MsgBody(text)
        self.ua.lSDP = body
        self.ua.recvEvent(CCEventConnect((200, "OK", body)))
        self._tell(Answered(self._media))

    def reject(self, code: int, reason: str) -> None:
        if not self._ended and not self._connected:
            self._released = True
            self.ua.recvEvent(CCEventFail((code, reason)))
            self._end(code)


def _read(body: Any) -> Negotiated | None:
    if body is None:
        return None
    try:
        return sdp.read(str(body))
    except BadDescriptionError:
        return None


def _contact(user: str) -> Any:
    return SipContact(address=SipAddress(url=SipURL(username=user), hadbrace=True))


class _Try(CCEventTry):  # type: ignore[misc]
    """The INVITE, with the addresses written as the trunk wants them."""

    invite: Invite

    def onUacSetupComplete(self, uac: Any) -> None:  # noqa: N802
        invite = self.invite
        host, _, port = invite.domain.partition(":")
        usertype = "phone" if invite.is_number else None
        target = SipURL(username=invite.user, host=host, port=int(port) if port else None, usertype=usertype)
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


def _try_event(invite: Invite) -> _Try:
    body = MsgBody(sdp.offer(invite.audio))
    event = _Try((SipCallId(), invite.caller_id or "anonymous", invite.user, body, None, None))
    event.invite = invite
    headers = [SipHeader("Privacy: id")] if invite.caller_id is None else []
    if invite.asserted_id is not None:
        headers.append(SipHeader(f"P-Asserted-Identity: <sip:{invite.asserted_id}@{invite.from_domain}>"))
    event.extra_headers = tuple(headers) or None
    return event
