"""Who is at a page: the first message, the welcome, heartbeats, answers, and how a closed page is rung."""

from typing import Annotated, Literal

from pydantic import Field

from interpreter_queue.model import Trade
from signaling.call_terms import DeviceType, PageRole
from signaling.messages.base import ClientMessage, Message

PROTOCOL_VERSION: Literal[1] = 1

# --- from the pages ---------------------------------------------------------------------------------------


class Hello(ClientMessage):
    """
    First message on every socket. Who is there comes from the session cookie; a brand's signer needs none.

    :param resume_token: from an earlier ``welcome``: finds the call again after a reload or a change of network.
    :param brand: slug, on a brand's page or embed.
    :param device: the browser's own random id, kept by it: all of a signer's devices ring, one of them has the call.
    :param operator_token: rehearsals only.
    :param live_generation: of the peer connection this page still holds (only its WebSocket was lost): it keeps it.
    :param device_type: for reports of readability; None: as far as the browser's User-Agent tells.
    """

    type: Literal["hello"] = "hello"
    v: Literal[1] = PROTOCOL_VERSION
    role: PageRole
    locale: Literal["fr", "en"] = "fr"
    resume_token: Annotated[str, Field(max_length=2048)] | None = None
    brand: Annotated[str, Field(max_length=64)] | None = None
    device: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = None
    operator_token: Annotated[str, Field(max_length=256)] | None = None
    live_generation: int | None = Field(default=None, ge=1)
    device_type: DeviceType | None = None


class Ping(ClientMessage):
    """Heartbeat, every ``heartbeat_s`` of the welcome."""

    type: Literal["ping"] = "ping"


class PushKeys(Message):
    """Of a browser's PushSubscription, base64url (RFC 8291)."""

    p256dh: Annotated[str, Field(max_length=128)]
    auth: Annotated[str, Field(max_length=64)]


class PushSubscribe(ClientMessage):
    """Ring this device although its page is closed (Web Push). Again with the same ``endpoint``: nothing changes."""

    type: Literal["push.subscribe"] = "push.subscribe"
    endpoint: Annotated[str, Field(max_length=1024, pattern=r"^https://")]
    keys: PushKeys


class PushUnsubscribe(ClientMessage):
    type: Literal["push.unsubscribe"] = "push.unsubscribe"
    endpoint: Annotated[str, Field(max_length=1024)]


# --- from the server --------------------------------------------------------------------------------------


class Person(Message):
    name: str
    trades: tuple[Trade, ...] = ()


class Welcome(Message):
    """
    :param resume_token: keep it in ``sessionStorage``; renewed with every welcome.
    :param number: the signer's own relay number, as people read it, to give to hearing people.
    :param push_key: VAPID public key for ``PushManager.subscribe``, base64url; None: no push.
    :param gender: of the interpreter that this signer would rather have, as kept with the account.
    """

    type: Literal["welcome"] = "welcome"
    v: Literal[1] = PROTOCOL_VERSION
    role: PageRole
    person: Person | None
    resume_token: str
    heartbeat_s: float
    resumed: bool
    demo_phone_url: str | None = None
    number: str | None = None
    push_key: str | None = None
    gender: Literal["f", "m"] | None = None


class Pong(Message):
    type: Literal["pong"] = "pong"
    re: str | None = None


class Ok(Message):
    type: Literal["ok"] = "ok"
    re: str | None = None


class Error(Message):
    """
    :param code: stable, for programs. :param message: for people, in the locale of ``hello``.
    :param callback: the same may be asked for as a call-back (``callback.request``).
    """

    type: Literal["error"] = "error"
    code: str
    message: str
    re: str | None = None
    callback: bool = False


class Replaced(Message):
    """Another tab of the same person took over; this one must not reconnect by itself."""

    type: Literal["replaced"] = "replaced"
