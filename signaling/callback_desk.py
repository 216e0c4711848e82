"""
Rings those who asked to be called back: claims what is due, begins its call, and writes down what became of it.

Each attempt is claimed in SQL by one process, with the id of its call, and that call in Redis by one owner; so a
process that dies between the two loses nothing, and whoever takes its claim begins the same call or finds it.
What happens in the call is ``signaling.call_back``'s.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol

from redis.exceptions import RedisError

from signaling.call_lines import CallLines
from signaling.call_model import Call, Side
from signaling.call_services import grace_of
from signaling.call_terms import CallState, EndReason, PageRole
from signaling.callback_book import CallbackBook, Wishes, facts_of
from signaling.config import SignalingConfig
from signaling.messages.serving import CallbackState
from signaling.queue_rules import QueueRules
from signaling.records.call_records import KeptCallback
from signaling.records.callbacks import Callbacks as CallbackTable
from signaling.records.model import Brand, Person

LEASE_S = 60.0  # above the lease of calls: a call without an owner has been taken over by then
RENEW_S = 15.0
LOOK_S = 1.0
CLAIMS_AT_ONCE = 5
BUSY_S = 60.0  # a signer who is in a call, or rung already, is rung when that may be over
AGAIN_S = 60.0  # what failed by our own fault is tried again, and counts for nothing
TELL_AGENTS_S = 5.0
FORGET_S = 3600.0  # between two looks at what is long over
FORGET_AFTER_S = 86_400.0  # whoever asks why nobody rang gets an answer meanwhile
log = logging.getLogger(__name__)


class Calls(Protocol):
    """``signaling.call_desk``."""

    draining: bool

    def callback_calls(self) -> Iterable[Call]: ...
    def in_call(self, role: PageRole, key: str, /) -> bool: ...
    def knows(self, call_id: str, /) -> bool: ...
    def begin(self, call: Call, epoch: int, /) -> None: ...
    def call_off(self, call_id: str, /) -> None: ...
    def put_off(self, call_id: str, /) -> None: ...


class Owners(Protocol):
    """``signaling.ownership``."""

    async def claim(self, call_id: str, /) -> int | None: ...
    async def has_snapshot(self, call_id: str, /) -> bool: ...
    async def forget(self, call_id: str, /) -> None: ...


class Lookups(Protocol):
    async def person(self, person_id: str) -> Person | None: ...
    async def brand_by_id(self, brand_id: str) -> Brand | None: ...
    async def refused_agents(self, signer_id: str | None) -> tuple[str, ...]: ...
    async def known_adviser(self, brand_id: str, signer_id: str | None) -> str | None: ...
    async def agent_gender(self, signer_id: str | None, asked: str | None) -> str | None: ...
    async def ended_call(self, call_id: str) -> "Ended | None": ...


class Ended(NamedTuple):
    """:param is_reached: agent and signer saw each other."""

    reason: EndReason | None
    is_reached: bool


class Outcome(NamedTuple):
    state: CallbackState
    next_at: float
    attempts: int


def outcome(callback: KeptCallback, ended: Ended, rules: QueueRules, now: float) -> Outcome:
    """
    What becomes of a call-back after an attempt: done; over because the signer says so; or tried again, which counts
    only when the signer was rung.
    """
    attempts = callback.attempts + (callback.state == "waiting")  # over before it was seen to ring
    if ended.is_reached:
        return Outcome("done", now, attempts)
    match ended.reason:
        case "callback_declined":
            return Outcome("cancelled", now, attempts)
        case "callback_unanswered" if attempts >= rules.callback_attempts:
            return Outcome("unanswered", now, attempts)
        case "callback_unanswered":
            return _later(callback, now + rules.callback_spacing_s, attempts)
        case _:
            return _later(callback, now + AGAIN_S, attempts - 1)


def _later(callback: KeptCallback, next_at: float, attempts: int) -> Outcome:
    return Outcome("waiting" if next_at < callback.expires_at else "expired", next_at, attempts)


class CallbackDesk:
    """:param clock: Unix seconds."""

    def __init__(
        self,
        config: SignalingConfig,
        table: CallbackTable,
        book: CallbackBook,
        *,
        calls: Calls,
        owners: Owners,
        lookups: Lookups,
        lines: CallLines,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config, self._table, self._book, self._calls = config, table, book, calls
        self._owners, self._lookups, self._lines, self._clock = owners, lookups, lines, clock
        self._renewed_at = self._told_at = self._forgot_at = float("-inf")

    async def run(self) -> None:
        """Until cancelled. Without database or Redis nobody is rung, and nothing is lost."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception as error:
                log.warning("call-backs not looked at: %s", type(error).__name__)

    async def look(self) -> None:
        await self._follow()
        for signer_id in await self._table.expire():
            await self._book.show_all(signer_id)
        if not self._calls.draining:
            await self._each(await self._table.stale(), self._take_up)
            await self._each(await self._table.due(CLAIMS_AT_ONCE), self._ring)
        if self._clock() - self._told_at >= TELL_AGENTS_S:
            self._told_at = self._clock()
            await self._book.show_agents()
        if self._clock() - self._forgot_at >= FORGET_S:
            self._forgot_at = self._clock()
            await self._table.forget(self._clock() - FORGET_AFTER_S)

    @staticmethod
    async def _each(callbacks: Iterable[KeptCallback], work: Callable[[KeptCallback], Awaitable[None]]) -> None:
        """
        One that cannot be followed keeps no other from being rung.

        :raises RedisError, OSError: nobody can be, now.
        """
        for callback in callbacks:
            try:
                await work(callback)
            except (RedisError, OSError):
                raise
            except Exception as error:  # its text may hold a number
                log.warning("call-back not followed: %s", type(error).__name__, extra={"call_id": callback.call_id})

    # --- calls of this process

    async def _follow(self) -> None:
        """What became of those that are rung from here."""
        mine = {call.call_id: call for call in self._calls.callback_calls()}
        if not mine:
            return
        now = self._clock()
        if now - self._renewed_at >= RENEW_S:
            self._renewed_at = now
            living = [call_id for call_id, call in mine.items() if call.state is not CallState.ENDED]
            await self._table.renew(living, LEASE_S)
        for call_id, callback in (await self._table.of_calls(mine)).items():
            call = mine[call_id]
            if callback.state == "cancelled":
                self._calls.call_off(call_id)
            elif callback.claimed_until is None:
                pass  # that is known already
            elif call.state is CallState.ENDED:
                await self._settle(callback, Ended(call.end_reason, call.together_at is not None))
            elif call.is_hidden_from_signer != (callback.state == "waiting"):
                await self._show(callback, is_rung=not call.is_hidden_from_signer)
            elif call.is_hidden_from_signer and self._calls.in_call("signer", call.signer_key):
                self._calls.put_off(call_id)

    async def _show(self, callback: KeptCallback, *, is_rung: bool) -> None:
        change = self._table.rings if is_rung else self._table.rings_no_more
        if await change(callback) is not None:
            await self._book.show_all(callback.signer_id)

    async def _settle(self, callback: KeptCallback, ended: Ended) -> None:
        brand = await self._brand(callback)
        rules = await self._lines.rules(facts_of(callback.kind, callback, brand))
        became = outcome(callback, ended, rules, self._clock())
        if await self._table.settle(callback, became.state, became.next_at, became.attempts) is not None:
            log.info("call-back: %s", became.state, extra={"call_id": callback.call_id})
            await self._book.show_all(callback.signer_id)

    # --- claims

    async def _take_up(self, callback: KeptCallback) -> None:
        """Whoever claimed it is gone: before its call began, in it, or after its end."""
        call_id = callback.call_id or ""
        if self._calls.knows(call_id) or await self._owners.has_snapshot(call_id):
            return  # its owner, or who takes it over, follows it
        ended = await self._lookups.ended_call(call_id)
        if ended is not None:
            await self._settle(callback, ended)
            return
        again = await self._table.claim_again(callback, LEASE_S)
        if again is not None:
            await self._begin(again)

    async def _ring(self, callback: KeptCallback) -> None:
        now, brand = self._clock(), await self._brand(callback)
        rules = await self._lines.rules(facts_of(callback.kind, callback, brand))
        opens_at = self._book.opens_at(brand, rules, now)
        if opens_at > now:
            await self._table.postpone(callback, opens_at, max(callback.expires_at, opens_at + rules.callback_expiry_s))
        elif self._calls.in_call("signer", callback.signer_id) or await self._table.is_rung(callback.signer_id):
            await self._table.postpone(callback, now + BUSY_S, callback.expires_at)
        elif (claimed := await self._table.claim(callback, LEASE_S)) is not None:
            await self._book.show_all(callback.signer_id)
            await self._begin(claimed)

    async def _begin(self, callback: KeptCallback) -> None:
        """
        :raises RedisError, OSError: nobody owns its call yet; the claim runs out, and somebody takes it up.
        """
        call = await self._call(callback)
        if call is None:
            await self._table.cancel(callback.id, callback.signer_id)
            return
        epoch = await self._owners.claim(call.call_id)
        if epoch is not None:
            log.info("call-back: begins", extra={"call_id": call.call_id})
            self._calls.begin(call, epoch)

    async def _call(self, callback: KeptCallback) -> Call | None:
        """:returns: None: the signer or the brand is no longer there."""
        person, brand = await self._lookups.person(callback.signer_id), await self._brand(callback)
        if person is None or person.disabled or (callback.kind == "direct" and brand is None):
            return None
        wishes = self._book.wishes(callback)
        facts = facts_of(callback.kind, callback, brand, wishes)
        gender = None
        if brand is None:
            gender = await self._lookups.agent_gender(person.id, None)
        known = await self._lookups.known_adviser(brand.id, person.id) if brand is not None else None
        facts = facts.model_copy(update={"gender": gender, "known_agent": known})
        rules = await self._lines.rules(facts)
        return Call(
            call_id=callback.call_id or "",
            callback_id=callback.id,
            kind=callback.kind,
            mode=callback.mode,
            signer_key=person.id,
            signer_id=person.id,
            signer=Side(present=False),
            trades=facts.trades,
            line=await self._lines.line(facts),
            supervision_allowed=brand is not None and rules.supervision,
            skills=brand.skills if brand is not None else (),
            brand=brand.slug if brand is not None else None,
            brand_id=brand.id if brand is not None else None,
            brand_name=brand.name if brand is not None else None,
            target=wishes.target,
            display=wishes.display,
            voice=wishes.voice,
            hearing=wishes.hearing,
            announce=wishes.announce,
            caller_id=self._shown(person, brand, wishes),
            refused_agents=await self._lookups.refused_agents(person.id),
            queued_at=callback.queued_at,
            grace=grace_of(self._config),
        )

    def _shown(self, person: Person, brand: Brand | None, wishes: Wishes) -> str | None:
        """:returns: the number that the phone party sees, as in a call that was not put off."""
        if wishes.anonymous:
            return None
        return (person.numbers[0] if person.numbers and brand is None else None) or self._config.default_caller_id

    async def _brand(self, callback: KeptCallback) -> Brand | None:
        return await self._lookups.brand_by_id(callback.brand_id) if callback.brand_id is not None else None
