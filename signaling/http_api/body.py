"""Request bodies: JSON into a pydantic model, bounded, errors by field name."""

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from signaling.http_api.keys import CONFIG
from signaling.http_api.problem import ProblemError

Model = TypeVar("Model", bound=BaseModel)


async def read_json(request: web.Request, model: type[Model]) -> Model:
    """:raises ProblemError: ``not_json``, ``body_too_large``, ``bad_request`` with the fields."""
    if request.content_type != "application/json":
        raise ProblemError("not_json")
    raw = await _bounded(request, request.app[CONFIG].http_body_limit_bytes)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        fields = {".".join(str(part) for part in entry["loc"]) for entry in error.errors(include_input=False)}
        raise ProblemError("bad_request", fields=tuple(sorted(filter(None, fields)))) from None


async def _bounded(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise ProblemError("body_too_large")
    body = bytearray()
    async for chunk in request.content.iter_chunked(16_384):
        body += chunk
        if len(body) > limit:
            raise ProblemError("body_too_large")
    return bytes(body)
