"""Datagrams of workers: by path to neighbours, sealed to other machines; a flood of strangers' changes nothing."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from relay import datagram_network
from relay.addresses import UDP, parse_network
from relay.audio_exchange import DatagramSender
from relay.datagram_listener import DatagramListener
from relay.datagram_network import NetworkSender, datagram_sender
from relay.network_config import NetworkConfig
from tests.helpers.peers import until

KEY = "centre"
A, B = "127.0.0.2", "127.0.0.3"


def config(address: str, key: str = KEY) -> NetworkConfig:
    nothing = Path("/nonexistent")
    return NetworkConfig("m", nothing, nothing, nothing, listen=address, ports=(0, 0), datagram_key=key)


class Receiving(DatagramListener):
    def __init__(self, directory: Path, network: NetworkConfig | None) -> None:
        self.got: list[bytes] = []
        path = directory / secrets.token_hex(4)
        super().__init__(path, self.take, network=network, limit=65_536, burst=256, tells_loss=True)

    def take(self, data: bytes) -> None:
        if data == b"poison":
            raise ZeroDivisionError
        self.got.append(data)

    @property
    def address(self) -> str:
        assert self.network_address is not None
        return self.network_address


@contextlib.contextmanager
def receiving(directory: Path, network: NetworkConfig | None) -> Iterator[Receiving]:
    listener = Receiving(directory, network)
    listener.start()
    yield listener
    listener.close()


@pytest.fixture
async def receiver(directory: Path) -> AsyncIterator[Receiving]:
    with receiving(directory, config(A)) as listener:
        yield listener


@pytest.fixture
async def sender() -> AsyncIterator[DatagramSender]:
    sender = datagram_sender(config(B))
    yield sender
    sender.close()


async def test_without_a_network_nothing_is_asked_per_packet() -> None:
    sender = datagram_sender(None)
    assert type(sender) is DatagramSender
    sender.close()


async def test_small_and_large_messages_reach_another_machine(receiver: Receiving, sender: DatagramSender) -> None:
    sent = [b"", b"sound", b"x" * 48_000, b"y" * 1200]
    for message in sent:
        assert sender.send(message, receiver.address)
    await until(lambda: sorted(receiver.got) == sorted(sent), "all of them")


async def test_neighbours_are_reached_by_path_as_ever(receiver: Receiving, sender: DatagramSender) -> None:
    assert sender.send(b"z" * 40_000, str(receiver.path))
    await until(lambda: receiver.got == [b"z" * 40_000], "the message")
    assert not sender.send(b"z", str(receiver.path) + "-gone")
    assert sender.identity(str(receiver.path)) is not None


async def test_what_strangers_send_is_dropped_and_counted_and_the_centres_own_gets_through(
    receiver: Receiving, sender: DatagramSender
) -> None:
    where = parse_network(receiver.address, UDP)
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        for each in range(60):  # what the socket holds
            stranger.sendto(b"\xa1" + secrets.token_bytes(each * 20), (where.host, where.port))
    other = datagram_sender(config(B, key="another centre"))
    assert other.send(b"fake", receiver.address)
    await until(lambda: sum(receiver.refusals.counts.values()) >= 61, "refusals")
    assert sender.send(b"true", receiver.address)
    await until(lambda: receiver.got == [b"true"], "the true one alone")
    assert receiver.refusals.counts["not_authentic"] >= 1
    other.close()


async def test_one_message_that_cannot_be_handled_costs_the_others_nothing(
    receiver: Receiving, sender: DatagramSender
) -> None:
    for message in (b"poison", b"good"):
        sender.send(message, receiver.address)
        sender.send(message, str(receiver.path))
    await until(lambda: receiver.got == [b"good"] * 2, "the good ones")


async def test_a_recorded_datagram_is_worth_nothing_to_the_next_run_of_the_listener(
    directory: Path, sender: DatagramSender
) -> None:
    with receiving(directory, config(A)) as first:
        sender.send(b"sound", first.address)
        await until(lambda: bool(first.got), "the sound")
        was = parse_network(first.address, UDP)
    again = replace(config(A), ports=(was.port, was.port))
    with receiving(directory, again) as second:
        assert sender.identity(first.address) != sender.identity(second.address)
        sender.send(b"for the first", str(was))
        await until(lambda: second.refusals.counts["not_authentic"] == 1, "the refusal")
        assert second.got == []


async def test_a_sender_learns_that_something_was_lost_and_what_follows_is_whole_again(
    receiver: Receiving, sender: DatagramSender
) -> None:
    assert isinstance(sender, NetworkSender)
    sender.send(b"one", receiver.address)
    link = sender._links[receiver.address]
    link.sealing.seal(b"lost on the way")
    sender.send(b"two", receiver.address)
    await until(lambda: link.misses, "the notice")
    assert not sender.send(b"three", receiver.address), "says so once, and sends it all the same"
    assert sender.send(b"four", receiver.address)
    await until(lambda: receiver.got == [b"one", b"two", b"three", b"four"], "all that was sent")


async def test_a_link_that_rested_is_made_anew(
    receiver: Receiving, sender: DatagramSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(sender, NetworkSender)
    sender.send(b"one", receiver.address)
    before = sender._links[receiver.address].sealing.link_id
    monkeypatch.setattr(datagram_network, "IDLE_S", -1.0)
    sender.send(b"two", receiver.address)
    assert sender._links[receiver.address].sealing.link_id != before
    await until(lambda: sorted(receiver.got) == [b"one", b"two"], "both")


async def test_receivers_are_bounded_and_addresses_that_make_no_sense_are_a_dropped_message(
    sender: DatagramSender,
) -> None:
    assert isinstance(sender, NetworkSender)
    for address in ("udp://name.example:7400/x", "udp://10.0.0.1", "tls://10.0.0.1:1", "udp://[::1]:9/x", "what"):
        assert not sender.send(b"x", address)
    for each in range(datagram_network.LINKS_LIMIT + 20):
        sender.send(b"x", f"udp://{A}:9/{each}")
    assert len(sender._links) <= datagram_network.LINKS_LIMIT
    assert sender.dropped >= 5
    await asyncio.sleep(0)
