import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.dns_names import Address
from relay.phone.leg import Ended, LegEvent, LegListener, PhoneLeg, Ringing, Transport, Trying
from relay.phone.target import Target
from relay.phone.trunk_dialling import NO_WAY, Dialling
from relay.phone.trunk_routes import Route, Routes


class Book:
    async def addresses(self, host: str, port: int, transport: Transport) -> list[Address]:
        if host == "unknown.example":
            raise OSError(host)
        return [(f"192.0.2.{host[0]}", 5060)]


class Leg:
    def __init__(self, route: Route, listener: LegListener) -> None:
        self.route, self.hears = route, listener
        self.is_hung_up = False

    def hang_up(self) -> None:
        self.is_hung_up = True
        self.hears(Ended(None, by_us=True))


class Rig:
    """Three trunks, the first's name unknown; ``legs`` are those dialled."""

    def __init__(self, no_response_s: float = 60) -> None:
        hosts = ("unknown.example", "1.example", "2.example")
        trunks = tuple(TrunkConfig(host=host, priority=at) for at, host in enumerate(hosts))
        self.routes = Routes(PhoneWorkerConfig("p", Path("c"), Path("a"), trunks=trunks), Book())
        self.legs: list[Leg] = []
        self.told: list[LegEvent] = []
        self.unusable: set[str] = set()
        ways = self.routes.find(Target("+33199000001", by_trunk=True))
        self.dialling = Dialling(ways, self.routes, self._place, self.told.append, no_response_s=no_response_s)

    async def _place(self, route: Route, listener: LegListener) -> PhoneLeg | None:
        if route.address[0] in self.unusable:
            raise RuntimeError("no socket")
        self.legs.append(Leg(route, listener))
        return cast(PhoneLeg, self.legs[-1])

    async def next_leg(self, number: int) -> Leg:
        async with asyncio.timeout(10):
            while len(self.legs) < number:
                await asyncio.sleep(0)
        return self.legs[-1]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_second_trunk_is_dialled_when_the_first_fails_and_nobody_hears_of_it() -> None:
    rig = Rig()
    await rig.dialling.begin()
    rig.legs[0].hears(Trying())
    rig.legs[0].hears(Ended(503, by_us=False))
    second = await rig.next_leg(2)
    second.hears(Ringing(180))
    assert [leg.route.address[0] for leg in rig.legs] == ["192.0.2.1", "192.0.2.2"]
    assert rig.told == [Trying(), Ringing(180)]
    assert rig.dialling.leg is cast(Any, second)


@pytest.mark.parametrize("code", [486, 404, 603, 403])
async def test_refusal_of_the_one_who_is_called_ends_it(code: int) -> None:
    rig = Rig()
    await rig.dialling.begin()
    rig.legs[0].hears(Ended(code, by_us=False))
    assert rig.told == [Ended(code, by_us=False)]
    assert len(rig.legs) == 1


async def test_trunk_that_failed_after_ringing_is_not_followed_by_a_second_ringing() -> None:
    rig = Rig()
    await rig.dialling.begin()
    rig.legs[0].hears(Ringing(180))
    rig.legs[0].hears(Ended(503, by_us=False))
    assert rig.told == [Ringing(180), Ended(503, by_us=False)]


async def test_silent_trunk_is_given_up_and_its_late_answer_is_not_heard() -> None:
    rig = Rig(no_response_s=0)
    await rig.dialling.begin()
    await rig.next_leg(2)
    silent = rig.legs[0]
    assert silent.is_hung_up
    silent.hears(Ringing(180))
    assert Ringing(180) not in rig.told
    await until(lambda: bool(rig.told))
    assert rig.told == [Ended(408, by_us=False)]


async def test_last_failure_is_told_when_no_way_is_left() -> None:
    rig = Rig()
    await rig.dialling.begin()
    rig.legs[0].hears(Ended(503, by_us=False))
    (await rig.next_leg(2)).hears(Ended(500, by_us=False))
    await until(lambda: bool(rig.told))
    assert rig.told == [Ended(500, by_us=False)]


async def test_way_that_cannot_be_used_is_passed_over() -> None:
    rig = Rig()
    rig.unusable = {"192.0.2.1"}
    await rig.dialling.begin()
    assert [leg.route.address[0] for leg in rig.legs] == ["192.0.2.2"]
    other = Rig()
    other.unusable = {"192.0.2.1", "192.0.2.2"}
    await other.dialling.begin()
    assert other.told == [Ended(NO_WAY, by_us=False)]


async def test_ended_call_tries_no_further_trunk() -> None:
    rig = Rig()
    await rig.dialling.begin()
    rig.dialling.stop()
    rig.legs[0].hears(Ended(503, by_us=False))
    assert rig.told == [Ended(503, by_us=False)]
    assert len(rig.legs) == 1
