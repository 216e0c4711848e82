"""
The phone worker process: commands from signaling, sound to and from media workers, calls to the trunk.

Decides which command belongs to which call and who may still command it (epochs). What a command does to a call is in
``relay.phone.call``.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import Any

from redis.asyncio import Redis

from relay import datagram
from relay.audio_exchange import AudioExchange
from relay.control import ControlServer
from relay.control_messages import AnyCommand, CallSummary, CloseCall, WorkerState
from relay.datagram_network import datagram_sender
from relay.errors import RelayError, StaleEpochError, UnknownLegError
from relay.model import Leg
from relay.phone.announcements import Announcements
from relay.phone.call import PhoneCall
from relay.phone.config import PhoneWorkerConfig
from relay.phone.farewells import Farewells
from relay.phone.incoming import Incoming
from relay.phone.pacing import every_20_ms
from relay.phone.recording_store import RecordingStore
from relay.phone.rtp import RtpPorts
from relay.phone.services import Services
from relay.phone.sippy_adapter import SippyStack
from relay.phone.trunk_service import TrunkService, stack_config
from relay.phone_messages import (
    Dial,
    HangUpPhone,
    HoldPhone,
    Keep,
    PlayAnnouncement,
    PlayRecording,
    RecordMessage,
    RefuseIncoming,
    RefuseReferral,
    SendDtmf,
    SetPhoneAudio,
    TakeIncoming,
    TransferPhone,
    WatchHold,
)
from relay.redis_client import connect
from relay.registry import Registration, keep_registered
from relay.secure_sockets import place_of

EPOCHS_KEPT = 10_000  # of calls that are closed, so that a stale runner cannot open them again
BURST = 200  # datagrams read in one go
REDIS_DEADLINE_S = 2.0
log = logging.getLogger(__name__)


class PhoneWorker:
    def __init__(self, config: PhoneWorkerConfig) -> None:
        self.config = config
        self._calls: dict[str, PhoneCall] = {}
        self._by_key: dict[bytes, PhoneCall] = {}
        self._epochs: OrderedDict[str, int] = OrderedDict()
        self._redis = _redis(config.redis_url)
        self._recordings = RecordingStore(self._redis, config.secret)
        self._farewells = Farewells(self._redis, config.worker_id, config.secret)
        self._control = ControlServer(config.control_socket, self.handle, self._greet, config.network)
        self._incoming = Incoming(self._control.emit, self._has_room, config.taken_within_s)
        self._stack = SippyStack(stack_config(config), self._incoming.ring)
        self._trunks = TrunkService(config, self._stack, on_change=lambda: self._control.emit(self.state()))
        self._place = place_of(config.control_socket.parent)
        self._tasks: list[asyncio.Task[None]] = []
        self._draining, self._since = False, time.time()
        self._sender = datagram_sender(config.network)
        self._exchange = AudioExchange(config.audio_socket, self._from_web, config.network, burst=BURST)
        self._services = Services(
            config=config,
            stack=self._stack,
            ports=RtpPorts(*config.rtp_ports),
            routes=self._trunks.routes,
            farewells=self._farewells,
            announcements=Announcements(config.sounds_dir),
            recordings=self._recordings,
            emit=self._control.emit,
            send=lambda address, message: self._sender.send(message, address),
        )

    # --- life ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """:raises OSError: the SIP port is taken or a socket cannot be made."""
        await self._stack.start()
        await self._trunks.start()
        for request in await self._farewells.take_all():
            self._send_farewell(request)
        self._exchange.start()
        await self._control.start()
        self._tasks = [asyncio.create_task(every_20_ms(self._tick))]
        if self._redis is not None:
            self._tasks.append(asyncio.create_task(keep_registered(self._redis, self._registration)))
        log.info("phone worker ready worker_id=%s", self.config.worker_id)

    async def close(self) -> None:
        """BYE or CANCEL on every leg, then everything is freed."""
        self._draining = True
        self._incoming.refuse_all()
        for call in list(self._calls.values()):
            call.hang_up()
        await self._trunks.close()
        await self._stack.close(self.config.stop_deadline_s)
        await self._farewells.settle()
        await self._recordings.settle()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._control.close()
        self._exchange.close()
        self._sender.close()
        if self._redis is not None:
            await self._redis.aclose()

    def _send_farewell(self, request: Any) -> None:
        try:
            self._stack.send_stored(request)
        except Exception as error:  # one unusable entry must not keep the worker from starting
            log.warning("a predecessor's farewell could not be sent: %s", type(error).__name__)
        else:
            log.info("a predecessor's phone leg is ended worker_id=%s", self.config.worker_id)

    # --- commands -----------------------------------------------------------------------------------------

    async def handle(self, command: AnyCommand) -> dict[str, Any]:
        self._check_epoch(command)
        if command.call_id in self._calls:
            self._calls[command.call_id].kept(asyncio.get_running_loop().time())
        match command:
            case Dial():
                await self._dial(command)
            case TakeIncoming():
                await self._take(command)
            case RefuseIncoming():
                self._incoming.refuse(command.call_id, command.sip_code)
            case CloseCall():
                self._close_call(command.call_id)
            case SetPhoneAudio():
                self._call(command.call_id).set_audio(command)
            case Keep():
                known = self._calls.get(command.call_id)
                return known.told() if known is not None else {"progress": "ended", "since": self._since}
            case PlayRecording():
                await self._call(command.call_id).play(command)
            case _:
                await self._for_parties(command)
        return {}

    async def _dial(self, command: Dial) -> None:
        if self._draining:
            raise RelayError("draining", "the worker is stopping")
        known = self._calls.get(command.call_id)
        is_one_more = command.joins or command.replaces is not None or known is None or not known.parties
        if is_one_more and not self._has_room() and not self._knows(command.call_id, command.attempt):
            raise RelayError("no_capacity", "every phone line of this worker is in use")
        await self._call(command.call_id).dial(command)

    async def _take(self, command: TakeIncoming) -> None:
        if self._knows(command.call_id, command.attempt):
            return
        taken = self._incoming.take(command.call_id)
        if taken is None:
            raise UnknownLegError("phone")
        leg, trunk = taken
        await self._call(command.call_id).take(command.attempt, leg, self._trunks.of(trunk))

    async def _for_parties(self, command: AnyCommand) -> None:
        call = self._calls.get(command.call_id)
        match command:
            case HangUpPhone():
                if call is not None:
                    call.hang_up(attempt=command.attempt)
            case HoldPhone():
                _there(call).hold(command.held, command.attempt)
            case SendDtmf():
                _there(call).press(command.digits, command.attempt)
            case TransferPhone():
                _there(call).transfer(command.target, command.attempt)
            case RefuseReferral():
                if call is not None:
                    call.refuse_referral(command.attempt)
            case PlayAnnouncement():
                await _there(call).announce(command)
            case RecordMessage():
                _there(call).record(command)
            case WatchHold():
                _there(call).sound.watch_hold(command.enabled)
            case _:
                raise RelayError("bad_command", f"{command.type} is not for a phone worker")

    def _check_epoch(self, command: AnyCommand) -> None:
        current = self._epochs.get(command.call_id, 0)
        if command.epoch < current:
            raise StaleEpochError(command.epoch, current)
        self._epochs[command.call_id] = command.epoch
        self._epochs.move_to_end(command.call_id)
        while len(self._epochs) > EPOCHS_KEPT + len(self._calls):
            oldest = next(iter(self._epochs))
            if oldest in self._calls:
                self._epochs.move_to_end(oldest)
            else:
                del self._epochs[oldest]

    def _call(self, call_id: str) -> PhoneCall:
        if call_id not in self._calls:
            self._calls[call_id] = self._by_key[datagram.call_key(call_id)] = PhoneCall(call_id, self._services)
        return self._calls[call_id]

    def _close_call(self, call_id: str) -> None:
        self._incoming.refuse(call_id, 480)
        call = self._calls.pop(call_id, None)
        if call is not None:
            self._by_key.pop(datagram.call_key(call_id), None)
            call.hang_up()

    # --- sound --------------------------------------------------------------------------------------------

    def _from_web(self, message: datagram.Datagram) -> None:
        call = self._by_key.get(message.call_key)
        if call is None:
            return
        if message.kind is datagram.Kind.TEXT:
            call.web_text(message.payload)
        elif message.kind is datagram.Kind.AUDIO:
            call.sound.web_sound(message.leg, message.payload)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        for call in list(self._calls.values()):
            for step in (partial(call.tick, now), call.sound.tick):
                try:
                    step()
                except Exception:  # one call's fault must not silence the others, nor keep its own line open
                    log.exception("a step of a call failed call_id=%s", call.call_id)

    # --- state --------------------------------------------------------------------------------------------

    def state(self) -> WorkerState:
        return WorkerState(
            worker_id=self.config.worker_id,
            kind="phone",
            capacity=self.config.capacity,
            load=self._load(),
            draining=self._draining,
            datagram_socket=str(self.config.audio_socket),
            datagram_address=self._exchange.network_address,
            place=self._place,
            calls=tuple(self._summaries()),
            notice=self._trunks.notice,
            trunks=self._trunks.up,
        )

    def _greet(self) -> WorkerState:
        """What a new client is told first; then of telephones that nobody took yet, and of messages taken."""
        for tell_again in (self._incoming.tell_again, *(call.tell_again for call in self._calls.values())):
            asyncio.get_running_loop().call_soon(tell_again)
        return self.state()

    def _summaries(self) -> Iterator[CallSummary]:
        for call in self._calls.values():
            legs: dict[Leg, str] = {"phone": call.progress} if call.parties else {}
            yield CallSummary(call_id=call.call_id, epoch=self._epochs.get(call.call_id, 0), legs=legs)
        for call_id in self._incoming.call_ids:
            yield CallSummary(call_id=call_id, epoch=0, legs={"phone": "ringing"})

    def _registration(self) -> Registration:
        return Registration(
            worker_id=self.config.worker_id,
            kind="phone",
            address=str(self.config.control_socket),
            capacity=self.config.capacity,
            load=self._load(),
            draining=self._draining,
            network_address=self._control.network_address,
            place=self._place,
        )

    def _lines_in_use(self) -> int:
        return sum(len(call.parties) for call in self._calls.values()) + len(self._incoming)

    def _has_room(self) -> bool:
        return not self._draining and self._lines_in_use() < self.config.capacity

    def _knows(self, call_id: str, attempt: str) -> bool:
        return call_id in self._calls and self._calls[call_id].knows(attempt)

    def _load(self) -> float:
        return min(1.0, self._lines_in_use() / max(1, self.config.capacity))


def _there(call: PhoneCall | None) -> PhoneCall:
    """:raises UnknownLegError: the call has no telephone here."""
    if call is None:
        raise UnknownLegError("phone")
    return call


def _redis(url: str | None) -> "Redis | None":
    if url is None:
        return None
    return connect(url, REDIS_DEADLINE_S)


async def run(config: PhoneWorkerConfig, stop: asyncio.Event) -> None:
    """
    Serve until ``stop`` is set, then end every phone leg and leave.

    :raises OSError: the SIP port is taken or a socket cannot be made.
    """
    worker = PhoneWorker(config)
    await worker.start()
    try:
        await stop.wait()
    finally:
        await worker.close()
