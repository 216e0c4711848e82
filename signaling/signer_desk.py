"""What a signer's page asks for besides calls: missed calls and messages, whom they block, being rung while closed."""

import logging
from collections.abc import Awaitable, Callable

from signaling.block_list import ANONYMOUS, BlockList, Entry
from signaling.identity import Identity
from signaling.inbox import InboxDesk
from signaling.messages.inbox import InboxBlock, InboxDelete, InboxHeard
from signaling.messages.session import PushSubscribe, PushUnsubscribe
from signaling.page_errors import PageError
from signaling.push import Push
from signaling.records.model import Gender
from signaling.sessions import Page

log = logging.getLogger(__name__)


#: Which interpreter a signer would rather have, as kept: ``f``, ``m`` or None.
KeptGender = Callable[[str | None, str | None], Awaitable[Gender | None]]


class SignerDesk:
    def __init__(self, inbox: InboxDesk, push: Push, blocks: BlockList, kept_gender: KeptGender) -> None:
        self._inbox, self._push, self._blocks, self._kept_gender = inbox, push, blocks, kept_gender

    async def agent_gender(self, who: Identity) -> Gender | None:
        """Without the database it is not known."""
        try:
            return await self._kept_gender(who.person_id, None) if who.role == "signer" else None
        except Exception as error:
            log.warning("preference not read: %s", type(error).__name__)
            return None

    def push_key(self, who: Identity) -> str | None:
        """:returns: for ``PushManager.subscribe``; None: nobody who can be called."""
        return self._push.public_key if who.role == "signer" and who.person_id is not None else None

    async def came(self, page: Page) -> None:
        """Without the database a page is welcome all the same."""
        try:
            await self._inbox.show(page)
        except Exception as error:
            log.warning("messages not shown: %s", type(error).__name__)

    async def heard(self, page: Page, message: InboxHeard) -> None:
        await self._inbox.heard(page, message.entry_id)

    async def delete(self, page: Page, message: InboxDelete) -> None:
        await self._inbox.delete(page, message.entry_id)

    async def block(self, page: Page, message: InboxBlock) -> None:
        """:raises PageError: there is no such entry, or too many are blocked."""
        person_id, number = await self._inbox.caller(page, message.entry_id)
        if not await self._blocks.add(Entry("in", number or ANONYMOUS, "person", person_id)):
            raise PageError("block_list_full")
        await self._inbox.heard(page, message.entry_id)

    async def subscribe(self, page: Page, message: PushSubscribe) -> None:
        """:raises PageError: nobody who can be called, or no browser's address."""
        await self._push.subscribe(_signed_in(page), message)

    async def unsubscribe(self, page: Page, message: PushUnsubscribe) -> None:
        """:raises PageError: nobody who can be called."""
        await self._push.unsubscribe(_signed_in(page), message.endpoint)


def _signed_in(page: Page) -> str:
    if page.identity.person_id is None:
        raise PageError("sign_in_required")
    return page.identity.person_id
