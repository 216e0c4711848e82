"""Sign-in, sign-out, and who is signed in."""

import time
from datetime import UTC, datetime
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from interpreter_queue.model import Trade
from signaling.audit import Acted
from signaling.auth import (
    AUTH,
    SESSION_COOKIE,
    SignInError,
    clear_session_cookie,
    person_of,
    set_session_cookie,
)
from signaling.http_api.address import address_group, client_address
from signaling.http_api.body import read_json
from signaling.http_api.keys import CONFIG, RECORDS
from signaling.http_api.problem import ProblemError
from signaling.passwords import PASSWORD_LIMIT
from signaling.records.model import Locale, Person, Role

#: Kinds of browsers and systems, as ``User-Agent`` names them; the first that fits.
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "Mac"))


class SignIn(BaseModel):
    """:param role: the page's; a person with another role is turned away."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    login: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=PASSWORD_LIMIT, repr=False)]
    role: Role | None = None


class Me(BaseModel):
    """:param trades: those whose qualification is valid today. :param numbers: a signer's relay numbers."""

    login: str
    name: str
    role: Role
    locale: Locale
    trades: tuple[Trade, ...]
    numbers: tuple[str, ...]


async def sign_in(request: web.Request) -> web.Response:
    form = await read_json(request, SignIn)
    config, user_agent = request.app[CONFIG], request.headers.get("User-Agent", "")
    address = address_group(client_address(request, config))
    try:
        person, token = await request.app[AUTH].sign_in(
            form.login, form.password, address=address, user_agent=user_agent, role=form.role
        )
    except SignInError as error:
        raise ProblemError(error.code, retry_after_s=error.retry_after_s or None) from None
    if person.role == "signer":
        await request.app[RECORDS].people.device_seen(person.id, device_label(user_agent))
    if person.role == "supervisor":
        await request.app[RECORDS].audit.add(Acted(person.id, "sign_in", time.time()))
    response = web.json_response(text=_me(person))
    set_session_cookie(response, token, config)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """Also without a session: whoever asks is signed out afterwards."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await request.app[AUTH].sign_out(token)
    response = web.Response(status=204)
    clear_session_cookie(response, request.app[CONFIG])
    return response


async def me(request: web.Request) -> web.Response:
    """204 when nobody is signed in: an answer like another, which browsers do not show as an error."""
    person = await person_of(request)
    if person is None:
        return web.Response(status=204)
    return web.json_response(text=_me(person))


def device_label(user_agent: str) -> str:
    """``Firefox · Android``: enough for its owner to recognise it, nothing that tells two of them apart."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "Navigateur")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "Linux" if "Linux" in user_agent else "")
    return f"{browser} · {system}" if system else browser


def _me(person: Person) -> str:
    today = datetime.now(UTC).date()
    return Me(
        login=person.login,
        name=person.name,
        role=person.role,
        locale=person.locale,
        trades=person.trades(today),
        numbers=person.numbers,
    ).model_dump_json()
