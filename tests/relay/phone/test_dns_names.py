import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from relay.phone.dns_names import Names
from tests.helpers.dns_server import DnsServer

BOTH = (socket.AF_INET, socket.AF_INET6)
RECORDS = {
    ("_sip._udp.trunk.example", "SRV"): ["20 0 5062 spare.trunk.example.", "10 0 5060 main.trunk.example."],
    ("_sips._tcp.trunk.example", "SRV"): ["10 0 5071 main.trunk.example."],
    ("main.trunk.example", "A"): ["192.0.2.1"],
    ("main.trunk.example", "AAAA"): ["2001:db8::1"],
    ("spare.trunk.example", "A"): ["192.0.2.2"],
    ("plain.example", "A"): ["192.0.2.9"],
    ("closed.example", "A"): ["192.0.2.8"],
    ("_sip._udp.closed.example", "SRV"): ["0 0 0 ."],
}


@contextlib.asynccontextmanager
async def served(
    records: Mapping[tuple[str, str], Sequence[str]] = RECORDS, families: tuple[int, ...] = BOTH, ttl_s: int = 60
) -> AsyncIterator[tuple[DnsServer, Names]]:
    server = DnsServer(records, ttl_s)
    address = await server.start()
    try:
        yield server, Names(families, (address,))
    finally:
        server.close()


async def test_srv_records_give_hosts_ports_and_their_order() -> None:
    async with served() as (_, names):
        assert await names.addresses("trunk.example", 0, "udp") == [
            ("192.0.2.1", 5060),
            ("2001:db8::1", 5060),
            ("192.0.2.2", 5062),
        ]
        assert await names.addresses("trunk.example", 0, "tls") == [("192.0.2.1", 5071), ("2001:db8::1", 5071)]


async def test_port_that_is_given_asks_for_no_srv_record() -> None:
    async with served(families=(socket.AF_INET,)) as (server, names):
        assert await names.addresses("plain.example", 5070, "udp") == [("192.0.2.9", 5070)]
        assert server.asked == [("plain.example", "A")]


async def test_name_without_srv_records_takes_the_usual_port() -> None:
    async with served() as (_, names):
        assert await names.addresses("plain.example", 0, "udp") == [("192.0.2.9", 5060)]
        assert await names.addresses("plain.example", 0, "tls") == [("192.0.2.9", 5061)]


async def test_answers_are_kept_for_their_ttl_and_the_last_ones_serve_while_the_dns_is_dead() -> None:
    async with served(families=(socket.AF_INET,)) as (server, names):
        first = await names.addresses("plain.example", 5060, "udp")
        await names.addresses("plain.example", 5060, "udp")
        assert len(server.asked) == 1
    async with served(families=(socket.AF_INET,), ttl_s=0) as (server, names):
        assert await names.addresses("plain.example", 5060, "udp") == first
        server.records = {("plain.example", "A"): ["192.0.2.10"]}
        assert await names.addresses("plain.example", 5060, "udp") == [("192.0.2.10", 5060)]
        server.records = {}
        assert await names.addresses("plain.example", 5060, "udp") == [("192.0.2.10", 5060)]


async def test_unknown_name_is_told() -> None:
    async with served() as (_, names):
        with pytest.raises(OSError, match="no address"):
            await names.addresses("unknown.example", 0, "udp")


async def test_service_that_is_declared_absent_is_not_looked_for_elsewhere() -> None:
    async with served() as (_, names):
        with pytest.raises(OSError, match="no address"):
            await names.addresses("closed.example", 0, "udp")


async def test_address_needs_no_dns() -> None:
    async with served() as (server, names):
        assert await names.addresses("[2001:db8::5]", 0, "tls") == [("2001:db8::5", 5061)]
        assert await names.addresses("192.0.2.5", 5070, "udp") == [("192.0.2.5", 5070)]
        assert not server.asked
