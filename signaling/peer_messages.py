"""
What the signaling processes of one centre tell each other, one JSON line each.

Sent over Unix sockets and, between machines, mutual TLS alone: a media offer (SDP) goes this way to a page of another
process, and never through Redis.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from relay.model import Frozen
from signaling.call_terms import DeviceType, PageRole
from signaling.identity import Identity
from signaling.messages import AnyClientMessage, AnyServerMessage

LINK_VERSION: Literal[1] = 1


class Greeting(Frozen):
    """First line in both directions. Another version is not talked to."""

    type: Literal["greeting"] = "greeting"
    v: Literal[1] = LINK_VERSION
    instance_id: str


class Beat(Frozen):
    """I am alive. The first one says: you have heard of all my pages and calls."""

    type: Literal["beat"] = "beat"


class PageHere(Frozen):
    """
    A person's page is connected to me.

    :param device: of a signer; empty: it has no id.
    :param since: wall clock, seconds; of two processes that claim the same person the later one is right.
    :param live_generation: of the peer connection that the page has, None: it has none.
    """

    type: Literal["page_here"] = "page_here"
    role: PageRole
    key: str
    device: str = ""
    since: float
    live_generation: int | None = None


class PageGone(Frozen):
    type: Literal["page_gone"] = "page_gone"
    role: PageRole
    key: str
    device: str = ""


class CallHere(Frozen):
    """
    I own this call. Said again when something here changes.

    :param is_over: nobody is in it any more: ended, still shown and open for rating; or a caller leaves a message.
    """

    type: Literal["call_here"] = "call_here"
    call_id: str
    epoch: int
    signer_key: str
    agent_key: str | None = None
    peer_key: str | None = None
    second: tuple[PageRole, str] | None = None
    is_over: bool = False

    def has(self, role: PageRole, key: str) -> bool:
        """Whether this person is in the call."""
        if (role, key) == self.second:
            return True
        return key in ((self.signer_key, self.peer_key) if role == "signer" else (self.agent_key,))


class CallGone(Frozen):
    """Forgotten: nobody can be in it any more."""

    type: Literal["call_gone"] = "call_gone"
    call_id: str


class ToPage(Frozen):
    """Hand this to the person's pages that are connected to you. :param device: to this one's alone; None: to all."""

    type: Literal["to_page"] = "to_page"
    role: PageRole
    key: str
    device: str | None = None
    message: AnyServerMessage


class Follow(Frozen):
    """Someone at my page says this about a call of yours."""

    type: Literal["follow"] = "follow"
    id: int
    identity: Identity
    device: str = ""
    device_type: DeviceType | None = None
    message: AnyClientMessage


class Followed(Frozen):
    """:param code: why not (``page_errors``); None: done."""

    type: Literal["followed"] = "followed"
    re: int
    code: str | None = None


AnyPeerMessage = Annotated[
    Greeting | Beat | PageHere | PageGone | CallHere | CallGone | ToPage | Follow | Followed,
    Field(discriminator="type"),
]
PeerMessageAdapter: TypeAdapter[AnyPeerMessage] = TypeAdapter(AnyPeerMessage)
