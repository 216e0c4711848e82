"""
Which other process of the centre has a page or owns a call.

Every process tells every other about its own pages and calls, at once and whole when a link is made; so this is in
memory, holds without Redis, and answers without waiting. What to do about it belongs to ``signaling.peer_desk``.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from signaling.call_model import Call
from signaling.call_terms import PageRole
from signaling.messages import AnyServerMessage
from signaling.peer_messages import AnyPeerMessage, CallGone, CallHere, PageGone, PageHere, ToPage
from signaling.peers import PeerLink

#: A call whose owner died is taken over after its lease; one that nobody can take over (Redis is away) is given up.
ORPHANED_S = 60.0


class _Page(NamedTuple):
    link: PeerLink
    since: float


class _OwnedCall(NamedTuple):
    """:param link: to the owner; None: the owner is gone. :param orphan_since: monotonic seconds."""

    link: PeerLink | None
    here: CallHere
    orphan_since: float = 0.0


class Elsewhere:
    """
    :param tell_all: to every other process.
    :param clock: monotonic seconds.
    """

    def __init__(self, tell_all: Callable[[AnyPeerMessage], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell_all, self._clock = tell_all, clock
        self._pages: dict[tuple[PageRole, str], dict[str, _Page]] = {}  # each person's, by device
        self._calls: dict[str, _OwnedCall] = {}
        self._mine: dict[str, CallHere] = {}

    # --- what is asked

    def devices(self, role: PageRole, key: str) -> tuple[str, ...]:
        """:returns: those of this person's that have a page at another process."""
        return tuple(self._pages.get((role, key), ()))

    def send(self, role: PageRole, key: str, message: AnyServerMessage, device: str | None = None) -> None:
        """:param device: None: to all of the person's."""
        pages = self._pages.get((role, key), {})
        for link in dict.fromkeys(page.link for each, page in pages.items() if device in (None, each)):
            link.send(ToPage(role=role, key=key, device=device, message=message))

    def is_call(self, call_id: str) -> bool:
        """Owned by another process, or waiting for a new owner."""
        owned = self._calls.get(call_id)
        return owned is not None and self._counts(owned)

    def owner(self, call_id: str) -> PeerLink | None:
        owned = self._calls.get(call_id)
        return owned.link if owned else None

    def may_tell(self, link: PeerLink, call_id: str) -> bool:
        """:returns: False: another process owns this call by now, perhaps this one; the teller has not heard of it."""
        owned = self._calls.get(call_id)
        return call_id not in self._mine if owned is None else owned.link in (None, link)

    def in_call(self, role: PageRole, key: str) -> bool:
        return any(
            owned.here.has(role, key) and not owned.here.is_over and self._counts(owned)
            for owned in self._calls.values()
        )

    def calls_of(self, role: PageRole, key: str) -> list[tuple[str, PeerLink]]:
        """Calls this person is in that other processes own now."""
        return [
            (call_id, owned.link)
            for call_id, owned in self._calls.items()
            if owned.link is not None and owned.here.has(role, key) and not owned.here.is_over
        ]

    def _counts(self, owned: _OwnedCall) -> bool:
        return owned.link is not None or self._clock() - owned.orphan_since < ORPHANED_S

    # --- what this process has

    def page_is_mine(self, page: PageHere) -> None:
        self._forget(page.role, page.key, page.device)
        self._tell_all(page)

    def page_left_me(self, role: PageRole, key: str, device: str) -> None:
        self._tell_all(PageGone(role=role, key=key, device=device))

    def _forget(self, role: PageRole, key: str, device: str) -> None:
        pages = self._pages.get((role, key), {})
        pages.pop(device, None)
        if not pages:
            self._pages.pop((role, key), None)

    def call_is_mine(self, call: Call, epoch: int) -> None:
        """Told when it has changed. A newer owner elsewhere stays known as such."""
        second = call.place("second")
        here = CallHere(
            call_id=call.call_id,
            epoch=epoch,
            signer_key=call.signer_key,
            agent_key=call.agent_key,
            peer_key=call.peer_key,
            second=(second.role, second.key) if second.key is not None else None,
            is_over=not call.occupies_signer,
        )
        known = self._calls.get(call.call_id)
        if self._mine.get(call.call_id) == here or (known is not None and known.here.epoch > epoch):
            return
        self._calls.pop(call.call_id, None)
        self._mine[call.call_id] = here
        self._tell_all(here)

    def call_left_me(self, call_id: str) -> None:
        """Over and forgotten, or lost to another owner, who has said so."""
        if self._mine.pop(call_id, None) is not None:
            self._tell_all(CallGone(call_id=call_id))

    def my_calls(self) -> Iterable[CallHere]:
        return self._mine.values()

    # --- what the others say

    def page_came(self, link: PeerLink, page: PageHere) -> bool:
        """:returns: False: a newer one is known."""
        pages = self._pages.setdefault((page.role, page.key), {})
        known = pages.get(page.device)
        if known is not None and known.since > page.since:
            return False
        pages[page.device] = _Page(link, page.since)
        return True

    def page_went(self, link: PeerLink, page: PageGone) -> bool:
        """:returns: False: the device's page is at another process by now."""
        known = self._pages.get((page.role, page.key), {}).get(page.device)
        if known is None or known.link is not link:
            return False
        self._forget(page.role, page.key, page.device)
        return True

    def call_came(self, link: PeerLink, here: CallHere) -> bool:
        """:returns: whether the call has a new owner. One that was taken over from does not count any more."""
        known, mine = self._calls.get(here.call_id), self._mine.get(here.call_id)
        if any(each.epoch > here.epoch for each in (known and known.here, mine) if each is not None):
            return False
        self._calls[here.call_id] = _OwnedCall(link, here)
        return known is None or known.link is not link

    def call_went(self, link: PeerLink, call_id: str) -> None:
        if self.owner(call_id) is link:
            del self._calls[call_id]

    def lose(self, link: PeerLink) -> list[PageGone]:
        """A process is gone: its calls wait for a new owner. :returns: the pages that went with it."""
        gone = [
            PageGone(role=role, key=key, device=device)
            for (role, key), pages in self._pages.items()
            for device, page in pages.items()
            if page.link is link
        ]
        for page in gone:
            self._forget(page.role, page.key, page.device)
        self._calls = {call_id: owned for call_id, owned in self._calls.items() if self._counts(owned)}
        for call_id, owned in self._calls.items():
            if owned.link is link:
                self._calls[call_id] = _OwnedCall(None, owned.here, self._clock())
        return gone
