"""
A telephone that calls, until there is a call for it: taken, spoken to, asked for a code, refused.

Decides nothing about whom it reaches: that is ``signaling.incoming_desk``'s. What keys make is :class:`CodeEntry`.
"""

import asyncio
import contextlib
import logging
from typing import Literal

from relay.control_messages import AnyEvent, CloseCall
from relay.errors import RelayError
from relay.model import Announcement
from relay.phone_messages import (
    AnnouncementEnded,
    HangUpPhone,
    Keep,
    PhoneDtmf,
    PhoneIncoming,
    PhoneState,
    PlayAnnouncement,
    RefuseIncoming,
    TakeIncoming,
)
from signaling.call_phone import attempt_name
from signaling.workers import WorkerLink

RefusalCode = Literal[403, 404, 480, 486, 603]
CODE_AT_LEAST, CODE_AT_MOST = 4, 8  # digits
FIRST_KEY_S = 25.0  # the announcement is half of it
NEXT_KEY_S = 10.0
DONE_AFTER_S = 4.0  # many people leave the # out
ENTRY_S = 60.0
SAYING_S = 15.0  # longer than any announcement that is played once
_WAITING_LIMIT = 32  # keys and announcements; more at once is no person
log = logging.getLogger(__name__)


class CallerGoneError(Exception):
    """The telephone has hung up."""


class CodeEntry:
    """The keys pressed so far: ``#`` ends, ``*`` begins anew."""

    def __init__(self) -> None:
        self.digits, self._pressed = "", False

    def press(self, key: str) -> str | None:
        """:returns: the code, once it is whole."""
        self._pressed = True
        if key == "*":
            self.digits = ""
        elif key == "#":
            return self.digits
        elif key in "0123456789":
            self.digits += key
        return self.digits if len(self.digits) >= CODE_AT_MOST else None

    @property
    def patience_s(self) -> float:
        """How long the next key is waited for."""
        if not self._pressed:
            return FIRST_KEY_S
        return DONE_AFTER_S if len(self.digits) >= CODE_AT_LEAST else NEXT_KEY_S

    def pause(self) -> str | None:
        """No key came. :returns: the code, when this may be one; None: nobody is typing."""
        return self.digits if len(self.digits) >= CODE_AT_LEAST else None


class IncomingCaller:
    """
    :param link: of the phone worker where it is. :param epoch: of the lease that this process has on it.

    ``is_taken``: answered. ``is_gone``: hung up. ``is_through``: there is a call for it.
    """

    def __init__(self, link: WorkerLink, told: PhoneIncoming, epoch: int) -> None:
        self.told, self.epoch = told, epoch
        self.worker_id = link.worker_id
        self.is_taken = self.is_gone = self.is_through = False
        self._link = link
        self._heard: asyncio.Queue[str] = asyncio.Queue(_WAITING_LIMIT)  # keys, names of announcements, "" at its end

    @property
    def call_id(self) -> str:
        return self.told.call_id

    def hear(self, event: AnyEvent) -> None:
        """What its phone worker tells."""
        match event:
            case PhoneDtmf(digit=digit):
                self._put(digit)
            case AnnouncementEnded(name=name):
                self._put(name)
            case PhoneState(progress="ended"):
                self.is_gone = True
                self._put("")
            case _:
                pass

    def _put(self, heard: str) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._heard.put_nowait(heard)

    async def take(self) -> None:
        """:raises CallerGoneError: hung up, or the worker is gone."""
        attempt = attempt_name(self.call_id, 1)
        try:
            await self._link.request(TakeIncoming(call_id=self.call_id, epoch=self.epoch, attempt=attempt))
        except RelayError:
            raise CallerGoneError from None
        self.is_taken = True

    async def ask(self, name: Announcement) -> str | None:
        """
        Play this, and take a code by keypad; the first key ends the announcement.

        :returns: None: nobody types one. :raises CallerGoneError:
        """
        entry, is_played = CodeEntry(), True
        await self._play(name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENTRY_S):
                while True:
                    key = await self._hear_within(entry.patience_s)
                    if key is None:
                        return entry.pause()
                    if len(key) > 1:  # an announcement has ended
                        continue
                    if is_played:
                        is_played = False
                        await self._play(None)
                    if (code := entry.press(key)) is not None:
                        return code
        return None

    async def _hear_within(self, patience_s: float) -> str | None:
        """:raises CallerGoneError:"""
        if self.is_gone:
            raise CallerGoneError
        try:
            heard = await asyncio.wait_for(self._heard.get(), patience_s)
        except TimeoutError:
            return None
        if not heard:
            raise CallerGoneError
        return heard

    async def dismiss(self, sip_code: RefusalCode, said: Announcement) -> None:
        """Not answered yet, it hears the code's own tone; else it is told, and hung up."""
        if self.is_taken:
            with contextlib.suppress(CallerGoneError):
                await self._say(said)
        await self.leave(sip_code)

    async def leave(self, sip_code: RefusalCode = 480) -> None:
        """Let go of the telephone, without a word, unless there is a call for it."""
        if self.is_gone or self.is_through:
            return
        call_id, epoch = self.call_id, self.epoch
        with contextlib.suppress(RelayError):
            if not self.is_taken:
                await self._link.request(RefuseIncoming(call_id=call_id, epoch=epoch, sip_code=sip_code))
                return
            await self._link.request(HangUpPhone(call_id=call_id, epoch=epoch))
            await self._link.request(CloseCall(call_id=call_id, epoch=epoch))

    async def _say(self, name: Announcement) -> None:
        """To its end. :raises CallerGoneError:"""
        await self._play(name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAYING_S):
                while await self._hear_within(SAYING_S) != name:
                    pass

    async def _play(self, name: Announcement | None) -> None:
        """What cannot be played is not heard; the keys are asked for all the same."""
        try:
            await self._link.request(PlayAnnouncement(call_id=self.call_id, epoch=self.epoch, name=name))
        except RelayError as error:
            log.warning("announcement not played: %s", error.code, extra={"call_id": self.call_id})

    async def keep(self) -> None:
        """A phone worker ends what nobody keeps."""
        if self.is_taken:
            with contextlib.suppress(RelayError):
                await self._link.request(Keep(call_id=self.call_id, epoch=self.epoch))
