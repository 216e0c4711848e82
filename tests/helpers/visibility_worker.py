"""A visibility worker with signaling and a media worker around it, for tests of real processes."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from relay.control import ControlClient
from relay.control_messages import AnyEvent, VisibilityFigures, VisibilityReading, WorkerState
from relay.datagram import Kind, batch, call_key, pack, unpack
from relay.drawn_signer import DrawnSigner, Scene
from relay.model import TapStats, WebLeg
from relay.visibility import worker
from relay.visibility.config import VisibilityWorkerConfig
from tests.helpers import clips

CALL = "call-1"
DEADLINE_S = 60.0


class Signaling:
    """One control connection, and what it was told."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self._news = asyncio.Event()
        self.client = ControlClient(self._on_event, lambda: None)

    def _on_event(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._news.set()

    @property
    def readings(self) -> list[VisibilityReading]:
        return [event for event in self.events if isinstance(event, VisibilityReading)]

    def readings_of(self, call_id: str) -> list[VisibilityReading]:
        return [reading for reading in self.readings if reading.call_id == call_id]

    @property
    def notice(self) -> str | None:
        """What the worker told last of what reduces it: its greeting, or what it said when that changed."""
        return [event for event in self.events if isinstance(event, WorkerState)][-1].notice

    @property
    def figures(self) -> list[VisibilityFigures]:
        return [event for event in self.events if isinstance(event, VisibilityFigures)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()


class Tap:
    """A media worker's side: sends a leg's coded pictures, and a key frame when asked for one."""

    def __init__(self, tap_socket: Path, call_id: str = CALL, leg: WebLeg = "signer") -> None:
        self._key, self._leg = call_key(call_id), leg
        self._path = str(tap_socket)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._own_path = f"{tap_socket}.{call_id}.{leg}"
        self._socket.bind(self._own_path)
        self.key_frames_asked = 0

    async def send(self, kind: Kind, payload: bytes) -> None:
        """Waits for room, which a media worker does not: here every packet counts."""
        while True:
            try:
                self._socket.sendto(pack(kind, self._key, self._leg, payload), self._path)
            except BlockingIOError:
                await asyncio.sleep(0.001)
            else:
                return

    def is_key_frame_asked(self) -> bool:
        asked = False
        with contextlib.suppress(BlockingIOError):
            while message := unpack(self._socket.recv(100)):
                asked |= (message.kind, message.call_key, message.leg) == (Kind.KEY_FRAME, self._key, self._leg)
        self.key_frames_asked += asked
        return asked

    async def film(self, scene: Scene, kind: Kind = Kind.VP8, fps: float = 8.0) -> None:
        pictures = DrawnSigner(320, 240, fps, scene=scene).frames(3600)
        codec = "libvpx" if kind is Kind.VP8 else "libx264"
        packetize = clips.vp8_packets if kind is Kind.VP8 else clips.h264_packets
        coded, sequence, index = clips.coded_frames(pictures, codec), 0, 0
        while True:
            if self.is_key_frame_asked():
                coded = clips.coded_frames(pictures, codec)
            packets = packetize(next(coded), index, sequence, fps=fps)
            await self.send(kind, batch(packets))
            sequence += len(packets)
            if index % round(fps) == 0:
                stats = TapStats(frames_per_second=24.0, ask_at=self._own_path)
                await self.send(Kind.STATS, stats.model_dump_json().encode())
            index += 1
            await asyncio.sleep(1 / fps)

    def close(self) -> None:
        self._socket.close()
        Path(self._own_path).unlink(missing_ok=True)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Paths of Unix sockets are short."""
    path = Path(tempfile.mkdtemp(prefix="psr-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def config_of(folder: Path, models: Path) -> VisibilityWorkerConfig:
    return VisibilityWorkerConfig("visibility-1", folder / "control", folder / "tap", models, models_recheck_s=0.1)


@contextlib.asynccontextmanager
async def serving(config: VisibilityWorkerConfig) -> AsyncIterator[Signaling]:
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(config, stop))
    signaling = Signaling()
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not config.control_socket.exists():
                await asyncio.sleep(0.01)
                assert not task.done(), task.exception()
        await signaling.client.connect(config.control_socket)
        await signaling.until(lambda: bool(signaling.events))
        yield signaling
        await signaling.client.close()
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE_S)


@contextlib.asynccontextmanager
async def filming(
    config: VisibilityWorkerConfig, scene: Scene, kind: Kind = Kind.VP8, call_id: str = CALL
) -> AsyncIterator[Tap]:
    tap = Tap(config.tap_socket, call_id)
    task = asyncio.create_task(tap.film(scene, kind))
    try:
        yield tap
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        tap.close()
