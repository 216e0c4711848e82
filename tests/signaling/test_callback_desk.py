"""Ringing back: what becomes of an attempt; and a process that dies between any two steps of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signaling.call_lines import CallLines
from signaling.call_model import Call, Line
from signaling.call_requests import CallRequests
from signaling.call_terms import CallState, EndReason, PageRole
from signaling.callback_book import CallbackBook
from signaling.callback_desk import AGAIN_S, BUSY_S, FORGET_AFTER_S, LEASE_S, CallbackDesk, Ended, Outcome, outcome
from signaling.config import SignalingConfig
from signaling.elsewhere import Elsewhere
from signaling.queue_rules import QueueRules
from signaling.records import Records
from signaling.records.call_records import KeptCallback
from signaling.records_desk import RecordsDesk
from signaling.rules_book import RulesBook
from signaling.sessions import Hub
from tests.signaling.calls import new_call, rung
from tests.signaling.records.samples import NOON, Clock, opened, signer, sqlite_url
from tests.signaling.records.test_callbacks import asked

OWN = "+33199000050"
RULES = QueueRules(callback_attempts=3, callback_spacing_s=600, callback_expiry_s=86_400)


@pytest.mark.parametrize(
    ("reason", "is_reached", "attempts", "expected"),
    [
        ("completed", True, 1, Outcome("done", NOON, 1)),
        ("signer_lost", True, 1, Outcome("done", NOON, 1)),
        ("callback_declined", False, 1, Outcome("cancelled", NOON, 1)),
        ("callback_unanswered", False, 1, Outcome("waiting", NOON + 600, 1)),
        ("callback_unanswered", False, 2, Outcome("waiting", NOON + 600, 2)),
        ("callback_unanswered", False, 3, Outcome("unanswered", NOON, 3)),
        ("no_agent", False, 1, Outcome("waiting", NOON + AGAIN_S, 0)),
        ("failed", False, 3, Outcome("waiting", NOON + AGAIN_S, 2)),
    ],
)
def test_three_attempts_that_rang_ten_minutes_apart(
    reason: EndReason, is_reached: bool, attempts: int, expected: Outcome
) -> None:
    callback = asked("camille", state="trying", attempts=attempts, expires_at=NOON + 80_000)
    assert outcome(callback, Ended(reason, is_reached), RULES, NOON) == expected


def test_an_attempt_that_was_over_before_it_was_seen_to_ring_counts_as_well() -> None:
    callback = asked("camille", attempts=2, claimed_until=NOON + 60)
    assert outcome(callback, Ended("callback_unanswered", False), RULES, NOON) == Outcome("unanswered", NOON, 3)
    assert outcome(callback, Ended("no_agent", False), RULES, NOON) == Outcome("waiting", NOON + AGAIN_S, 2)


def test_what_would_be_tried_after_its_expiry_has_expired() -> None:
    callback = asked("camille", state="trying", attempts=1, expires_at=NOON + 300)
    assert outcome(callback, Ended("callback_unanswered", False), RULES, NOON).state == "expired"


class Redis:
    """Who owns which call, and which calls have a snapshot: shared by the processes."""

    def __init__(self) -> None:
        self.owned: set[str] = set()
        self.snapshots: set[str] = set()
        self.is_away = False

    async def claim(self, call_id: str, /) -> int | None:
        if self.is_away:
            raise OSError
        if call_id in self.owned:
            return None
        self.owned.add(call_id)
        return 1

    async def has_snapshot(self, call_id: str, /) -> bool:
        return call_id in self.snapshots

    async def forget(self, call_id: str, /) -> None:
        self.owned.discard(call_id)


class Desk:
    """The calls of one process."""

    def __init__(self, redis: Redis) -> None:
        self.draining, self.dies_at_begin = False, False
        self.calls: dict[str, Call] = {}
        self.busy: set[str] = set()
        self.called_off: list[str] = []
        self.later: list[str] = []
        self._redis = redis

    def callback_calls(self) -> Iterable[Call]:
        return list(self.calls.values())

    def in_call(self, role: PageRole, key: str, /) -> bool:
        return key in self.busy

    def knows(self, call_id: str, /) -> bool:
        return call_id in self.calls

    def begin(self, call: Call, epoch: int, /) -> None:
        if self.dies_at_begin:
            raise asyncio.CancelledError
        self.calls[call.call_id] = call
        self._redis.snapshots.add(call.call_id)

    def call_off(self, call_id: str, /) -> None:
        self.called_off.append(call_id)

    def put_off(self, call_id: str, /) -> None:
        self.later.append(call_id)

    def ring(self, ring_until: float | None) -> None:
        """An agent has accepted; or None: is gone, and it waits again."""
        state = CallState.QUEUED if ring_until is None else CallState.CALLING_BACK
        for call_id, call in self.calls.items():
            self.calls[call_id] = call.model_copy(update={"state": state, "ring_until": ring_until})

    def end(self, reason: EndReason, together_at: float | None = None) -> None:
        for call_id, call in self.calls.items():
            ended = {"state": CallState.ENDED, "end_reason": reason, "together_at": together_at}
            self.calls[call_id] = call.model_copy(update=ended)


class Look:
    def serving(self, line: Line, /) -> int:
        return 1

    def waiting(self, queue: str, /) -> int:
        return 0


class Centre:
    def __init__(self, records: Records, clock: Clock, config: SignalingConfig) -> None:
        self.records, self.clock, self.redis, self._config = records, clock, Redis(), config

    def process(self) -> tuple[CallbackDesk, Desk]:
        lookups, desk = RecordsDesk(self._config, self.records), Desk(self.redis)
        lines = CallLines(RulesBook(self.records.queue_rules), Look(), self.clock)
        book = self.book()
        ringing = CallbackDesk(
            self._config,
            self.records.callbacks,
            book,
            calls=desk,
            owners=self.redis,
            lookups=lookups,
            lines=lines,
            clock=self.clock,
        )
        return ringing, desk

    def book(self) -> CallbackBook:
        return CallbackBook(
            self._config,
            self.records.callbacks,
            brands=RecordsDesk(self._config, self.records),
            lines=CallLines(RulesBook(self.records.queue_rules), Look(), self.clock),
            guard=None,  # type: ignore[arg-type]  # nobody asks for a number here
            hub=Hub(Elsewhere(lambda _: None)),
            clock=self.clock,
        )

    async def only(self) -> KeptCallback:
        (found,) = await self.records.callbacks.open(10)
        return found


@asynccontextmanager
async def centre(directory: Path) -> AsyncIterator[tuple[Centre, str]]:
    clock = Clock()
    async with Records(sqlite_url(directory), clock) as records:
        camille = await signer(records)
        await records.callbacks.add(asked(camille.id, expires_at=NOON + 80_000))
        yield Centre(records, clock, SignalingConfig(data_dir=directory)), camille.id


async def test_a_call_back_begins_at_its_old_place_and_waits_for_nobody(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, camille):
        ringing, desk = here.process()
        await ringing.look()
        (call,) = desk.calls.values()
        assert (call.callback_id, call.queued_at, call.signer_key) == ("cb1", NOON - 60, camille)
        assert not call.signer.present and call.state is CallState.QUEUED
        assert call.line.queue == "relay/LSF" and call.line.head_start_s == 0
        await ringing.look()
        assert len(desk.calls) == 1


async def test_in_the_line_it_waits_and_only_what_rings_is_an_attempt(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        ringing, desk = here.process()

        async def seen() -> tuple[str, int]:
            await ringing.look()
            kept = await here.only()
            return kept.state, kept.attempts

        assert [await seen() for _ in range(2)] == [("waiting", 0)] * 2
        desk.ring(NOON + 45)
        assert [await seen() for _ in range(2)] == [("trying", 1)] * 2
        desk.ring(None)
        assert await seen() == ("waiting", 0), "the agent was gone: nothing of the signer's doing"
        desk.ring(NOON + 45)
        assert await seen() == ("trying", 1)
        desk.end("callback_unanswered")
        assert [await seen() for _ in range(2)] == [("waiting", 1)] * 2
        assert (await here.only()).next_at == here.clock.now + 600


@pytest.mark.parametrize("shown", [OWN, None])
async def test_a_number_that_is_hidden_stays_hidden_when_the_call_is_put_off(tmp_path: Path, shown: str | None) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille = await records.people.add(
            login="camille", name="Camille", role="signer", password_hash="-", numbers=[OWN]
        )
        here = Centre(records, Clock(), SignalingConfig(data_dir=tmp_path))
        waited = new_call(signer_id=camille.id, caller_id=shown, announce="none", target="+33199000001")
        await here.book().ask(waited, None, NOON - 60)
        ringing, desk = here.process()
        await ringing.look()
        (call,) = desk.calls.values()
        assert (call.caller_id, call.announce, call.target) == (shown, "none", "+33199000001")


async def test_what_was_asked_for_of_the_interpreter_is_asked_for_when_rung_later(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille = await signer(records)
        await records.people.set_agent_gender(camille.id, "f")
        here = Centre(records, Clock(), SignalingConfig(data_dir=tmp_path))
        await here.book().ask(new_call(signer_id=camille.id, domain="medical", language="asl"), None, NOON - 60)
        ringing, desk = here.process()
        await ringing.look()
        (call,) = desk.calls.values()
        assert call.line.targets[0].skills["asl"] == 1
        assert {"medical", "gender:f"} <= call.line.preferred.keys()


async def test_an_incoming_call_is_taken_with_the_gender_that_the_signer_keeps_and_without_a_database_too(
    tmp_path: Path,
) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille = await signer(records)
        await records.people.set_agent_gender(camille.id, "f")
        config = SignalingConfig(data_dir=tmp_path)
        lines = CallLines(RulesBook(records.queue_rules), Look(), Clock())
        services: Any = SimpleNamespace(config=config, guard=None)
        taken: Any = None
        requests = CallRequests(services, RecordsDesk(config, records), taken, lines)
        incoming = rung(signer_id=camille.id)
        line = await requests.accepted(incoming, "LSF")
        assert line is not None and line.preferred == {"gender:f": 1} and line.head_start_s > 0
        assert await requests.accepted(new_call(), "LSF") is None
    line = await requests.accepted(incoming, "LSF")
    assert line is not None and line.preferred == {}


async def test_of_two_processes_one_rings(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        processes = [here.process() for _ in range(3)]
        await asyncio.gather(*(ringing.look() for ringing, _ in processes))
        assert sum(len(desk.calls) for _, desk in processes) == 1


async def test_a_process_that_dies_between_claim_and_begin_loses_nothing_and_rings_nobody_twice(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        dying, dead = here.process()
        here.redis.is_away = True
        with pytest.raises(OSError):
            await dying.look()
        assert (await here.only()).claimed_until is not None and not dead.calls
        here.redis.is_away = False
        ringing, desk = here.process()
        await ringing.look()
        assert not desk.calls, "its lease has not run out"
        here.clock.now += LEASE_S
        await ringing.look()
        (call,) = desk.calls.values()
        assert call.call_id == (await here.only()).call_id and (await here.only()).attempts == 0
        await dying.look()
        assert not dead.calls


async def test_a_process_that_dies_with_the_lease_of_a_call_that_never_began_is_followed_by_another(
    tmp_path: Path,
) -> None:
    async with centre(tmp_path) as (here, _):
        dying, dead = here.process()
        dead.dies_at_begin = True
        with pytest.raises(asyncio.CancelledError):
            await dying.look()
        ringing, desk = here.process()
        here.clock.now += LEASE_S
        await ringing.look()
        assert not desk.calls, "the lease in Redis still stands"
        here.redis.owned.clear()
        here.clock.now += LEASE_S
        await ringing.look()
        assert len(desk.calls) == 1


async def test_a_call_that_another_process_takes_over_is_not_begun_again(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        gone, begun = here.process()
        await gone.look()
        here.redis.owned.clear()
        ringing, desk = here.process()
        here.clock.now += LEASE_S
        await ringing.look()
        assert not desk.calls, "it has a snapshot"
        desk.calls = begun.calls  # taken over
        desk.end("callback_unanswered")
        await ringing.look()
        assert ((await here.only()).state, (await here.only()).next_at) == ("waiting", here.clock.now + 600)


async def test_a_signer_who_is_in_a_call_is_rung_later_and_it_counts_for_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, camille):
        ringing, desk = here.process()
        desk.busy.add(camille)
        await ringing.look()
        assert not desk.calls and (await here.only()).attempts == 0
        desk.busy.clear()
        here.clock.now += 60
        await ringing.look()
        assert len(desk.calls) == 1


async def test_a_signer_who_places_a_call_meanwhile_is_rung_after_it(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, camille):
        ringing, desk = here.process()
        await ringing.look()
        assert desk.later == []
        desk.busy.add(camille)
        await ringing.look()
        assert desk.later == list(desk.calls)
        desk.end("no_agent")
        await ringing.look()
        assert ((await here.only()).state, (await here.only()).attempts) == ("waiting", 0)


async def test_nobody_is_rung_while_closed_but_at_the_next_opening(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        await here.records.queue_rules.put("relay", {"hours": "lun 9:00-18:00", "timezone": "UTC"})
        ringing, desk = here.process()
        await ringing.look()
        postponed = await here.only()
        opens_at = NOON - 43_200 + 86_400 + 9 * 3600  # NOON is a Sunday's
        assert not desk.calls and postponed.next_at == opens_at and postponed.expires_at >= opens_at + 3600
        here.clock.now = opens_at
        await ringing.look()
        assert len(desk.calls) == 1


async def test_what_was_cancelled_while_it_rang_is_called_off(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, camille):
        ringing, desk = here.process()
        await ringing.look()
        await here.records.callbacks.cancel("cb1", camille)
        await ringing.look()
        assert desk.called_off == list(desk.calls)


async def test_a_process_that_leaves_begins_nothing(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        ringing, desk = here.process()
        desk.draining = True
        await ringing.look()
        assert not desk.calls and (await here.only()).state == "waiting"


async def test_nothing_of_a_call_back_is_kept_once_it_has_long_been_over(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, camille):
        await here.records.callbacks.cancel("cb1", camille)
        ringing, _ = here.process()
        await ringing.look()
        assert await here.records.callbacks.find("cb1") is not None
        here.clock.now += 80_000 + FORGET_AFTER_S
        await ringing.look()
        assert await here.records.callbacks.find("cb1") is None


async def test_whoever_lost_the_account_is_not_rung(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        person = (await here.records.people.all())[0]
        await here.records.people.set_disabled(person.login, True)
        ringing, desk = here.process()
        await ringing.look()
        assert not desk.calls and await here.records.callbacks.open(10) == []


async def test_one_that_cannot_be_followed_keeps_no_other_from_being_rung(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, _):
        sacha, alix = await signer(here.records, "sacha"), await signer(here.records, "alix")
        await here.records.callbacks.add(asked(sacha.id, "cb0", queued_at=NOON - 3600, expires_at=NOON + 80_000))
        await here.records.callbacks.add(asked(alix.id, "cb2", queued_at=NOON - 10, expires_at=NOON + 80_000))
        ringing, desk = here.process()
        begin = desk.begin
        failed: list[str | None] = []

        def fails_once(call: Call, epoch: int, /) -> None:
            if not failed:
                failed.append(call.callback_id)
                raise ValueError
            begin(call, epoch)

        desk.begin = fails_once  # type: ignore[method-assign]
        await ringing.look()
        assert failed == ["cb0"], "the earliest arrival first"
        assert {call.callback_id for call in desk.calls.values()} == {"cb1", "cb2"}


async def test_of_one_signers_call_backs_one_rings_at_a_time(tmp_path: Path) -> None:
    async with centre(tmp_path) as (here, camille):
        await here.records.callbacks.add(asked(camille, "cb2", queued_at=NOON - 10, expires_at=NOON + 80_000))
        ringing, desk = here.process()
        await ringing.look()
        assert [call.callback_id for call in desk.calls.values()] == ["cb1"]
        desk.end("completed", together_at=NOON)
        here.clock.now += BUSY_S
        await ringing.look()
        assert [call.callback_id for call in desk.calls.values()] == ["cb1", "cb2"]
