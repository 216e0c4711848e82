"""
What the workers tell of one call: to events, to figures, and to the pages.

That a worker itself comes or goes is ``signaling.call_workers``'.
"""

import functools
import time
from typing import Protocol

from relay import control_messages as told
from relay import phone_messages as heard
from relay.control_messages import AnyEvent
from relay.model import AdviceCode
from signaling.call_events import (
    AnnouncementOver,
    Event,
    LegConnected,
    LegDisconnected,
    MessageRecorded,
    PhoneReport,
    PhoneSoundHeard,
    PhoneTextAgreed,
    PhoneVoice,
    RecordingOver,
)
from signaling.call_media import CallMedia
from signaling.call_model import Call
from signaling.call_pages import CallPages
from signaling.call_plan import watched
from signaling.call_referrals import referred
from signaling.call_services import Services
from signaling.call_statistics import CallStatistics
from signaling.call_terms import Party
from signaling.lane import Lane
from signaling.leg_openings import LegOpenings
from signaling.phone_commands import PhoneCommands
from signaling.readability import askable


class NewsOwner(Protocol):
    """The call's runner."""

    call: Call
    media: CallMedia
    pages: CallPages
    statistics: CallStatistics

    def submit(self, event: Event, /) -> None: ...
    def refresh(self) -> None: ...
    def save_soon(self) -> None: ...
    def tell_agent(self, code: str, /) -> None: ...
    def repeat_encoding(self, party: Party, /) -> None: ...
    def refuse_referral(self, attempt: str, /) -> None: ...


class CallNews:
    """:param lane: in which referrals are looked at."""

    def __init__(
        self, owner: NewsOwner, services: Services, phone: PhoneCommands, openings: LegOpenings, lane: Lane
    ) -> None:
        self._owner, self._services, self._metrics = owner, services, services.metrics
        self._phone, self._openings, self._referrals = phone, openings, lane

    def take(self, event: AnyEvent) -> None:  # noqa: PLR0912 -- one line per kind of event
        match event:
            case told.LegState():
                self._leg_state(event)
            case heard.PhoneState():
                self._owner.submit(PhoneReport(event.attempt, event.progress, event.outcome, event.sip_code))
            case heard.PhoneSpeaking(speaking=speaking):
                self._owner.submit(PhoneVoice(speaking))
            case heard.PhoneSoundChanged(sound=sound):
                self._owner.submit(PhoneSoundHeard(sound))
            case heard.PhoneTextOffered(enabled=enabled):
                self._owner.submit(PhoneTextAgreed(enabled))
            case heard.PhoneReferred():
                self._referrals.put(functools.partial(referred, self._owner, self._services, event))
            case heard.PhoneTransferFailed():
                self._owner.tell_agent("transfer_failed")
            case heard.PhoneDtmf():
                self._owner.pages.phone_key(event)
            case heard.PhoneStatsEvent():
                self._owner.statistics.phone(event.stats)
                self._owner.pages.phone_line(event)
            case heard.AnnouncementEnded(name=name):
                self._phone.announcement_over(name)
                self._metrics.announcement(name)
                self._owner.submit(AnnouncementOver(name))
            case heard.PhoneRecorded(key=key, duration_s=duration_s):
                self._owner.submit(MessageRecorded(key, duration_s))
            case heard.RecordingEnded():
                self._owner.submit(RecordingOver())
            case told.LegStatsEvent(leg=leg, stats=stats):
                self._metrics.leg(leg, self._owner.statistics.network(leg, stats, time.time()))
                self._owner.pages.network(event)
            case told.EncodingWanted(leg=leg, encoding=encoding):
                self._metrics.encoding_asked(leg, encoding)
                self._owner.pages.encoding(event)
                self._owner.repeat_encoding(leg)
            case told.VisibilityReading():
                self._visibility(event)
            case _:
                pass

    def _leg_state(self, event: told.LegState) -> None:
        owner, leg, is_connected = self._owner, event.leg, event.state == "connected"
        if leg not in owner.call.in_media or event.generation != owner.media.generation.get(leg, event.generation):
            return
        owner.submit(LegConnected(leg) if is_connected else LegDisconnected(leg))
        if is_connected and self._openings.answered(leg, event.video_codecs):
            owner.save_soon()

    def _visibility(self, reading: told.VisibilityReading) -> None:
        owner, watch_for = self._owner, watched(self._owner.call).get(reading.leg)
        if watch_for is None:
            return  # switched off, or hidden, while it was on its way
        is_still = owner.statistics.visibility(reading, time.time(), watch_for)
        self._metrics.visibility(reading.leg, reading.level)
        owner.pages.visibility(reading)
        if owner.media.note_clarity(reading.leg, reading.advice):
            owner.refresh()
        if is_still and owner.call.kind != "video" and watch_for != "lips":
            owner.tell_agent("signer_still")

    def unmeasured(self) -> None:
        """Nobody watches any more: what was last said of the pictures may not be true."""
        for leg in watched(self._owner.call):
            self._visibility(
                told.VisibilityReading(call_id=self._owner.call.call_id, leg=leg, level="off", advice="not_measured")
            )

    def ask_camera(self, advice: AdviceCode | None) -> None:
        """
        The signer's page shows large what whoever serves asks for.

        :param advice: None: what is said of the picture now.
        """
        advice = self._owner.statistics.request("signer", time.time()) if advice is None else askable(advice)
        self._metrics.camera_asked(advice)
        self._owner.pages.camera_asked(advice)
