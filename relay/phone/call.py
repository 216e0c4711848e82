"""
One call's telephone side: its phone parties and what is done to which.

Decides which party a command means and how one gives way to another. Left to others: a party's own course
(``relay.phone.party``), sound (``relay.phone.call_sound``), what is played and recorded (``relay.phone.playback``,
``relay.phone.answering``), handing parties on (``relay.phone.transfers``), commands and epochs
(``relay.phone.worker``).
"""

import logging
from collections import deque
from typing import Any

from relay.errors import RelayError, UnknownLegError
from relay.model import PhoneOutcome, PhoneProgress
from relay.phone.answering import END_KEY, AnsweringMachine
from relay.phone.call_sound import CallSound
from relay.phone.call_text import CallText
from relay.phone.config import TrunkConfig
from relay.phone.leg import IncomingLeg, Referred
from relay.phone.line_sound import PhoneLine
from relay.phone.party import PhoneParty
from relay.phone.playback import Playback
from relay.phone.services import Services
from relay.phone.target import read_target
from relay.phone.transfers import Transfers
from relay.phone_messages import (
    Dial,
    PhoneDtmf,
    PhoneState,
    PhoneStatsEvent,
    PlayAnnouncement,
    PlayRecording,
    RecordMessage,
    SetPhoneAudio,
)

ATTEMPTS_KEPT = 32
STATS_EVERY_S = 2.0
PARTIES_LIMIT = 2  # a conversation between more telephones is a conference, not a relayed call
log = logging.getLogger(__name__)


class PhoneCall:
    """The sound of the web legs is mixed whether there is a phone party or not."""

    def __init__(self, call_id: str, services: Services) -> None:
        self.call_id = call_id
        self._services = services
        self._attempts: deque[str] = deque(maxlen=ATTEMPTS_KEPT)
        self._parties: dict[str, PhoneParty] = {}
        self._machine: AnsweringMachine | None = None
        self._recorded = ""  # whose message it takes
        self._stats_due = 0.0
        self.sound = CallSound(call_id, services.send, services.emit)
        self._playback = Playback(call_id, self.sound, services)
        self._transfers = Transfers(call_id, services.emit)
        self._text = CallText(call_id, services.send, services.emit)

    @property
    def parties(self) -> tuple[PhoneParty, ...]:
        """Those that are up, in the order they came."""
        return tuple(self._parties.values())

    @property
    def progress(self) -> PhoneProgress:
        """Of the first party."""
        return self.parties[0].progress if self._parties else "ended"

    def told(self) -> dict[str, Any]:
        """:returns: the result of ``keep``: the first party, and all of them in ``legs``."""
        if not self._parties:
            return {"progress": "ended"}
        first = self.parties[0]
        legs = {party.attempt: party.progress for party in self.parties}
        return {"attempt": first.attempt, "progress": first.progress, "legs": legs}

    # --- commands to parties ------------------------------------------------------------------------------

    async def dial(self, command: Dial) -> None:
        """:raises RelayError: ``phone_busy``, ``bad_target``, ``unknown_leg``; later faults are told as events."""
        if command.attempt in self._attempts:
            return
        self._check_room(command)
        target = read_target(command.target)
        party = self._new_party(command.attempt)
        replaces = self._transfers.replace(party, self._parties.get(command.replaces or ""))
        self.party_moved(party)
        await party.dial(command, target, replaces)

    async def take(self, attempt: str, leg: IncomingLeg, trunk: TrunkConfig | None = None) -> None:
        """:raises RelayError: ``unknown_leg``: the telephone that rang is gone."""
        await self._new_party(attempt).take(leg, trunk)

    def knows(self, attempt: str) -> bool:
        return attempt in self._attempts

    def hold(self, held: bool, attempt: str | None = None) -> None:
        """:raises UnknownLegError: no such phone party has been answered."""
        for party in self._speaking(attempt):
            party.hold(held)

    def press(self, digits: str, attempt: str | None = None) -> None:
        """:raises RelayError: ``unknown_leg``; ``no_dtmf`` when no peer takes keys."""
        meant = [party for party in self._meant(attempt) if party.progress in ("early_media", "answered", "held")]
        if not meant:
            raise UnknownLegError("phone")
        taken = [party.press(digits) for party in meant]
        if not any(taken):
            raise RelayError("no_dtmf", "the peer takes no keys")

    def hang_up(self, outcome: PhoneOutcome = "released", attempt: str | None = None) -> None:
        for party in self._meant(attempt):
            party.hang_up(outcome)

    def transfer(self, target: str | None, attempt: str | None = None) -> None:
        """:raises RelayError: ``unknown_leg``, ``bad_target``."""
        if target is not None:
            read_target(target)
            self._transfers.blind(self._speaking(attempt)[0], target)
        else:
            self._transfers.attended(self._speaking(None))

    def refuse_referral(self, attempt: str) -> None:
        for party in self._meant(attempt):
            self._transfers.decline(party)

    def _check_room(self, command: Dial) -> None:
        if command.replaces is not None:
            if command.replaces not in self._parties:
                raise UnknownLegError("phone")
        elif self._parties and (not command.joins or len(self._parties) >= PARTIES_LIMIT):
            raise RelayError("phone_busy", "the call has a phone leg already")

    def _new_party(self, attempt: str) -> PhoneParty:
        self._attempts.append(attempt)
        self._parties[attempt] = party = PhoneParty(self.call_id, attempt, self._services, self)
        return party

    def _meant(self, attempt: str | None) -> tuple[PhoneParty, ...]:
        return tuple(party for party in self.parties if attempt in (None, party.attempt))

    def _speaking(self, attempt: str | None) -> tuple[PhoneParty, ...]:
        """:raises UnknownLegError: nobody."""
        found = tuple(party for party in self._meant(attempt) if party.is_speaking)
        if not found:
            raise UnknownLegError("phone")
        return found

    # --- commands to the sound and the text ---------------------------------------------------------------

    def set_audio(self, command: SetPhoneAudio) -> None:
        self._text.worker_socket = command.worker_socket
        self.sound.set_audio(command)

    def web_text(self, payload: bytes) -> None:
        """What a web leg typed, from the media worker."""
        self._text.from_web(payload, self.parties)

    async def announce(self, command: PlayAnnouncement) -> None:
        """:raises RelayError: ``unknown_leg``, ``no_sound``."""
        lines = [party.line for party in self._speaking(command.attempt) if party.line is not None]
        await self._playback.announce(command, lines)

    async def play(self, command: PlayRecording) -> None:
        """:raises RelayError: ``no_recording``."""
        await self._playback.play(command)

    def record(self, command: RecordMessage) -> None:
        """
        One message a call. Repeated: nothing changes, and what was told of it is told again.

        :raises UnknownLegError: there is nobody to leave one.
        """
        if self._machine is not None:
            self.tell_again()
            return
        party = self._speaking(None)[0]
        if party.line is None:
            return
        self._recorded = party.attempt
        self._machine = AnsweringMachine(command, party.line, self.sound, self._services)
        self._machine.begin()

    def tell_again(self) -> None:
        """Of a message that was taken: whoever owns the call now may not know."""
        if self._machine is not None:
            self._machine.tell_again()

    # --- time ---------------------------------------------------------------------------------------------

    def kept(self, now: float) -> None:
        """The owner gave a command. :param now: the loop's time in s."""
        for party in self.parties:
            party.kept(now)

    def tick(self, now: float) -> None:
        """Every 20 ms; what nobody keeps or uses is ended. :param now: the loop's time in s."""
        for party in self.parties:
            party.watch(now)
        if self._machine is not None:
            self._machine.step()
        if now >= self._stats_due:
            self._stats_due = now + STATS_EVERY_S
            self._tell_stats()

    def _tell_stats(self) -> None:
        for party in self.parties:
            stats = party.rtp.stats() if party.rtp is not None and party.is_speaking else None
            if stats is None or party.line is None:
                continue
            measured = self.sound.measured(party.line)
            echo = measured.echo
            found = {
                "delay_s": measured.delay_s,
                "echo_return_loss_db": echo.return_loss_db if echo is not None else None,
                "echo_delay_s": echo.delay_s if echo is not None else None,
            }
            self._services.emit(
                PhoneStatsEvent(call_id=self.call_id, attempt=party.attempt, stats=stats.model_copy(update=found))
            )

    # --- what parties tell --------------------------------------------------------------------------------

    def party_joined(self, party: PhoneParty, line: PhoneLine) -> None:
        self.sound.add_line(line)

    def party_left(self, party: PhoneParty, line: PhoneLine) -> None:
        if self._machine is not None and self._machine.line is line:
            self._machine.end()
        self._playback.forget(line)
        self.sound.remove_line(line)

    def party_moved(self, party: PhoneParty) -> None:
        if not party.is_up:
            self._parties.pop(party.attempt, None)
        elif party.line is not None:
            self.sound.line_changed()
        state = PhoneState(
            call_id=self.call_id,
            attempt=party.attempt,
            progress=party.progress,
            outcome=party.outcome,
            sip_code=party.sip_code,
        )
        if self._machine is not None and (party.is_up, party.attempt) == (
            False,
            self._recorded,
        ):  # first what the caller said, then that they are gone
            self._machine.then(lambda: self._services.emit(state))
        else:
            self._services.emit(state)
        self._transfers.moved(party)
        self._text.changed(party for party in self.parties if party.is_speaking)

    def party_renegotiated(self, party: PhoneParty) -> None:
        self._text.changed(party for party in self.parties if party.is_speaking)

    def party_wrote(self, party: PhoneParty, text: str) -> None:
        self._text.from_phone(party, text, self.parties)

    def party_pressed(self, party: PhoneParty, digit: str) -> None:
        if digit == END_KEY and self._machine is not None and self._machine.line is party.line:
            self._machine.end()
        self._services.emit(PhoneDtmf(call_id=self.call_id, digit=digit, attempt=party.attempt))

    def party_referred(self, party: PhoneParty, referred: Referred) -> None:
        self._transfers.referred(party, referred)

    def party_refer_ended(self, party: PhoneParty, sip_code: int) -> None:
        self._transfers.ended(party, sip_code)
