"""
A phone party asks to be replaced by another: dialled under the same rules as what people ask for.

What costs extra is not dialled, as nobody can be asked.
"""

import logging
from typing import Protocol

from relay import phone_messages as told
from signaling.call_events import Event, PhoneReferred
from signaling.call_model import Call
from signaling.call_phone import attempt_name
from signaling.call_services import Services
from signaling.numbers import EmergencyFound, read_number
from signaling.page_errors import PageError
from signaling.phone_guard import dialler_of

log = logging.getLogger(__name__)


class Referred(Protocol):
    """The call's runner."""

    call: Call

    def submit(self, event: Event, /) -> None: ...
    def refuse_referral(self, attempt: str, /) -> None: ...


async def referred(owner: Referred, services: Services, event: told.PhoneReferred) -> None:
    call, guard = owner.call, services.guard
    dialler = dialler_of(call, "signer")
    attempt = attempt_name(call.call_id, len(call.phone_legs) + 1)
    try:
        policy = await guard.policy(dialler)
        read = read_number(event.number, services.config, allow_uri=call.rehearsal, policy=policy)
        if read.tariff != "ordinary" or (isinstance(read, EmergencyFound) and read.kind == "offer_114"):
            raise PageError("number_refused")
        await guard.begin(dialler, read, attempt)
    except PageError as error:
        log.info("referral refused: %s", error.code, extra={"call_id": call.call_id})
        owner.refuse_referral(event.attempt)
        return
    before = len(owner.call.phone_legs)
    owner.submit(PhoneReferred(event.attempt, read.target, read.display))
    if len(owner.call.phone_legs) == before:
        await guard.undo(dialler, attempt)
