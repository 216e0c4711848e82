"""
All calls this process owns: found, begun, fed with events.

Decides which runner an event belongs to, and that a person is in one call at a time. What a request becomes is
``signaling.call_requests``', telephones that call ``signaling.incoming_desk``'s; that this process owns a call, and for
how long, ``signaling.call_leases``'; what happens in a call belongs to ``signaling.call``; agents and alerts to
``signaling.floor``.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from redis.exceptions import RedisError

from interpreter_queue.model import Position, Queued
from relay.control_messages import AnyEvent, WorkerLeaves
from signaling.call import RUNG
from signaling.call_dialling import CallDialling, submit
from signaling.call_events import Act, Assigned, Event, PageCame, PageWent, QueueGaveUp
from signaling.call_limits import is_emergency
from signaling.call_model import Call, call_of
from signaling.call_requests import CallRequests
from signaling.call_runner import CallRunner
from signaling.call_services import Services
from signaling.call_terms import WAITING, CallState, PageRole, Party
from signaling.messages.call import CallAct, CallRequest, CostNotice, EmergencyNotice
from signaling.messages.call_state import QueueView
from signaling.messages.media import MediaClosed
from signaling.ownership import Snapshot
from signaling.page_errors import PageError
from signaling.sessions import Page, PageSession
from signaling.waits import told
from signaling.workers import WorkerLink

ENDED_SHOWN_S = 30.0  # to a page that comes back: a reload at the end of a call still shows the end
LEFT_DEADLINE_S = 2.0  # between two processes of one centre

#: Tells a signer's inbox of a call that was not put through: call id, person id, number of who called (E.164).
Missed = Callable[[str, str, str | None], Awaitable[None]]
#: Whether this caller (E.164, None: anonymous) may reach a signer (person id).
MayCall = Callable[[str, str | None], Awaitable[bool]]


async def everybody_may_call(_signer: str, _caller: str | None) -> bool:
    return True


class CallDesk:
    def __init__(
        self, services: Services, requests: CallRequests, missed: Missed, may_call: MayCall = everybody_may_call
    ) -> None:
        self._services, self._requests, self._missed = services, requests, missed
        self._may_call, self._dialling = may_call, CallDialling(requests, services.guard)
        self.runners: dict[str, CallRunner] = {}
        self._beginning: set[str] = set()
        self.draining = False

    # --- finding

    def runner(self, call_id: str) -> CallRunner | None:
        return self.runners.get(call_id)

    def is_owned_elsewhere(self, call_id: str) -> bool:
        return call_id not in self.runners and self._services.elsewhere.owner(call_id) is not None

    def of(self, role: PageRole, key: str) -> CallRunner | None:
        """The call owned here that this person is in, an ended one too as long as it is shown."""
        mine = [runner for runner in self.runners.values() if runner.call.party_of(role, key)]
        return max(mine, key=lambda runner: (runner.call.occupies_signer, runner.call.queued_at), default=None)

    def in_call(self, role: PageRole, key: str) -> bool:
        """Whether this person is in a call that is not over, owned here or by another process."""
        runner = self.of(role, key)
        here = runner is not None and runner.call.occupies_signer
        return here or self._services.elsewhere.in_call(role, key)

    def mine(self, session: Page, call_id: str) -> CallRunner:
        """
        A call that the page is in, or an agent's that is somebody else's by now.

        :raises PageError: not a call of this page, or one that this process is just giving away.
        """
        runner = self.runners.get(call_id)
        if runner is not None:
            who = session.identity
            has_served = who.role == "agent" and who.key in runner.call.served_by
            if has_served or runner.call.party_of(who.role, who.key):
                return runner
        raise PageError("draining" if self.draining else "unknown_call")

    def held(self, session: Page, call_id: str) -> tuple[CallRunner, Party]:
        """
        A call that is on this device, or on none yet.

        :raises PageError: as :meth:`mine`; ``out_of_place``: it is on another of the person's devices.
        """
        runner = self.mine(session, call_id)
        party = runner.call.party_of(session.identity.role, session.identity.key)
        if party is None or runner.call.place(party).device not in (None, session.device):
            raise PageError("out_of_place")
        return runner, party

    def active_ids(self) -> list[str]:
        return [call_id for call_id, runner in self.runners.items() if runner.call.state is not CallState.ENDED]

    def request_ids(self) -> list[str]:
        """What this process keeps alive in the queue: of its calls and of their second parties."""
        calls = [runner.call for runner in self.runners.values() if runner.call.state is not CallState.ENDED]
        return [request_id for call in calls for request_id in call.request_ids]

    def callback_calls(self) -> list[Call]:
        """Those owned here that ring somebody back, ended ones too as long as they are shown."""
        return [runner.call for runner in self.runners.values() if runner.call.callback_id is not None]

    def knows(self, call_id: str) -> bool:
        """Owned here or by another process."""
        return call_id in self.runners or self._services.elsewhere.is_call(call_id)

    def call_off(self, call_id: str) -> None:
        """The signer needs to be called back no more."""
        runner = self.runners.get(call_id)
        if runner is not None and runner.call.is_callback_pending and runner.call.state is not CallState.ENDED:
            with contextlib.suppress(PageError):
                is_rung = runner.call.state is CallState.CALLING_BACK
                submit(runner, Act("signer", "decline" if is_rung else "hang_up"))

    def put_off(self, call_id: str) -> None:
        """The signer is in another call: called back after that one."""
        runner = self.runners.get(call_id)
        if runner is not None and runner.call.is_hidden_from_signer:
            runner.submit(QueueGaveUp(call_id))

    # --- beginning

    async def request(self, session: PageSession, message: CallRequest) -> EmergencyNotice | CostNotice | None:
        """
        :returns: None when the call has begun; a notice when the number is an emergency number, or costs extra.
        :raises PageError: why there is no call.
        """
        who = session.identity
        if notice := self._requests.emergency(message, who):
            return notice
        if self.draining:
            raise PageError("draining")
        if is_emergency(message):
            await self._make_way(session)
        if self.in_call(who.role, who.key) or who.key in self._beginning:
            raise PageError("already_in_call")
        self._beginning.add(who.key)  # two tabs at once make one call
        try:
            return await self._begin(session, message)
        finally:
            self._beginning.discard(who.key)

    async def _make_way(self, session: PageSession) -> None:
        """An emergency comes before whatever rings or waits; a conversation is the signer's to end."""
        who = session.identity
        runner = self.of(who.role, who.key)
        if runner is not None and runner.call.state in (*RUNG, *WAITING):
            party = runner.call.party_of(who.role, who.key)
            if party is not None:
                submit(runner, Act(party, "decline" if runner.call.state in RUNG else "hang_up"))
        elsewhere = self._services.elsewhere
        for call_id, owner in elsewhere.calls_of(who.role, who.key):
            if await owner.follow(who, session.device, CallAct(call_id=call_id, action="decline")) is None:
                await self._until_left(who.role, who.key)

    async def _until_left(self, role: PageRole, key: str) -> None:
        """The other owner says so in a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEFT_DEADLINE_S):
                while self._services.elsewhere.in_call(role, key):  # noqa: ASYNC110 -- another process says it
                    await asyncio.sleep(0.02)

    async def _begin(self, session: PageSession, message: CallRequest) -> CostNotice | None:
        call = await self._requests.call(session, message)
        if isinstance(call, CostNotice):
            return call
        if call.kind == "video" and call.peer_key is not None:
            await self._reach(call, call.peer_key)
            return None
        # Redis away: the owner goes on from memory, its epoch is the first one
        epoch: int | None = None
        with contextlib.suppress(RedisError, OSError):
            epoch = await self._services.ownership.claim(call.call_id)
        self.begin(call, epoch or 1)
        return None

    async def _reach(self, call: Call, peer: str) -> None:
        """:raises PageError: who is called is in a call, and will see that somebody tried; or takes none from here."""
        if not await self._may_call(peer, call.caller_id):
            raise PageError("peer_busy")  # whoever is blocked is not told
        async with self.reaching(peer) as is_free:
            if not is_free:
                await self._missed(call.call_id, peer, call.caller_id)
                raise PageError("peer_busy")
            epoch: int | None = None
            with contextlib.suppress(RedisError, OSError):
                epoch = await self._services.ownership.claim(call.call_id)
            self.begin(call, epoch or 1)

    def begin(self, call: Call, epoch: int, phone_worker: str | None = None) -> None:
        """:param phone_worker: id, of the worker where the call's telephone is already."""
        snapshot = Snapshot(call=call, phone_worker=phone_worker) if phone_worker else None
        runner = self.runners[call.call_id] = CallRunner(call, epoch, self._services, snapshot)
        runner.begin()
        runner.publish()

    @contextlib.asynccontextmanager
    async def reaching(self, person_id: str) -> AsyncIterator[bool]:
        """
        Somebody calls this signer. For the time of the block nobody else does, in no process of the centre.

        :returns: whether the signer is free.
        """
        if person_id in self._beginning:
            yield False
            return
        self._beginning.add(person_id)
        name, is_first = f"person-{person_id}", True
        try:
            with contextlib.suppress(RedisError, OSError):
                is_first = await self._services.ownership.claim(name) is not None
            yield is_first and not self.in_call("signer", person_id)
        finally:
            self._beginning.discard(person_id)
            if is_first:
                with contextlib.suppress(RedisError, OSError):
                    await self._services.ownership.forget(name)

    # --- events in

    async def act(self, session: Page, message: CallAct) -> None:
        """:raises PageError: not open now, or the number may not be dialled."""
        runner, party = self.held(session, message.call_id)
        book = self._services.callbacks
        if message.action == "ask_callback" and party == "signer" and book is not None:
            await book.admit(runner.call, message.at)
        act = Act(
            party,
            message.action,
            digits=message.digits,
            mode=message.mode,
            voice=message.voice,
            hearing=message.hearing,
            device=session.device,
            device_type=session.device_type,
            watched=message.watched,
            to=message.to,
            at=message.at,
            line=await self._requests.accepted(runner.call, message.mode) if message.action == "accept" else None,
        )
        await self._dialling.act(runner, session, message, act)

    def page_came(self, role: PageRole, key: str, device: str, live_generation: int | None) -> None:
        """
        At this process or another. When its call is owned here, the page is told everything about it; and the call
        goes on on this device when the one that had it is gone.
        """
        runner = self.of(role, key)
        party = runner.call.party_of(role, key) if runner is not None else None
        if runner is None or party is None:
            return
        ended_at, bound = runner.call.ended_at, runner.call.place(party).device
        if ended_at is not None and time.time() - ended_at > ENDED_SHOWN_S:
            return  # a page opened anew begins anew; the call may still be rated from the page that had it
        current = runner.media.generation.get(party)
        has_media = live_generation is not None and current in (None, live_generation)
        if ended_at is None and bound in (None, device):
            runner.submit(PageCame(party, has_media))
        elif ended_at is None and not self._services.hub.is_present(role, key, bound):
            runner.submit(PageCame(party, device=device))
        runner.publish(only=party)
        runner.repeat_encoding(party)

    def page_went(self, role: PageRole, key: str, device: str) -> None:
        """A call is on one device, and lost with that one; before it is on any, with the last of them."""
        runner = self.of(role, key)
        party = runner.call.party_of(role, key) if runner is not None else None
        if runner is None or party is None:
            return
        bound = runner.call.place(party).device
        if bound == device or (bound is None and not self._services.hub.is_present(role, key)):
            runner.submit(PageWent(party))

    def continue_here(self, session: Page, call_id: str) -> None:
        """:raises PageError: not a call of this person's, or one that is on no device yet."""
        runner, who = self.mine(session, call_id), session.identity
        party = runner.call.party_of(who.role, who.key)
        bound = runner.call.place(party).device if party is not None else None
        if party is None or bound is None or runner.call.ended_at is not None:
            raise PageError("out_of_place")
        if bound != session.device:
            runner.tell(party, MediaClosed(call_id=call_id))
            runner.submit(PageCame(party, device=session.device))

    def submit(self, request_id: str, event: Event) -> CallRunner | None:
        """:param request_id: a call's id, or of a request of its second party."""
        runner = self.runners.get(call_of(request_id))
        if runner is not None:
            is_rung = isinstance(event, Assigned) and runner.call.is_hidden_from_signer
            if is_rung and self.in_call("signer", runner.call.signer_key):
                event = QueueGaveUp(request_id)  # a call-back breaks into no other call of the signer's
            runner.submit(event)
        return runner

    def place_in_line(self, event: Queued | Position) -> None:
        runner = self.runners.get(event.call_id)
        if runner is None:
            return
        if isinstance(event, Queued):
            runner.queued(event.queued_at)
        else:
            view = QueueView(
                position=event.position,
                wait_low_s=event.wait_low_s,
                wait_high_s=event.wait_high_s,
                serving=told(event.serving),
            )
            runner.queue_view = self._requests.lines.view(runner.call, view)
            runner.publish(only="signer")

    def look_at_waits(self) -> None:
        """Time passes while nothing moves: whoever has waited long is shown a partner."""
        for runner in self.runners.values():
            if runner.queue_view is None or runner.call.state not in WAITING:
                continue
            view = self._requests.lines.view(runner.call, runner.queue_view)
            if view != runner.queue_view:
                runner.queue_view = view
                runner.publish(only="signer")

    def queue_forgot(self, request_id: str) -> None:
        """Redis lost what it held: what still waits is enqueued again, at its place."""
        runner = self.runners.get(call_of(request_id))
        if runner is not None and request_id in runner.call.waiting_ids:
            runner.enqueue(request_id)

    def worker_event(self, link: WorkerLink, event: AnyEvent) -> None:
        if isinstance(event, WorkerLeaves):
            link.draining = True
            for each in list(self.runners.values()):
                each.workers.leaves(link)
        call_id = getattr(event, "call_id", None)
        runner = self.runners.get(call_id) if call_id else None
        if runner is not None:
            runner.news.take(event)

    def worker_lost(self, link: WorkerLink) -> None:
        for runner in list(self.runners.values()):
            runner.workers.lost(link)

    def worker_found(self, link: WorkerLink) -> None:
        for runner in list(self.runners.values()):
            runner.workers.found(link)
