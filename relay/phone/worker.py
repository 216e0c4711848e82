"""
The phone worker process: commands from signaling, sound to and from media workers, calls to the trunk.

Decides which command belongs to which call and who may still command it (epochs). What a command does to a call is in
``relay.phone.call``.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import OrderedDict
from functools import partial
from typing import Any

from redis.asyncio import Redis

from relay import datagram
from relay.audio_exchange import AudioExchange
from relay.control import ControlServer
from relay.control_messages import (
    AnyCommand,
    CallSummary,
    CloseCall,
    Dial,
    HangUpPhone,
    HoldPhone,
    Keep,
    SendDtmf,
    SetPhoneAudio,
    WorkerState,
)
from relay.datagram_network import datagram_sender
from relay.errors import RelayError, StaleEpochError, UnknownLegError
from relay.model import Leg
from relay.phone.call import PhoneCall, Services
from relay.phone.config import PhoneWorkerConfig
from relay.phone.farewells import Farewells
from relay.phone.pacing import every_20_ms
from relay.phone.rtp import RtpPorts
from relay.phone.sip_transport import is_ip, resolve
from relay.phone.sippy_adapter import SippyStack, StackConfig
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
        self._farewells = Farewells(self._redis, config.worker_id, config.secret)
        self._stack = SippyStack(_stack_config(config))
        self._control = ControlServer(config.control_socket, self.handle, self.state, config.network)
        self._place = place_of(config.control_socket.parent)
        self._tasks: list[asyncio.Task[None]] = []
        self._draining = False
        self._sender = datagram_sender(config.network)
        self._exchange = AudioExchange(config.audio_socket, self._web_sound, config.network, burst=BURST)
        self._services = Services(
            config=config,
            stack=self._stack,
            ports=RtpPorts(*config.rtp_ports),
            farewells=self._farewells,
            emit=self._control.emit,
            send=lambda address, message: self._sender.send(message, address),
        )

    # --- life ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """:raises OSError: the SIP port is taken or a socket cannot be made."""
        await self._stack.start()
        await self._know_trunk()
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
        for call in list(self._calls.values()):
            call.hang_up()
        await self._stack.close(self.config.stop_deadline_s)
        await self._farewells.settle()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._control.close()
        self._exchange.close()
        self._sender.close()
        if self._redis is not None:
            await self._redis.aclose()

    async def _know_trunk(self) -> None:
        """The trunk may speak to us before we spoke to it (a BYE after our restart)."""
        trunk = self.config.trunk
        with contextlib.suppress(OSError):
            address = await resolve(trunk.host, trunk.port)
            self._stack.peers.add(address[0])
            if not is_ip(trunk.host):
                self._stack.expect_name(address, trunk.host)

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
        if isinstance(command, CloseCall):
            self._close_call(command.call_id)
        elif isinstance(command, Dial):
            await self._dial(command)
        elif isinstance(command, SetPhoneAudio):
            self._call(command.call_id).sound.set_audio(command)
        elif isinstance(command, HangUpPhone):
            if command.call_id in self._calls:
                self._calls[command.call_id].hang_up()
        elif isinstance(command, HoldPhone | SendDtmf):
            self._for_leg(command)
        elif isinstance(command, Keep):  # which is done above
            return self._told(command.call_id)
        else:
            raise RelayError("bad_command", f"{command.type} is not for a phone worker")
        return {}

    def _told(self, call_id: str) -> dict[str, Any]:
        call = self._calls.get(call_id)
        is_up = call is not None and call.leg_is_up
        return {"attempt": call.attempt, "progress": call.progress} if call and is_up else {"progress": "ended"}

    async def _dial(self, command: Dial) -> None:
        if self._draining:
            raise RelayError("draining", "the worker is stopping")
        if self._legs_up() >= self.config.capacity and not self._has_leg(command.call_id):
            raise RelayError("no_capacity", "every phone line of this worker is in use")
        await self._call(command.call_id).dial(command)

    def _for_leg(self, command: HoldPhone | SendDtmf) -> None:
        call = self._calls.get(command.call_id)
        if call is None:
            raise UnknownLegError("phone")
        if isinstance(command, HoldPhone):
            call.hold(command.held)
        else:
            call.press(command.digits)

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
        call = self._calls.pop(call_id, None)
        if call is not None:
            self._by_key.pop(datagram.call_key(call_id), None)
            call.hang_up()

    # --- sound --------------------------------------------------------------------------------------------

    def _web_sound(self, message: datagram.Datagram) -> None:
        call = self._by_key.get(message.call_key)
        if call is not None:
            call.sound.web_sound(message.leg, message.payload)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        for call in list(self._calls.values()):
            for step in (partial(call.watch, now), call.sound.tick):
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
            calls=tuple(self._summary(call) for call in self._calls.values()),
        )

    def _summary(self, call: PhoneCall) -> CallSummary:
        legs: dict[Leg, str] = {"phone": str(call.progress)} if call.leg_is_up else {}
        return CallSummary(call_id=call.call_id, epoch=self._epochs.get(call.call_id, 0), legs=legs)

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

    def _legs_up(self) -> int:
        return sum(call.leg_is_up for call in self._calls.values())

    def _has_leg(self, call_id: str) -> bool:
        return call_id in self._calls and self._calls[call_id].leg_is_up

    def _load(self) -> float:
        return min(1.0, self._legs_up() / max(1, self.config.capacity))


def _redis(url: str | None) -> "Redis | None":
    if url is None:
        return None
    return Redis.from_url(url, socket_timeout=REDIS_DEADLINE_S, socket_connect_timeout=REDIS_DEADLINE_S)


def _stack_config(config: PhoneWorkerConfig) -> StackConfig:
    trunk = config.trunk
    tls = None
    if trunk.transport == "tls":
        tls = ssl.create_default_context(cafile=str(trunk.ca_file) if trunk.ca_file else None)
    return StackConfig(
        host=config.sip_host,
        port=config.sip_port,
        transport=trunk.transport,
        known_hosts=frozenset(trunk.known_hosts),
        tls=tls,
    )


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
