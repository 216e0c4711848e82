"""The queue on a real Redis: who is alerted, who loses, what is told."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import QueueFullError
from interpreter_queue.model import (
    Agent,
    AgentChanged,
    AlertEnded,
    Alerting,
    Assigned,
    Cancelled,
    Position,
    Queued,
    Released,
    Request,
    Target,
)
from tests.helpers.redis_server import RedisServer, redis_server
from tests.interpreter_queue.queue_site import CALM, DEADLINE_S, Site, relay, short, site

pytestmark = pytest.mark.integration


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with redis_server() as started:
        yield started


async def test_agent_who_accepts_gets_the_call_and_then_a_wrap_up(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        alert = (await here.alert("c1")).assignment
        assert (alert.agent_id, alert.trade) == ("ines", "interpreter")

        assert await here.queue.accept("ines", alert.assignment_id) == alert
        assert await here.queue.accept("ines", alert.assignment_id) == alert, "asked twice, the same answer"
        assert (await here.hears(Assigned)).assignment == alert
        assert (await here.state("ines", "engaged")).call_id == "c1"
        assert await here.queue.assignment_of("c1") == alert

        await here.queue.release("ines", "c1", wrap_up=True)
        await here.hears(Released)
        await here.state("ines", "wrap_up")
        assert await here.queue.request("c1") is None
        await here.queue.finish_wrap_up("ines")
        agent = await here.queue.agent("ines")
        assert agent is not None
        assert agent.state == "idle"


async def test_nobody_is_alerted_before_declaring_to_be_available(server: RedisServer) -> None:
    async with site(server) as here:
        await here.queue.sign_in(Agent(agent_id="ines", trades=frozenset({"interpreter"})))
        await here.queue.enqueue(relay("c1"))
        await here.hears(Position)
        assert not here.all(Alerting)
        await here.queue.set_presence("ines", "available")
        await here.alert("c1")


async def test_decline_alerts_the_next_one_and_never_the_same_again(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        alert = (await here.alert("c1")).assignment
        assert await here.queue.decline("ines", alert.assignment_id, "conflict_of_interest")
        ended = await here.hears(AlertEnded)
        assert (ended.reason, ended.decline_reason) == ("declined", "conflict_of_interest")
        assert not await here.queue.decline("ines", alert.assignment_id, "again")
        assert await here.queue.accept("ines", alert.assignment_id) is None

        await here.queue.enqueue(relay("c2"))
        await here.alert("c2", "ines")  # idle and first in rank, but c1 waits on
        await here.available("karim")
        await here.alert("c1", "karim")


async def test_agent_who_does_not_answer_is_not_responding_and_the_next_one_is_alerted(server: RedisServer) -> None:
    async with site(server, short(alert_s=0.3)) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        stale = (await here.alert("c1")).assignment
        ended = await here.hears(AlertEnded)
        assert (ended.agent_id, ended.reason) == ("ines", "not_responding")
        await here.state("ines", "not_responding")
        assert await here.queue.accept("ines", stale.assignment_id) is None, "too late is lost"

        record = await here.queue.request("c1")
        assert record is not None
        assert record.state == "queued"
        mark = len(here.heard)
        await here.available("karim")
        await here.alert("c1", "karim", since=mark)
        await here.queue.set_presence("ines", "available")
        await here.state("ines", "idle")


async def test_two_agents_with_one_assignment_only_its_own_agent_gets_it(server: RedisServer) -> None:
    async with site(server) as here, site(server, name="two") as there:
        await here.available("ines", "karim")
        await here.queue.enqueue(relay("c1"))
        alert = (await here.alert("c1")).assignment
        other = "karim" if alert.agent_id == "ines" else "ines"
        answers = await asyncio.gather(
            here.queue.accept(alert.agent_id, alert.assignment_id),
            there.queue.accept(other, alert.assignment_id),
            there.queue.accept(alert.agent_id, alert.assignment_id),
        )
        assert list(answers) == [alert, None, alert]
        assert len(here.all(Assigned)) <= 1
        await there.hears(Assigned)
        assert len(there.all(Assigned)) == 1


async def test_accept_and_cancel_at_once_one_of_them_wins(server: RedisServer) -> None:
    async with site(server) as here, site(server, name="two") as there:
        await here.available("ines")
        for number in range(20):
            call_id = f"c{number}"
            await here.queue.enqueue(relay(call_id))
            alert = (await here.alert(call_id)).assignment
            accepted, _ = await asyncio.gather(
                here.queue.accept("ines", alert.assignment_id), there.queue.cancel(call_id, "abandoned")
            )
            await here.hears(Cancelled, lambda e, c=call_id: e.call_id == c)  # type: ignore[misc]
            agent = await here.queue.agent("ines")
            assert agent is not None
            assert agent.state == ("wrap_up" if accepted else "idle")
            await here.queue.finish_wrap_up("ines")


async def test_cancel_while_alerting_withdraws_the_alert_and_keeps_the_rank(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines", "karim")
        await here.queue.enqueue(relay("c1"))
        alert = (await here.alert("c1", "ines")).assignment
        await here.queue.cancel("c1", "abandoned")
        assert (await here.hears(AlertEnded)).reason == "cancelled"
        assert (await here.hears(Cancelled)).reason == "abandoned"
        assert await here.queue.accept("ines", alert.assignment_id) is None
        await here.queue.enqueue(relay("c2"))
        await here.alert("c2", "ines")


async def test_pause_after_call_and_wrap_up(server: RedisServer) -> None:
    async with site(server, short(wrap_up_s=0.3)) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        await here.queue.accept("ines", (await here.alert("c1")).assignment.assignment_id)
        await here.queue.set_pause_after_call("ines", True, "after_hard_call")
        told = await here.hears(AgentChanged, lambda e: e.pause_after_call)
        assert (told.state, told.presence, told.reason) == ("engaged", "available", "after_hard_call")
        await here.queue.enqueue(relay("c2"))
        mark = len(here.heard)
        await here.queue.release("ines", "c1", wrap_up=True)
        await here.state("ines", "wrap_up", since=mark)
        paused = await here.state("ines", "paused", since=mark)
        assert (paused.presence, paused.reason, paused.pause_after_call) == ("paused", "after_hard_call", False)
        await here.queue.set_presence("ines", "available")
        await here.alert("c2", "ines")


async def test_wrap_up_ends_by_itself_unless_extended(server: RedisServer) -> None:
    config = short(wrap_up_s=0.4, wrap_up_extension_s=60, wrap_up_extensions=1)
    async with site(server, config) as here:
        await here.available("ines", "karim")
        for agent_id, call_id in (("ines", "c1"), ("karim", "c2")):
            await here.queue.enqueue(relay(call_id))
            await here.queue.accept(agent_id, (await here.alert(call_id, agent_id)).assignment.assignment_id)
        await here.queue.release("karim", "c2", wrap_up=True)
        until = await here.queue.extend_wrap_up("karim")
        assert until is not None
        assert await here.queue.extend_wrap_up("karim") is None, "no extension left"
        mark = len(here.heard)
        await here.queue.release("ines", "c1", wrap_up=True)
        await here.state("ines", "wrap_up", since=mark)
        await here.state("ines", "idle", since=mark)
        karim = await here.queue.agent("karim")
        assert karim is not None
        assert (karim.state, karim.until) == ("wrap_up", until)
        assert await here.queue.extend_wrap_up("ines") is None


async def test_positions_are_told_on_entry_and_as_the_line_moves(server: RedisServer) -> None:
    async with site(server) as here, site(server, name="two") as there:
        for call_id in ("c1", "c2", "c3"):
            await here.queue.enqueue(relay(call_id))
        await here.hears(Position, lambda e: (e.call_id, e.position) == ("c3", 3))
        there.queue.watch("c3")
        await there.hears(Position, lambda e: (e.call_id, e.position) == ("c3", 3))
        assert {event.call_id for event in there.all(Position)} == {"c3"}, "what nobody watches here is not told here"
        await here.queue.cancel("c1", "abandoned")
        moved = await there.hears(Position, lambda e: (e.call_id, e.position) == ("c3", 2))
        assert (moved.wait_low_s, moved.wait_high_s) == (None, None)
        mark = len(there.heard)
        await here.queue.enqueue(relay("urgent", priority=100))
        await there.hears(Position, lambda e: (e.call_id, e.position) == ("c3", 3), mark)


async def test_the_expected_wait_appears_after_five_calls(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        for number in range(5):
            await here.queue.enqueue(relay(f"c{number}"))
            await here.queue.accept("ines", (await here.alert(f"c{number}")).assignment.assignment_id)
            await here.queue.release("ines", f"c{number}", wrap_up=False)
        await here.queue.enqueue(relay("c5"))
        await here.alert("c5")
        await here.queue.enqueue(relay("c6"))
        shown = await here.hears(Position, lambda e: e.call_id == "c6")
        assert shown.wait_low_s is not None
        assert shown.wait_high_s is not None
        assert shown.wait_low_s < shown.wait_high_s


async def test_rehearsals_and_real_calls_never_meet(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.available("robot", skills={"rehearsal": 5})
        await here.queue.enqueue(relay("trial-1", rehearsal=True))
        await here.queue.enqueue(relay("trial-2", rehearsal=True))
        await here.queue.enqueue(relay("c1"))
        await here.queue.enqueue(relay("c2"))
        await here.alert("trial-1", "robot")
        await here.alert("c1", "ines")
        told = await here.hears(Position, lambda e: e.call_id == "c2")
        assert told.position == 2, "rehearsals are not counted in a real line"
        pairs = {(e.call_id, e.assignment.agent_id) for e in here.all(Alerting)}
        assert pairs == {("trial-1", "robot"), ("c1", "ines")}


async def test_resumed_call_goes_back_to_the_head_with_its_first_time(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        first = await here.hears(Queued)
        await here.queue.accept("ines", (await here.alert("c1")).assignment.assignment_id)
        await here.queue.enqueue(relay("c2"))
        await here.queue.enqueue(relay("c1", priority=50, queued_at=first.queued_at))
        await here.queue.sign_out("ines")
        await here.queue.release("ines", "c1", wrap_up=False)
        await here.state("ines", "offline")
        snapshot = await here.queue.snapshot()
        line = [(one.record.call_id, one.position, one.record.queued_at) for one in snapshot.waiting]
        assert line[0] == ("c1", 1, first.queued_at)
        assert line[1][:2] == ("c2", 2)
        await here.available("karim")
        await here.alert("c1", "karim")


async def test_preferred_agent_is_waited_for_while_at_work_but_not_for_ever(server: RedisServer) -> None:
    known = Target(trades=("adviser",), agents=("karim",))
    async with site(server) as here:
        await here.available("ines", "karim", trade="adviser")
        first = Request(call_id="c1", targets=(known, Target(after_s=1, trades=("adviser",))))
        await here.queue.enqueue(first)
        await here.queue.accept("karim", (await here.alert("c1", "karim")).assignment.assignment_id)
        await here.queue.enqueue(first.model_copy(update={"call_id": "c2"}))
        queued = await here.hears(Queued, lambda e: e.call_id == "c2")
        alert = await here.alert("c2", "ines")
        assert alert.now >= queued.queued_at + 1, "karim is at work: c2 waits for him, by the queue's clock"


async def test_hold_is_told_and_a_shift_goes_on_after_signing_out_and_in(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        assignment = (await here.alert("c1")).assignment
        await here.queue.accept("ines", assignment.assignment_id)
        await here.queue.hold("ines", True)
        assert (await here.state("ines", "hold")).call_id == "c1"
        assert await here.queue.accept("ines", assignment.assignment_id) == assignment, "still theirs"
        await here.queue.release("ines", "c1", wrap_up=False)
        await here.queue.sign_out("ines")
        await here.state("ines", "offline")
        await here.available("ines")
        agent = await here.queue.agent("ines")
        assert agent is not None
        assert (agent.state, agent.served) == ("idle", 1)
        assert agent.signing_s == agent.engaged_s > 0


async def test_request_moved_by_a_supervisor_reaches_those_who_are_meant_now(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("karim")
        medical = Target(trades=("interpreter",), skills={"medical": 4})
        await here.queue.enqueue(Request(call_id="c1", targets=(medical,)))
        first = await here.hears(Queued)
        assert await here.queue.reroute(relay("c1"))
        assert (await here.alert("c1", "karim")).call_id == "c1"
        record = await here.queue.request("c1")
        assert record is not None
        assert record.queued_at == first.queued_at
        assert not await here.queue.reroute(relay("unknown"))


async def test_full_queue_refuses_all_but_emergencies(server: RedisServer) -> None:
    async with site(server, short(max_waiting=2)) as here:
        await here.queue.enqueue(relay("c1"))
        await here.queue.enqueue(relay("c2"))
        await here.hears(Position, lambda e: e.call_id == "c2")
        with pytest.raises(QueueFullError):
            await here.queue.enqueue(relay("c3"))
        await here.queue.enqueue(relay("c2"))  # told again
        await here.queue.enqueue(relay("c4", priority=100))
        assert await here.queue.request("c4") is not None


async def test_two_domains_on_one_redis_never_meet(server: RedisServer) -> None:
    other = QueueConfig(domain="drill")
    async with site(server) as here, site(server, other) as there:
        await there.available("ines")
        await here.queue.enqueue(relay("c1"))
        await here.hears(Position)
        assert (await here.queue.snapshot()).agents == ()
        keys = {str(key) for key in await here.redis.keys("*")}
        assert keys
        assert all("{passerelle}:queue:" in key or "{drill}:queue:" in key for key in keys)


async def test_clients_that_decode_and_speak_resp3_work_too(server: RedisServer) -> None:
    for protocol, decode in ((2, True), (3, False), (3, True)):
        async with Redis(unix_socket_path=str(server.socket), protocol=protocol, decode_responses=decode) as redis:
            await redis.flushall()
            queue = InterpreterQueue(redis, CALM, "one")
            here = Site(queue, redis)
            listening = asyncio.create_task(here.listen(queue.events()))
            await queue.start()
            await here.available("ines")
            await queue.enqueue(relay("c1"))
            await here.alert("c1", "ines")
            assert len((await queue.snapshot()).agents) == 1
            await queue.close()
            await listening


async def test_the_queue_can_be_looked_at_from_the_command_line(server: RedisServer) -> None:
    async with site(server) as here:
        await here.available("ines")
        await here.queue.enqueue(relay("c1"))
        await here.alert("c1", "ines")
        await here.queue.enqueue(relay("c2"))
        command = (sys.executable, "-m", "interpreter_queue", server.url)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(DEADLINE_S):
            shown, _ = await process.communicate()
        words = [line.split()[:2] for line in shown.decode().splitlines()]
        assert words == [["alerting", "c1"], ["queued", "c2"], ["alerting", "ines"]]
        assert process.returncode == 0
