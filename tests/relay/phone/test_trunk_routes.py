from pathlib import Path

from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.dns_names import Address, SrvRecord, srv_order
from relay.phone.leg import Transport
from relay.phone.target import Target
from relay.phone.trunk_routes import Route, Routes

NUMBER = Target("+33199000001", by_trunk=True)


class Book:
    """Names of documentation; the rest is unknown."""

    def __init__(self, known: dict[str, list[Address]]) -> None:
        self.known = known
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int, transport: Transport) -> list[Address]:
        self.asked.append(host)
        if host not in self.known:
            raise OSError(host)
        return self.known[host]


def config(*trunks: TrunkConfig, **changes: object) -> PhoneWorkerConfig:
    return PhoneWorkerConfig("p", Path("c"), Path("a"), trunks=trunks, **changes)  # type: ignore[arg-type]


async def hosts(routes: Routes, target: Target = NUMBER) -> list[str]:
    return [route.address[0] async for route in routes.find(target)]


async def test_unknown_name_is_skipped_and_the_next_trunk_is_asked_only_when_needed() -> None:
    book = Book({"spare.example": [("192.0.2.2", 5060)], "third.example": [("192.0.2.3", 5060)]})
    trunks = [TrunkConfig(host=f"{name}.example", priority=at) for at, name in enumerate(("dead", "spare", "third"))]
    found = Routes(config(*trunks), book).find(NUMBER)
    assert (await anext(found)).address == ("192.0.2.2", 5060)
    assert book.asked == ["dead.example", "spare.example"]


async def test_way_that_failed_is_tried_last_but_still_tried() -> None:
    book = Book({"a.example": [("192.0.2.1", 5060), ("192.0.2.11", 5060)], "b.example": [("192.0.2.2", 5060)]})
    met: list[Route] = []
    trunks = (TrunkConfig(host="a.example", priority=1), TrunkConfig(host="b.example", priority=2))
    now = 0.0
    routes = Routes(config(*trunks), book, met.append, clock=lambda: now)
    assert await hosts(routes) == ["192.0.2.1", "192.0.2.11", "192.0.2.2"]
    assert [route.address[0] for route in met] == await hosts(routes)
    routes.failed(met[0], 500)
    assert (await hosts(routes))[0] == "192.0.2.1", "one call went wrong, the trunk did not"
    routes.failed(met[0], None)
    assert await hosts(routes) == ["192.0.2.11", "192.0.2.2", "192.0.2.1"]
    routes.worked(met[0])
    assert await hosts(routes) == ["192.0.2.1", "192.0.2.11", "192.0.2.2"]
    routes.wants_rest(met[0].address, 5)
    routes.failed(met[0], 503)
    assert (await hosts(routes))[0] == "192.0.2.11"
    now = 6.0
    assert (await hosts(routes))[0] == "192.0.2.1"


async def test_our_own_address_is_of_the_family_of_the_trunks() -> None:
    book = Book({"a.example": [("2001:db8::1", 5060), ("192.0.2.1", 5060)]})
    both = config(TrunkConfig(host="a.example"), sip_host_2="::1", sip_public_host="198.51.100.7")
    found = [route async for route in Routes(both, book).find(NUMBER)]
    assert [(route.local_host, route.public_host) for route in found] == [("::1", "::1"), ("127.0.0.1", "198.51.100.7")]
    assert await hosts(Routes(config(TrunkConfig(host="a.example")), book)) == ["192.0.2.1"]


async def test_trunk_is_named_as_it_wants_to_be_read() -> None:
    book = Book({"a.example": [("192.0.2.1", 5060)]})

    async def domains(trunk: TrunkConfig) -> tuple[str, str]:
        route = await anext(Routes(config(trunk), book).find(NUMBER))
        return route.domain, route.from_domain

    assert await domains(TrunkConfig(host="a.example", port=0)) == ("a.example", "127.0.0.1")
    assert await domains(TrunkConfig(host="a.example", port=5061, transport="tls")) == ("a.example", "127.0.0.1")
    assert await domains(TrunkConfig(host="a.example", port=5070)) == ("a.example:5070", "127.0.0.1")
    assert await domains(TrunkConfig(host="a.example", from_domain="b.example")) == ("b.example", "b.example")


async def test_sip_address_takes_no_trunk() -> None:
    target = Target("bob", "pbx.example", 5060, "tcp")
    found = [route async for route in Routes(config(), Book({"pbx.example": [("192.0.2.5", 5060)]})).find(target)]
    assert [(route.trunk, route.address, route.domain) for route in found] == [
        (None, ("192.0.2.5", 5060), "pbx.example")
    ]
    assert await hosts(Routes(config(), Book({})), target) == []


def test_srv_records_are_taken_by_priority_and_a_refused_service_is_none() -> None:
    records = [SrvRecord(20, 0, "spare", 5060), SrvRecord(10, 5, "a", 5060), SrvRecord(10, 5, "b", 5062)]
    assert [record.host for record in srv_order(records, lambda n: n - 1)] == ["b", "a", "spare"]
    assert srv_order([SrvRecord(0, 0, "", 0)], lambda n: 0) == []
