"""One port for all peers: a datagram reaches the peer that ICE proved it is from, and nobody else."""

import asyncio
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aioice import stun

from relay import native
from relay.intake import Address
from relay.shared_port import (
    ADDRESSES_PER_PEER,
    BINDING_REQUEST,
    BINDING_SUCCESS,
    TRANSACTIONS,
    SharedEndpoint,
    SharedPort,
    requested_ufrag,
    stun_type,
    transaction_id,
)
from relay.sockets import bound_socket
from tests.helpers import native_library


@pytest.fixture(params=["native", "python"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets read in C and in Python."""
    if request.param == "native":
        native_library.use(monkeypatch)
    else:
        monkeypatch.setattr(native, "library", None)


HOME, OFFICE = ("192.0.2.1", 4000), ("192.0.2.2", 4000)


def message(
    kind: stun.Class = stun.Class.REQUEST, username: str | None = None, transaction: bytes | None = None
) -> bytes:
    built = stun.Message(stun.Method.BINDING, kind, transaction)
    built.attributes["PRIORITY"] = 7
    if username is not None:
        built.attributes["USERNAME"] = username
    built.add_message_integrity(b"key")
    return bytes(built)


class Peer:
    """aioice's side of one share."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, Address]] = []
        self.media: list[tuple[bytes, Address]] = []
        self.lost = False
        self.endpoint: SharedEndpoint

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.received.append((data, (addr[0], addr[1])))

    def take_media(self, data: bytes | memoryview, address: Address) -> None:
        self.media.append((bytes(data), address))

    def accepts(self, address: Address) -> None:
        """What aioice does with a request whose integrity is right."""
        self.endpoint.sendto(message(stun.Class.RESPONSE), address)


@pytest.fixture
async def port(way: None) -> Any:
    shared = SharedPort(asyncio.get_running_loop(), bound_socket("127.0.0.1", 0, 0))
    yield shared
    shared.stop()


def join(port: SharedPort, ufrag: str, *, is_fast: bool = True) -> Peer:
    peer = Peer()
    peer.endpoint = port.join(ufrag, peer, peer.take_media if is_fast else None)
    return peer


def arrive(port: SharedPort, data: bytes, address: Address) -> None:
    port._take(memoryview(data), address)


def test_stun_is_read_as_far_as_it_is_needed() -> None:
    request = message(username="ours:theirs", transaction=b"transaction!")
    assert (stun_type(request), transaction_id(request)) == (BINDING_REQUEST, b"transaction!")
    assert requested_ufrag(request) == "ours"
    assert stun_type(message(stun.Class.RESPONSE)) == BINDING_SUCCESS
    assert requested_ufrag(message()) is None
    assert requested_ufrag(message(username="no colon")) is None
    assert stun_type(request[:19]) is None
    assert stun_type(b"\x80" + request[1:]) is None
    assert stun_type(request[:4] + b"\0\0\0\0" + request[8:]) is None


def broken_requests() -> Iterator[bytes]:
    request, seed = message(username="ours:theirs"), random.Random(1)
    for size in range(len(request)):
        yield request[:size]
    for _ in range(5000):
        changed = bytearray(request)
        for _ in range(seed.randrange(1, 6)):
            changed[seed.randrange(len(changed))] = seed.randrange(256)
        yield bytes(changed)


def test_broken_stun_never_raises() -> None:
    for data in broken_requests():
        stun_type(data)
        requested_ufrag(data)


async def test_request_goes_to_the_peer_that_it_names(port: SharedPort) -> None:
    one, other = join(port, "one"), join(port, "other")
    request = message(username="other:x")
    arrive(port, request, HOME)
    arrive(port, message(username="nobody:x"), HOME)
    arrive(port, message(), HOME)
    assert (one.received, other.received) == ([], [(request, HOME)])
    assert port.strays == 2


async def test_media_and_dtls_pass_only_from_a_proved_address(port: SharedPort) -> None:
    one, other = join(port, "one"), join(port, "other", is_fast=False)
    for data in (b"\x80media", b"\x16dtls"):
        arrive(port, data, HOME)
    arrive(port, message(username="one:x"), HOME)  # aioice has not accepted it
    arrive(port, b"\x80media", HOME)
    assert one.media == []
    one.accepts(HOME)
    other.accepts(OFFICE)
    for address in (HOME, OFFICE):
        arrive(port, b"\x80media", address)
        arrive(port, b"\x16dtls", address)
        arrive(port, b"\x50neither", address)
    assert one.media == [(b"\x80media", HOME)]
    assert one.received[1:] == [(b"\x16dtls", HOME)]
    assert other.received == [(b"\x80media", OFFICE), (b"\x16dtls", OFFICE)]  # on the plain way


async def test_response_goes_to_the_peer_that_asked_and_proves_a_free_address(port: SharedPort) -> None:
    one, other = join(port, "one"), join(port, "other")
    other.accepts(OFFICE)
    one.endpoint.sendto(message(username="x:one", transaction=b"transaction!"), HOME)
    response = message(stun.Class.RESPONSE, transaction=b"transaction!")
    arrive(port, response, HOME)
    arrive(port, response, OFFICE)  # whoever guesses a transaction does not get another peer's address
    arrive(port, message(stun.Class.RESPONSE, transaction=b"guessed one!"), HOME)
    assert one.received == [(response, HOME), (response, OFFICE)]
    for address in (HOME, OFFICE):
        arrive(port, b"\x80media", address)
    assert (one.media, other.media) == ([(b"\x80media", HOME)], [(b"\x80media", OFFICE)])


async def test_address_moves_to_the_peer_that_accepted_it_last(port: SharedPort) -> None:
    old, new = join(port, "old"), join(port, "new")
    old.accepts(HOME)
    new.accepts(HOME)
    arrive(port, b"\x80media", HOME)
    old.endpoint.close()  # the late end of the old one must not take it away
    arrive(port, b"\x80more", HOME)
    assert (old.media, new.media) == ([], [(b"\x80media", HOME), (b"\x80more", HOME)])


async def test_peer_that_left_leaves_nothing_behind(port: SharedPort) -> None:
    peer = join(port, "one")
    peer.accepts(HOME)
    peer.endpoint.sendto(message(username="x:one"), OFFICE)
    peer.endpoint.close()
    peer.endpoint.close()
    peer.accepts(OFFICE)
    assert not port._by_ufrag and not port._by_address and not port._by_transaction
    await asyncio.sleep(0)
    assert peer.lost and peer.endpoint.is_closing()
    join(port, "one")


async def test_fragment_that_is_taken_is_refused(port: SharedPort) -> None:
    join(port, "one")
    with pytest.raises(ValueError, match="username fragment"):
        join(port, "one")


async def test_tables_are_bounded(port: SharedPort) -> None:
    peer = join(port, "one")
    for number in range(ADDRESSES_PER_PEER + 10):
        peer.accepts(("192.0.2.1", 5000 + number))
        peer.accepts(HOME)  # the one in use is proved again and again
    assert len(port._by_address) == len(peer.endpoint.addresses) == ADDRESSES_PER_PEER
    arrive(port, b"\x80media", HOME)
    assert peer.media
    for number in range(TRANSACTIONS + 10):
        port.asked(number.to_bytes(12, "big"), peer.endpoint)
    assert len(port._by_transaction) == TRANSACTIONS


async def test_all_peers_send_from_the_one_port(port: SharedPort) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(15)
        for ufrag in ("one", "other"):
            endpoint = join(port, ufrag).endpoint
            assert endpoint.get_extra_info("sockname") == port.name
            endpoint.send_media(memoryview(ufrag.encode()), client.getsockname())
            assert client.recvfrom(100) == (ufrag.encode(), port.name)
