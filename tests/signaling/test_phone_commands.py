"""What the phone worker says of a leg that is kept, and what its owner makes of it."""

from typing import Any

import pytest

from relay.errors import RelayError
from signaling.call_events import (
    AnnouncementOver,
    DialPhone,
    Event,
    MessageRecorded,
    PhoneReport,
    PlayRecording,
    RecordingOver,
    RecordMessage,
    TakeIncoming,
    TransferPhone,
)
from signaling.call_media import CallMedia
from signaling.call_model import Call, PhoneLegState
from signaling.call_terms import CallState
from signaling.phone_commands import PhoneCommands
from tests.signaling.calls import in_state, new_call, play, rung


class Worker:
    """Stands where the call's media stands; ``leg`` is what the phone worker has."""

    def __init__(self, leg: dict[str, Any]) -> None:
        self.leg = leg
        self.dialled: list[str] = []
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.refuses: dict[str, str] = {}  # command -> error code

    async def keep_phone(self) -> dict[str, Any]:
        return self.leg

    async def dial(self, _call: Call, leg: PhoneLegState, _timeout_s: float, _replaces: str | None) -> None:
        self.dialled.append(leg.attempt)
        self.leg = {"attempt": leg.attempt, "progress": "trying"}

    async def phone(self, command: Any, /, **fields: object) -> None:
        name = command(call_id="c1", epoch=1, **fields).type
        self.asked.append((name, fields))
        if name in self.refuses:
            raise RelayError(self.refuses[name], "no")

    without_telephone = phone


class Owner:
    def __init__(self, attempt: str | None) -> None:
        legs = (leg(attempt),) if attempt else ()
        self.call = new_call().model_copy(update={"phone_legs": legs})
        self.told: list[Event] = []
        self.codes: list[str] = []

    def submit(self, event: Event) -> None:
        self.told.append(event)

    def tell_agent(self, code: str) -> None:
        self.codes.append(code)


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
        ({"progress": "ended", "since": 0.5}, [PhoneReport("a1", "ended")]),
        ({"progress": "ended", "since": 60.0}, [PhoneReport("a1", "ended", "trunk_failed")]),
        ({}, []),
    ],
    ids=["answered meanwhile", "gone meanwhile", "the worker is a new one", "no worker there"],
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


# --- what it hears announced


def owner_of(call: Call) -> Owner:
    owner = Owner(None)
    owner.call = call
    return owner


async def test_caller_hears_what_goes_on_once_per_change_and_nothing_of_it_when_people_are_there() -> None:
    owner, worker = owner_of(rung()), Worker({})
    phone = commands(worker, owner)
    for state in (CallState.INCOMING, CallState.INCOMING, CallState.QUEUED, CallState.ALERTING, CallState.ACTIVE):
        owner.call = in_state(state, "incoming")
        phone.announce()
        await phone.lane.drained()
    assert [fields["name"] for _, fields in worker.asked] == ["ringing", "seeking_agent", None]
    await phone.lane.close()


async def test_new_owner_says_again_what_the_caller_may_not_hear() -> None:
    owner, worker = owner_of(rung()), Worker({})
    phone = commands(worker, owner)
    phone.announce()
    await phone.lane.drained()
    phone.announce_again()
    await phone.lane.drained()
    assert [fields["name"] for _, fields in worker.asked] == ["ringing", "ringing"]
    await phone.lane.close()


async def test_recording_is_not_cut_off_by_stopping_what_was_announced_before_it() -> None:
    owner, worker = owner_of(in_state(CallState.MESSAGE, "incoming")), Worker({})
    phone = commands(worker, owner)
    phone.announce()
    await phone.lane.drained()
    phone.announcement_over("leave_message")
    owner.call, (record,) = play(owner.call, AnnouncementOver("leave_message"))
    assert isinstance(record, RecordMessage)
    phone.carry_out(record)
    phone.announce()
    phone.announce_again()
    await phone.lane.drained()
    assert [name for name, _ in worker.asked] == ["play_announcement", "record_message"]
    await phone.lane.close()


# --- what is refused


@pytest.mark.parametrize(
    ("command", "code", "events", "codes"),
    [
        (TakeIncoming, "unknown_leg", [PhoneReport("c1-1", "ended", "hung_up")], []),
        (TakeIncoming, "worker_gone", [PhoneReport("c1-1", "ended", "trunk_failed")], []),
        (lambda _: RecordMessage("s1"), "unknown_leg", [MessageRecorded(None, 0.0)], []),
        (lambda _: PlayRecording("k1", "s1"), "unknown_recording", [RecordingOver()], ["message_gone"]),
        (lambda _: TransferPhone(None), "unknown_leg", [], ["transfer_failed"]),
    ],
    ids=["caller gone", "worker gone", "no message", "no sound", "no transfer"],
)
async def test_refusal_is_an_event_of_the_call_or_a_word_to_the_agent(
    command: Any, code: str, events: list[Event], codes: list[str]
) -> None:
    owner, worker = owner_of(rung()), Worker({})
    worker.refuses = dict.fromkeys(("take_incoming", "record_message", "play_recording", "transfer_phone"), code)
    phone = commands(worker, owner)
    phone.carry_out(command(owner.call.phone))
    await phone.lane.drained()
    assert (owner.told, owner.codes) == (events, codes)
    await phone.lane.close()


async def test_announcement_that_cannot_be_played_counts_as_heard() -> None:
    owner, worker = owner_of(in_state(CallState.MESSAGE, "incoming")), Worker({})
    worker.refuses = {"play_announcement": "bad_command"}
    phone = commands(worker, owner)
    phone.announce()
    await phone.lane.drained()
    assert owner.told == [AnnouncementOver("leave_message")]
    await phone.lane.close()
