"""Own UDP sockets: what comes in goes where it belongs, nothing that comes in does harm, marks and ports are as set."""

import asyncio
import errno
import logging
import random
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from relay import native, sockets
from relay.intake import Address
from relay.native.datagrams import BATCH
from relay.sockets import Complaints, DatagramReader, OwnPort, bind_in_range, bound_socket
from tests.helpers import native_library

DEADLINE_S = 15.0


@pytest.fixture(params=["native", "python"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets read in C and in Python."""
    if request.param == "native":
        native_library.use(monkeypatch)
    else:
        monkeypatch.setattr(native, "library", None)


class Recorder:
    """What aioice's StunProtocol is to a transport; and who takes media."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.media: list[bytes] = []
        self.lost = asyncio.Event()
        self.got = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.received.append(data)
        self.got.set()

    def take_media(self, data: bytes | memoryview, address: Address) -> None:
        self.media.append(bytes(data))
        self.got.set()


def own_port(recorder: Recorder, *, is_fast: bool = True, host: str = "127.0.0.1") -> OwnPort:
    sock = bound_socket(host, 0, dscp=0)
    return OwnPort(asyncio.get_running_loop(), sock, recorder, recorder.take_media if is_fast else None)


@contextmanager
def sender(family: socket.AddressFamily = socket.AF_INET) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        yield sock


@pytest.mark.parametrize("is_fast", [True, False])
async def test_media_takes_the_short_way_where_there_is_one_and_the_rest_goes_to_aioice(is_fast: bool) -> None:
    recorder = Recorder()
    transport = own_port(recorder, is_fast=is_fast)
    with sender() as client:
        for data in (b"\x80media", b"\x00stun", b"\x16dtls"):
            recorder.got.clear()
            client.sendto(data, transport.get_extra_info("sockname"))
            await asyncio.wait_for(recorder.got.wait(), DEADLINE_S)
    assert recorder.media == ([b"\x80media"] if is_fast else [])
    assert recorder.received == ([] if is_fast else [b"\x80media"]) + [b"\x00stun", b"\x16dtls"]
    transport.close()
    transport.close()
    await asyncio.wait_for(recorder.lost.wait(), DEADLINE_S)
    assert transport.is_closing()


async def test_sending_never_raises() -> None:
    transport = own_port(Recorder())
    for address in (("127.0.0.1", 9), ("127.0.0.1", 0), ("127.0.0.1", 70_000), ("::1", 9)):
        transport.sendto(b"x" * 70_000, address)
    assert transport.dropped == 4
    transport.close()
    transport.sendto(b"after the end", ("127.0.0.1", 9))
    assert transport.dropped == 5


async def test_whatever_arrives_never_raises_and_is_complained_of_once_without_content(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "complaints", Complaints())
    recorder = Recorder()

    def datagram_received(data: bytes, addr: tuple[Any, ...]) -> None:
        if data == b"last":
            recorder.got.set()
        raise KeyError(f"secret {data!r} of {addr}")

    recorder.datagram_received = datagram_received  # type: ignore[method-assign]
    transport = own_port(recorder)
    seed = random.Random(1)
    garbage = [b"", b"\x00", b"\xff", bytes(1500), b"\x16" * 9000, b"\x80" * 2048, b"\x80"]
    garbage += [seed.randbytes(seed.randrange(100)) for _ in range(500)]
    with sender() as client, caplog.at_level(logging.INFO):
        for number, data in enumerate(garbage):
            client.sendto(data, transport.get_extra_info("sockname"))
            if number % 50 == 0:
                await asyncio.sleep(0)
        while not recorder.got.is_set():
            client.sendto(b"last", transport.get_extra_info("sockname"))
            await asyncio.sleep(0.01)
    transport.close()
    [record] = [each for each in caplog.records if each.name.startswith("relay")]
    assert record.getMessage() == "datagrams could not be handled"
    assert "secret" not in str(record.__dict__) and "127.0.0.1" not in str(record.__dict__)
    assert not [each for each in caplog.records if each.name == "asyncio" and each.levelno >= logging.WARNING]


async def test_one_wake_up_reads_a_bounded_batch_and_the_next_one_goes_on() -> None:
    taken: list[bytes] = []

    class Reader(DatagramReader):
        def _take(self, data: bytes | memoryview, address: Address) -> None:
            taken.append(bytes(data))

    sock = bound_socket("127.0.0.1", 0, dscp=0)
    reader = Reader(asyncio.get_running_loop(), sock)
    read = reader.native.readable if reader.native is not None else reader._readable
    with sender() as client:
        for number in range(BATCH + 5):
            client.sendto(bytes([number]), sock.getsockname())
    read()
    assert taken == [bytes([number]) for number in range(BATCH)]
    read()
    assert len(taken) == BATCH + 5
    reader.stop()
    reader.stop()


@dataclass(frozen=True)
class Version:
    """How one IP version is marked and the mark is read."""

    host: str
    family: socket.AddressFamily
    level: int
    ask: int
    kind: int


IPV4 = Version("127.0.0.1", socket.AF_INET, socket.IPPROTO_IP, socket.IP_RECVTOS, socket.IP_TOS)
IPV6 = Version("::1", socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, socket.IPV6_TCLASS)


@pytest.mark.parametrize("ip", [IPV4, IPV6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("dscp", [34, 0, 46])
def test_datagrams_carry_the_mark(ip: Version, dscp: int) -> None:
    with socket.socket(ip.family, socket.SOCK_DGRAM) as receiver:
        try:
            receiver.bind((ip.host, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        receiver.settimeout(DEADLINE_S)
        receiver.setsockopt(ip.level, ip.ask, 1)
        with closing(bound_socket(ip.host, 0, dscp)) as marked:
            marked.sendto(b"x", receiver.getsockname())
            _, [(_, kind, data)], _, _ = receiver.recvmsg(100, 100)
    assert (kind, data[0] >> 2) == (ip.kind, dscp)


def test_buffers_hold_more_than_the_systems_default() -> None:
    with closing(bound_socket("127.0.0.1", 0, 0)) as ours, sender() as usual:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            assert ours.getsockopt(socket.SOL_SOCKET, option) >= usual.getsockopt(socket.SOL_SOCKET, option)


def test_range_is_used_up_to_the_last_port_and_then_refused() -> None:
    with closing(bound_socket("127.0.0.1", 0, 0)) as one:
        first = one.getsockname()[1]
        with pytest.raises(OSError) as refused:
            bind_in_range("127.0.0.1", (first, first), 0)
        assert refused.value.errno == errno.EADDRINUSE
        below = max(first - 200, 1024)
        with closing(bind_in_range("127.0.0.1", (below, first), 0)) as another:
            assert below <= another.getsockname()[1] < first


def test_address_that_is_not_ours_is_refused_at_once() -> None:
    with pytest.raises(OSError) as refused:  # its number is looked at
        bind_in_range("203.0.113.1", (20_000, 60_000), 0)
    assert refused.value.errno == errno.EADDRNOTAVAIL
