"""The emergency numbers, so that a page can react before anything is sent: data of ``relay.phone.emergency``."""

from datetime import date

from aiohttp import web
from pydantic import BaseModel

from relay.phone.emergency import AS_OF, EMERGENCY_NUMBERS, EmergencyKind
from signaling.http_api.keys import CONFIG


class EmergencyNumberView(BaseModel):
    number: str
    kind: EmergencyKind
    name: str


class EmergencyList(BaseModel):
    """
    :param as_of: day the list was checked. :param may_relay: this operator relays ``offer_114`` numbers on insistence.
    """

    as_of: date
    may_relay: bool
    numbers: tuple[EmergencyNumberView, ...]


async def emergency(request: web.Request) -> web.Response:
    numbers = tuple(
        EmergencyNumberView(number=entry.number, kind=entry.kind, name=entry.name) for entry in EMERGENCY_NUMBERS
    )
    body = EmergencyList(as_of=AS_OF, may_relay=request.app[CONFIG].relay_emergency, numbers=numbers)
    return web.json_response(text=body.model_dump_json(), headers={"Cache-Control": "public, max-age=3600"})
