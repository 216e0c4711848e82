"""
Who a page is: by its Origin, its session cookie, an operator's token or nothing at all.

A page of our own origins speaks for whoever is signed in. A page of a brand's site speaks for nobody: browsers send
our cookie along with its WebSocket when both sites belong to one registrable domain, so the cookie is not read there
(cross-site WebSocket hijacking), and the page may call that brand and nothing else.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlsplit

from aiohttp import web

from interpreter_queue.model import FULL_LEVEL, HEARING_SKILL, REHEARSAL_SKILL, Trade
from signaling.auth import SESSION_COOKIE, Auth, ResumeTokens, normal_origin, origin_allowed
from signaling.call_terms import DeviceType, PageRole
from signaling.config import LOCAL_HOSTS, SignalingConfig
from signaling.http_api.address import address_group, client_address, is_from_this_machine
from signaling.identity import Identity, proved_skills
from signaling.messages.session import Hello
from signaling.page_errors import PageError
from signaling.records import model as records_model
from signaling.records.sessions import token_hash
from signaling.records_desk import RecordsDesk

#: What a rehearsal's agent has: only rehearsals are given to it.
REHEARSED = (REHEARSAL_SKILL, HEARING_SKILL, "second_level", "brand:rehearsal")
#: At which page a person sits; everybody else is at the signers'.
PAGE_OF: dict[records_model.Role, PageRole] = {"agent": "agent", "supervisor": "supervisor"}


@dataclass(frozen=True)
class Visit:
    """
    One WebSocket before it says who it is.

    :param address: the client's, IPv6 by its /64. :param cookie: of the session; None from a brand's site.
    :param only_brand: slug; the page is of this brand's site and may call this brand alone.
    :param is_operator: a program on this machine, let in by the operator's token alone.
    """

    address: str
    cookie: str | None = None
    only_brand: str | None = None
    device_type: DeviceType | None = None
    is_operator: bool = False


class Admission:
    def __init__(self, config: SignalingConfig, records: RecordsDesk, auth: Auth) -> None:
        self._config, self._records, self._auth = config, records, auth
        self._tokens = ResumeTokens(config.secret_key)

    async def visit(self, request: web.Request) -> Visit | None:
        """:returns: None: a page of this origin may not talk to us."""
        address, brand = address_group(client_address(request, self._config)), request.query.get("brand")
        device_type = device_type_of(request.headers.get("User-Agent", ""))
        if origin_allowed(request.headers.get("Origin"), self._config):
            return Visit(address, cookie=request.cookies.get(SESSION_COOKIE), device_type=device_type)
        if await self._records.origin_allowed(request, brand):
            return Visit(address, only_brand=brand, device_type=device_type)
        if is_from_this_machine(request) and is_local_origin(request.headers.get("Origin")):
            return Visit(address, is_operator=True)  # rehearsals of a service whose public address is another one
        return None

    async def identify(self, visit: Visit, hello: Hello) -> Identity:
        """
        The session cookie, an operator's token (rehearsals) or nothing (a brand's visitor). A resume token gives
        visitors and rehearsals the same key again.

        :raises PageError: this role needs a sign-in, or the token is not right.
        """
        resumed = self._tokens.read(hello.resume_token) if hello.resume_token else None
        earlier = str(resumed["key"]) if resumed and resumed.get("role") == hello.role else None
        if hello.operator_token is not None and hello.role != "supervisor":
            self._check_operator(visit, hello.operator_token)
            return _rehearsal(hello.role, earlier)
        if visit.is_operator:
            raise PageError("operator_token_refused")
        person = await self._auth.person_by_token(visit.cookie)
        if hello.role != "signer":
            if person is None or person.role != hello.role:
                raise PageError("sign_in_required")
            return identity_of(person)
        if person is not None and person.role == "signer":
            return identity_of(person)
        key = earlier if earlier and earlier.startswith("visitor-") else f"visitor-{secrets.token_hex(12)}"
        return Identity(key, "signer", only_brand=visit.only_brand)

    def sign_in_of(self, visit: Visit, who: Identity) -> str | None:
        """The hash by which the sign-in is asked for again (``session_watch``); None: no sign-in carries this page."""
        return token_hash(visit.cookie) if visit.cookie and who.person_id is not None else None

    def resume_token(self, who: Identity) -> str:
        return self._tokens.issue({"key": who.key, "role": who.role}, lifetime_s=self._config.resume_lifetime_s)

    def _check_operator(self, visit: Visit, token: str) -> None:
        is_right = secrets.compare_digest(token.encode(), self._config.operator_token.encode())
        if visit.only_brand is not None or not is_right:
            raise PageError("operator_token_refused")


def device_type_of(user_agent: str) -> DeviceType | None:
    """The class alone: browsers say « Mobile » on telephones, Android without it is a tablet. None: it says nothing."""
    if "iPad" in user_agent or "Tablet" in user_agent or ("Android" in user_agent and "Mobi" not in user_agent):
        return "tablet"
    if "Mobi" in user_agent:
        return "phone"
    return "computer" if "Mozilla/" in user_agent else None


def is_local_origin(origin: str | None) -> bool:
    return urlsplit(normal_origin(origin or "") or "").hostname in LOCAL_HOSTS


def identity_of(person: records_model.Person) -> Identity:
    trades = person.trades(datetime.now(UTC).date())
    return Identity(
        key=person.id,
        role=PAGE_OF.get(person.role, "signer"),
        name=person.name,
        person_id=person.id,
        trades=trades,
        skills=proved_skills(trades, person.skills),
        number=person.numbers[0] if person.numbers else None,
    )


def check_brand(who: Identity, kind: str, brand: str | None) -> None:
    """
    A page of a brand's site places direct calls to that brand.

    :param brand: slug; None: the page's own.
    :raises PageError: anything else.
    """
    if who.only_brand is None:
        return
    if kind != "direct":
        raise PageError("wrong_role")
    if brand not in (None, who.only_brand):
        raise PageError("unknown_brand")


def _rehearsal(role: str, earlier: str | None) -> Identity:
    """Nobody's account: routed only to and from other rehearsals (``REHEARSAL_SKILL``)."""
    key = earlier if earlier and earlier.startswith("rehearsal-") else f"rehearsal-{secrets.token_hex(8)}"
    who = Identity(key, "signer" if role == "signer" else "agent", name="Répétition", rehearsal=True)
    if role == "agent":
        who = replace(who, trades=get_args(Trade), skills=dict.fromkeys(REHEARSED, FULL_LEVEL))
    return who
