"""From a frame of a page's WebSocket to a message, or to what is wrong with it."""

import json
from typing import Annotated

from aiohttp import WSMessage, WSMsgType
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from signaling.messages import AnyClientMessage, ClientMessageAdapter

ANSWERED_LENGTH = 4_096  # characters; a longer message over the rate gets an answer without its ref


class _OnlyRef(BaseModel):
    ref: Annotated[str, Field(max_length=64)] | None = None


_REF = TypeAdapter(_OnlyRef)


def parse(frame: WSMessage) -> AnyClientMessage | str:
    """:returns: the message, or the error code."""
    if frame.type is not WSMsgType.TEXT:
        return "malformed"
    try:
        return ClientMessageAdapter.validate_json(frame.data)
    except ValidationError as error:
        return _what_is_wrong(frame.data, error)


def ref_of(frame: WSMessage) -> str | None:
    """The ref of a message that is not looked at further, so that the page's question gets its answer."""
    if frame.type is not WSMsgType.TEXT or len(frame.data) > ANSWERED_LENGTH:
        return None
    try:
        return _REF.validate_json(frame.data).ref
    except ValidationError:
        return None


def _what_is_wrong(text: str, error: ValidationError) -> str:
    try:
        data = json.loads(text)
    except ValueError:
        return "malformed"
    if not isinstance(data, dict):
        return "malformed"
    kinds = {entry["type"] for entry in error.errors(include_input=False, include_url=False)}
    return "unknown_type" if kinds & {"union_tag_invalid", "union_tag_not_found"} else "invalid"
