"""What every message of the pages' protocol is made of (``signaling.messages``)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

TEXT_LIMIT = 2_000  # characters in any one free-text field

ShortText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=TEXT_LIMIT)]
Id = Annotated[str, Field(max_length=64)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClientMessage(Message):
    """:param ref: the client's own string, repeated in the answer. Numbers are numbers: no NaN, no infinity."""

    model_config = ConfigDict(allow_inf_nan=False)

    ref: Annotated[str, Field(max_length=64)] | None = None
