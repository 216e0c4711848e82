"""
One trunk told where we are, as long as we run (REGISTER, RFC 3261 §10).

Decides when to tell again and what to do about each answer. Left to others: the trunk's addresses
(``relay.phone.trunk_routes``), transactions (``relay.phone.sippy_transactions``), digest itself (sippy).
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipCSeq import SipCSeq
from sippy.SipExpires import SipExpires
from sippy.SipFrom import SipFrom
from sippy.SipHeader import SipHeader
from sippy.SipRequest import SipRequest
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL

from relay.phone.config import TrunkConfig
from relay.phone.target import split_port, uri_host
from relay.phone.trunk_routes import Route

ANSWER_DEADLINE_S = 33.0  # sippy's Timer F is 32
LEAVE_DEADLINE_S = 2.0
RETRY_BASE_S, RETRY_LIMIT_S = 5.0, 300.0
CHALLENGES_LIMIT = 3  # a first one, a stale nonce, another realm
LONGEST_EXPIRES_S = 86_400
_CHALLENGES = {401: "www-authenticate", 407: "proxy-authenticate"}
State = Literal["unregistered", "registered", "refused"]
log = logging.getLogger(__name__)


def refresh_after(expires_s: float, draw: Callable[[float, float], float] = random.uniform) -> float:
    """:returns: s; well before the end, and not all workers at once."""
    return expires_s * draw(0.5, 0.9) if expires_s < 1200 else expires_s - draw(300, 600)


def retry_after(failures: int, draw: Callable[[float, float], float] = random.uniform) -> float:
    """:returns: s until the next attempt: doubled each time, a random half of it taken off (RFC 5626 §4.5)."""
    longest: float = min(RETRY_LIMIT_S, RETRY_BASE_S * 2 ** min(failures - 1, 16))
    return longest * draw(0.5, 1.0)


def granted_expires(response: Any, contact_user: str, asked_s: int) -> int:
    """:returns: s the trunk keeps us: of our own Contact in its answer, else of Expires, else what we asked for."""
    for contact in response.getHFBodys("contact"):
        if contact.asterisk or contact.getUrl().username != contact_user:
            continue
        expires = str(contact.address.params.get("expires") or "")
        if expires.isdigit():
            return _bounded(int(expires))
    if response.countHFs("expires"):
        return _bounded(int(response.getHFBody("expires").getNum()))
    return asked_s


def _bounded(seconds: int) -> int:
    return min(max(seconds, 10), LONGEST_EXPIRES_S)


@dataclass(frozen=True)
class Outcome:
    """Of one REGISTER. :param code: the final one, 408 when none came. :param expires_s: granted."""

    code: int
    expires_s: int = 0


class Registration:
    """
    :param find_routes: the trunk's addresses now, best first.
    :param contact_user: user part of our Contact: calls to us carry it in the Request-URI.
    :param on_change: called when ``state`` is another one.
    """

    def __init__(
        self,
        trunk: TrunkConfig,
        transactions: Any,
        find_routes: Callable[[], Awaitable[list[Route]]],
        *,
        contact_user: str,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.trunk = trunk
        self._on_change = on_change
        self.state: State = "unregistered"
        self._transactions, self._find_routes = transactions, find_routes
        self._contact_user = contact_user
        self._expires_s = trunk.register_expires_s
        self._call_id, self._cseq = SipCallId(), SipCSeq.genRandCSeq()
        self._route: Route | None = None

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            outcome = await self._register_anywhere()
            self._tell(outcome)
            failures = 0 if outcome.code == 200 else failures + 1
            await asyncio.sleep(retry_after(failures) if failures else refresh_after(outcome.expires_s))

    async def leave(self) -> None:
        """Tell the trunk that we are gone, if it knows of us; waits a moment for the answer."""
        if self.state != "registered" or self._route is None:
            return
        self.state = "unregistered"
        try:
            async with asyncio.timeout(LEAVE_DEADLINE_S):
                await self._register(self._route, expires_s=0)
        except TimeoutError:
            log.warning("a trunk does not answer that we leave trunk=%s", self.trunk.label)

    async def query(self, route: Route) -> int:
        """
        Ask what is registered, which changes nothing (RFC 3261 §10.2.3): shows whether name and password are right.

        :returns: the final code, 408 for none.
        """
        return (await self._register(route, None)).code

    async def _register_anywhere(self) -> Outcome:
        outcome = Outcome(408)
        for route in await self._find_routes():
            outcome = await self._register(route, self._expires_s)
            if outcome.code == 200:
                self._route = route
            if outcome.code != 408 and outcome.code < 500:
                break
        return outcome

    async def _register(self, route: Route, expires_s: int | None) -> Outcome:
        """With digest when asked, and with the trunk's own minimum (423). :param expires_s: None only asks."""
        authorisation: Any = None
        for _ in range(CHALLENGES_LIMIT + 1):
            request = self._request(route, expires_s, authorisation)
            response = await self._ask(request)
            code = 408 if response is None else int(response.getSCode()[0])
            if code in _CHALLENGES and (authorisation is None or _is_stale(response, _CHALLENGES[code])):
                authorisation = self._answer(response, _CHALLENGES[code], request)
                if authorisation is None:
                    return Outcome(code)
            elif code == 423 and response.countHFs("min-expires") and expires_s:
                expires_s = self._expires_s = _bounded(int(str(response.getHFBody("min-expires"))))
                authorisation = None
            elif code == 200:
                return Outcome(code, granted_expires(response, self._contact_user, expires_s or 0))
            else:
                return Outcome(code)
        return Outcome(code)

    def _request(self, route: Route, expires_s: int | None, authorisation: Any) -> Any:
        trunk = self.trunk
        host, port = split_port(trunk.from_domain or route.domain)
        registrar = SipURL(host=host, port=port)
        if trunk.transport != "udp":
            registrar.transport = trunk.transport
        own = SipURL(username=trunk.username, host=host, port=port)
        sender = SipFrom(address=SipAddress(url=own, hadbrace=True))
        sender.genTag()
        self._cseq += 1
        request = SipRequest(
            method="REGISTER",
            ruri=registrar,
            to=SipTo(address=SipAddress(url=own.getCopy(), hadbrace=True)),
            fr0m=sender,
            cseq=self._cseq,
            callid=self._call_id,
            contact=None if expires_s is None else self._contact(),
            expires=None if expires_s is None else SipExpires(number=expires_s),
            target=((uri_host(route.address[0]), route.address[1]), route.transport),
        )
        if authorisation is not None:
            request.appendHeader(SipHeader(body=authorisation))
        return request

    def _contact(self) -> Any:
        return SipContact(address=SipAddress(url=SipURL(username=self._contact_user), hadbrace=True))

    async def _ask(self, request: Any) -> Any:
        """:returns: the final response, None when there was none."""
        final: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def heard(response: Any) -> None:
            if response.getSCode()[0] >= 200 and not final.done():
                final.set_result(response)

        try:
            self._transactions.newTransaction(request, heard)
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                return await final
        except (TimeoutError, RuntimeError, ValueError):  # no answer, no socket, nothing that sippy can write
            return None

    def _answer(self, response: Any, name: str, request: Any) -> Any:
        """:returns: an Authorization header for the first challenge we can answer, None for none."""
        for challenge in response.getHFBodys(name):
            supported, qop = challenge.supportedAlgorithm()
            if supported:
                uri = request.getRURI().localStr()
                return challenge.genAuthHF(self.trunk.username, self.trunk.password, "REGISTER", uri, None, qop)
        return None

    def _tell(self, outcome: Outcome) -> None:
        before = self.state
        if outcome.code == 200:
            self.state = "registered"
        else:
            self.state = "refused" if 400 <= outcome.code < 500 and outcome.code != 408 else "unregistered"
        if self.state != before or self.state != "registered":
            level = logging.INFO if self.state == "registered" else logging.WARNING
            log.log(level, "trunk is %s trunk=%s sip_code=%s", self.state, self.trunk.label, outcome.code)
        if self.state != before:
            self._on_change()


def _is_stale(response: Any, name: str) -> bool:
    """The nonce is too old, name and password were right (RFC 7616 §3.3)."""
    return any(
        key.lower() == "stale" and text.strip('" ').lower() == "true"
        for challenge in response.getHFBodys(name)
        for key, text in challenge.otherparams
    )
