"""A page's peer connection: offers and answers, how to send, and how the lines are."""

from typing import Annotated, Literal

from pydantic import Field

from relay.model import Encoding, IceServer, LegStats, PhoneStats
from signaling.call_terms import Party
from signaling.messages.base import ClientMessage, Message

# --- from the pages ---------------------------------------------------------------------------------------


class MediaAnswer(ClientMessage):
    type: Literal["media.answer"] = "media.answer"
    call_id: str
    generation: int = Field(ge=1)
    sdp: Annotated[str, Field(max_length=48_000)]


class MediaRenew(ClientMessage):
    """The page's peer connection failed or its network changed: ask for a new offer."""

    type: Literal["media.renew"] = "media.renew"
    call_id: str


# --- from the server --------------------------------------------------------------------------------------


class MediaOffer(Message):
    type: Literal["media.offer"] = "media.offer"
    call_id: str
    generation: int
    sdp: str
    ice_servers: tuple[IceServer, ...] = ()


class MediaClosed(Message):
    """The peer connection of this call is over; the page releases it."""

    type: Literal["media.closed"] = "media.closed"
    call_id: str


class MediaEncoding(Message):
    """How this page should send its picture now (RTCRtpSender.setParameters)."""

    type: Literal["media.encoding"] = "media.encoding"
    call_id: str
    generation: int
    encoding: Encoding


class NetworkMessage(Message):
    """Both web legs' received media; ``whose`` is the leg it was received from."""

    type: Literal["network"] = "network"
    call_id: str
    whose: Party
    stats: LegStats


class PhoneLine(Message):
    """Quality of the phone leg, to the agent."""

    type: Literal["phone.line"] = "phone.line"
    call_id: str
    stats: PhoneStats
