"""A signer's missed calls and voice messages."""

from typing import Annotated, Literal

from pydantic import Field

from signaling.messages.base import ClientMessage, Message

# --- from the pages ---------------------------------------------------------------------------------------


class InboxHeard(ClientMessage):
    """The signer has read of this missed call, or had the message relayed."""

    type: Literal["inbox.heard"] = "inbox.heard"
    entry_id: Annotated[str, Field(max_length=64)]


class InboxDelete(ClientMessage):
    type: Literal["inbox.delete"] = "inbox.delete"
    entry_id: Annotated[str, Field(max_length=64)]


class InboxBlock(ClientMessage):
    """Whoever left this entry does not reach the signer any more: the number, or everybody who hides theirs."""

    type: Literal["inbox.block"] = "inbox.block"
    entry_id: Annotated[str, Field(max_length=64)]


# --- from the server --------------------------------------------------------------------------------------


class InboxEntry(Message):
    """
    A missed call, with a voice message when ``message_s`` is there.

    :param number: as people read it; None: anonymous. :param expires_at: it is deleted then.
    """

    entry_id: str
    number: str | None
    at: float
    message_s: float | None = None
    heard: bool = False
    expires_at: float


class Inbox(Message):
    """To a signer, after ``welcome`` and on every change: newest first."""

    type: Literal["inbox"] = "inbox"
    entries: tuple[InboxEntry, ...]
