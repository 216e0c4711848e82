"""What is kept in order as it changes says the same as a search through everything."""

from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from interpreter_queue.config import QueueConfig
from interpreter_queue.matching import Matching
from interpreter_queue.model import Agent, AgentRecord, AgentState, RequestRecord, Strategy, Trade
from tests.interpreter_queue import plain
from tests.interpreter_queue.samples import NOW, agent, request

Drawn = st.SearchStrategy[dict[str, Any]]
TRADES: tuple[Trade, ...] = ("interpreter", "adviser")
SKILLS = ("lsf", "brand:mairie", "medical")
NAMES = ("ines", "karim", "lea", "marc", "noor")
CALLS = tuple(f"c{number}" for number in range(8))

profiles: Drawn = st.builds(
    dict,
    trades=st.frozensets(st.sampled_from(TRADES), min_size=1),
    skills=st.dictionaries(st.sampled_from((*SKILLS, "rehearsal")), st.sampled_from([1, 3, 5])),
)
targets: Drawn = st.builds(
    dict,
    trades=st.lists(st.sampled_from(TRADES), min_size=1, unique=True).map(tuple),
    skills=st.dictionaries(st.sampled_from(SKILLS), st.sampled_from([1, 3, 5]), max_size=1),
    agents=st.just(()) | st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
)


def steps(found: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({**target, "after_s": 10.0 * number} for number, target in enumerate(found))


wordings: Drawn = st.builds(
    dict,
    targets=st.lists(targets, min_size=1, max_size=3).map(steps),
    preferred=st.dictionaries(st.sampled_from(SKILLS), st.sampled_from([1, 3]), max_size=1),
    priority=st.sampled_from([0, 0, 0, 50, 100]),
    head_start_s=st.sampled_from([0.0, 0.0, 40.0]),
    weight=st.sampled_from([0.5, 1.0, 2.0]),
    strategy=st.sampled_from(get_args(Strategy)),
    refused_agents=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
    rehearsal=st.sampled_from([False, False, False, True]),
    brand=st.sampled_from([None, "mairie"]),
    queue=st.sampled_from(["relay/LSF", "mairie/LSF"]),
)


class MatchingMachine(RuleBasedStateMachine):
    """Any history of records, told as it happens; asked at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.matching = Matching()
        self.matching.advance(NOW)
        self.agents: dict[str, AgentRecord] = {}
        self.requests: dict[str, RequestRecord] = {}

    @rule(
        name=st.sampled_from(NAMES),
        profile=profiles,
        state=st.sampled_from(get_args(AgentState)) | st.just("idle"),
        load=st.tuples(st.integers(0, 900), st.integers(0, 3), st.integers(0, 500)),
    )
    def agent_changes(self, name: str, profile: dict[str, Any], state: Any, load: tuple[int, int, int]) -> None:
        known = self.agents.get(name)
        same = known.agent if known and load[1] else Agent(agent_id=name, **profile)
        base = agent(name, since=NOW, idle_since=float(load[0]), served=load[1], engaged_s=float(load[2]))
        self.agents[name] = base.model_copy(update={"agent": same, "state": state})
        self.matching.put_agent(self.agents[name])

    @rule(name=st.sampled_from(NAMES))
    def agent_leaves(self, name: str) -> None:
        self.agents.pop(name, None)
        self.matching.drop_agent(name)

    @rule(call_id=st.sampled_from(CALLS), wording=wordings, ago=st.integers(0, 60), declined=st.sampled_from(NAMES))
    def request_changes(self, call_id: str, wording: dict[str, Any], ago: int, declined: str) -> None:
        record = request(call_id, queued_at=self.now - ago, **wording)
        update = {"enqueued_at": self.now - ago / 2, "declined_by": (declined,) if ago % 3 == 0 else ()}
        self.requests[call_id] = record.model_copy(update=update)
        self.matching.put_request(self.requests[call_id])

    @rule(call_id=st.sampled_from(CALLS), state=st.sampled_from(["queued", "alerting", "assigned"]))
    def request_moves(self, call_id: str, state: str) -> None:
        if call_id in self.requests:
            self.requests[call_id] = self.requests[call_id].model_copy(update={"state": state})
            self.matching.put_request(self.requests[call_id])

    @rule(call_id=st.sampled_from(CALLS))
    def request_goes(self, call_id: str) -> None:
        self.requests.pop(call_id, None)
        self.matching.drop_request(call_id)

    @rule(seconds=st.sampled_from([1, 5, 20, 200]))
    def time_passes(self, seconds: int) -> None:
        change = self.matching.next_change(self.now)
        before = [plain.open_targets(record, self.agents, self.now) for record in self.queued()]
        self.now += seconds
        after = [plain.open_targets(record, self.agents, self.now) for record in self.queued()]
        assert before == after or (change is not None and change <= self.now), "nothing opens unannounced"

    def queued(self) -> list[RequestRecord]:
        return [record for record in self.requests.values() if record.state == "queued"]

    @rule(limit=st.integers(1, 3))
    def pairs_are_alerted(self, limit: int) -> None:
        expected = plain.search(self.requests.values(), self.agents, self.now)[:limit]
        assert self.matching.matches(self.now, limit) == expected
        for match in expected:
            self.agents[match.agent_id] = self.agents[match.agent_id].model_copy(update={"state": "alerting"})
            self.requests[match.call_id] = self.requests[match.call_id].model_copy(update={"state": "alerting"})
            self.matching.put_request(self.requests[match.call_id])
            self.matching.put_agent(self.agents[match.agent_id])

    @invariant()
    def finds_what_a_search_finds(self) -> None:
        found = self.matching.matches(self.now, 100)
        assert found == plain.search(self.requests.values(), self.agents, self.now)
        assert self.matching.matches(self.now, 100) == [], "what was taken out is not found again"
        for match in found:
            self.matching.put_back(match)

    @invariant()
    def counts_who_is_ahead_and_who_serves(self) -> None:
        waiting = {call_id: record for call_id, record in self.requests.items() if record.state != "assigned"}
        for call_id, record in waiting.items():
            outlook = self.matching.outlook(call_id, self.now)
            assert outlook is not None
            serving = {
                name
                for name, one in self.agents.items()
                if one.state in plain.AT_WORK and any(plain.serves(one, t, record) for t in record.request.targets)
            }
            assert outlook.working == len(serving)
            assert outlook.free == sum(self.agents[name].state in ("idle", "alerting") for name in serving)
            assert outlook.drawn <= outlook.ahead == self.matching.ahead(call_id, self.now) < len(waiting)

    @invariant()
    def room_is_what_counting_everybody_finds(self) -> None:
        config = QueueConfig(max_waiting=4, max_waiting_per_brand=2)
        waiting = [record for record in self.requests.values() if record.state != "assigned"]
        for record in self.requests.values():
            asked = record.request.model_copy(update={"room": 3})
            assert self.matching.room_limit(asked, config) == plain.room_limit(asked, waiting, config)


TestMatchingMachine = MatchingMachine.TestCase
TestMatchingMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
