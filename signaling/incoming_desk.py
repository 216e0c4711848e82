"""
Telephones that call: whom they reach, by relay number or by code at one of the centre's own numbers, and who hears why
not.

Every signaling process hears of each of them; the one that gets the call's lease serves it. A call that begins is the
desk's (``signaling.call_desk``); the telephone until then is an :class:`IncomingCaller`.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Protocol

from redis.exceptions import RedisError

from interpreter_queue.model import REHEARSAL_SKILL
from relay.control_messages import AnyEvent
from relay.phone_messages import PhoneIncoming
from signaling.call_desk import CallDesk, MayCall, Missed, everybody_may_call
from signaling.call_incoming import incoming_call
from signaling.call_services import Services, grace_of
from signaling.incoming_caller import CallerGoneError, IncomingCaller
from signaling.numbers import e164, readable
from signaling.rate_limit import Rate, TokenBuckets
from signaling.records.model import Person
from signaling.rehearsal_number import KEY_PREFIX, rehearsal_key
from signaling.workers import WorkerLink

CALLERS_LIMIT = 200  # telephones asked for a code or looked up at once, in one process; more are told to try later
LEAVING_S = 2.0
TRIES = 3  # codes in one call
WRONG_CODES = Rate(burst=9, period_s=3600.0)  # of one caller in all their calls: three calls' worth, then one in 7 min
#: of all together: who writes another number into each call still meets one of a thousand signers in 10 h on average
WRONG_CODES_OF_ALL = Rate(burst=100, period_s=3600.0)
log = logging.getLogger(__name__)


class Lookups(Protocol):
    """What is asked of the records."""

    async def signer_by_number(self, number: str) -> Person | None: ...
    async def signer_by_code(self, code: str) -> Person | None: ...
    async def refused_agents(self, signer_id: str | None) -> tuple[str, ...]: ...


class WrongCodes:
    """Typed lately, by each caller and by all. Pure: monotonic seconds are an argument."""

    def __init__(self) -> None:
        self._of_each, self._of_all = TokenBuckets(WRONG_CODES), TokenBuckets(WRONG_CODES_OF_ALL, limit=1)

    def are_too_many(self, caller: str, now: float) -> bool:
        return self._of_each.wait_s(caller, now) > 0 or self._of_all.wait_s("", now) > 0

    def count(self, caller: str, now: float) -> None:
        self._of_each.take(caller, now)
        self._of_all.take("", now)


class IncomingDesk:
    """
    :param missed: tells a signer's inbox of a call that was not put through.
    :param is_alone: no other process is there; decides who serves while Redis is away.
    """

    def __init__(
        self,
        services: Services,
        desk: CallDesk,
        lookups: Lookups,
        missed: Missed,
        *,
        may_call: MayCall = everybody_may_call,
        is_alone: Callable[[], bool] = lambda: True,
    ) -> None:
        self._services, self._desk, self._lookups, self._missed = services, desk, lookups, missed
        self._may_call, self._is_alone = may_call, is_alone
        self._fronts = frozenset(e164(number) or number for number in services.config.front_numbers)
        self._callers: dict[str, IncomingCaller | None] = {}  # by call id; None: the lease is asked for
        self._wrong_codes = WrongCodes()
        self._tasks: set[asyncio.Task[None]] = set()

    def worker_event(self, link: WorkerLink, event: AnyEvent) -> None:
        if isinstance(event, PhoneIncoming):
            self._comes(link, event)
        elif (caller := self._callers.get(getattr(event, "call_id", ""))) is not None:
            caller.hear(event)

    async def close(self) -> None:
        """Nobody is left waiting for a process that is gone: they may call again at once."""
        callers = [caller for caller in self._callers.values() if caller is not None]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_S):
                await asyncio.gather(*(caller.leave() for caller in callers))

    def _comes(self, link: WorkerLink, told: PhoneIncoming) -> None:
        """A phone worker says it again to whoever has just come."""
        is_known = told.call_id in self._callers or self._desk.runner(told.call_id) is not None
        if is_known or self._desk.draining or len(self._callers) >= CALLERS_LIMIT:
            return
        self._callers[told.call_id] = None
        task = asyncio.create_task(self._serve(link, told))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, link: WorkerLink, told: PhoneIncoming) -> None:
        try:
            epoch = await self._claim(told.call_id)
            if epoch is None:
                return
            caller = self._callers[told.call_id] = IncomingCaller(link, told, epoch)
            keeping = asyncio.create_task(self._keep(caller))
            try:
                await self._answer(caller)
            except CallerGoneError:
                log.info("incoming: gone", extra={"call_id": told.call_id})
            except Exception:  # the database is away, or a fault of ours: they may call again
                log.exception("incoming: not served", extra={"call_id": told.call_id})
                await caller.dismiss(480, "not_reachable")
            finally:
                keeping.cancel()
        finally:
            del self._callers[told.call_id]

    async def _claim(self, call_id: str) -> int | None:
        """:returns: the epoch of the lease; None: another process serves this telephone."""
        try:
            return await self._services.ownership.claim(call_id)
        except (RedisError, OSError):
            return 1 if self._is_alone() else None

    async def _keep(self, caller: IncomingCaller) -> None:
        """The lease, and the telephone, while somebody types."""
        while True:
            await asyncio.sleep(self._services.config.call_lease_s / 4)
            with contextlib.suppress(RedisError, OSError):
                await self._services.ownership.renew(caller.call_id, caller.epoch)
            await caller.keep()

    # --- whom it reaches

    async def _answer(self, caller: IncomingCaller) -> None:
        """:raises CallerGoneError:"""
        number = e164(caller.told.number) or caller.told.number
        calling = e164(caller.told.caller) if caller.told.caller else None
        rehearsing = rehearsal_key(number)
        if rehearsing is not None and self._services.hub.is_present("signer", rehearsing):
            await self._put_through(caller, Person(rehearsing, "", "", "signer"), calling)
            return
        if number in self._fronts:
            await caller.take()
            signer = await self._asked(caller, calling)
        else:
            signer = await self._lookups.signer_by_number(number)
        if signer is None or signer.disabled:
            await self._dismiss(caller, "unknown")
        elif not await self._may_call(signer.id, calling):
            await self._dismiss(caller, "blocked")
        else:
            await self._put_through(caller, signer, calling)

    async def _asked(self, caller: IncomingCaller, calling: str | None) -> Person | None:
        """By code. :returns: None: none was right. :raises CallerGoneError:"""
        guesser = calling or f"anonymous at {caller.told.trunk}"
        for attempt in range(TRIES):
            if self._wrong_codes.are_too_many(guesser, time.monotonic()):
                log.warning("incoming: too many wrong codes", extra={"call_id": caller.call_id})
                return None
            code = await caller.ask("wrong_code" if attempt else "ask_code")
            if code is None:
                return None
            signer = await self._lookups.signer_by_code(code)
            if signer is not None:
                return signer
            self._wrong_codes.count(guesser, time.monotonic())
        return None

    async def _put_through(self, caller: IncomingCaller, signer: Person, calling: str | None) -> None:
        """:param signer: of the records, or a rehearsal's."""
        refused_agents = await self._lookups.refused_agents(signer.id)
        is_rehearsal = signer.id.startswith(KEY_PREFIX)
        async with self._desk.reaching(signer.id) as is_free:
            if is_free and not caller.is_gone:
                config = self._services.config
                call = incoming_call(
                    call_id=caller.call_id,
                    now=time.time(),
                    signer_key=signer.id,
                    signer_id=None if is_rehearsal else signer.id,
                    skills=(REHEARSAL_SKILL,) if is_rehearsal else (),
                    rehearsal=is_rehearsal,
                    caller=calling,
                    display=readable(calling) if calling else None,
                    grace=grace_of(config),
                    refused_agents=refused_agents,
                    caller_id=signer.numbers[0] if signer.numbers else config.default_caller_id,
                )
                log.info("incoming: rings", extra={"call_id": caller.call_id})
                caller.is_through = True
                self._desk.begin(call, caller.epoch, caller.worker_id)
                return
        if not is_rehearsal:
            await self._missed(caller.call_id, signer.id, calling)
        await self._dismiss(caller, "busy")

    async def _dismiss(self, caller: IncomingCaller, why: str) -> None:
        log.info("incoming: %s", why, extra={"call_id": caller.call_id})
        self._services.metrics.dismissal(why)
        match why:
            case "unknown":
                await caller.dismiss(404, "unknown_number")
            case "busy":
                await caller.dismiss(486, "not_reachable")
            case _:
                await caller.dismiss(603, "not_reachable")
