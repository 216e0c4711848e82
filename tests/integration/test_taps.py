"""Taps of a real call: both legs at once, and a watcher that reads nothing costs the call nothing."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from relay.datagram import Datagram, Kind, call_key, pack, unpack
from relay.model import Tap, TapStats, WebLeg
from relay.visibility.depacketize import vp8_fragment
from tests.helpers.media_worker import TALK, MediaWorkerProcess, media_worker
from tests.helpers.packets import header_of
from tests.helpers.peers import CodedPeer, until
from tests.helpers.taps import decode_tap, packets_of

pytestmark = pytest.mark.integration
PICTURES_S = 40.0


@pytest.fixture
async def worker() -> AsyncIterator[MediaWorkerProcess]:
    async with media_worker() as running:
        yield running


class Watcher:
    """A datagram socket that is read only when :meth:`read` is called."""

    def __init__(self, path: Path) -> None:
        self.got: list[Datagram] = []
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fill(self) -> None:
        """Until the kernel takes no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(BlockingIOError):
            sender.setblocking(False)
            while True:
                sender.sendto(b"", str(self._path))

    def read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                message = unpack(self._socket.recv(65_536))
                if message is not None:
                    self.got.append(message)

    @property
    def key_frames(self) -> int:
        self.read()
        packets = [(header_of(packet), packet) for packet in packets_of(self.got, Kind.VP8, "signer")]
        fragments = [vp8_fragment(packet[header.payload_start : header.payload_end]) for header, packet in packets]
        return sum(fragment is not None and fragment.is_key for fragment in fragments)

    def asked_at(self) -> set[str | None]:
        """Where the media worker says that key frames can be asked for."""
        self.read()
        return {TapStats.model_validate_json(each.payload).ask_at for each in self.got if each.kind is Kind.STATS}

    def ask_key_frame(self, address: str) -> None:
        self._socket.sendto(pack(Kind.KEY_FRAME, call_key("c"), "signer", b""), address)

    def has_pictures(self, leg: WebLeg, participant: int) -> bool:
        self.read()
        seen = decode_tap(packets_of(self.got, Kind.VP8, leg))
        return len(seen) > 5 and set(seen) == {participant}


async def call(worker: MediaWorkerProcess, *taps: Tap) -> tuple[CodedPeer, CodedPeer]:
    signer, agent = CodedPeer(1, 440.0), CodedPeer(2, 880.0)
    await worker.join("c", "signer", signer)
    await worker.join("c", "agent", agent)
    await worker.plan("c", TALK.model_copy(update={"taps": taps}))
    return signer, agent


def more_pictures(*peers: CodedPeer, count: int) -> Callable[[], bool]:
    before = [peer.pictures for peer in peers]
    return lambda: all(peer.pictures >= was + count for peer, was in zip(peers, before, strict=True))


async def test_both_legs_are_watched_at_once_each_by_its_own_watcher(
    worker: MediaWorkerProcess, directory: Path
) -> None:
    with Watcher(directory / "s") as of_signer, Watcher(directory / "a") as of_agent:
        await call(
            worker, Tap(leg="signer", socket=str(directory / "s")), Tap(leg="agent", socket=str(directory / "a"))
        )
        await until(lambda: of_signer.has_pictures("signer", 1), "the signer's pictures", PICTURES_S)
        await until(lambda: of_agent.has_pictures("agent", 2), "the agent's pictures", PICTURES_S)
        assert {each.leg for each in of_signer.got} == {"signer"}
        assert {each.leg for each in of_agent.got} == {"agent"}


async def test_watcher_that_reads_nothing_costs_no_picture_and_gets_a_key_frame_when_it_reads_again(
    worker: MediaWorkerProcess, directory: Path
) -> None:
    with Watcher(directory / "s") as watcher:
        watcher.fill()
        signer, agent = await call(worker, Tap(leg="signer", socket=str(directory / "s")))
        await until(more_pictures(signer, agent, count=30), "pictures go on", PICTURES_S)
        assert set(agent.seen_participants()) == {1}
        watcher.read()
        assert packets_of(watcher.got, Kind.VP8, "signer") == []
        await until(lambda: watcher.has_pictures("signer", 1), "pictures to watch", PICTURES_S)
        await until(more_pictures(signer, agent, count=5), "pictures go on", PICTURES_S)
    assert worker.log == ""


async def test_watcher_that_cannot_decode_what_it_gets_asks_and_gets_a_key_frame(
    worker: MediaWorkerProcess, directory: Path
) -> None:
    with Watcher(directory / "s") as watcher:
        await call(worker, Tap(leg="signer", socket=str(directory / "s")))
        await until(lambda: watcher.has_pictures("signer", 1), "pictures to watch", PICTURES_S)
        await until(lambda: bool(watcher.asked_at()), "statistics", PICTURES_S)
        (address,) = watcher.asked_at()
        assert address is not None
        before = watcher.key_frames
        watcher.ask_key_frame(address)
        await until(lambda: watcher.key_frames > before, "a key frame", PICTURES_S)
