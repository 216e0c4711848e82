"""Several phone workers behind one trunk address: the documented Kamailio, real calls both ways, a worker that dies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from relay.phone.leg import Answered, Ended, MediaChanged, Ringing
from relay.phone_messages import Dial, HangUpPhone, HoldPhone, PhoneIncoming, PhoneState, TakeIncoming
from tests.helpers.kamailio import LACKING, PROGRAM, SBC_FILES, Sbc, modules, sbc
from tests.helpers.phone_process import PhoneProcess, phone_process
from tests.helpers.ports import free_port
from tests.helpers.redis_server import redis_server
from tests.helpers.sip_legs import NUMBER, Legs, Line, legs
from tests.helpers.sip_peers import until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(PROGRAM is None, reason=LACKING)]
DEADLINE_S = 30.0


def worker(front: Sbc, port: int, redis_url: str | None = None) -> AbstractAsyncContextManager[PhoneProcess]:
    """It refuses after 6 s what nobody takes."""
    trunk = {"name": "sbc", "host": "127.0.0.1", "port": front.inside, "from_domain": "carrier.example"}
    return phone_process(trunk, worker_id=f"phone-{port}", sip_port=port, taken_within_s=6.0, redis_url=redis_url)


@contextlib.asynccontextmanager
async def centre(carrier: Legs, redis_url: str | None = None) -> AsyncIterator[tuple[Sbc, PhoneProcess, PhoneProcess]]:
    """Two workers behind Kamailio, which hands on after 7 s what rings; ``carrier`` is its carrier."""
    ports = free_port(), free_port()
    async with (
        sbc(ports, [carrier.port], WORKER_RINGS_MS="7000", PROBE_EVERY_S="1") as front,
        worker(front, ports[0], redis_url) as one,
        worker(front, ports[1], redis_url) as two,
    ):
        yield front, one, two


def told(worker: PhoneProcess) -> list[PhoneIncoming]:
    return [event for event in worker.signaling.events if isinstance(event, PhoneIncoming)]


def states(worker: PhoneProcess, call_id: str) -> list[str]:
    """What became of the telephone so far, the outcome in the last place when it has ended."""
    found = [event for event in worker.signaling.events if isinstance(event, PhoneState) and event.call_id == call_id]
    return [state.outcome or state.progress for state in found]


async def take(worker: PhoneProcess) -> str:
    call_id = told(worker)[-1].call_id
    await worker.signaling.ask(TakeIncoming(call_id=call_id, epoch=1, attempt="in"))
    return call_id


async def rings(line: Line) -> bool:
    """:returns: False when the call was refused."""
    await until(lambda: bool(line.all(Ringing) or line.all(Ended)), DEADLINE_S)
    return bool(line.all(Ringing))


async def calls(carrier: Legs, front: Sbc, *workers: PhoneProcess) -> tuple[Line, PhoneProcess]:
    """
    A call comes from the carrier; another one if Kamailio does not know yet who is there.

    :returns: the call and the worker where it rings.
    """
    before = [len(told(each)) for each in workers]
    async with asyncio.timeout(DEADLINE_S):
        while True:
            line = carrier.dial(front.outside, number=NUMBER)
            if await rings(line):
                await until(lambda: [len(told(each)) for each in workers] != before)
                return line, next(each for each, count in zip(workers, before, strict=True) if len(told(each)) > count)
            await asyncio.sleep(0.2)


async def call_at(carrier: Legs, front: Sbc, wanted: PhoneProcess, other: PhoneProcess) -> tuple[Line, str]:
    """:returns: a call from the carrier that this worker has taken, and its id. Kamailio asks anew who is there."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            line, found = await calls(carrier, front, wanted, other)
            call_id = await take(found)
            await line.until(Answered)
            if found is wanted:
                return line, call_id
            line.leg.hang_up()
            await asyncio.sleep(0.2)


async def test_calls_go_both_ways_and_each_worker_gets_what_belongs_to_its_calls() -> None:
    async with legs() as carrier, centre(carrier) as (front, one, two):
        first, first_id = await call_at(carrier, front, one, two)
        second, second_id = await call_at(carrier, front, two, one)
        await one.signaling.ask(HoldPhone(call_id=first_id, epoch=1, held=True))
        await first.until(MediaChanged)  # our re-INVITE finds the carrier
        assert not second.all(MediaChanged)
        second.leg.hang_up()  # the carrier's BYE finds its worker
        await until(lambda: states(two, second_id)[-1:] == ["hung_up"])
        assert states(one, first_id)[-1] == "held"
        first.leg.hang_up()
        await until(lambda: states(one, first_id)[-1] == "hung_up")
        for index, each in enumerate((one, two)):
            await each.signaling.ask(Dial(call_id=f"out-{index}", epoch=1, attempt="a", target=NUMBER))
            await until(lambda index=index: len(carrier.incoming) > index)  # type: ignore[misc]
            assert carrier.incoming[index].leg.number == NUMBER
            await until(lambda each=each, index=index: states(each, f"out-{index}")[-1:] == ["answered"])  # type: ignore[misc]
        carrier.incoming[0].leg.hang_up()
        await until(lambda: states(one, "out-0")[-1] == "hung_up")
        await two.signaling.ask(HangUpPhone(call_id="out-1", epoch=1))
        await carrier.incoming[1].until(Ended)


async def test_killed_workers_callers_ring_at_another_one_and_its_calls_end_when_it_is_back() -> None:
    async with redis_server() as redis, legs() as carrier, centre(carrier, redis.url) as (front, one, two):
        kept, kept_id = await call_at(carrier, front, two, one)
        lost, _ = await call_at(carrier, front, one, two)
        await one.signaling.ask(Dial(call_id="out", epoch=1, attempt="a", target=NUMBER))
        await until(lambda: states(one, "out")[-1:] == ["answered"])
        async with asyncio.timeout(DEADLINE_S):
            while True:
                ringing, where = await calls(carrier, front, one, two)
                if where is one:
                    break
                ringing.leg.hang_up()
        before = len(told(two))
        async with redis.client() as client, asyncio.timeout(DEADLINE_S):
            while await client.hlen(f"passerelle:phone:farewell:{one.config.worker_id}") < 2:
                await asyncio.sleep(0.02)
        await one.kill()
        await until(lambda: len(told(two)) > before, DEADLINE_S)  # handed on while the caller heard it ring
        await take(two)
        await ringing.until(Answered)
        for _ in range(2):
            line, found = await calls(carrier, front, two)
            assert found is two
            line.leg.hang_up()
        assert not lost.all(Ended)
        async with worker(front, one.config.sip_port, redis.url) as again:
            await lost.until(Ended)
            await carrier.incoming[0].until(Ended)
            await call_at(carrier, front, again, two)
        assert not kept.all(Ended) and states(two, kept_id)[-1] == "answered"


@pytest.mark.parametrize("option", [None, "WITH_TLS", "WITH_RTPENGINE"])
async def test_kamailio_takes_the_documented_configuration(option: str | None) -> None:
    assert PROGRAM is not None
    arguments = ["-c", "-L", str(modules()), "-f", str(SBC_FILES / "kamailio.cfg"), *(["-A", option] if option else [])]
    checking = await asyncio.create_subprocess_exec(PROGRAM, *arguments, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(checking.communicate(), DEADLINE_S)
    assert checking.returncode == 0, said.decode(errors="replace")
    assert b"config file ok" in said
