"""
Any history of a centre, with processes that die between any two of their commands: what is promised holds all the time.

A history is drawn by hypothesis, and made shorter when it breaks a promise. ``make histories`` draws thousands.
"""

import os
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from interpreter_queue.model import IN_CALL, Agent, Request
from tests.interpreter_queue.history import Command, World

CREW = {
    "ines": Agent(agent_id="ines", trades=frozenset({"interpreter"}), skills={"lsf": 5, "second_level": 5}),
    "karim": Agent(agent_id="karim", trades=frozenset({"interpreter", "transcriber"}), skills={"lsf": 3}),
    "marc": Agent(agent_id="marc", trades=frozenset({"adviser"}), skills={"brand:mairie": 5}),
    "robot": Agent(agent_id="robot", trades=frozenset({"interpreter"}), skills={"rehearsal": 5}),
}
#: In the end they serve whatever is left.
HELP = {
    "zora": Agent(
        agent_id="zora",
        trades=frozenset({"interpreter", "transcriber", "adviser"}),
        skills={"lsf": 5, "brand:mairie": 5, "second_level": 5},
    ),
    "robot2": Agent(agent_id="robot2", trades=frozenset({"interpreter"}), skills={"rehearsal": 5}),
}
ANYBODY = {"trades": ("interpreter",)}
KINDS: tuple[dict[str, Any], ...] = (
    {"targets": (ANYBODY,)},
    {"targets": ({**ANYBODY, "skills": {"lsf": 5}}, {**ANYBODY, "after_s": 6, "skills": {"lsf": 2}})},
    {"targets": ({"trades": ("transcriber", "interpreter")},), "strategy": "fewest_calls", "head_start_s": 1800.0},
    {"targets": ({"trades": ("adviser",), "skills": {"brand:mairie": 1}}, {**ANYBODY, "after_s": 9}), "weight": 2.0},
    {"targets": ({**ANYBODY, "agents": ("ines",)}, {**ANYBODY, "after_s": 7}), "preferred": {"lsf": 2}},
    {"targets": (ANYBODY,), "refused_agents": ("karim",), "callback": True},
    {"targets": (ANYBODY,), "rehearsal": True},
)
#: Of a second party, or of whoever takes a call that is handed over.
OTHERS: tuple[dict[str, Any], ...] = (
    {"targets": ({**ANYBODY, "skills": {"second_level": 1}}, {**ANYBODY, "after_s": 5})},
    {"targets": ({**ANYBODY, "agents": ("karim",)}, {**ANYBODY, "after_s": 3})},
)
PROCESSES = ("a", "b", "c")
names, calls = st.sampled_from(sorted(CREW)), st.sampled_from(["c1", "c2", "c3", "c4", "c5"])
processes = st.sampled_from(PROCESSES)
SERVED_S, GONE_S = 150, 120


class HistoryMachine(RuleBasedStateMachine):
    """Commands are given while others are under way; time passes between them, or none."""

    @initialize(seed=st.integers(0, 2**32), at_work=st.sets(names, min_size=1), calling=st.sets(calls, min_size=1))
    def begin(self, seed: int, at_work: set[str], calling: set[str]) -> None:
        self.world = World(seed)
        self.patch = mock.patch("interpreter_queue.rounds.time", SimpleNamespace(monotonic=self.world.loop.time))
        self.patch.start()
        for name in PROCESSES[:2]:
            self.world.start(name)
        self.world.spawn(self.world.keep_calls())
        self.world.pass_time(0.1)
        for name in sorted(at_work):
            self.agent_declares(name, "available")
        for call_id in sorted(calling):
            self.call(call_id, KINDS[len(calling) % 2], 0)

    # People

    @rule(name=names, presence=st.sampled_from(["available", "available", "available", "paused", "training"]))
    def agent_declares(self, name: str, presence: Any) -> None:
        """Whoever is at the page, or a supervisor for them."""
        world = self.world
        is_new = name not in world.pages
        world.open_page(CREW[name], presence)
        if not is_new:
            world.page(name, world.told(lambda queue: queue.set_presence(name, presence, None)))

    @rule(name=names, says_so=st.booleans())
    def agent_leaves(self, name: str, says_so: bool) -> None:
        self.world.pages.pop(name, None)
        if says_so:
            self.world.page(name, self.world.told(lambda queue: queue.sign_out(name)))

    @rule(name=names, wanted=st.booleans())
    def pause_after_call(self, name: str, wanted: bool) -> None:
        self.world.page(name, self.world.told(lambda queue: queue.set_pause_after_call(name, wanted, "meal")))

    @rule(call_id=calls, kind=st.sampled_from(KINDS), priority=st.sampled_from([0, 0, 0, 100]))
    def call(self, call_id: str, kind: dict[str, Any], priority: int) -> None:
        if call_id in self.world.kept:
            return
        self.world.page(
            call_id, self.world.ask(Request.model_validate({"call_id": call_id, "priority": priority, **kind}))
        )

    @rule(call_id=calls)
    def signer_leaves(self, call_id: str) -> None:
        self.world.page(call_id, self.world.end(call_id, lambda queue: queue.cancel(call_id, "left")))

    @precondition(lambda self: any(one.state == "alerting" for one in self.world.ledger.agents.values()))
    @rule(data=st.data(), answer=st.sampled_from(["accept", "accept", "accept", "decline"]))
    def agent_answers(self, data: st.DataObject, answer: str) -> None:
        agents = self.world.ledger.agents
        name = data.draw(st.sampled_from(sorted(n for n, one in agents.items() if one.state == "alerting")))
        bound = agents[name].assignment
        assert bound is not None
        if answer == "accept":
            self.world.page(name, self.world.told(lambda queue: queue.accept(name, bound.assignment_id)))
        else:
            self.world.page(name, self.world.told(lambda queue: queue.decline(name, bound.assignment_id, "skill")))

    @precondition(lambda self: any(one.state in IN_CALL for one in self.world.ledger.agents.values()))
    @rule(data=st.data(), what=st.sampled_from(["hold", "retrieve", "end", "end", "hand over", "lost", "second"]))
    def in_a_call(self, data: st.DataObject, what: str) -> None:
        agents, world = self.world.ledger.agents, self.world
        name = data.draw(st.sampled_from(sorted(n for n, one in agents.items() if one.state in IN_CALL)))
        call_id = agents[name].call_id
        assert call_id is not None
        if what in ("hold", "retrieve"):
            world.page(name, world.told(lambda queue: queue.hold(name, what == "hold")))
        elif what == "end":
            wraps = data.draw(st.booleans())
            world.page(call_id, world.end(call_id, lambda queue: queue.release(name, call_id, wrap_up=wraps)))
        elif what == "second" and "." not in call_id:
            second = {"call_id": f"{call_id}.2", **data.draw(st.sampled_from(OTHERS))}
            world.page(f"{call_id}.2", world.ask(Request.model_validate(second)))
        elif call_id in world.asked:
            world.page(call_id, self._resume(name, call_id, what == "hand over", data.draw(st.sampled_from(OTHERS))))

    async def _resume(self, name: str, call_id: str, is_handed_over: bool, wording: dict[str, Any]) -> None:
        """Back to the head of the line, at the place of the first time; then the agent is let go."""
        record = self.world.ledger.requests.get(call_id)
        if record is None or record.assignment is None or record.assignment.agent_id != name:
            return
        fields = {**(wording if is_handed_over else {}), "priority": 50, "queued_at": record.queued_at}
        if record.request.rehearsal:
            del fields["queued_at"]
            fields = {"priority": 50}
        resumed = Request.model_validate({**record.request.model_dump(), **fields})
        await self.world.ask(resumed)
        await self.world.told(lambda queue: queue.release(name, call_id, wrap_up=is_handed_over))

    @rule(name=names, what=st.sampled_from(["extend", "finish"]))
    def wrap_up(self, name: str, what: str) -> None:
        extends = what == "extend"
        self.world.page(name, self.world.told(lambda q: q.extend_wrap_up(name) if extends else q.finish_wrap_up(name)))

    @rule(call_id=calls, kind=st.sampled_from(KINDS[:-1]))
    def supervisor_moves(self, call_id: str, kind: dict[str, Any]) -> None:
        record = self.world.ledger.requests.get(call_id)
        if record is None or record.request.rehearsal:
            return
        moved = Request.model_validate({"call_id": call_id, "priority": record.request.priority, **kind})
        self.world.page(call_id, self.world.told(lambda queue: queue.reroute(moved)))

    # What happens to processes

    @rule(seconds=st.sampled_from([0.001, 0.003, 0.01, 0.05, 0.3, 1.5, 4.0, 6.5]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(name=processes, at=st.integers(1, 12), after=st.booleans())
    def dies_at_one_of_its_next_commands(self, name: str, at: int, after: bool) -> None:
        if name in self.world.processes:
            client = self.world.processes[name].client
            client.crash_at, client.crash_after = at, after

    @rule(name=processes)
    def is_started(self, name: str) -> None:
        if name not in self.world.processes:
            self.world.start(name)

    @rule(name=processes, seconds=st.sampled_from([0.2, 2.0, 8.0]))
    def stands_still(self, name: str, seconds: float) -> None:
        if name in self.world.processes:
            client = self.world.processes[name].client
            client.stands_still_until = self.world.loop.time() + seconds
            client.stood_still_s = max(client.stood_still_s, seconds)

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0]))
    def redis_is_away(self, seconds: float) -> None:
        self.world.server.is_away = True
        self.world.pass_time(seconds)
        self.world.server.is_away = False

    # What holds

    @invariant()
    def nothing_is_broken(self) -> None:
        if hasattr(self, "world"):
            assert not self.world.ledger.violations
            assert not self.world.missing(), "acknowledged, not over, and not there"

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self._everything_comes_to_its_end()
        finally:
            self.patch.stop()
            self.world.close()

    def _everything_comes_to_its_end(self) -> None:
        world = self.world
        for process in world.processes.values():
            process.client.crash_at = 0
        world.pass_time(9.0)
        assert world.agree(), "a process, or its events, do not come to show what is written"
        for name in list(world.pages):
            del world.pages[name]
        for agent in HELP.values():
            world.open_page(agent, "available")
        for _ in range(SERVED_S * 2):
            if not world.ledger.requests:
                break
            world.pass_time(0.5)
            self._help_serves()
            self.nothing_is_broken()
        assert not world.ledger.requests, "in the end everybody is served"
        world.kept.clear()
        for _ in range(GONE_S * 2):
            if set(world.ledger.agents) <= set(HELP) and not world.ledger.left():
                break
            world.pass_time(0.5)
        assert set(world.ledger.agents) <= set(HELP), "in the end nobody is held whose page is gone"
        self.nothing_is_broken()

    def _help_serves(self) -> None:
        """And whoever is in a call ends it: those who are alerted without a page are let time out."""
        world = self.world
        for name, agent in world.ledger.agents.items():
            bound = agent.assignment
            if bound is None or name in world.busy:
                continue
            if name in HELP and agent.state == "alerting":
                world.page(name, world.told(_accepting(name, bound.assignment_id)))
            elif agent.state in IN_CALL:
                world.page(name, world.end(bound.call_id, _ending(name, bound.call_id)))


def _accepting(name: str, assignment_id: str) -> Command:
    return lambda queue: queue.accept(name, assignment_id)


def _ending(name: str, call_id: str) -> Command:
    return lambda queue: queue.release(name, call_id, wrap_up=False)


TestHistories = HistoryMachine.TestCase
TestHistories.settings = settings(
    max_examples=int(os.environ.get("HISTORIES", "100")),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
