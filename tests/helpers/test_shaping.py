"""The bad line itself must be true, or what is proved over it proves nothing."""

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from tests.helpers.line import line, server_address, with_one_candidate, without_candidates
from tests.helpers.shaping import OVERHEAD, Shaper, Way

OFFER = "\r\n".join(
    [
        "v=0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=candidate:a 1 udp 2130706431 192.0.2.7 5004 typ host",
        "a=candidate:b 1 udp 2130706175 127.0.0.1 5006 typ host",
        "a=ice-ufrag:u",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=candidate:a 1 udp 2130706431 192.0.2.7 5004 typ host",
        "a=candidate:b 1 udp 2130706175 127.0.0.1 5006 typ host",
        "a=end-of-candidates",
        "",
    ]
)


def arrivals(way: Way, count: int, *, every_s: float = 0.001, size: int = 972, seed: int = 3) -> list[list[float]]:
    """:returns: of each packet sent, how long after the first it arrived, each time it did."""
    shaper = Shaper(way, seed)
    return [list(shaper.send(size, number * every_s)) for number in range(count)]


def test_a_line_without_faults_passes_everything_at_once() -> None:
    assert arrivals(Way(), 5) == [[number * 0.001] for number in range(5)]


def test_loss_takes_its_share_and_the_same_seed_takes_the_same_packets() -> None:
    lossy = arrivals(Way(loss=0.05), 10_000)
    lost = sum(not each for each in lossy)
    assert 400 < lost < 600
    assert arrivals(Way(loss=0.05), 10_000) == lossy != arrivals(Way(loss=0.05), 10_000, seed=4)


def test_a_bottleneck_passes_its_rate_and_loses_what_its_queue_cannot_hold() -> None:
    way = Way(rate_kbps=800, queue_ms=100)
    taken = [each[0] for each in arrivals(way, 1000) if each]  # 8 Mbit/s for one second
    seconds_each = (972 + OVERHEAD) * 8 / 800_000
    assert all(abs(later - earlier - seconds_each) < 1e-9 for earlier, later in pairwise(taken))
    assert 100 <= len(taken) <= 100 + 10 + 1  # a second's worth and the queue's
    shaper = Shaper(way, 3)
    waits = [times[0] - now for now in (n / 1000 for n in range(1000)) for times in [shaper.send(972, now)] if times]
    assert max(waits) <= 0.1 + seconds_each + 1e-9
    assert shaper.counts.dropped == 1000 - len(waits)


def test_jitter_delays_and_keeps_the_order() -> None:
    times = [each[0] for each in arrivals(Way(delay_ms=40, jitter_ms=15), 2000)]
    delays = [time - number * 0.001 for number, time in enumerate(times)]
    assert times == sorted(times)
    assert min(delays) >= 0.04 and max(delays) <= 0.055 + 1e-9 and max(delays) - min(delays) > 0.005


def test_reordered_packets_are_overtaken_and_duplicates_come_twice() -> None:
    sent = arrivals(Way(reorder=0.1, reorder_ms=5, duplicate=0.1), 5000)
    order = [time for times in sent for time in times[:1]]
    assert 350 < sum(later < earlier for earlier, later in pairwise(order)) < 650
    copies = Counter(len(times) for times in sent)
    assert copies.keys() == {1, 2} and 400 < copies[2] < 600


def test_nothing_passes_a_line_that_is_down() -> None:
    shaper = Shaper(Way(), 1)
    shaper.is_down = True
    assert shaper.send(100, 0.0) == ()
    shaper.is_down = False
    assert shaper.send(100, 1.0) == (1.0,)
    assert (shaper.counts.taken, shaper.counts.lost, shaper.counts.delivered) == (2, 1, 1)


def test_descriptions_lead_through_the_line_and_not_around_it() -> None:
    assert server_address(OFFER) == ("127.0.0.1", 5006)
    through = with_one_candidate(OFFER, 7000).splitlines()
    candidates = [text for text in through if "candidate:" in text]
    assert candidates == ["a=candidate:1 1 udp 2130706431 127.0.0.1 7000 typ host"] * 2
    assert "candidate" not in without_candidates(OFFER)
    assert without_candidates(OFFER).startswith("v=0\r\nm=audio") and without_candidates(OFFER).endswith("\r\n")


@pytest.mark.integration
async def test_datagrams_find_their_way_through_the_process_and_back() -> None:
    loop = asyncio.get_running_loop()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(b"re " + data, addr)

    class Client(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.received: asyncio.Queue[bytes] = asyncio.Queue()

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.received.put_nowait(data)

    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    port = server.get_extra_info("sockname")[1]
    async with line(up=Way(delay_ms=1)) as shaped, asyncio.timeout(20):
        offer = await shaped.offer(f"v=0\r\na=candidate:b 1 udp 1 127.0.0.1 {port} typ host\r\n")
        address = server_address(offer)
        assert address[1] != port
        clients = [await loop.create_datagram_endpoint(Client, local_addr=("127.0.0.1", 0)) for _ in range(2)]
        for number, (transport, client) in enumerate(clients):
            transport.sendto(b"%d" % number, address)
            assert await client.received.get() == b"re %d" % number
        await shaped.down()
        clients[0][0].sendto(b"lost", address)
        while (await shaped.counts())["up"]["taken"] < 3:
            await asyncio.sleep(0.01)
        await shaped.up()
        clients[0][0].sendto(b"passes", address)
        assert await clients[0][1].received.get() == b"re passes"
        counts = await shaped.counts()
        assert counts["up"]["lost"] == 1 and counts["down"]["delivered"] == 3
        for transport, _ in clients:
            transport.close()
    server.close()
