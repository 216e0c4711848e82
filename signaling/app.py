"""
The composition root: builds one signaling process from its parts and runs it until told to stop.

Nothing is decided here; who owns what and in which order things start and end is.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator

from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from interpreter_queue.dispatcher import InterpreterQueue
from relay.control_messages import AnyEvent, WorkerKind
from relay.redis_client import connect
from relay.secure_sockets import Dialer, place_of
from signaling import http_api
from signaling.auth import Auth
from signaling.block_list import BlockList
from signaling.board_desk import BoardDesk
from signaling.call_desk import CallDesk
from signaling.call_leases import CallLeases
from signaling.call_lines import CallLines
from signaling.call_requests import CallRequests
from signaling.call_services import Services
from signaling.callback_book import CallbackBook
from signaling.callback_desk import CallbackDesk
from signaling.camera_check import CameraChecks
from signaling.config import SignalingConfig
from signaling.elsewhere import Elsewhere
from signaling.floor import Floor
from signaling.health import Health
from signaling.ice_check import IceHealth
from signaling.ice_servers import IceServers
from signaling.inbox import InboxDesk
from signaling.incoming_desk import IncomingDesk
from signaling.metrics import Metrics
from signaling.ownership import Ownership
from signaling.peer_desk import PeerDesk
from signaling.peers import Peers
from signaling.phone_guard import PhoneGuard
from signaling.phone_tallies import Tallies
from signaling.push import Push
from signaling.queue_desk import QueueDesk
from signaling.queue_notice import QueueNotice
from signaling.records import Records
from signaling.records.outbox import Outbox
from signaling.records_desk import RecordsDesk
from signaling.reservations import Reservations
from signaling.rules_book import RulesBook
from signaling.session_watch import SessionWatch
from signaling.sessions import Hub
from signaling.signer_desk import SignerDesk
from signaling.staff_words import StaffWords
from signaling.supervision import Supervision
from signaling.waits import WaitBoard
from signaling.websocket import Pages
from signaling.worker_metrics import WorkerCollector
from signaling.workers import WorkerLink, WorkerPool

CANCEL_AGAIN_S = 0.5
log = logging.getLogger(__name__)


async def serve(config: SignalingConfig, stop: asyncio.Event) -> None:
    """
    :param stop: set by SIGTERM or Ctrl-C: no new calls, effects finished, leases given back, then return.
    :raises OSError: the HTTP port is taken.
    """
    async with _redis(config) as redis, _records(config) as records:
        outbox = Outbox(redis, records)
        peers = Peers(
            redis,
            config.instance_id,
            config.run_dir,
            network=config.network,
            on_found=lambda link: peer_desk.found(link),  # noqa: PLW0108 -- the desks come after their links
            on_lost=lambda link: peer_desk.lost(link),  # noqa: PLW0108
            on_message=lambda link, message: peer_desk.said(link, message),  # noqa: PLW0108
        )
        elsewhere = Elsewhere(peers.tell_all)
        metrics, hub = Metrics(), Hub(elsewhere)
        queue = InterpreterQueue(redis, config.queue, config.instance_id)
        ownership = Ownership(redis, config.instance_id, config.call_lease_s, secret=config.secret_key)
        workers = _WorkerNews()
        pool = WorkerPool(
            redis,
            on_event=workers.said,
            on_lost=workers.lost,
            on_found=workers.found,
            dialer=Dialer(config.network),
            place=place_of(config.run_dir),
        )
        metrics.registry.register(WorkerCollector(pool.links))
        records_desk = RecordsDesk(config, records)
        push = Push(config, records.push, count=metrics.push)
        inbox = InboxDesk(config, records.inbox, outbox, redis, hub=hub, push=push.send, count=metrics.inbox_entry)
        blocks = BlockList(config.secret_key, records.blocks)
        guard = PhoneGuard(config, blocks, records.brand_rules, Tallies(redis, config.caps.window_s), metrics)
        waits, lines = _lines(config, records, hub, queue)
        asked_back = CallbackBook(config, records.callbacks, brands=records_desk, lines=lines, guard=guard, hub=hub)
        services = Services(
            config, hub, pool, queue, ownership, outbox, metrics, elsewhere, guard, push, inbox, asked_back
        )
        desk = CallDesk(
            services, CallRequests(services, records_desk, inbox.take_out, lines), inbox.missed, guard.may_call
        )
        leases = CallLeases(services, desk)
        callbacks = CallbackDesk(
            config, records.callbacks, asked_back, calls=desk, owners=ownership, lookups=records_desk, lines=lines
        )
        incoming = IncomingDesk(
            services, desk, records_desk, inbox.missed, may_call=guard.may_call, is_alone=lambda: peers.is_alone
        )
        floor = Floor(
            queue, hub, desk, metrics, config=config.queue, contact=records_desk.contact, today=records_desk.send_today
        )
        board = BoardDesk(config, hub, queue, records, count_callbacks=metrics.callback_states)
        supervision = Supervision(
            queue,
            StaffWords(redis, hub, config.secret_key),
            records,
            runner=desk.runner,
            known=lambda: board.known,
            changed=board.came,
        )
        pages = Pages(
            services,
            desk,
            floor,
            records_desk,
            Auth(records, config),
            SignerDesk(inbox, push, blocks, records_desk.agent_gender),
            board,
            supervision,
            QueueDesk(desk, queue.board, asked_back, waits, records_desk),
            checks := CameraChecks(config, pool, metrics, desk.in_call),
        )
        workers.incoming, workers.desks = incoming, (desk, checks)
        peer_desk = PeerDesk(elsewhere, hub, desk, leases, floor, outcome=pages.outcome)
        health = _health(services, redis, records)

        app = _web(config, records, health, pages, waits)

        await peers.start()
        background = [
            asyncio.create_task(coroutine, name=name)
            for name, coroutine in (
                ("queue events", floor.listen()),
                ("workers", pool.run()),
                ("processes", peers.run()),
                ("leases", leases.keep()),
                ("camera checks", checks.run()),
                ("agents", floor.keep()),
                ("line", floor.watch_line()),
                ("queue notice", QueueNotice(lambda: queue.is_synced, hub.sessions).run()),
                ("records", outbox.run()),
                ("messages", inbox.run()),
                ("push", push.run()),
                ("board", board.run()),
                (
                    "reservations",
                    Reservations(queue, lambda call_id: desk.runner(call_id) is not None, metrics.reservation).run(),
                ),
                ("waits", waits.run()),
                ("call-backs", callbacks.run()),
                ("sign-ins", SessionWatch(hub, records.sessions, desk.in_call).run()),
            )
        ]
        await queue.start()
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, config.http_host, config.http_port, ssl_context=_tls(config))
            await site.start()
            log.info("signaling listens", extra={"host": config.http_host, "port": config.http_port})
            await _until(stop, background)
        finally:
            desk.draining = health.draining = checks.draining = pool.is_stopping = True
            await incoming.close()
            await asyncio.gather(*(each.close(min(2.0, config.drain_deadline_s)) for each in (leases, checks)))
            await _cancel(background)
            await peers.close()
            await runner.cleanup()
            await queue.close()


def _web(config: SignalingConfig, records: Records, health: Health, pages: Pages, waits: WaitBoard) -> web.Application:
    app = web.Application(client_max_size=config.http_body_limit_bytes)
    app.router.add_get("/ws", pages.handle)
    health.add_routes(app)
    http_api.setup(app, records, config, waits=waits)
    return app


def _lines(config: SignalingConfig, records: Records, hub: Hub, queue: InterpreterQueue) -> tuple[WaitBoard, CallLines]:
    """The queues' rules, what is known of their waits, and both applied to calls."""
    book = RulesBook(records.queue_rules)
    waits = WaitBoard(hub, book, config.queue, queue.board)
    return waits, CallLines(book, waits)


async def _until(stop: asyncio.Event, background: list[asyncio.Task[None]]) -> None:
    """Wait for the order to stop; a background task that ends by itself is a fault of this process."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([stopping, *background], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done - {stopping}:
        task.result()
        raise RuntimeError(f"background task ended: {task.get_name()}")


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    """
    End background tasks. One cancellation can be swallowed: redis-py sends through ``asyncio.wait_for``, which on
    Python 3.11 loses a cancellation that meets a finished command; so it is repeated.
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _redis(config: SignalingConfig) -> AsyncIterator[Redis]:
    redis = connect(config.redis_url)
    try:
        yield redis
    finally:
        await redis.aclose()


@contextlib.asynccontextmanager
async def _records(config: SignalingConfig) -> AsyncIterator[Records]:
    records = Records(config.database_url)
    await records.open(migrate=True)
    try:
        yield records
    finally:
        await records.close()


def _tls(config: SignalingConfig) -> ssl.SSLContext | None:
    if config.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_certificate, config.tls_key)
    return context


def _health(services: Services, redis: Redis, records: Records) -> Health:
    pool, queue, metrics = services.pool, services.queue, services.metrics

    async def redis_ok() -> str | None:
        try:
            await redis.ping()
        except (RedisError, OSError):
            return "unreachable"
        return None

    async def database_ok() -> str | None:
        await records.people.is_empty()
        return None

    async def queue_ok() -> str | None:
        return None if queue.is_synced else "not_synced"

    def worker_ok(kind: WorkerKind) -> "_WorkerCheck":
        return _WorkerCheck(pool, kind)

    return Health(
        metrics,
        services.config.metrics_token,
        {
            "redis": redis_ok,
            "database": database_ok,
            "queue": queue_ok,
            "media": worker_ok("media"),
            "phone": worker_ok("phone"),
            "visibility": worker_ok("visibility"),
            "ice": IceHealth(IceServers(services.config)),
            "dialling": services.guard.notice,
        },
        required={"redis", "database", "queue", "media"},
    )


class _WorkerNews:
    """What is heard of the workers, to the desks: they come after the pool."""

    def __init__(self) -> None:
        self.incoming: IncomingDesk | None = None
        self.desks: tuple[CallDesk | CameraChecks, ...] = ()

    def said(self, link: WorkerLink, event: AnyEvent) -> None:
        for desk in (self.incoming, *self.desks):
            if desk is not None:
                desk.worker_event(link, event)

    def lost(self, link: WorkerLink) -> None:
        for desk in self.desks:
            desk.worker_lost(link)

    def found(self, link: WorkerLink) -> None:
        for desk in self.desks:
            desk.worker_found(link)


class _WorkerCheck:
    def __init__(self, pool: WorkerPool, kind: WorkerKind) -> None:
        self._pool, self._kind = pool, kind

    async def __call__(self) -> str | None:
        links = self._pool.links(self._kind)
        if not links:
            return "none"
        notices = {link.state.notice for link in links if link.state.notice}
        return ", ".join(sorted(notices)) or None
