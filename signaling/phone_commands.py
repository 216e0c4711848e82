"""
A call's telephone, commanded: dialling, hold, digits, hanging up, and what a refusal means for the call.

A lane of its own: a telephone is hung up even while every media worker is away.
"""

import asyncio
import functools
import logging
from typing import Protocol

from relay.errors import RelayError
from signaling.call_events import DialPhone, Event, HangUpPhone, HoldPhone, PhoneReport, SendDtmf
from signaling.call_media import CallMedia
from signaling.call_model import Call, PhoneLegState
from signaling.lane import Effect, Lane

HANG_UP_ATTEMPTS, HANG_UP_AGAIN_S = 4, 3.0
AWAY_CODES = frozenset({"worker_silent", "worker_gone", "no_worker"})
PhoneCommand = DialPhone | HoldPhone | SendDtmf | HangUpPhone
log = logging.getLogger(__name__)


class PhoneOwner(Protocol):
    """The call's runner."""

    call: Call

    def submit(self, event: Event) -> None: ...
    def tell_agent(self, code: str) -> None: ...


class PhoneCommands:
    """:param ring_timeout_s: before a dialled number counts as not answering."""

    def __init__(self, media: CallMedia, owner: PhoneOwner, ring_timeout_s: float) -> None:
        self._media, self._owner, self._ring_timeout_s = media, owner, ring_timeout_s
        self.lane = Lane("phone")
        self._dialled = owner.call.phone.attempt if owner.call.phone else ""  # by an earlier owner

    def carry_out(self, command: PhoneCommand) -> None:
        match command:
            case DialPhone(leg):
                self.lane.put(functools.partial(self._dial, leg))
            case HoldPhone(held):
                self._press(functools.partial(self._media.phone, held=held))
            case SendDtmf(digits):
                self._press(functools.partial(self._media.phone, digits=digits))
            case HangUpPhone():
                self.lane.put(self._hang_up)

    def keep(self) -> None:
        """Regularly: a telephone is never left on the line by an owner that died."""
        self.lane.put_newest("keep", functools.partial(self._try, self._keep))

    def close(self) -> None:
        """Let go of the phone worker, behind what was asked of it."""
        self.lane.put(self._media.close_phone)

    def _press(self, effect: Effect) -> None:
        self.lane.put(functools.partial(self._try, effect))

    async def _dial(self, leg: PhoneLegState) -> None:
        """Only a number that could not be dialled ends the phone leg; the call goes on."""
        dial = functools.partial(self._media.dial, self._owner.call, leg, self._ring_timeout_s)
        try:
            try:
                await dial()
            except RelayError as error:
                if error.code != "phone_busy":
                    raise
                await self._media.phone(hang_up=True)  # a leg that was lost sight of must not stay on the line
                await dial()
            self._dialled = leg.attempt
        except RelayError as error:
            log.warning("not dialled: %s", error.code, extra={"call_id": self._owner.call.call_id})
            self._owner.submit(PhoneReport(leg.attempt, "ended", "trunk_failed"))

    async def _try(self, effect: Effect) -> None:
        """Hold, digits, keeping: refused, they leave the phone leg as it is."""
        try:
            await effect()
        except RelayError as error:
            log.warning("phone command refused: %s", error.code, extra={"call_id": self._owner.call.call_id})
            if error.code == "no_dtmf":
                self._owner.tell_agent("no_dtmf")

    async def _keep(self) -> None:
        """
        What the owner missed, because another one had the call or the line to the worker was down, is made good: the
        telephone was answered, or is gone. A number that is still to be dialled is not meant.
        """
        told = await self._media.keep_phone()
        phone = self._owner.call.phone
        if told and phone is not None and phone.attempt == self._dialled:
            self._owner.submit(PhoneReport(told.get("attempt", phone.attempt), told["progress"]))

    async def _hang_up(self) -> None:
        """Insists: a telephone must not stay on the line because its worker was slow to answer."""
        for _ in range(HANG_UP_ATTEMPTS):
            try:
                return await self._media.phone(hang_up=True)
            except RelayError as error:
                log.warning("not hung up: %s", error.code, extra={"call_id": self._owner.call.call_id})
                if error.code not in AWAY_CODES:
                    return None
            await asyncio.sleep(HANG_UP_AGAIN_S)
        return None  # the phone worker ends by itself what nobody keeps
