"""
One SIP dialog on sippy's user agent, as a :class:`relay.phone.leg.PhoneLeg`.

Decides how offers, answers, holds, refreshes and refusals follow each other in a dialog that is up. Left to others: how
one begins (``relay.phone.sippy_calls``), requests as such (``relay.phone.sippy_agent``), transfers
(``relay.phone.referrals``), transactions (``relay.phone.sippy_transactions``), what an ending means
(``relay.phone.outcome``).
"""

import asyncio
import random
import secrets
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventPreConnect,
    CCEventRedirect,
    CCEventRing,
)
from sippy.MsgBody import MsgBody

from relay.errors import BadDescriptionError
from relay.phone import info_keys, sdp, session_timer
from relay.phone import referring as words
from relay.phone.leg import Ended, Held, KeyPressed, LegEvent, LegListener, MediaChanged, StoredRequest
from relay.phone.outcome import q850_cause
from relay.phone.referrals import Referrals
from relay.phone.referring import DialogId, Wish
from relay.phone.sdp import LocalAudio, Negotiated
from relay.phone.sdp_reading import Direction
from relay.phone.session_timer import Session, SessionClock, TooShort
from relay.phone.sippy_agent import (
    ALLOW,
    NORMAL_CLEARING,
    SUPPORTED,
    DialogAgent,
    Header,
    Reply,
    headers,
    session_headers,
    tokens,
    too_short,
    value,
    values,
)
from relay.phone.sippy_transactions import Transactions
from relay.phone.stored_requests import stored_bye, stored_cancel

NOT_ACCEPTABLE = 488
GLARE_OWNER_S = (2.1, 4.0)  # of the Call-ID (RFC 3261 §14.1)
GLARE_OTHER_S = (0.0, 2.0)
OK_HEADERS: tuple[Header, ...] = (("Allow", ALLOW), ("Supported", SUPPORTED))


def new_session() -> int:
    """:returns: a random number for the o= line."""
    return secrets.randbits(31)


def read_description(text: Any, local: LocalAudio) -> Negotiated | None:
    """:param local: what we offered."""
    if text is None:
        return None
    try:
        return sdp.read(str(text), local)
    except BadDescriptionError:
        return None


class SippyLeg(ABC):
    """One dialog. ``agent`` is another one after a redirection or when another dialog replaces it (RFC 3891)."""

    glare_s = GLARE_OTHER_S
    agent: DialogAgent

    def __init__(self, transactions: Transactions, audio: LocalAudio, listener: LegListener, peer_host: str) -> None:
        self.transactions = transactions
        self.audio = audio
        self.peer_host = peer_host.strip("[]")
        self.own_hosts: frozenset[str] = frozenset()
        self._listener = listener
        self._media: Negotiated | None = None
        self._connected = False
        self._ended = False
        self._released = False
        self._updating = False
        self._unacknowledged = False
        self._answer_open = False  # our 200 to the first INVITE has no ACK yet
        self._late_bye: Header | None = None
        self._refresh_due = False
        self._wanted: Direction = "sendrecv"
        self._held = False
        self._cause: int | None = None
        self._allowed: frozenset[str] | None = None
        self._glare: asyncio.TimerHandle | None = None
        self._clock = SessionClock(self._refresh, self._expired)
        self._keys = info_keys.KeySender()
        self._referrals = Referrals(self._tell, self._read_refer_to, self._gone)

    # --- what the owner asks ------------------------------------------------------------------------------

    def listen(self, listener: LegListener) -> None:
        self._listener = listener

    def hold(self, held: bool) -> None:
        self._wanted = "sendonly" if held else "sendrecv"
        self._update()

    def hang_up(self) -> None:
        self._hang_up()

    def press_by_info(self, digit: str) -> bool:
        if not self._connected or self._ended or (self._allowed is not None and "info" not in self._allowed):
            return False
        return self._keys.press(self.agent, digit)

    def refer(self, target: str) -> None:
        if self._connected and not self._ended:
            remote = self.agent.rUri.getUrl()
            domain = f"{remote.host}:{remote.port}" if remote.port else str(remote.host)
            self._referrals.send(self.agent, words.refer_to(target, domain))

    def refer_to(self, other: Any) -> None:
        if self._connected and not self._ended:
            self._referrals.send(self.agent, words.refer_to_dialog(*other.place()))

    def report(self, sip_code: int) -> None:
        self._referrals.report(self.agent, sip_code)

    def place(self) -> tuple[str, DialogId]:
        """:returns: where the peer of this leg is reached, and this dialog as that peer knows it."""
        agent = self.agent
        target = agent.rTarget.getCopy()
        target.headers = None
        return target.localStr(), DialogId(str(agent.cId), agent.rUri.getTag() or "", agent.lTag)

    def farewell(self) -> StoredRequest | None:
        if self._ended:
            return None
        return stored_bye(self.agent, self.transactions) if self._connected else stored_cancel(self.agent)

    # --- what the dialog tells ----------------------------------------------------------------------------

    def on_agent_event(self, event: Any, agent: DialogAgent) -> None:
        if isinstance(event, CCEventConnect) and agent is self.agent and event.getData()[0] == "ACK":
            self._acknowledged_first()
        if self._ended or agent is not self.agent:
            return
        if isinstance(event, CCEventRing):
            self._on_ring(event.getData()[0], event.getData()[2])
        elif isinstance(event, CCEventConnect):
            self._on_connect(*event.getData())
        elif isinstance(event, CCEventFail | CCEventRedirect):
            self._on_fail(event)
        elif isinstance(event, CCEventDisconnect):
            self._cause = self._cause or q850_cause([str(event.reason_rfc3326 or "")])
            self._end(None if self._connected else self._code_of_cancel())

    def _acknowledged_first(self) -> None:
        self._answer_open = False
        if self._late_bye is not None:
            self.agent.hang_up(self._late_bye)

    def on_agent_response(self, response: Any, agent: DialogAgent) -> None:
        if agent is not self.agent:
            return
        code = response.getSCode()[0]
        self.note_peer(response)
        if code >= 300 and not self._connected:
            self._cause = q850_cause(values(response, "reason"))
        if 200 <= code < 300:
            if self._connected:
                agent.refresh_target(response)
            self._clock.start(session_timer.answered(value(response, "session-expires") or value(response, "x")))

    def on_agent_request(self, request: Any, agent: DialogAgent) -> Reply:
        if agent is not self.agent:  # replaced, and its BYE is under way
            return Reply(481, "Call/Transaction Does Not Exist")
        method = request.getMethod()
        if method in ("INVITE", "UPDATE"):
            return self._on_change(request)
        if method == "INFO":
            reply, key = info_keys.on_info(request)
            if key is not None:
                self._tell(KeyPressed(key))
            return reply
        if method == "REFER":
            return self._referrals.on_refer(request, agent)
        if method == "NOTIFY":
            return self._referrals.on_notify(request)
        return Reply(200, "OK", OK_HEADERS) if method == "OPTIONS" else Reply(481, "Call/Transaction Does Not Exist")

    def note_peer(self, message: Any) -> None:
        allowed = tokens(message, "allow")
        if allowed:
            self._allowed = allowed

    @abstractmethod
    def _on_ring(self, code: int, description: Any) -> None: ...

    @abstractmethod
    def _on_first_connect(self, code: int | str, description: Any) -> None: ...

    @abstractmethod
    def _on_begin_failed(self, event: Any) -> None: ...

    def _code_of_cancel(self) -> int | None:
        return None

    def _on_connect(self, code: int | str, _reason: str, description: Any) -> None:
        if not self._connected or self._media is None:
            self._on_first_connect(code, description)
            return
        if code == "ACK":
            self._acknowledged(None)
            return
        self._updating = False
        self._refresh_due = False
        self._take_answer(description)
        self._update()

    def _on_fail(self, event: Any) -> None:
        if not self._connected:
            self._on_begin_failed(event)
        elif self.agent.isConnected():
            self._on_update_refused(event.getData()[0])
        else:
            self._end(None)  # 408 or 481: the peer does not know the dialog any more, sippy has said BYE

    # --- offers and answers -------------------------------------------------------------------------------

    def _update(self) -> None:
        """Tell the peer what we want now, unless it is told already or somebody's request is under way."""
        if not self._connected or self._ended or self._updating or self._unacknowledged or self._glare is not None:
            return
        if self.audio.direction == self._wanted and not self._refresh_due:
            return
        self._updating = True
        self.audio = replace(self._next_audio(), direction=self._wanted)
        session = self._clock.session
        extra = [] if session is None else [("Session-Expires", session_timer.header(session, in_request=True))]
        self.agent.reinvite(MsgBody(sdp.offer(self.audio, self._media)), [*OK_HEADERS, *extra])

    def _on_update_refused(self, code: int) -> None:
        """The call goes on as it was. 491 is glare: once more, later."""
        self._updating = False
        self.agent.lSDP = self.agent.lSDP or MsgBody(sdp.offer(self.audio, self._media))
        if code == 491:
            self.audio = replace(self.audio, direction="inactive")  # whatever is wanted is not told yet
            delay = random.uniform(*self.glare_s)
            self._glare = asyncio.get_running_loop().call_later(delay, self._after_glare)
        elif self._refresh_due:
            self._refresh_due = False
            self._clock.try_again()

    def _after_glare(self) -> None:
        self._glare = None
        self._update()

    def _on_change(self, request: Any) -> Reply:
        """A re-INVITE or UPDATE: another description, a refresh, or both."""
        self.note_peer(request)
        if self._unacknowledged and (request.getMethod() == "INVITE" or request.getBody() is not None):
            return Reply(491, "Request Pending")
        session = self.session_wanted(request)
        if isinstance(session, TooShort):
            return too_short(session)
        offer = request.getBody()
        if offer is not None:
            text = self._take_offer(str(offer))
            if text is None:
                return Reply(NOT_ACCEPTABLE, "Not Acceptable Here")
        else:
            text = self._offer_again() if request.getMethod() == "INVITE" else None
        self._clock.start(session)
        extra = session_headers(session, request)
        description = None if text is None else MsgBody(text)
        if request.getMethod() == "UPDATE":
            return Reply(200, "OK", extra, description)
        self._unacknowledged = True
        return Reply(200, "OK", extra, description, self._acknowledged if offer is not None else self._late_answer)

    def _offer_again(self) -> str:
        self.audio = replace(self._next_audio(), direction=self._wanted)
        return sdp.offer(self.audio, self._media)

    def _late_answer(self, answer: str | None) -> None:
        self._take_answer(answer)
        self._acknowledged(None)

    def _acknowledged(self, _: str | None) -> None:
        self._unacknowledged = False
        self._update()

    def _take_offer(self, offer: str) -> str | None:
        """:returns: our answer; None when we cannot take it."""
        wanted = replace(self._next_audio(), direction=self._wanted)
        try:
            text, media = sdp.answer(offer, wanted)
        except BadDescriptionError:
            return None
        self.audio = wanted
        self.agent.lSDP = MsgBody(text)
        self._agreed(media)
        self._hold_told(not media.we_send)
        return text

    def _take_answer(self, answer: Any) -> None:
        """A peer that says nothing, or nothing readable, leaves things as they were."""
        media = read_description(answer, self.audio)
        if media is None:
            return
        self._agreed(media)
        if self.audio.direction == "sendrecv":  # else its direction only follows our own hold
            self._hold_told(not media.we_send)

    def _agreed(self, media: Negotiated) -> None:
        if media != self._media:
            self._media = media
            self._tell(MediaChanged(media))

    def _hold_told(self, held: bool) -> None:
        if held != self._held:
            self._held = held
            self._tell(Held(held))

    def _next_audio(self) -> LocalAudio:
        return replace(self.audio, version=self.audio.version + 1)

    def replace_dialog(self, request: Any, transaction: Any, *, early_only: bool) -> Any:
        """Another dialog of the same peer takes the place of this one: our owner sees a change of media at most."""
        if request.getSource()[0].strip("[]") != self.peer_host:
            return request.genResponse(403, "Forbidden"), None, None
        if not self._connected or self._ended:
            return request.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if early_only:
            return request.genResponse(486, "Busy Here"), None, None
        session = self.session_wanted(request)
        offer = request.getBody()
        text = None if offer is None or isinstance(session, TooShort) else self._take_offer(str(offer))
        if text is None or isinstance(session, TooShort):
            return request.genResponse(NOT_ACCEPTABLE, "Not Acceptable Here"), None, None
        before = self.agent
        self.agent = DialogAgent(self.transactions.global_config, self)
        self.agent.lContact = before.lContact
        self.note_peer(request)
        result = self.agent.recvRequest(request, transaction)
        self._updating, self.glare_s = False, GLARE_OTHER_S
        self._unacknowledged = self._answer_open = True
        event = CCEventPreConnect((200, "OK", MsgBody(text)))
        event.extra_headers = tuple(headers([*OK_HEADERS, *session_headers(session, request)]))
        self.agent.recvEvent(event)
        self._clock.start(session)
        before.hang_up(NORMAL_CLEARING)
        return result

    # --- time ---------------------------------------------------------------------------------------------

    def session_wanted(self, request: Any) -> Session | TooShort | None:
        return session_timer.requested(
            value(request, "session-expires") or value(request, "x"),
            peer_supports="timer" in tokens(request, "supported", "k"),
            min_se_s=self.transactions.dialog.min_session_s,
        )

    def _refresh(self) -> None:
        self._refresh_due = True
        self._update()

    def _expired(self) -> None:
        self._hang_up(("SIP", "408"))

    def _gone(self) -> None:
        """The peer has forgotten the dialog."""
        self._hang_up(("SIP", "481"))

    # --- the end ------------------------------------------------------------------------------------------

    def _hang_up(self, reason: Header | None = None) -> None:
        if not self._ended:
            self._released = reason is None
            if self._answer_open:  # RFC 3261 §15: no BYE before the ACK; without one sippy says it after 32 s
                self._late_bye = reason or NORMAL_CLEARING
            else:
                self.agent.hang_up(reason or NORMAL_CLEARING)
            self._end(None)

    def _end(self, code: int | None) -> None:
        if self._ended:
            return
        self._referrals.dialog_ended()
        self._ended = True
        self._clock.stop()
        self._keys.stop()
        if self._glare is not None:
            self._glare.cancel()
            self._glare = None
        self._tell(Ended(code, self._released, self._cause))

    def _tell(self, event: LegEvent) -> None:
        if not self._ended or isinstance(event, Ended):
            self._listener(event)

    def _read_refer_to(self, text: str) -> Wish | None:
        config = self.transactions.dialog
        ours = str(self.transactions.global_config["_sip_address"])
        own = {host.lower().strip("[]") for host in (*self.own_hosts, *config.own_hosts, self.peer_host, ours)}
        return words.read_refer_to(text, own, config.region)
