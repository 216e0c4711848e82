"""
A signer's missed calls and voice messages: sealed and kept, shown on all their devices, read out when they ask.

The number is sealed here for its receiver alone; the sound comes from the phone worker sealed already
(``relay.phone.recordings``) and goes back to it as it came. Where they lie is ``signaling.records.inbox``.
"""

import asyncio
import base64
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from typing import Literal, Protocol

from redis.asyncio import Redis

from signaling.call_events import KeepMissed
from signaling.call_model import Call
from signaling.config import SignalingConfig
from signaling.messages.inbox import Inbox, InboxEntry
from signaling.numbers import readable
from signaling.page_errors import PageError
from signaling.push import PushType
from signaling.records.call_records import KeptCall, MissedCall, Write
from signaling.records.inbox import Inbox as InboxTable
from signaling.sealing import Sealer
from signaling.sessions import Hub, Page

SIZE_LIMIT = 4 << 20  # bytes of a sealed sound: ten minutes at 48 kbit/s
SOUND_LIFETIME_S = 3600  # in Redis, while an agent relays it
DAY_S = 86_400.0
EXPIRY_PERIOD_S = 3600.0
log = logging.getLogger(__name__)


class Keeper(Protocol):
    """``signaling.records.outbox``."""

    async def put(self, write: Write, /) -> None: ...


class InboxDesk:
    """
    :param push: tells devices whose page is closed. :param count: told of each entry. :param clock: Unix seconds.
    """

    def __init__(
        self,
        config: SignalingConfig,
        table: InboxTable,
        keeper: Keeper,
        redis: Redis,
        *,
        hub: Hub,
        push: Callable[[str, str, PushType], None],
        count: Callable[[Literal["message", "missed"]], None] = lambda what: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret, self._days = config.secret_key, config.message_days
        self._table, self._keeper, self._redis, self._hub, self._push = table, keeper, redis, hub, push
        self._clock, self._count = clock, count

    # --- in

    async def keep(self, call: Call, missed: KeepMissed) -> None:
        """
        Once for each call, however often it is said.

        :raises RedisError: :raises OSError: the sound cannot be had now.
        """
        sound = await self._redis.getrange(missed.recording, 0, SIZE_LIMIT) if missed.recording else b""
        await self._keep(call.call_id, missed, sound if isinstance(sound, bytes) else sound.encode())
        if missed.recording:
            await self._redis.delete(missed.recording)
        await self._tell(call.call_id, missed.receiver)

    async def missed(self, call_id: str, receiver: str, number: str | None) -> None:
        """Somebody called who was not put through. :param receiver: person id. :param number: E.164."""
        await self._keep(call_id, KeepMissed(receiver, number, self._clock()), b"")
        await self._tell(call_id, receiver)

    async def _keep(self, call_id: str, missed: KeepMissed, sound: bytes) -> None:
        is_whole = 0 < len(sound) <= SIZE_LIMIT
        write = MissedCall(
            call_id=call_id,
            person_id=missed.receiver,
            at=missed.at,
            expires_at=missed.at + self._days * DAY_S,
            number=self._sealer(missed.receiver).seal(missed.number) if missed.number else None,
            sound=base64.b64encode(sound).decode() if is_whole else None,
            message_s=missed.message_s if is_whole else None,
        )
        await self._keeper.put(write)
        self._count("message" if is_whole else "missed")

    async def _tell(self, call_id: str, receiver: str) -> None:
        self._push(receiver, call_id, "missed")
        await self._show_all(receiver)

    # --- out

    async def show(self, page: Page) -> None:
        """To a page that has come."""
        if page.identity.role == "signer" and page.identity.person_id is not None:
            page.send(await self._message(page.identity.person_id))

    async def heard(self, page: Page, entry_id: str) -> None:
        """:raises PageError: nobody's inbox."""
        person_id = _person(page)
        await self._table.heard(person_id, entry_id)
        await self._show_all(person_id)

    async def delete(self, page: Page, entry_id: str) -> None:
        """:raises PageError: nobody's inbox."""
        person_id = _person(page)
        await self._table.delete(person_id, entry_id)
        await self._show_all(person_id)

    async def caller(self, page: Page, entry_id: str) -> tuple[str, str | None]:
        """:returns: whose entry it is, and who called: E.164, None: anonymous. :raises PageError: there is none."""
        person_id = _person(page)
        found = await self._table.find(person_id, entry_id)
        if found is None:
            raise PageError("message_gone")
        return person_id, self._number(person_id, found[0])

    async def take_out(self, page: Page, entry_id: str) -> tuple[str, str | None]:
        """
        A voice message for the phone worker to play.

        :returns: the sound's key in Redis, for an hour, and the caller's number, E.164, None: anonymous.
        :raises PageError: there is none. :raises RedisError: :raises OSError: Redis is away.
        """
        person_id = _person(page)
        found = await self._table.find(person_id, entry_id)
        if found is None or found[1] is None:
            raise PageError("message_gone")
        entry, sound = found[0], found[1]
        key = f"passerelle:recording:{{{entry.id}}}:{secrets.token_hex(8)}"
        await self._redis.set(key, sound, ex=SOUND_LIFETIME_S)
        return key, self._number(person_id, entry)

    async def run(self) -> None:
        """Delete what is over, until cancelled."""
        while True:
            try:
                for person_id in await self._table.expire():
                    await self._show_all(person_id)
            except Exception as error:  # the database is away: what is over is not shown, and goes later
                log.warning("messages not cleared: %s", type(error).__name__)
            await asyncio.sleep(EXPIRY_PERIOD_S)

    async def _show_all(self, person_id: str) -> None:
        if self._hub.is_present("signer", person_id):
            with contextlib.suppress(Exception):  # the next page that comes asks again
                self._hub.send("signer", person_id, await self._message(person_id))

    async def _message(self, person_id: str) -> Inbox:
        return Inbox(entries=tuple(self._entry(person_id, kept) for kept in await self._table.of(person_id)))

    def _entry(self, person_id: str, kept: KeptCall) -> InboxEntry:
        number = self._number(person_id, kept)
        return InboxEntry(
            entry_id=kept.id,
            number=readable(number) if number else None,
            at=kept.at,
            message_s=kept.message_s,
            heard=kept.heard,
            expires_at=kept.expires_at,
        )

    def _number(self, person_id: str, kept: KeptCall) -> str | None:
        return self._sealer(person_id).open(kept.number) if kept.number is not None else None

    def _sealer(self, person_id: str) -> Sealer:
        return Sealer(self._secret, f"passerelle.inbox:{person_id}")


def _person(page: Page) -> str:
    """:raises PageError: nobody who has an inbox."""
    if page.identity.person_id is None:
        raise PageError("sign_in_required")
    return page.identity.person_id
