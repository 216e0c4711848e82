"""
A media worker as the process it is in production, and a control connection to it.

``tests.helpers.media_worker_process`` is that process; what it logs from WARNING up goes to a file, so that a test can
say that nothing went wrong inside.
"""

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from relay.config import MediaWorkerConfig
from relay.control import ControlClient
from relay.control_messages import (
    AnswerLeg,
    AnyEvent,
    CloseLeg,
    LegState,
    LegStatsEvent,
    OpenLeg,
    PromoteSecond,
    UpdateCall,
)
from relay.model import CallPlan, LegConnection, LegStats, WebLeg
from tests.helpers.line import Line
from tests.helpers.media_worker_process import config_of
from tests.helpers.peers import CodedPeer, until

TALK = CallPlan(bridged=True, signer_voice=True, signer_hearing=True)
REPOSITORY = Path(__file__).parents[2]
START_S = 45.0
CONNECT_S = 40.0  # over a line that loses packets of the handshake, on a busy machine


class MediaWorkerProcess:
    """Commands to the worker, and everything it said."""

    def __init__(self, process: asyncio.subprocess.Process, config: MediaWorkerConfig, log_file: Path) -> None:
        self.process = process
        self.config = config
        self.events: list[AnyEvent] = []
        self.listeners: list[Callable[[AnyEvent], None]] = [self.events.append]
        self.client = ControlClient(self._heard, lambda: None)
        self.peers: list[CodedPeer] = []
        self._log_file = log_file

    @property
    def log(self) -> str:
        """Warnings and errors so far."""
        return self._log_file.read_text()

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None

    @property
    def resident_mb(self) -> float:
        """Memory in use (proc_pid_status)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    async def start(self) -> None:
        """Its socket is there a moment before it listens."""
        async with asyncio.timeout(START_S):
            while True:
                assert self.is_alive, self.log
                with contextlib.suppress(OSError):
                    return await self.client.connect(self.config.control_socket)
                await asyncio.sleep(0.05)

    async def open(self, call_id: str, leg: WebLeg, generation: int = 1) -> str:
        command = OpenLeg(call_id=call_id, epoch=1, leg=leg, generation=generation)
        return str((await self.client.request(command))["sdp"])

    async def answer(self, call_id: str, leg: WebLeg, sdp: str, generation: int = 1) -> None:
        await self.client.request(AnswerLeg(call_id=call_id, epoch=1, leg=leg, generation=generation, sdp=sdp))

    async def connected(self, call_id: str, leg: WebLeg, generation: int = 1) -> None:
        state = lambda: self.state_of(call_id, leg, generation) == "connected"  # noqa: E731
        await until(state, f"{leg} connected", CONNECT_S)

    async def plan(self, call_id: str, plan: CallPlan = TALK) -> None:
        await self.client.request(UpdateCall(call_id=call_id, epoch=1, plan=plan))

    async def join(
        self, call_id: str, leg: WebLeg, peer: CodedPeer, *, through: Line | None = None, generation: int = 1
    ) -> None:
        """Connect an aiortc participant, over a line or directly."""
        self.peers.append(peer)
        offer = await self.open(call_id, leg, generation)
        answer = await peer.media.answer(await through.offer(offer) if through is not None else offer)
        await self.answer(call_id, leg, through.answer(answer) if through is not None else answer, generation)
        await peer.media.wait_connected(CONNECT_S)
        await self.connected(call_id, leg, generation)

    async def promote_second(self, call_id: str) -> None:
        await self.client.request(PromoteSecond(call_id=call_id, epoch=1))

    async def close_leg(self, call_id: str, leg: WebLeg) -> None:
        await self.client.request(CloseLeg(call_id=call_id, epoch=1, leg=leg))

    def _heard(self, event: AnyEvent) -> None:
        for listener in self.listeners:
            listener(event)

    def state_of(self, call_id: str, leg: WebLeg, generation: int) -> LegConnection | None:
        whose = (call_id, leg, generation)
        states = [e.state for e in self.events if isinstance(e, LegState) and (e.call_id, e.leg, e.generation) == whose]
        return states[-1] if states else None

    def stats_of(self, call_id: str, leg: WebLeg) -> list[LegStats]:
        return [e.stats for e in self.events if isinstance(e, LegStatsEvent) and (e.call_id, e.leg) == (call_id, leg)]


@contextlib.asynccontextmanager
async def media_worker(compiled_root: Path | None = None, **settings: Any) -> AsyncIterator[MediaWorkerProcess]:
    """
    :param compiled_root: for ``relay.compiled.use``; None: the Python.
    :param settings: of ``MediaWorkerConfig``, as JSON can say them.
    """
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    settings = {"stats_period_s": 1.0, "drain_s": 0.0, **settings}
    config = config_of(directory, settings)
    log_file = directory / "log"
    with log_file.open("wb") as log:
        command = (sys.executable, "-m", "tests.helpers.media_worker_process", str(directory), json.dumps(settings))
        roots = [str(compiled_root)] if compiled_root is not None else []
        process = await asyncio.create_subprocess_exec(*command, *roots, stderr=log, cwd=REPOSITORY)
    worker = MediaWorkerProcess(process, config, log_file)
    try:
        await worker.start()
        yield worker
        await asyncio.gather(*(peer.media.close() for peer in worker.peers), return_exceptions=True)
        await worker.client.close()
    finally:
        if worker.is_alive:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 15)
        if worker.is_alive:
            process.kill()
            await process.wait()
        shutil.rmtree(directory, ignore_errors=True)
