"""
The WebSocket: who may connect, how fast, and where each message goes.

One reader and one writer per page. A message that cannot be followed is answered with an error and costs nothing
else; what a message does belongs to the desk (calls) and the floor (agents).
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

from interpreter_queue.errors import QueueError
from relay.errors import RelayError
from signaling.admission import Admission, Visit, check_brand
from signaling.auth import Auth
from signaling.board_desk import BoardDesk
from signaling.call_desk import CallDesk
from signaling.call_limits import CallLimits, is_emergency
from signaling.call_services import Services
from signaling.camera_check import CameraChecks
from signaling.floor import Floor
from signaling.identity import Identity
from signaling.messages import AnyClientMessage
from signaling.messages.board import (
    AuditList,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.messages.call import CallAct, CallContinueHere, CallRequest
from signaling.messages.inbox import InboxBlock, InboxDelete, InboxHeard
from signaling.messages.media import MediaAnswer, MediaRenew
from signaling.messages.records import CallRate, WrapUpSubmit
from signaling.messages.serving import (
    AssignmentAccept,
    AssignmentDecline,
    CallbackCancel,
    CallbackRequest,
    ColleaguesList,
    PauseAfterCall,
    PresenceSet,
    RefusalSet,
    StaffRead,
    WrapUpExtend,
    WrapUpFinish,
)
from signaling.messages.session import Error, Hello, Ok, Person, Ping, Pong, PushSubscribe, PushUnsubscribe, Welcome
from signaling.messages.visibility import CameraAsk, CheckStart, CheckStop, VisibilitySet, is_check
from signaling.numbers import readable
from signaling.page_errors import OFFERS_CALLBACK, PageError, sentence
from signaling.page_frames import parse, ref_of
from signaling.page_roles import check_role
from signaling.peers import PeerLink
from signaling.picture_desk import PictureDesk
from signaling.queue_desk import QueueDesk
from signaling.rate_limit import Rate, TokenBuckets
from signaling.records_desk import RecordsDesk
from signaling.rehearsal_number import rehearsal_number
from signaling.sessions import Page, PageSession
from signaling.signer_desk import SignerDesk
from signaling.supervision import Supervision

HELLO_DEADLINE_S = 10.0
RECORD_DEADLINE_S = 20.0  # above the outbox's own deadlines
log = logging.getLogger(__name__)


class Pages:
    """All pages' connections of this process."""

    def __init__(  # noqa: PLR0917 -- one desk for each kind of message
        self,
        services: Services,
        desk: CallDesk,
        floor: Floor,
        records: RecordsDesk,
        auth: Auth,
        signers: SignerDesk,
        board: BoardDesk,
        supervision: Supervision,
        queue: QueueDesk,
        checks: CameraChecks,
    ) -> None:
        config = services.config
        self._config, self._hub, self._metrics = config, services.hub, services.metrics
        self._elsewhere = services.elsewhere
        self._desk, self._floor, self._records, self._signers = desk, floor, records, signers
        self._board, self._queue, self._words = board, queue, supervision.words
        self._admission, self._limits = Admission(config, records, auth), CallLimits(config)
        self._checks, pictures = checks, PictureDesk(desk)
        self._by_address: Counter[str] = Counter()
        self._leaving: set[asyncio.Task[None]] = set()
        self._handlers: dict[type[Any], Callable[[Any, Any], Awaitable[None]]] = {
            Ping: self._ping,
            CallRequest: self._call_request,
            CallAct: self._call_act,
            CallContinueHere: self._continue_here,
            InboxHeard: signers.heard,
            InboxDelete: signers.delete,
            InboxBlock: signers.block,
            PushSubscribe: signers.subscribe,
            PushUnsubscribe: signers.unsubscribe,
            CallRate: self._call_rate,
            MediaAnswer: self._media_answer,
            MediaRenew: self._media_renew,
            CameraAsk: pictures.ask_camera,
            VisibilitySet: pictures.set_watched,
            CheckStart: checks.start,
            CheckStop: checks.stop,
            PresenceSet: self._floor.presence,
            PauseAfterCall: self._floor.pause_after_call,
            AssignmentAccept: self._floor.accept,
            AssignmentDecline: self._floor.decline,
            ColleaguesList: queue.colleagues,
            RefusalSet: queue.refusal,
            StaffRead: self._words.read,
            CallbackRequest: queue.request_callback,
            CallbackCancel: queue.cancel_callback,
            SuperviseAgent: supervision.agent,
            SuperviseMove: supervision.move,
            SuperviseSay: supervision.say,
            SuperviseThresholds: supervision.thresholds,
            SuperviseJoin: supervision.join,
            AuditList: supervision.audit,
            WrapUpSubmit: self._wrap_up,
            WrapUpExtend: lambda session, _: self._floor.extend_wrap_up(session),
            WrapUpFinish: lambda session, _: self._floor.finish_wrap_up(session),
        }

    # --- the connection

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """``GET /ws``."""
        visit = await self._admission.visit(request)
        if visit is None:
            self._metrics.refused.labels("origin_refused").inc()
            raise web.HTTPForbidden(text="origin_refused")
        address = visit.address
        if self._by_address[address] >= self._config.connections_per_address:
            self._metrics.refused.labels("too_many_connections").inc()
            raise web.HTTPTooManyRequests(text="too_many_connections")
        socket = web.WebSocketResponse(max_msg_size=self._config.message_limit_bytes, timeout=5.0)
        self._by_address[address] += 1
        try:
            await socket.prepare(request)
            await self._serve(visit, socket)
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
        return socket

    async def _serve(self, visit: Visit, socket: web.WebSocketResponse) -> None:
        session, hello = await self._greet(visit, socket)
        if session is None or hello is None:
            await socket.close()
            return
        writer = asyncio.create_task(session.write())
        try:
            await self._welcome(session, hello)
            await self._read(session)
        finally:
            self._metrics.pages.labels(session.identity.role).dec()
            self._checks.went(session)
            if self._hub.detach(session):
                self._went(session)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await socket.close()

    def _went(self, session: PageSession) -> None:
        self._desk.page_went(session.identity.role, session.identity.key, session.device)
        if session.identity.role == "agent":
            task = asyncio.create_task(self._floor.went(session))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _greet(self, visit: Visit, socket: web.WebSocketResponse) -> tuple[PageSession | None, Hello | None]:
        """Wait for ``hello`` and find out who it is; other messages are refused until then."""
        try:
            async with asyncio.timeout(HELLO_DEADLINE_S):
                async for frame in socket:
                    hello = parse(frame)
                    try:
                        if isinstance(hello, str):
                            raise PageError(hello)
                        if not isinstance(hello, Hello):
                            raise PageError("hello_expected")
                        identity = await self._admission.identify(visit, hello)
                    except PageError as error:
                        ref = None if isinstance(hello, str) else hello.ref
                        await socket.send_str(self._error(error.code, "fr", ref).model_dump_json())
                        continue
                    return self._session(visit, identity, socket, hello), hello
        except TimeoutError:
            pass
        return None, None

    def _session(self, visit: Visit, identity: Identity, socket: web.WebSocketResponse, hello: Hello) -> PageSession:
        return PageSession(
            identity,
            socket,
            hello.locale,
            visit.only_brand or hello.brand,
            self._config.send_queue_limit,
            hello.live_generation,
            visit.address,
            self._admission.sign_in_of(visit, identity),
            (hello.device or "") if identity.role == "signer" else "",
            hello.device_type or visit.device_type,
        )

    async def _welcome(self, session: PageSession, hello: Hello) -> None:
        who = session.identity
        self._hub.attach(session)
        self._metrics.pages.labels(who.role).inc()
        session.send(
            Welcome(
                role=who.role,
                person=Person(name=who.name, trades=who.trades) if who.name else None,
                resume_token=self._admission.resume_token(who),
                heartbeat_s=self._config.heartbeat_s,
                resumed=self._desk.in_call(who.role, who.key),
                demo_phone_url=self._config.demo_phone_url,
                number=_own_number(who),
                push_key=self._signers.push_key(who),
                gender=await self._signers.agent_gender(who),
            )
        )
        self._desk.page_came(who.role, who.key, session.device, hello.live_generation)
        await self._signers.came(session)
        await self._queue.came(session)
        if who.role == "supervisor":
            self._board.came()
        if who.role == "agent":
            try:
                await self._floor.came(session)
                await self._records.send_today(session)
            except QueueError:
                session.send(self._error("unavailable", session.locale, None))
            await self._words.came(session)
        if hello.ref is not None:
            session.send(Ok(re=hello.ref))

    # --- messages

    async def _read(self, session: PageSession) -> None:
        burst = self._config.messages_burst
        bucket = TokenBuckets(Rate(burst, burst / self._config.messages_per_s), limit=1)
        while session.is_open:
            try:
                frame = await session.socket.receive(timeout=self._config.heartbeat_timeout_s)
            except TimeoutError:
                return  # no heartbeat: the connection counts as gone
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            if bucket.take("", time.monotonic()):
                self._refuse(session, "rate_limited", ref_of(frame))
                continue
            message = parse(frame)
            if isinstance(message, str):
                self._refuse(session, message, ref_of(frame))
            else:
                await self._follow(session, message)

    async def _follow(self, session: PageSession, message: AnyClientMessage) -> None:
        call_id = getattr(message, "call_id", None)
        if call_id is None or self._desk.runner(call_id) is not None or not self._elsewhere.is_call(call_id):
            code = await self.outcome(session, message)
        else:
            owner = self._elsewhere.owner(call_id)
            code = await self._ask(owner, session, message)
        if code is not None:
            self._refuse(session, code, message.ref)
        elif message.ref is not None and not isinstance(message, Ping):
            session.send(Ok(re=message.ref))

    @staticmethod
    async def _ask(owner: PeerLink | None, session: PageSession, message: AnyClientMessage) -> str | None:
        if owner is None:
            return "unavailable"
        return await owner.follow(session.identity, session.device, message, session.device_type)

    async def outcome(self, session: Page, message: AnyClientMessage) -> str | None:
        """Follow a message here, from a page of this process or another. :returns: the error code, None when done."""
        handler = self._handlers.get(type(message))
        try:
            if handler is None:
                raise PageError("out_of_place")
            check_role(session.identity.role, message)
            await handler(session, message)
        except PageError as error:
            return error.code
        except QueueError as error:
            return error.code if error.code == "queue_full" else "unavailable"
        except RelayError as error:
            return error.code if error.code in {"bad_sdp", "stale_generation"} else "unavailable"
        except Exception:
            log.exception("message failed", extra={"message_type": message.type})
            return "internal"
        return None

    async def _ping(self, session: PageSession, message: Ping) -> None:
        session.send(Pong(re=message.ref))

    async def _call_request(self, session: PageSession, message: CallRequest) -> None:
        if not is_emergency(message):
            check_brand(session.identity, message.kind, message.brand)
        self._limits.take(session.identity, session.address, message, lambda: self._visitor_calls(session.address))
        try:
            notice = await self._desk.request(session, message)
        except PageError:
            self._limits.give_back(session.identity, session.address, message)
            raise
        if notice is not None:
            self._limits.give_back(session.identity, session.address, message)
            session.send(notice)

    def _visitor_calls(self, address: str) -> int:
        pages = (page for page in self._hub.sessions() if page.address == address and page.identity.is_visitor)
        return sum(1 for key in {page.identity.key for page in pages} if self._desk.in_call("signer", key))

    async def _call_act(self, session: Page, message: CallAct) -> None:
        await self._desk.act(session, message)

    async def _call_rate(self, session: Page, message: CallRate) -> None:
        runner = self._desk.mine(session, message.call_id)
        runner.keep(self._records.rating(runner.call, message))

    async def _media_answer(self, session: Page, message: MediaAnswer) -> None:
        if is_check(message.call_id):
            await self._checks.answer(session, message)
            return
        runner, party = self._desk.held(session, message.call_id)
        await runner.answer_media(party, message.generation, message.sdp)

    async def _media_renew(self, session: Page, message: MediaRenew) -> None:
        if is_check(message.call_id):
            await self._checks.renew(session, message)
            return
        runner, party = self._desk.held(session, message.call_id)
        runner.renew_media(party)

    async def _continue_here(self, session: Page, message: CallContinueHere) -> None:
        self._desk.continue_here(session, message.call_id)

    async def _wrap_up(self, session: Page, message: WrapUpSubmit) -> None:
        runner = self._desk.mine(session, message.call_id)
        write = self._records.wrap_up(runner.call, session, message)
        if write is not None:
            runner.keep(write)
        async with asyncio.timeout(RECORD_DEADLINE_S):
            await runner.kept()
        await self._records.send_today(session)

    def _refuse(self, session: PageSession, code: str, ref: str | None) -> None:
        self._metrics.refused.labels(code).inc()
        error = self._error(code, session.locale, ref)
        may_be_rung = code in OFFERS_CALLBACK and session.identity.person_id is not None
        session.send(error.model_copy(update={"callback": may_be_rung}))

    @staticmethod
    def _error(code: str, locale: str, ref: str | None) -> Error:
        return Error(code=code, message=sentence(code, locale), re=ref)


def _own_number(who: Identity) -> str | None:
    """As people read it; a rehearsal's signer has one for the time of the page."""
    if who.rehearsal and who.role == "signer":
        return rehearsal_number(who.key)
    return readable(who.number) if who.number else None
