"""
Which calls this process owns, by their leases: renewed, taken over from owners that died, lost, and given back.

The calls themselves are ``signaling.call_desk``'s.
"""

import asyncio
import contextlib
import logging
import time

from redis.exceptions import RedisError

from interpreter_queue.errors import QueueError
from signaling.call_desk import ENDED_SHOWN_S, CallDesk
from signaling.call_events import AlertEnded, Alerting, PageCame, PageWent
from signaling.call_runner import CallRunner
from signaling.call_services import Services
from signaling.call_terms import PARTIES, CallState
from signaling.ownership import Snapshot
from signaling.queue_requests import given_to

KEEP_PHONES_S = 15.0  # well below the phone worker's own limit (PhoneWorkerConfig.unkept_after_s)
log = logging.getLogger(__name__)


class CallLeases:
    def __init__(self, services: Services, desk: CallDesk) -> None:
        self._services, self._desk, self._runners = services, desk, desk.runners
        self._phones_kept_at = 0.0

    async def keep(self) -> None:
        """Renew leases, take over orphans, clear what is over; until cancelled."""
        period_s = self._services.config.call_lease_s / 4
        while True:
            await self._services.ownership.watch()
            with contextlib.suppress(RedisError, OSError):
                await self._renew()
            if not self._desk.draining:
                await self._services.ownership.watch()
                with contextlib.suppress(RedisError, OSError):
                    await self._take_over()
            await self._clear()
            self._keep_phones()
            self._services.metrics.runners.set(len(self._desk.active_ids()))
            await asyncio.sleep(period_s)

    def _keep_phones(self) -> None:
        now = time.monotonic()
        if now - self._phones_kept_at >= KEEP_PHONES_S:
            self._phones_kept_at = now
            for runner in self._runners.values():
                runner.keep_phone()

    async def _renew(self) -> None:
        for call_id, runner in list(self._runners.items()):
            if call_id not in self._runners:
                continue
            if await self._services.ownership.renew(call_id, runner.epoch):
                runner.save_again()
            else:
                await self.lose(call_id, runner.epoch + 1)

    async def lose(self, call_id: str, epoch: int) -> None:
        """Another process owns the call now, since ``epoch``."""
        runner = self._runners.get(call_id)
        if runner is not None and runner.epoch < epoch:
            log.warning("call lost to another owner", extra={"call_id": call_id})
            del self._runners[call_id]
            self._services.elsewhere.call_left_me(call_id)
            await runner.close()

    async def _take_over(self) -> None:
        for snapshot in await self._services.ownership.orphans():
            call_id = snapshot.call.call_id
            if call_id in self._runners or self._desk.draining:
                continue
            epoch = await self._services.ownership.claim(call_id)
            if epoch is not None:
                await self._catch_up(self._resume(snapshot, epoch))

    def _resume(self, snapshot: Snapshot, epoch: int) -> CallRunner:
        """The call goes on here: whoever has a page is present, whoever has none is waited for."""
        call = snapshot.call
        log.info("call taken over", extra={"call_id": call.call_id, "epoch": epoch})
        runner = self._runners[call.call_id] = CallRunner(call, epoch, self._services, snapshot)
        if call.state is CallState.ENDED:
            if call.ended_at is not None and time.time() - call.ended_at <= ENDED_SHOWN_S:
                runner.publish()  # its owner may have died before the pages were told
            return runner
        hub = self._services.hub
        for party in PARTIES:
            role, key, device = call.place(party)
            if hub.is_present(role, key, device):
                # one elsewhere is announced again with what media it really has (``peer_desk``)
                session = hub.find(role, key, device)
                has_media = session is None or session.live_generation is not None
                runner.submit(PageCame(party, has_media))
            elif key is not None:
                runner.submit(PageWent(party))
        runner.workers.expect()
        runner.publish()
        return runner

    async def _catch_up(self, runner: CallRunner) -> None:
        """What the queue did while nobody owned the call."""
        for request_id in runner.call.waiting_ids:
            with contextlib.suppress(QueueError):
                record = await self._services.queue.request(request_id)
                if record is None:
                    runner.enqueue(request_id)
                elif record.state == "assigned" and record.assignment is not None:
                    known = self._services.queue.known_agent(record.assignment.agent_id)
                    self._desk.submit(request_id, given_to(request_id, record.assignment, known))
                else:
                    runner.submit(Alerting(request_id) if record.state == "alerting" else AlertEnded(request_id))

    async def _clear(self) -> None:
        """Calls are shown, and may be rated, for a while after their end."""
        keep_s = self._services.config.rating_s
        for call_id, runner in list(self._runners.items()):
            ended_at = runner.call.ended_at
            if ended_at is not None and time.time() - ended_at > keep_s:
                del self._runners[call_id]
                self._services.elsewhere.call_left_me(call_id)
                await runner.close()
                with contextlib.suppress(RedisError, OSError):
                    await self._services.ownership.forget(call_id)

    async def close(self, deadline_s: float) -> None:
        """Let effects finish, then give the leases back so that another process takes the calls at once."""
        leaving = dict(self._runners)
        self._runners.clear()  # what still comes for them is for the next owner
        await asyncio.gather(*(self._hand_over(call_id, runner, deadline_s) for call_id, runner in leaving.items()))

    async def _hand_over(self, call_id: str, runner: CallRunner, deadline_s: float) -> None:
        await runner.close(deadline_s)
        with contextlib.suppress(RedisError, OSError):
            await self._services.ownership.release(call_id)
