"""
Who somebody is and where a request comes from: sign-in, session cookie, Origin, resume tokens.

A session is a row in SQL and a random token in a cookie. Signers of a brand need neither.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from signaling.config import SignalingConfig
from signaling.passwords import NOBODY, PASSWORD_LIMIT, hash_password, needs_rehash, password_matches
from signaling.rate_limit import Rate, TokenBuckets
from signaling.records import Records
from signaling.records.model import Brand, Person, Role
from signaling.records.people import normal_login

SESSION_COOKIE = "passerelle_session"
LOGIN_SHARE = 10  # attempts on one login from many addresses, in multiples of those from one address
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SignInError(Exception):
    """
    A sign-in that did not succeed. Which of login and password was wrong is never told.

    :param code: ``wrong_credentials``, ``wrong_role`` or ``too_many_attempts``.
    :param retry_after_s: when to try again; 0: at once.
    """

    def __init__(self, code: str, retry_after_s: float = 0.0) -> None:
        super().__init__(code)
        self.code, self.retry_after_s = code, retry_after_s


class Auth:
    """
    Signs people in and finds them again by their cookie.

    Guessing must be slow and must lock nobody out: one address has few attempts, and a login that many addresses try
    is closed only to those of them that have failed at it. Who types the right password where nobody failed gets in.
    """

    def __init__(self, records: Records, config: SignalingConfig, clock: Callable[[], float] = time.time) -> None:
        self._records, self._config, self._clock = records, config, clock
        attempts, window_s = config.sign_in_attempts, config.sign_in_window_s
        self._by_address = TokenBuckets(Rate(attempts, window_s))
        self._by_login = TokenBuckets(Rate(attempts * LOGIN_SHARE, window_s))
        self._failed = TokenBuckets(Rate(1, window_s))  # by login and address; empty: failed within window_s

    async def sign_in(
        self, login: str, password: str, *, address: str, user_agent: str = "", role: Role | None = None
    ) -> tuple[Person, str]:
        """
        :param address: the client's, IPv6 by its /64 (``http_api.address.address_group``).
        :param role: the page's; a person with another role is turned away.
        :returns: the person and the token for the cookie.
        :raises SignInError:
        """
        login = normal_login(login)
        self._count_attempt(address, login)
        person = await self._verified(login, password)
        if person is None:
            self._failed.take(f"{login} {address}", self._clock())
            raise SignInError("wrong_credentials")
        if role is not None and person.role != role:
            raise SignInError("wrong_role")
        self._by_address.give_back(address, self._clock())
        self._by_login.give_back(login, self._clock())
        token = secrets.token_urlsafe(32)
        await self._records.sessions.add(token, person.id, self._config.session_lifetime_s, user_agent)
        return person, token

    async def sign_out(self, token: str) -> None:
        await self._records.sessions.end(token)

    async def person_of(self, request: web.Request) -> Person | None:
        return await self.person_by_token(request.cookies.get(SESSION_COOKIE))

    async def person_by_token(self, token: str | None) -> Person | None:
        session = await self._records.sessions.find(token) if token else None
        return session.person if session else None

    def _count_attempt(self, address: str, login: str) -> None:
        """:raises SignInError: attempts that succeed are given back."""
        now = self._clock()
        wait_s = self._by_address.take(address, now)
        if not wait_s:
            login_wait_s = self._by_login.take(login, now)
            wait_s = login_wait_s if self._failed.wait_s(f"{login} {address}", now) else 0.0
        if wait_s:
            raise SignInError("too_many_attempts", wait_s)

    async def _verified(self, login: str, password: str) -> Person | None:
        """Takes as long for an unknown login as for a wrong password."""
        found = await self._records.people.credentials(login)
        person, password_hash = found if found else (None, NOBODY)
        matches = len(password) <= PASSWORD_LIMIT and await password_matches(password_hash, password)
        if person is None or person.disabled or not matches:
            return None
        if needs_rehash(password_hash):
            await self._records.people.set_password_hash(person.id, await hash_password(password))
        return person


AUTH: web.AppKey[Auth] = web.AppKey("auth", Auth)


async def person_of(request: web.Request) -> Person | None:
    """Who is signed in, by the session cookie; None: nobody."""
    return await request.app[AUTH].person_of(request)


def set_session_cookie(response: web.StreamResponse, token: str, config: SignalingConfig) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(config.session_lifetime_s),
        path="/",
        httponly=True,
        secure=is_https(config),
        samesite="Lax",
    )


def clear_session_cookie(response: web.StreamResponse, config: SignalingConfig) -> None:
    response.del_cookie(SESSION_COOKIE, path="/", httponly=True, secure=is_https(config), samesite="Lax")


def is_https(config: SignalingConfig) -> bool:
    return config.public_url.startswith("https://")


def normal_origin(origin: str) -> str | None:
    """
    ``https://Mairie.example:443`` → ``https://mairie.example``. None: no origin of a web page (``null``, a path, a
    wildcard, another scheme).
    """
    try:
        parts = urlsplit(origin.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "*" in parts.netloc or "@" in parts.netloc:
        return None
    if parts.path not in ("", "/") or parts.query or parts.fragment or any(mark in parts.netloc for mark in ";, '\""):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def origin_allowed(request_origin: str | None, config: SignalingConfig, brand: Brand | None = None) -> bool:
    """
    Whether a page of this origin may talk to us: our own, those of the configuration, those of the brand.

    :param request_origin: the header as it came. Without one the answer is no: browsers always send it with a
        WebSocket handshake, other programs can.
    """
    origin = normal_origin(request_origin) if request_origin else None
    if origin is None:
        return False
    allowed = (config.public_url, *config.allowed_origins, *(brand.allowed_origins if brand else ()))
    return origin in {normal_origin(entry) for entry in allowed}


def is_cross_site(request: web.Request, config: SignalingConfig) -> bool:
    """
    Whether a request that changes something may have been made by a foreign page with a visitor's cookie.

    Without Origin it is a program (no cookie, so nothing to borrow) or an old browser that says where it comes from
    by Sec-Fetch-Site.
    """
    if request.method in _SAFE_METHODS:
        return False
    origin = request.headers.get("Origin")
    if origin is not None:
        return not origin_allowed(origin, config)
    return SESSION_COOKIE in request.cookies and request.headers.get("Sec-Fetch-Site") != "same-origin"


class ResumeTokens:
    """
    Signed tickets that find a call again after a reload, and keep a place in line. They hold identifiers, no name.

    :param secret_key: of the installation; the signing key is derived from it: a ticket is good for nothing else.
    """

    _ALGORITHM, _AUDIENCE = "HS256", "passerelle.resume"

    def __init__(self, secret_key: str, clock: Callable[[], float] = time.time) -> None:
        derived = hmac.digest(secret_key.encode(), self._AUDIENCE.encode(), hashlib.sha256)
        self._key, self._clock = OctKey.import_key(derived), clock

    def issue(self, subject: dict[str, Any], lifetime_s: float) -> str:
        """:param subject: JSON values; the page keeps the token and cannot change it, but can read it."""
        now = int(self._clock())
        claims = {"aud": self._AUDIENCE, "iat": now, "exp": now + int(lifetime_s), "subject": subject}
        return jwt.encode({"alg": self._ALGORITHM}, claims, self._key)

    def read(self, token: str) -> dict[str, Any] | None:
        """None: forged, expired, or something else's token."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[self._ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        subject, expires = claims.get("subject"), claims.get("exp")
        if claims.get("aud") != self._AUDIENCE or not isinstance(expires, int) or expires <= self._clock():
            return None
        return subject if isinstance(subject, dict) else None
