"""What anybody may know of a brand: its name and when it answers. Read by its page and by the embed button."""

import time

from aiohttp import web
from pydantic import BaseModel

from signaling.http_api.keys import RECORDS
from signaling.http_api.problem import Language, ProblemError, language_of
from signaling.records.model import Brand, Locale
from signaling.records.opening import opening, parse_hours
from signaling.records.opening_words import hours_in_words

PUBLIC_FOR_S = 60  # an opening state may be a minute old


class ColoursView(BaseModel):
    background: str
    text: str


class BrandView(BaseModel):
    """
    :param opens_at: Unix seconds, when closed. :param closes_at: when open; None: not within a year.
    :param hours: lines for people.
    """

    slug: str
    name: str
    locale: Locale
    is_open: bool
    opens_at: float | None
    closes_at: float | None
    hours: tuple[str, ...]
    timezone: str
    colours: ColoursView


class BrandList(BaseModel):
    brands: tuple[BrandView, ...]


async def list_brands(request: web.Request) -> web.Response:
    """The demonstration brands: which businesses an operator serves is theirs to tell."""
    now, language = time.time(), language_of(request)
    found = [brand for brand in await request.app[RECORDS].brands.all() if brand.is_demo and not brand.is_rehearsal]
    return _public(BrandList(brands=tuple(brand_view(brand, now, language) for brand in found)))


async def one_brand(request: web.Request) -> web.Response:
    brand = await public_brand(request)
    return _public(brand_view(brand, time.time(), language_of(request)))


async def public_brand(request: web.Request) -> Brand:
    """:raises ProblemError: no brand of this slug, or the rehearsals' own."""
    brand = await request.app[RECORDS].brands.by_slug(request.match_info["slug"])
    if brand is None or brand.is_rehearsal:
        raise ProblemError("unknown_brand")
    return brand


def brand_view(brand: Brand, now: float, language: Language) -> BrandView:
    state = opening(brand.hours, brand.timezone, brand.holidays_zone, now)
    return BrandView(
        slug=brand.slug,
        name=brand.name,
        locale=brand.locale,
        is_open=state.is_open,
        opens_at=None if state.is_open else state.until,
        closes_at=state.until if state.is_open else None,
        hours=hours_in_words(parse_hours(brand.hours), language),
        timezone=brand.timezone,
        colours=ColoursView(background=brand.colours.background, text=brand.colours.text),
    )


def _public(body: BaseModel) -> web.Response:
    """Readable from the businesses' own sites: it is public, and no cookie is sent with it."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": f"public, max-age={PUBLIC_FOR_S}",
        "Vary": "Accept-Language",
    }
    return web.json_response(text=body.model_dump_json(), headers=headers)
