"""
Real calls over each kind of socket and path: own ports, a range, one port for all, fast and plain, IPv4 and IPv6; a
client whose address changes in the middle; garbage.
"""

import asyncio
import contextlib
import copy
import logging
import random
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aioice.ice
import pytest
from pylibsrtp import Policy, Session

import relay.native
from relay.aiortc_internals.ice import LOOPBACK, local_addresses
from relay.aiortc_internals.link import MediaLink
from relay.config import MediaWorkerConfig
from relay.errors import RelayError
from relay.event_loop import bind_fixed_port, new_event_loop, release_sockets
from relay.forwarding.inbound import MediaPacket
from relay.forwarding.rtp import is_media
from relay.model import CallPlan, IceServer, WebLeg
from relay.session import MediaSession
from relay.sockets import bound_socket
from tests.helpers import native_library
from tests.helpers.address_change import Nat
from tests.helpers.hostile import begin_anew
from tests.helpers.line import with_one_candidate, without_candidates
from tests.helpers.peers import CodedPeer, until

pytestmark = pytest.mark.integration

CONFIG = MediaWorkerConfig("test", Path("control"), Path("audio"), silence_idle_s=60.0, silence_sending_s=60.0)
TALK = CallPlan(bridged=True, signer_voice=True, signer_hearing=True)
LEGS: tuple[WebLeg, WebLeg] = ("signer", "agent")
DEADLINE_S = 40.0
Rewrite = Callable[[str], Awaitable[str]]


def native(config: MediaWorkerConfig, monkeypatch: pytest.MonkeyPatch) -> MediaWorkerConfig:
    """The fast path in C."""
    native_library.use(monkeypatch)
    return config


def fast(config: MediaWorkerConfig, monkeypatch: pytest.MonkeyPatch) -> MediaWorkerConfig:
    monkeypatch.setattr(relay.native, "library", None)
    return config


def plain(config: MediaWorkerConfig, monkeypatch: pytest.MonkeyPatch) -> MediaWorkerConfig:
    monkeypatch.setattr(relay.native, "library", None)
    return replace(config, fast_path=False)


Way = Callable[[MediaWorkerConfig, pytest.MonkeyPatch], MediaWorkerConfig]
WAYS = [native, fast, plain]


def in_media_loop(scenario: Awaitable[None]) -> None:
    """On the loop of the service, which is not the tests' own."""

    async def run() -> None:
        async with asyncio.timeout(100):
            await scenario

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())


class Call:
    """A call without worker process around it: its inside can be looked at."""

    def __init__(self, config: MediaWorkerConfig) -> None:
        self.config = config
        no_sender: Any = None  # there is no phone and no tap
        self.session = MediaSession("c", 1, config, emit=lambda _: None, sender=no_sender, now=time.monotonic())
        self.peers = {leg: CodedPeer(number, 440.0 * number) for number, leg in enumerate(LEGS, 1)}

    def link(self, leg: WebLeg) -> MediaLink:
        return self.session._legs[leg].peer._link

    async def join(
        self,
        leg: WebLeg,
        rewrite: Rewrite | None = None,
        *,
        hides_candidates: bool = False,
        ice_servers: tuple[IceServer, ...] = (),
    ) -> str:
        """:returns: the offer as the worker made it."""
        offer = await self.session.open_leg(leg, 1, ice_servers)
        media = self.peers[leg].media
        answer = await media.answer(await rewrite(offer) if rewrite is not None else offer)
        await self.session.answer_leg(leg, 1, without_candidates(answer) if hides_candidates else answer)
        await media.wait_connected(DEADLINE_S)
        return offer

    async def both_see_each_other(self) -> None:
        for peer in self.peers.values():
            peer.forget()
        await until(
            lambda: all(len(self.peers[leg].seen) >= 5 for leg in LEGS), "pictures both ways", timeout_s=DEADLINE_S
        )
        assert set(self.peers["signer"].seen_participants()) == {2}
        assert set(self.peers["agent"].seen_participants()) == {1}

    def media_from(self, leg: WebLeg) -> list[MediaPacket]:
        """:returns: grows with each packet that this leg sends from now on."""
        came: list[MediaPacket] = []
        media: Any = self.session._legs[leg]
        pass_on = media.on_packet

        def on_packet(packet: MediaPacket, now: float) -> None:
            came.append(packet)
            pass_on(packet, now)

        media.on_packet = on_packet
        return came

    async def tick_forever(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self.session.tick(time.monotonic())


@contextlib.asynccontextmanager
async def call(config: MediaWorkerConfig) -> AsyncIterator[Call]:
    made = Call(config)
    bind_fixed_port(config)
    ticking = asyncio.create_task(made.tick_forever())
    made.session.update(TALK)
    try:
        yield made
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, *(each.media.close() for each in made.peers.values()), return_exceptions=True)
        await made.session.close()
        release_sockets(config)


def free_port() -> int:
    """Free on every address, as far as one can know."""
    for _ in range(50):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            port = 0
            for host in set(local_addresses(offer_loopback=False)) | usable_loopback():
                sock = stack.enter_context(contextlib.closing(bound_socket(host, port, 0)))
                port = sock.getsockname()[1]
            return port
    raise AssertionError("no port is free on all addresses")


def usable_loopback() -> set[str]:
    found = set()
    for host in LOOPBACK:
        with contextlib.suppress(OSError):
            bound_socket(host, 0, 0).close()
            found.add(host)
    return found


def offered(sdp: str) -> set[tuple[str, int, str]]:
    """:returns: address, port and type of each candidate."""
    found = re.findall(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ (\w+)", sdp, re.MULTILINE)
    return {(host, int(port), kind) for host, port, kind in found}


def own_port(config: MediaWorkerConfig) -> MediaWorkerConfig:
    return config


def one_of_a_range(config: MediaWorkerConfig) -> MediaWorkerConfig:
    return replace(config, udp_ports=(46_000, 46_499))


def one_for_all(config: MediaWorkerConfig) -> MediaWorkerConfig:
    return replace(config, udp_port=free_port())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ports", [own_port, one_of_a_range, one_for_all])
def test_call_over_each_kind_of_socket_and_path(
    ports: Callable[[MediaWorkerConfig], MediaWorkerConfig], way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        config = ports(way(CONFIG, monkeypatch))
        async with call(config) as made:
            offers = [await made.join(leg) for leg in LEGS]
            await made.both_see_each_other()
            assert [made.link(leg).is_fast for leg in LEGS] == [config.fast_path] * 2
            used = {port for offer in offers for _, port, _ in offered(offer)}
            if config.udp_port is not None:
                assert used == {config.udp_port}
            elif config.udp_ports is not None:
                assert config.udp_ports[0] <= min(used) <= max(used) <= config.udp_ports[1]

    in_media_loop(scenario())


def test_loop_of_the_tests_serves_too_on_plain_sockets() -> None:
    async def scenario() -> None:
        async with call(CONFIG) as made:
            for leg in LEGS:
                await made.join(leg)
            await made.both_see_each_other()
            assert not any(made.link(leg).is_fast for leg in LEGS)

    asyncio.run(scenario())


async def test_settings_about_ports_are_not_ignored_by_another_loop() -> None:
    with pytest.raises(RelayError, match="wrong_event_loop"):
        bind_fixed_port(replace(CONFIG, udp_ports=(46_000, 46_499)))


def srtp_session(key: bytes, ssrc_type: int) -> Session:
    return Session(Policy(key * 30, ssrc_type, Policy.SRTP_PROFILE_AES128_CM_SHA1_80))


@pytest.mark.parametrize("way", [native, fast])
def test_fast_path_is_left_when_the_keys_change(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with call(way(CONFIG, monkeypatch)) as made:
            for leg in LEGS:
                await made.join(leg)
            await made.both_see_each_other()
            link = made.link("signer")
            client = made.peers["signer"].media._connection
            assert client is not None
            for key, dtls in zip(
                (b"k", b"l"), (link._dtls, client.getTransceivers()[0].receiver.transport), strict=True
            ):
                other = {b"k": b"l", b"l": b"k"}[key]
                dtls._rx_srtp = srtp_session(key, Policy.SSRC_ANY_INBOUND)
                dtls._tx_srtp = srtp_session(other, Policy.SSRC_ANY_OUTBOUND)
            await until(lambda: not link.is_fast, "the plain path")
            await made.both_see_each_other()
            assert made.link("agent").is_fast

    in_media_loop(scenario())


class OtherTransport:
    """Not ours, like TURN's: keeps what it is given, so that it must not get a view into a shared buffer."""

    def __init__(self, inner: asyncio.DatagramTransport) -> None:
        self._inner = inner
        self.sent = 0

    def sendto(self, data: Any, addr: Any) -> None:
        assert isinstance(data, bytes)
        self.sent += is_media(data[0])
        self._inner.sendto(data, addr)


@pytest.mark.parametrize("way", [native, fast])
def test_fast_path_is_left_for_a_transport_that_is_not_ours_and_taken_again_after_it(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with call(way(CONFIG, monkeypatch)) as made:
            for leg in LEGS:
                await made.join(leg)
            await made.both_see_each_other()
            link = made.link("signer")
            first = link._connection._nominated[1]
            other, ours = copy.copy(first), first.protocol
            other.protocol = copy.copy(ours)
            other.protocol.transport = relayed = OtherTransport(ours.transport)  # type: ignore[assignment]
            link._connection._nominated[1] = other
            await until(lambda: not link.is_fast and relayed.sent >= 10, "media over the other transport")
            await made.both_see_each_other()
            link._connection._nominated[1] = first
            await until(lambda: link.is_fast, "the fast path")
            await made.both_see_each_other()

    in_media_loop(scenario())


# --- ports


def test_port_that_is_taken_is_told_at_the_start() -> None:
    async def scenario() -> None:
        taken = bound_socket("127.0.0.1", 0, 0)
        with contextlib.closing(taken), pytest.raises(RelayError) as refused:
            bind_fixed_port(replace(CONFIG, udp_port=taken.getsockname()[1]))
        assert refused.value.code == "udp_port_in_use"

    in_media_loop(scenario())


def test_leg_beyond_the_range_is_refused_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])

    async def scenario() -> None:
        port = free_port()
        config = replace(CONFIG, offer_loopback=False, udp_ports=(port, port))
        async with call(config) as made:
            await made.join("signer")
            with pytest.raises(RelayError) as refused:
                await made.session.open_leg("agent", 1, ())
            assert refused.value.code == "no_udp_port"
            await made.session.close_leg("agent")
            await made.session.close_leg("signer")
            await made.session.open_leg("agent", 2, ())  # the port is free again

    in_media_loop(scenario())


def test_public_addresses_are_announced_with_the_fixed_port(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ["127.0.0.2"]
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: hosts)

    async def scenario() -> None:
        port = free_port()
        config = replace(CONFIG, udp_port=port, public_address=("203.0.113.5", "2001:db8::5"))
        async with call(config) as made:
            offer = await made.session.open_leg("signer", 1, ())
            public = {each for each in offered(offer) if each[2] == "srflx"}
            assert public == {("203.0.113.5", port, "srflx")}  # no IPv6 here beside ::1, which is nobody else's

    in_media_loop(scenario())


@pytest.mark.parametrize("way", [native, fast])
@pytest.mark.parametrize("ports", [own_port, one_for_all])
def test_call_over_ipv6_alone(
    ports: Callable[[MediaWorkerConfig], MediaWorkerConfig], way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "::1" not in usable_loopback():
        pytest.skip("no IPv6 here")

    def only(host: str) -> Rewrite:
        async def rewrite(sdp: str) -> str:
            return re.sub(rf"a=candidate:\S+ 1 udp \d+ (?!{host} )\S+ .*\r\n", "", sdp)

        return rewrite

    async def scenario() -> None:
        async with call(ports(way(CONFIG, monkeypatch))) as made:
            for leg in LEGS:
                await made.join(leg, only("::1"), hides_candidates=True)
            await made.both_see_each_other()
            for leg in LEGS:
                assert made.link(leg).is_fast
                address = made.link(leg).address
                assert address is not None and ":" in address[0]

    in_media_loop(scenario())


# --- who hides and who moves


def test_client_with_mdns_names_alone_connects() -> None:
    """Chromium without camera permission, Firefox and Safari: the address comes by itself (peer-reflexive)."""

    def hidden(sdp: str) -> str:
        return re.sub(r"(a=candidate:\S+ 1 udp \d+ )\S+", r"\g<1>5f4a0a0e-3f52-4f3c-8c9b-000000000000.local", sdp)

    async def scenario() -> None:
        async with call(CONFIG) as made:
            for leg in LEGS:
                offer = await made.session.open_leg(leg, 1, ())
                answer = hidden(await made.peers[leg].media.answer(offer))
                assert ".local" in answer and "127.0.0.1 " not in "".join(re.findall("a=candidate.*", answer))
                await made.session.answer_leg(leg, 1, answer)
                await made.peers[leg].media.wait_connected(DEADLINE_S)
            await made.both_see_each_other()

    in_media_loop(scenario())


async def follows(made: Call, nat: Nat, offer: str) -> None:
    """
    What was sent to the client's old address is lost on the last part of its way: the client gives up on it, as a
    browser does by itself.
    """
    link, before = made.link("signer"), nat.outgoing
    assert link.address == before
    nat.rebind()
    await until(lambda: link.address == nat.outgoing, "the new address", timeout_s=DEADLINE_S)
    assert nat.outgoing != before
    came = made.media_from("signer")
    await until(lambda: nat.media_to_client >= 20 and len(came) >= 20, "media both ways", timeout_s=DEADLINE_S)
    await begin_anew(made.peers["signer"], offer)
    await made.both_see_each_other()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ports", [own_port, one_for_all])
def test_client_whose_address_changes_is_followed(
    ports: Callable[[MediaWorkerConfig], MediaWorkerConfig], way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.5)  # the client's: browsers take 2.5 s and less in need
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 60)

    async def scenario() -> None:
        config = ports(way(CONFIG, monkeypatch))
        async with call(config) as made:
            nats: list[Nat] = []

            async def behind_nat(sdp: str) -> str:
                port = next(port for host, port, _ in offered(sdp) if host == "127.0.0.1")
                nats.append(Nat(("127.0.0.1", port)))
                return with_one_candidate(sdp, nats[0].port)

            offer = await made.join("signer", behind_nat, hides_candidates=True)
            await made.join("agent")
            nat, link = nats[0], made.link("signer")
            with contextlib.closing(nat):
                await made.both_see_each_other()
                for _ in range(3):
                    await follows(made, nat, offer)
                assert link.is_fast == config.fast_path

    in_media_loop(scenario())


@pytest.mark.parametrize("way", [native, fast])
@pytest.mark.parametrize("ports", [own_port, one_for_all])
def test_garbage_from_anybody_does_not_hurt(
    ports: Callable[[MediaWorkerConfig], MediaWorkerConfig],
    way: Way,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        seed = random.Random(7)
        async with call(ports(way(CONFIG, monkeypatch))) as made:
            offers = [await made.join(leg) for leg in LEGS]
            targets = [(host, port) for host, port, _ in offered(offers[0]) if host == "127.0.0.1"]
            ufrag = made.link("signer").ice_parameters.usernameFragment or ""
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for number, data in enumerate(garbage(seed, ufrag)):
                    stranger.sendto(data, targets[0])
                    if number % 50 == 0:
                        await asyncio.sleep(0.001)
            await made.both_see_each_other()
            assert [made.session.summary().legs[leg] for leg in LEGS] == ["connected", "connected"]

    with caplog.at_level(logging.WARNING):
        in_media_loop(scenario())
    assert not [each for each in caplog.records if each.name == "asyncio"]
    assert len([each for each in caplog.records if each.name.startswith("relay")]) <= 1


@pytest.mark.parametrize("ports", [own_port, one_for_all])
def test_handshake_is_not_ended_by_alerts_of_strangers(
    ports: Callable[[MediaWorkerConfig], MediaWorkerConfig],
) -> None:
    async def scenario() -> None:
        async with call(ports(CONFIG)) as made:
            shouting: list[asyncio.Task[None]] = []

            async def among_strangers(sdp: str) -> str:
                targets = [(host, port) for host, port, _ in offered(sdp) if ":" not in host]
                shouting.append(asyncio.create_task(shout(targets)))
                return sdp

            await made.join("signer", among_strangers)
            await made.join("agent", among_strangers)
            await made.both_see_each_other()
            for task in shouting:
                task.cancel()
            await asyncio.gather(*shouting, return_exceptions=True)
            assert [made.session.summary().legs[leg] for leg in LEGS] == ["connected", "connected"]

    in_media_loop(scenario())


async def shout(targets: list[tuple[str, int]]) -> None:
    """ "Handshake failure" and "close notify", as anybody can say it before keys are agreed, all the time."""
    alerts = [b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02" + alert for alert in (b"\x02\x28", b"\x01\x00")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        while True:
            for target in targets:
                for alert in alerts:
                    with contextlib.suppress(OSError):
                        stranger.sendto(alert, target)
            await asyncio.sleep(0.001)


def garbage(seed: random.Random, ufrag: str) -> list[bytes]:
    """Nothing, much, noise of each kind, and STUN that is nearly right."""
    request = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    request.attributes.update(USERNAME=f"{ufrag}:x", PRIORITY=1)
    request.add_message_integrity(b"wrong")
    found = [b"", b"\x00", b"\x16", b"\x80", bytes(9000), b"\x16" * 1500, b"\x80\xc8" + bytes(8), bytes(request)]
    for first in (0, 1, 20, 22, 63, 70, 128, 144, 191, 255):
        found += [bytes([first]) + seed.randbytes(seed.randrange(1400)) for _ in range(60)]
    for _ in range(1500):
        changed = bytearray(bytes(request))
        changed[seed.randrange(len(changed))] = seed.randrange(256)
        found.append(bytes(changed))
    seed.shuffle(found)
    return found
