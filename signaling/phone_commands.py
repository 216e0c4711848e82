"""
A call's telephones, commanded: dialling, hold, digits, announcements, messages, hanging up, and what a refusal means
for the call.

A lane of its own: a telephone is hung up even while every media worker is away.
"""

import asyncio
import functools
import logging
from typing import Protocol

from relay import phone_messages as asked
from relay.errors import RelayError
from relay.model import Announcement, PhoneOutcome
from signaling.call_events import (
    AnnouncementOver,
    DialPhone,
    Event,
    HangUpPhone,
    HoldPhone,
    MessageRecorded,
    PhoneCommand,
    PhoneReport,
    PlayRecording,
    RecordingOver,
    RecordMessage,
    RefuseReferral,
    SendDtmf,
    TakeIncoming,
    TransferPhone,
    WatchHold,
)
from signaling.call_media import CallMedia
from signaling.call_model import Call, PhoneLegState
from signaling.call_plan import Announced, announcement
from signaling.call_step import receiver
from signaling.lane import Effect, Lane

HANG_UP_ATTEMPTS, HANG_UP_AGAIN_S = 4, 3.0
AWAY_CODES = frozenset({"worker_silent", "worker_gone", "no_worker"})
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
        self._dialled = {leg.attempt for leg in owner.call.phone_legs}  # by an earlier owner
        self._announced: Announced | None = None  # what the phone party was last told to hear
        self._is_unsure = False  # whether it does

    def carry_out(self, command: PhoneCommand) -> None:
        phone = self._media.phone
        match command:
            case TakeIncoming(leg):
                self.lane.put(functools.partial(self._take, leg))
            case DialPhone(leg, replaces):
                self.lane.put(functools.partial(self._dial, leg, replaces))
            case HoldPhone(held):
                self._press(functools.partial(phone, asked.HoldPhone, held=held))
            case SendDtmf(digits):
                self._press(functools.partial(phone, asked.SendDtmf, digits=digits))
            case WatchHold(enabled):
                self._press(functools.partial(phone, asked.WatchHold, enabled=enabled))
            case TransferPhone(target):
                self._press(functools.partial(phone, asked.TransferPhone, target=target), "transfer_failed")
            case RefuseReferral(attempt):
                self._press(functools.partial(phone, asked.RefuseReferral, attempt=attempt))
            case HangUpPhone(attempt):
                self.lane.put(functools.partial(self._hang_up, attempt))
            case RecordMessage(receiver):
                self.lane.put(functools.partial(self._record, receiver))
            case PlayRecording(key, receiver):
                self.lane.put(functools.partial(self._play, key, receiver))

    def keep(self) -> None:
        """Regularly: a telephone is never left on the line by an owner that died."""
        self.lane.put_newest("keep", functools.partial(self._try, self._keep))

    def announce(self) -> None:
        """What the phone party hears announced may be another thing now."""
        self.lane.put_newest("announce", self._announce)

    def announce_again(self) -> None:
        """It may not know: another owner had the call, or the line to the phone worker was down."""
        self._is_unsure = True
        self.announce()

    def record_again(self) -> None:
        """A caller leaves a message: perhaps it was not asked for, or taken and told while nobody listened."""
        call = self._owner.call
        if call.message_stage == "recording":
            self.carry_out(RecordMessage(receiver(call) or call.signer_key))

    def announcement_over(self, name: Announcement) -> None:
        """Played to its end: there is nothing to be stopped any more."""
        if self._announced is not None and self._announced.name == name:
            self._announced = None

    def close(self) -> None:
        """Let go of the phone worker, behind what was asked of it."""
        self.lane.put(self._media.close_phone)

    def _press(self, effect: Effect, told: str | None = None) -> None:
        self.lane.put(functools.partial(self._try, effect, told))

    async def _take(self, leg: PhoneLegState) -> None:
        try:
            await self._media.phone(asked.TakeIncoming, attempt=leg.attempt)
        except RelayError as error:
            self._warn("not taken", error)
            self._owner.submit(PhoneReport(leg.attempt, "ended", _lost_to(error)))

    async def _dial(self, leg: PhoneLegState, replaces: str | None) -> None:
        """Only a number that could not be dialled ends the phone leg; the call goes on."""
        dial = functools.partial(self._media.dial, self._owner.call, leg, self._ring_timeout_s, replaces)
        try:
            try:
                await dial()
            except RelayError as error:
                if error.code != "phone_busy" or leg.joined:
                    raise
                await self._media.phone(asked.HangUpPhone)  # one that was lost sight of must not stay on the line
                await dial()
            self._dialled.add(leg.attempt)
        except RelayError as error:
            self._warn("not dialled", error)
            self._owner.submit(PhoneReport(leg.attempt, "ended", "trunk_failed"))

    async def _try(self, effect: Effect, told: str | None = None) -> None:
        """Hold, digits, keeping, transfer: refused, they leave the phone leg as it is."""
        try:
            await effect()
        except RelayError as error:
            self._warn("phone command refused", error)
            if error.code == "no_dtmf" or told is not None:
                self._owner.tell_agent(told or error.code)

    async def _keep(self) -> None:
        """
        What the owner missed, because another one had the call or the line to the worker was down, is made good: the
        telephone was answered, or is gone. A number that is still to be dialled is not meant.
        """
        told = await self._media.keep_phone()
        if not told:
            return
        for leg in self._owner.call.phone_legs:
            if not leg.is_over and leg.attempt in self._dialled and told.get("attempt", leg.attempt) == leg.attempt:
                is_new = told.get("since", leg.dialled_at) > leg.dialled_at  # the worker that dialled is gone
                self._owner.submit(PhoneReport(leg.attempt, told["progress"], "trunk_failed" if is_new else None))

    async def _announce(self) -> None:
        """One that cannot be played counts as heard."""
        call = self._owner.call
        wanted, was_unsure = announcement(call), self._is_unsure
        if wanted == self._announced and not was_unsure:
            return
        self._announced, self._is_unsure = wanted, False
        if call.phone is None or not call.phone.is_up or (wanted is None and call.message_stage == "recording"):
            return
        try:
            await self._media.phone(
                asked.PlayAnnouncement,
                attempt=call.phone.attempt if wanted is not None and wanted.name == "relay" else None,
                name=wanted.name if wanted else None,
                brand=call.brand,
                every_s=wanted.every_s if wanted else None,
            )
        except RelayError as error:
            self._warn("not announced", error)
            if wanted is not None and wanted.every_s is None and error.code not in AWAY_CODES:
                self.announcement_over(wanted.name)
                self._owner.submit(AnnouncementOver(wanted.name))

    async def _record(self, receiver: str) -> None:
        try:
            await self._media.phone(asked.RecordMessage, receiver=receiver)
        except RelayError as error:
            self._warn("message not recorded", error)
            if error.code not in AWAY_CODES:  # once the worker is back, it is asked again
                self._owner.submit(MessageRecorded(None, 0.0))

    async def _play(self, key: str | None, receiver: str) -> None:
        try:
            await self._media.without_telephone(asked.PlayRecording, key=key, receiver=receiver)
        except RelayError as error:
            self._warn("message not played", error)
            if key is not None:
                self._owner.submit(RecordingOver())
                self._owner.tell_agent("message_gone")

    async def _hang_up(self, attempt: str | None) -> None:
        """Insists: a telephone must not stay on the line because its worker was slow to answer."""
        for _ in range(HANG_UP_ATTEMPTS):
            try:
                return await self._media.phone(asked.HangUpPhone, attempt=attempt)
            except RelayError as error:
                self._warn("not hung up", error)
                if error.code not in AWAY_CODES:
                    return None
            await asyncio.sleep(HANG_UP_AGAIN_S)
        return None  # the phone worker ends by itself what nobody keeps

    def _warn(self, what: str, error: RelayError) -> None:
        log.warning("%s: %s", what, error.code, extra={"call_id": self._owner.call.call_id})


def _lost_to(error: RelayError) -> PhoneOutcome:
    """Gone before it was answered, or our own line failed."""
    return "hung_up" if error.code == "unknown_leg" else "trunk_failed"
