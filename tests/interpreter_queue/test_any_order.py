"""Any command at any moment: what holds whatever happens in whatever order."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from interpreter_queue import operations
from interpreter_queue.changes import Change, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.matching import Matching
from interpreter_queue.model import (
    Agent,
    AgentRecord,
    Request,
    RequestRecord,
)
from tests.interpreter_queue import plain
from tests.interpreter_queue.samples import NOW

CONFIG = QueueConfig(alert_s=20, wrap_up_s=60, wrap_up_extension_s=60, wrap_up_extensions=3)

HAS_CALL = ("alerting", "engaged", "hold", "wrap_up")
CREW = {
    "ines": Agent(agent_id="ines", trades=frozenset({"interpreter"}), skills={"lsf": 5}),
    "karim": Agent(agent_id="karim", trades=frozenset({"interpreter", "transcriber"})),
    "marc": Agent(agent_id="marc", trades=frozenset({"adviser"}), skills={"brand:mairie": 5}),
    "robot": Agent(agent_id="robot", trades=frozenset({"interpreter"}), skills={"rehearsal": 5}),
}
ANYBODY = {"trades": ("interpreter",)}
KINDS: tuple[dict[str, Any], ...] = (
    {"targets": (ANYBODY,)},
    {"targets": ({"trades": ("interpreter",), "skills": {"lsf": 3}},), "refused_agents": ("karim",)},
    {"targets": ({"trades": ("transcriber", "interpreter")},), "strategy": "least_occupied"},
    {"targets": ({"trades": ("adviser",), "skills": {"brand:mairie": 1}},), "weight": 2.0},
    {"targets": ({**ANYBODY, "agents": ("ines",)}, {**ANYBODY, "after_s": 30}), "preferred": {"lsf": 2}},
    {"targets": (ANYBODY,), "rehearsal": True},
)
names, calls = st.sampled_from(sorted(CREW)), st.sampled_from(["c1", "c2", "c3", "c4"])


class QueueMachine(RuleBasedStateMachine):
    """Any command at any moment, applied as the store would: the two sides of a bond never disagree."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.agents: dict[str, AgentRecord] = {}
        self.requests: dict[str, RequestRecord] = {}
        self.matching = Matching()
        self.matching.advance(self.now)
        self.number = 0

    def view(self, agent_id: str | None = None, call_id: str | None = None) -> View:
        who, other = self.agents.get(agent_id or ""), self.requests.get(call_id or "")
        if call_id is None and who and who.assignment:
            other = self.requests.get(who.assignment.call_id)
        if agent_id is None and other and other.assignment:
            who = self.agents.get(other.assignment.agent_id)
        return View(self.now, who, other)

    def apply(self, change: Change | None) -> None:
        for agent_id, who in change.agents.items() if change else ():
            if who is None:
                self.agents.pop(agent_id, None)
                self.matching.drop_agent(agent_id)
            else:
                self.agents[agent_id] = who
                self.matching.put_agent(who)
        for call_id, other in change.requests.items() if change else ():
            if other is None:
                self.requests.pop(call_id, None)
                self.matching.drop_request(call_id)
            else:
                self.requests[call_id] = other
                self.matching.put_request(other)

    @rule(name=names)
    def sign_in(self, name: str) -> None:
        self.apply(operations.sign_in(self.view(name), CREW[name], CONFIG))

    @rule(name=names, presence=st.sampled_from(["available", "available", "paused", "training", "offline"]))
    def presence(self, name: str, presence: Any) -> None:
        self.apply(operations.set_presence(self.view(name), presence, None, CONFIG))

    @rule(name=names, wanted=st.booleans())
    def pause_after_call(self, name: str, wanted: bool) -> None:
        self.apply(operations.set_pause_after_call(self.view(name), wanted, "meal", CONFIG))

    @rule(call_id=calls, kind=st.sampled_from(KINDS), priority=st.sampled_from([0, 50, 100]))
    def enqueue(self, call_id: str, kind: dict[str, Any], priority: int) -> None:
        if call_id in self.requests:  # a call keeps its kind
            asked = self.requests[call_id].request.model_copy(update={"priority": priority})
        else:
            asked = Request.model_validate({"call_id": call_id, "priority": priority, **kind})
        self.apply(operations.enqueue(self.view(None, call_id), asked, CONFIG))

    @rule()
    def dispatch(self) -> None:
        found = self.matching.matches(self.now, 100)
        assert found == plain.search(self.requests.values(), self.agents, self.now)
        for match in found:
            self.number += 1
            change = operations.alert(self.view(match.agent_id, match.call_id), match.trade, str(self.number), CONFIG)
            assert change, "what the policy plans can be done"
            self.apply(change)

    @precondition(lambda self: any(one.state == "alerting" for one in self.agents.values()))
    @rule(data=st.data(), answer=st.sampled_from(["accept", "accept", "decline", "silence"]))
    def answer(self, data: st.DataObject, answer: str) -> None:
        name = data.draw(st.sampled_from(sorted(n for n, one in self.agents.items() if one.state == "alerting")))
        bound = self.agents[name].assignment
        assert bound is not None
        if answer == "accept":
            self.apply(operations.accept(self.view(name), bound.assignment_id))
        elif answer == "decline":
            self.apply(operations.decline(self.view(name), bound.assignment_id, "skill"))
        else:
            self.now += CONFIG.alert_s
            self.apply(operations.silence(self.view(name), CONFIG))

    @rule(name=names, held=st.booleans())
    def hold(self, name: str, held: bool) -> None:
        self.apply(operations.hold(self.view(name), held))

    @rule(call_id=calls, kind=st.sampled_from(KINDS))
    def reroute(self, call_id: str, kind: dict[str, Any]) -> None:
        before = self.requests.get(call_id)
        asked = Request.model_validate({"call_id": call_id, "rehearsal": False, **kind})
        if before and before.request.rehearsal == asked.rehearsal:
            self.apply(operations.reroute(self.view(None, call_id), asked, CONFIG))
            assert self.requests[call_id].queued_at == before.queued_at, "the place is kept"

    @rule(call_id=calls)
    def cancel(self, call_id: str) -> None:
        self.apply(operations.cancel(self.view(None, call_id), "abandoned", CONFIG))

    @rule(name=names, call_id=calls, wrap_up=st.booleans())
    def release(self, name: str, call_id: str, wrap_up: bool) -> None:
        self.apply(operations.release(self.view(name, call_id), call_id, CONFIG, wrap_up=wrap_up))

    @rule(name=names, seconds=st.sampled_from([1, 70]))
    def wrap_up_over(self, name: str, seconds: int) -> None:
        self.now += seconds
        self.apply(operations.finish_wrap_up(self.view(name), only_if_due=True))

    @invariant()
    def bonds_have_two_sides(self) -> None:
        for call_id, other in self.requests.items():
            assert (other.assignment is None) == (other.state == "queued")
            if other.assignment:
                who = self.agents[other.assignment.agent_id]
                assert who.assignment == other.assignment
                assert who.state in {"alerting": ("alerting",), "assigned": ("engaged", "hold")}[other.state]
                assert who.call_id == call_id

    @invariant()
    def alerted_agents_have_their_request(self) -> None:
        for who in self.agents.values():
            if who.state == "alerting":
                assert who.call_id is not None
                assert self.requests[who.call_id].assignment == who.assignment

    @invariant()
    def nobody_serves_without_the_trade(self) -> None:
        for other in self.requests.values():
            if other.assignment:
                profile = CREW[other.assignment.agent_id]
                assert any(
                    other.assignment.trade in set(target.trades) & profile.trades
                    and all(profile.skills.get(name, 0) >= level for name, level in target.skills.items())
                    and profile.agent_id in (target.agents or (profile.agent_id,))
                    for target in other.request.targets
                )
                assert profile.agent_id not in other.request.refused_agents
                assert other.request.rehearsal == ("rehearsal" in profile.skills)

    @invariant()
    def states_agree_with_what_was_declared(self) -> None:
        for who in self.agents.values():
            assert who.state != "offline", "who is offline is forgotten"
            assert who.state not in ("idle", "alerting", "not_responding") or who.presence == "available"
            assert who.state not in ("paused", "training") or who.presence == who.state
            assert (who.until is not None) == (who.state in ("alerting", "wrap_up"))
            assert (who.assignment is not None) == (who.state in HAS_CALL)
            assert not who.pause_after_call or who.state in HAS_CALL

    @invariant()
    def loads_only_count_calls_that_were_accepted(self) -> None:
        for who in self.agents.values():
            assert 0 <= who.signing_s <= who.engaged_s <= self.now - who.signed_in_at
            assert who.served > 0 or who.engaged_s == 0
            assert (who.engaged_at is not None) == (who.state in ("engaged", "hold", "wrap_up"))
            assert list(who.missed_at) == sorted(who.missed_at)

    @invariant()
    def everybody_who_waits_has_a_place_of_their_own(self) -> None:
        waiting = [other for other in self.requests.values() if other.state != "assigned"]
        for other in waiting:
            outlook = self.matching.outlook(other.call_id, self.now)
            assert outlook is not None
            assert 0 <= outlook.free <= outlook.working <= len(self.agents)
        assert len({plain.claim(other, self.now) for other in waiting}) == len(waiting)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
