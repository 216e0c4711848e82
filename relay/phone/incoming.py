"""
Telephones that call us and have not been taken yet.

Decides which are let in, how long they ring and under which call they are told. Left to others: whom they call and
what becomes of them (signaling), the dialog (``relay.phone.leg``), the call once taken (``relay.phone.call``).
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from relay.control_messages import AnyEvent
from relay.model import PhoneOutcome
from relay.phone.leg import Ended, IncomingLeg, LegEvent
from relay.phone_messages import PhoneIncoming, PhoneState

REASONS = {
    403: "Forbidden",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    503: "Service Unavailable",
    603: "Decline",
}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """:param told: as signaling hears of it."""

    leg: IncomingLeg
    told: PhoneIncoming
    timer: asyncio.TimerHandle


class Incoming:
    """
    :param has_room: whether one more line may be in use.
    :param taken_within_s: before a telephone hears that nobody is there (480).
    """

    def __init__(
        self,
        emit: Callable[[AnyEvent], None],
        has_room: Callable[[], bool],
        taken_within_s: float,
    ) -> None:
        self._emit, self._has_room, self._taken_within_s = emit, has_room, taken_within_s
        self._waiting: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def call_ids(self) -> tuple[str, ...]:
        return tuple(self._waiting)

    def ring(self, leg: IncomingLeg, trunk: str = "") -> None:
        """A telephone calls; without room its trunk may try another worker (503). :param trunk: where it came from."""
        if not self._has_room():
            leg.reject(503, REASONS[503])
            return
        call_id = uuid.uuid4().hex
        told = PhoneIncoming(call_id=call_id, number=leg.number, caller=leg.caller, trunk=trunk)
        timer = asyncio.get_running_loop().call_later(self._taken_within_s, self._nobody_came, call_id)
        self._waiting[call_id] = Waiting(leg, told, timer)
        leg.listen(lambda event: self._on_leg_event(call_id, event))
        leg.ring()
        log.info("a telephone calls call_id=%s", call_id)
        if call_id in self._waiting:  # its caller may be gone already
            self._emit(told)

    def tell_again(self) -> None:
        """For a signaling process that has just come; those that know the calls do not mind."""
        for waiting in self._waiting.values():
            self._emit(waiting.told)

    def take(self, call_id: str) -> tuple[IncomingLeg, str] | None:
        """:returns: the telephone, no longer waiting here, and its trunk's label; None: it is gone."""
        waiting = self._waiting.pop(call_id, None)
        if waiting is None:
            return None
        waiting.timer.cancel()
        return waiting.leg, waiting.told.trunk

    def refuse(self, call_id: str, sip_code: int) -> None:
        """Unknown calls are no error."""
        self._end(call_id, "released", sip_code)

    def refuse_all(self) -> None:
        for call_id in self.call_ids:
            self._end(call_id, "released", 503)

    def _nobody_came(self, call_id: str) -> None:
        log.warning("nobody takes a telephone that calls call_id=%s", call_id)
        self._end(call_id, "no_answer", 480)

    def _on_leg_event(self, call_id: str, event: LegEvent) -> None:
        if isinstance(event, Ended):
            self._end(call_id, "hung_up")

    def _end(self, call_id: str, outcome: PhoneOutcome, sip_code: int | None = None) -> None:
        waiting = self._waiting.pop(call_id, None)
        if waiting is None:
            return
        waiting.timer.cancel()
        if sip_code is not None:
            waiting.leg.reject(sip_code, REASONS[sip_code])
        log.info("a telephone that called is gone call_id=%s outcome=%s", call_id, outcome)
        self._emit(PhoneState(call_id=call_id, attempt="", progress="ended", outcome=outcome, sip_code=sip_code))
