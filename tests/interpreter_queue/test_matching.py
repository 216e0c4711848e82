"""What is kept in order as it changes says the same as a search through everything."""

from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from interpreter_queue.config import QueueConfig
from interpreter_queue.matching import Matching
from interpreter_queue.model import Agent, AgentRecord, AgentState, RequestRecord
from tests.interpreter_queue import plain
from tests.interpreter_queue.samples import NOW, agent, request

NAMES = ("ines", "karim", "lea", "marc")
CALLS = tuple(f"c{number}" for number in range(6))
ANYBODY = {"trades": ("interpreter",)}
LSF = {"trades": ("interpreter",), "skills": {"lsf": 3}}
#: Few and alike, so that they meet in the same lines, and differ in one thing at a time.
WORDINGS: tuple[dict[str, Any], ...] = (
    {"targets": (ANYBODY,)},
    {"targets": (ANYBODY,), "weight": 2.0},
    {"targets": (ANYBODY,), "strategy": "fewest_calls"},
    {"targets": (ANYBODY,), "strategy": "least_occupied", "queue": "relay/LSF"},
    {"targets": (ANYBODY,), "preferred": {"lsf": 1, "medical": 3}},
    {"targets": (LSF,), "brand": "mairie"},
    {"targets": (LSF, {**ANYBODY, "after_s": 10})},
    {"targets": ({**LSF, "trades": ("adviser", "interpreter")}, {**ANYBODY, "after_s": 10}), "brand": "mairie"},
    {"targets": ({**ANYBODY, "agents": ("ines", "karim")}, {**ANYBODY, "after_s": 10})},
    {"targets": ({**LSF, "agents": ("karim",)}, {**ANYBODY, "agents": ("lea",), "after_s": 10})},
    {"targets": (LSF, {**LSF, "after_s": 5}, {**ANYBODY, "agents": ("marc",), "after_s": 10})},
    {"targets": ({**ANYBODY, "agents": ("lea", "marc")},), "preferred": {"lsf": 1}},
    {"targets": (ANYBODY,), "rehearsal": True},
)
PROFILES: tuple[dict[str, Any], ...] = (
    {"trades": {"interpreter"}},
    {"trades": {"interpreter"}, "skills": {"lsf": 5}},
    {"trades": {"interpreter", "adviser"}, "skills": {"lsf": 1, "medical": 3}},
    {"trades": {"adviser"}, "skills": {"lsf": 3}},
    {"trades": {"interpreter"}, "skills": {"rehearsal": 5}},
)
names, calls = st.sampled_from(NAMES), st.sampled_from(CALLS)
profiles, wordings = st.sampled_from(PROFILES), st.sampled_from(WORDINGS)
states = st.sampled_from(["idle"] * len(get_args(AgentState)) + list(get_args(AgentState)))
extras = st.fixed_dictionaries(
    {
        "priority": st.sampled_from([0, 0, 0, 50]),
        "head_start_s": st.sampled_from([0.0, 0.0, 40.0]),
        "refused_agents": st.sampled_from([(), (), ("ines",), ("karim", "lea"), ("ines", "karim", "lea")]),
    }
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

    @initialize(data=st.data())
    def busy_hour(self, data: st.DataObject) -> None:
        """Histories are short: they begin in the middle of the day."""
        for name in NAMES:
            self.agent_comes(name, data.draw(profiles), data.draw(st.integers(0, 900)), data.draw(st.integers(0, 3)))
            self.agent_changes(name, data.draw(states))
        for call_id in CALLS:
            self.request_changes(call_id, data.draw(wordings), data.draw(extras), data.draw(st.integers(0, 60)))

    @rule(name=names, profile=profiles, idle_since=st.integers(0, 900), served=st.integers(0, 3))
    def agent_comes(self, name: str, profile: dict[str, Any], idle_since: int, served: int) -> None:
        came = agent(name, since=NOW, idle_since=float(idle_since), served=served, engaged_s=float(idle_since % 7))
        who = Agent.model_validate({"agent_id": name, **profile})
        self.agents[name] = came.model_copy(update={"agent": who})
        self.matching.put_agent(self.agents[name])

    @rule(name=names, state=states)
    def agent_changes(self, name: str, state: str) -> None:
        if name in self.agents:
            self.agents[name] = self.agents[name].model_copy(update={"state": state})
            self.matching.put_agent(self.agents[name])

    @rule(name=names)
    def agent_leaves(self, name: str) -> None:
        self.agents.pop(name, None)
        self.matching.drop_agent(name)

    @rule(call_id=calls, wording=wordings, extra=extras, ago=st.integers(0, 60))
    def request_changes(self, call_id: str, wording: dict[str, Any], extra: dict[str, Any], ago: int) -> None:
        record = request(call_id, queued_at=self.now - ago, **wording, **extra)
        update = {"enqueued_at": self.now - ago / 5, "declined_by": ("marc",) if ago % 5 == 0 else ()}
        self.requests[call_id] = record.model_copy(update=update)
        self.matching.put_request(self.requests[call_id])

    @rule(call_id=calls, state=st.sampled_from(["queued", "alerting", "assigned"]))
    def request_moves(self, call_id: str, state: str) -> None:
        if call_id in self.requests:
            self.requests[call_id] = self.requests[call_id].model_copy(update={"state": state})
            self.matching.put_request(self.requests[call_id])

    @rule(limit=st.integers(1, 3), name=names, state=states)
    def nothing_comes_of_pairs_while_somebody_changes(self, limit: int, name: str, state: str) -> None:
        found = self.matching.matches(self.now, limit)
        self.agent_changes(name, state)
        again = self.matching.matches(self.now, 100)
        taken = {match.call_id for match in found}
        assert not taken & {match.call_id for match in again}, "given out once"
        for match in (*found, *again):
            self.matching.put_back(match)

    @rule(call_id=calls)
    def request_goes(self, call_id: str) -> None:
        self.requests.pop(call_id, None)
        self.matching.drop_request(call_id)

    @rule(seconds=st.sampled_from([1, 3, 5, 60]))
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
            nobody = {"request": record.request.model_copy(update={"refused_agents": ()}), "declined_by": ()}
            told = record.model_copy(update=nobody)  # refusals and declines are silent
            serving = {
                name
                for name, one in self.agents.items()
                if one.state in plain.AT_WORK and any(plain.serves(one, t, told) for t in record.request.targets)
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
TestMatchingMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


KNOWN_FIRST = ({**ANYBODY, "agents": ("karim",)}, {**ANYBODY, "after_s": 30})


def told(*records: AgentRecord | RequestRecord) -> Matching:
    matching = Matching()
    matching.advance(NOW)
    for record in records:
        matching.put_agent(record) if isinstance(record, AgentRecord) else matching.put_request(record)
    return matching


def found(matching: Matching, now: float = NOW) -> list[tuple[str, str]]:
    return [(match.call_id, match.agent_id) for match in matching.matches(now, 100)]


def test_pair_that_was_given_out_is_not_given_out_again_whatever_changes_meanwhile() -> None:
    waiting = request(targets=KNOWN_FIRST, queued_at=NOW)
    matching = told(waiting, agent("karim"), agent("ines"))
    (match,) = matching.matches(NOW, 1)
    assert match.agent_id == "karim"
    matching.put_agent(agent("karim", state="paused"))
    assert found(matching) == found(matching, NOW + 60) == []
    matching.put_back(match)
    assert found(matching) == [("c1", "ines")]


def test_named_person_who_comes_free_is_found_at_once_and_who_asks_for_one_later_too() -> None:
    waiting = request(targets=KNOWN_FIRST, queued_at=NOW)
    matching = told(waiting, agent("karim", state="engaged"), agent("ines"))
    assert found(matching) == []
    assert matching.next_change(NOW) == NOW + 30
    matching.put_agent(agent("karim"))
    assert found(matching) == [("c1", "karim")]
    assert found(told(agent("karim"), agent("ines"), waiting)) == [("c1", "karim")]


def test_target_that_opened_because_nobody_was_there_closes_when_the_person_is_back_in_time() -> None:
    waiting = request(targets=KNOWN_FIRST, queued_at=NOW)
    matching = told(waiting, agent("karim", state="paused"), agent("ines", state="engaged"))
    matching.put_agent(agent("karim", state="engaged"))
    matching.put_agent(agent("ines"))
    assert found(matching, NOW + 29) == []
    assert found(matching, NOW + 30) == [("c1", "ines")]


def test_two_open_targets_that_ask_for_the_same_count_once() -> None:
    waiting = request(targets=(ANYBODY, {**ANYBODY, "after_s": 0}))
    matching = told(waiting, agent())
    assert found(matching) == [("c1", "ines")]
    matching.drop_request("c1")
    assert found(told(agent())) == found(matching) == []


def test_closed_target_gives_its_persons_nothing() -> None:
    anybody_then_marc = (LSF, {**ANYBODY, "agents": ("marc",), "after_s": 30})
    waiting = request(targets=anybody_then_marc, queued_at=NOW)
    signer = agent("lea", skills=("lsf",))
    assert found(told(waiting, agent("marc", idle_since=-5.0), signer)) == [("c1", "lea")]
    assert found(told(waiting, agent("marc"))) == []


def test_more_lines_than_are_kept_lose_nobody() -> None:
    matching, crew = Matching(), agent("ines", skills=[f"skill{number}" for number in range(600)])
    matching.put_agent(crew)
    for number in range(600):
        one = request(f"c{number}", skills=(f"skill{number}",), queue=f"q{number}")
        matching.put_request(one)
        if number % 100:
            matching.drop_request(one.call_id)
    order = []
    for _ in range(6):
        (match,) = matching.matches(NOW, 5)
        order.append(match.call_id)
        assert matching.ahead("c500", NOW) == 6 - len(order)
        matching.drop_request(match.call_id)
        matching.put_agent(crew)
    assert order == [f"c{number}" for number in range(0, 600, 100)]
