"""What the phone worker says of a leg that is kept, and what its owner makes of it."""

from typing import Any

import pytest

from signaling.call_events import DialPhone, Event, PhoneReport
from signaling.call_media import CallMedia
from signaling.call_model import Call, PhoneLegState
from signaling.phone_commands import PhoneCommands
from tests.signaling.calls import new_call


class Worker:
    """Stands where the call's media stands; ``leg`` is what the phone worker has."""

    def __init__(self, leg: dict[str, Any]) -> None:
        self.leg = leg
        self.dialled: list[str] = []

    async def keep_phone(self) -> dict[str, Any]:
        return self.leg

    async def dial(self, _call: Call, leg: PhoneLegState, _timeout_s: float) -> None:
        self.dialled.append(leg.attempt)
        self.leg = {"attempt": leg.attempt, "progress": "trying"}


class Owner:
    def __init__(self, attempt: str | None) -> None:
        legs = (leg(attempt),) if attempt else ()
        self.call = new_call().model_copy(update={"phone_legs": legs})
        self.told: list[Event] = []

    def submit(self, event: Event) -> None:
        self.told.append(event)

    def tell_agent(self, code: str) -> None: ...


def leg(attempt: str) -> PhoneLegState:
    return PhoneLegState(attempt=attempt, target="+33199000001", display="01 99 00 00 01", dialled_at=1.0)


def commands(worker: Worker, owner: Owner) -> PhoneCommands:
    media: Any = worker
    assert hasattr(CallMedia, "keep_phone") and hasattr(CallMedia, "dial")
    return PhoneCommands(media, owner, 30.0)


@pytest.mark.parametrize(
    ("has", "reported"),
    [
        ({"attempt": "a1", "progress": "answered"}, [PhoneReport("a1", "answered")]),
        ({"progress": "ended"}, [PhoneReport("a1", "ended")]),
        ({}, []),
    ],
    ids=["answered meanwhile", "gone meanwhile", "no worker there"],
)
async def test_new_owner_learns_what_became_of_the_telephone(has: dict[str, Any], reported: list[PhoneReport]) -> None:
    owner = Owner("a1")
    phone = commands(Worker(has), owner)
    phone.keep()
    await phone.lane.drained()
    assert owner.told == reported
    await phone.lane.close()


async def test_number_that_is_still_to_be_dialled_is_not_taken_for_one_that_is_gone() -> None:
    owner, worker = Owner(None), Worker({"progress": "ended"})
    phone = commands(worker, owner)
    phone.keep()
    owner.call = owner.call.model_copy(update={"phone_legs": (leg("a1"),)})
    phone.carry_out(DialPhone(leg("a1")))
    await phone.lane.drained()
    assert (worker.dialled, owner.told) == (["a1"], [])
    phone.keep()
    await phone.lane.drained()
    assert owner.told == [PhoneReport("a1", "trying")]
    await phone.lane.close()
