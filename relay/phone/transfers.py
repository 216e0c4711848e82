"""
Handing phone parties on (RFC 3515, RFC 3891), by us and by them.

Decides who goes when. Left to others: REFER and NOTIFY themselves (``relay.phone.leg``), whether a number may be
dialled (signaling).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from relay.control_messages import AnyEvent
from relay.errors import UnknownLegError
from relay.phone.leg import Referred
from relay.phone.party import PhoneParty
from relay.phone_messages import PhoneReferred, PhoneTransferFailed

DECIDED_WITHIN_S = 15.0  # nobody decided whether a transfer may be: the peer is told that it is not
DECLINED = 603
log = logging.getLogger(__name__)


class Transfers:
    """Of one call."""

    def __init__(self, call_id: str, emit: Callable[[AnyEvent], None]) -> None:
        self._call_id, self._emit = call_id, emit
        self._leaving: tuple[PhoneParty, ...] = ()
        self._replacing: dict[str, PhoneParty] = {}  # attempt of the new one -> who asked for it
        self._asked: dict[str, tuple[Referred, asyncio.TimerHandle]] = {}

    # --- by us --------------------------------------------------------------------------------------------

    def blind(self, party: PhoneParty, target: str) -> None:
        """``party`` is asked to call ``target``. Nothing changes while another transfer is under way."""
        if not self._leaving and party.leg is not None:
            log.info("a phone party is handed on call_id=%s", self._call_id)
            self._leaving = (party,)
            party.leg.refer(target)

    def attended(self, parties: Sequence[PhoneParty]) -> None:
        """Both parties shall speak with each other. :raises UnknownLegError: there are not two."""
        if len(parties) < 2 or parties[0].leg is None or parties[1].leg is None:
            raise UnknownLegError("phone")
        if not self._leaving:
            log.info("two phone parties are connected call_id=%s", self._call_id)
            self._leaving = tuple(parties[:2])
            parties[0].leg.refer_to(parties[1].leg)

    def ended(self, party: PhoneParty, sip_code: int) -> None:
        """What became of it."""
        leaving, self._leaving = self._leaving, ()
        if not 200 <= sip_code < 300:
            self._emit(PhoneTransferFailed(call_id=self._call_id, sip_code=sip_code))
            return
        for each in leaving:
            each.hang_up("transferred")

    # --- by them ------------------------------------------------------------------------------------------

    def referred(self, party: PhoneParty, referred: Referred) -> None:
        timer = asyncio.get_running_loop().call_later(DECIDED_WITHIN_S, self.decline, party)
        self._forget(party)
        self._asked[party.attempt] = (referred, timer)
        self._emit(PhoneReferred(call_id=self._call_id, attempt=party.attempt, number=referred.number))

    def replace(self, new: PhoneParty, old: PhoneParty | None) -> str | None:
        """:param old: who goes once ``new`` answers. :returns: the Replaces header that it asked for, if it did."""
        if old is None:
            return None
        self._replacing[new.attempt] = old
        asked = self._forget(old)
        return asked.replaces if asked is not None else None

    def moved(self, party: PhoneParty) -> None:
        """``progress`` of a party is another one."""
        old = self._replacing.get(party.attempt)
        if old is not None:
            self._report(old, party)
        if not party.is_up:
            self._forget(party)
            self._replacing.pop(party.attempt, None)
            if party in self._leaving and party.outcome != "transferred":
                self._leaving = ()

    def _report(self, old: PhoneParty, new: PhoneParty) -> None:
        if old.leg is None or not old.is_up:
            return
        if new.progress == "answered":
            self._replacing.pop(new.attempt)
            old.leg.report(200)
            old.hang_up("transferred")
        elif new.progress in ("ringing", "early_media"):
            old.leg.report(180)
        elif not new.is_up:
            old.leg.report(new.sip_code if new.sip_code is not None and new.sip_code >= 300 else 480)

    def _forget(self, party: PhoneParty) -> Referred | None:
        asked = self._asked.pop(party.attempt, None)
        if asked is None:
            return None
        asked[1].cancel()
        return asked[0]

    def decline(self, party: PhoneParty) -> None:
        """What ``party`` asked for, if it did, is not done."""
        if self._forget(party) is not None and party.leg is not None and party.is_up:
            party.leg.report(DECLINED)
