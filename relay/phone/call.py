"""
One call's telephone side: its phone parties and what is done to which.

Decides which party a command means and how one gives way to another. Left to others: a party's own course
(``relay.phone.party``), sound (``relay.phone.call_sound``), commands and epochs (``relay.phone.worker``).
"""

import logging
from collections import deque
from typing import Any

from relay.control_messages import Dial, PhoneDtmf, PhoneReferred, PhoneState, PhoneTransferFailed
from relay.errors import RelayError, UnknownLegError
from relay.model import PhoneOutcome, PhoneProgress
from relay.phone.call_sound import CallSound, PhoneLine
from relay.phone.leg import IncomingLeg
from relay.phone.party import PhoneParty
from relay.phone.services import Services
from relay.phone.target import read_target

ATTEMPTS_KEPT = 32
PARTIES_LIMIT = 2  # a conversation between more telephones is a conference, not a relayed call
log = logging.getLogger(__name__)


class PhoneCall:
    """The sound of the web legs is mixed whether there is a phone party or not."""

    def __init__(self, call_id: str, services: Services) -> None:
        self.call_id = call_id
        self._services = services
        self._attempts: deque[str] = deque(maxlen=ATTEMPTS_KEPT)
        self._parties: dict[str, PhoneParty] = {}
        self._replaced_by: dict[str, str] = {}
        self.sound = CallSound(call_id, services.send, services.emit)

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

    # --- commands -----------------------------------------------------------------------------------------

    async def dial(self, command: Dial) -> None:
        """:raises RelayError: ``phone_busy``, ``bad_target``, ``unknown_leg``; later faults are told as events."""
        if command.attempt in self._attempts:
            return
        self._check_room(command)
        target = read_target(command.target, self._services.config.trunk)
        if command.replaces is not None:
            self._replaced_by[command.replaces] = command.attempt
        party = self._new_party(command.attempt)
        self.party_moved(party)
        await party.dial(command, target)

    async def take(self, attempt: str, leg: IncomingLeg) -> None:
        """:raises RelayError: ``unknown_leg``: the telephone that rang is gone."""
        await self._new_party(attempt).take(leg)

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

    def kept(self, now: float) -> None:
        """The owner gave a command. :param now: the loop's time in s."""
        for party in self.parties:
            party.kept(now)

    def watch(self, now: float) -> None:
        """End what nobody keeps or uses. :param now: the loop's time in s."""
        for party in self.parties:
            party.watch(now)

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

    # --- what parties tell --------------------------------------------------------------------------------

    def party_joined(self, party: PhoneParty, line: PhoneLine) -> None:
        self.sound.add_line(line)

    def party_moved(self, party: PhoneParty) -> None:
        if not party.is_up:
            self._parties.pop(party.attempt, None)
            if party.line is not None:
                self.sound.remove_line(party.line)
        elif party.line is not None:
            self.sound.line_changed()
        self._services.emit(
            PhoneState(
                call_id=self.call_id,
                attempt=party.attempt,
                progress=party.progress,
                outcome=party.outcome,
                sip_code=party.sip_code,
            )
        )

    def party_pressed(self, party: PhoneParty, digit: str) -> None:
        self._services.emit(PhoneDtmf(call_id=self.call_id, digit=digit, attempt=party.attempt))

    def party_referred(self, party: PhoneParty, number: str) -> None:
        self._services.emit(PhoneReferred(call_id=self.call_id, attempt=party.attempt, number=number))

    def party_refer_ended(self, party: PhoneParty, sip_code: int) -> None:
        if not 200 <= sip_code < 300:
            self._services.emit(PhoneTransferFailed(call_id=self.call_id, sip_code=sip_code))
