"""
What must hold at every change of the queue, looked at from outside: the changes are read from their stream, one by one.

Knows the records and the plain rules (``tests.interpreter_queue.plain``), nothing of the code that decides.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from interpreter_queue.index import FeedEntry
from interpreter_queue.model import AgentRecord, Alerting, Event, RequestRecord
from tests.interpreter_queue import plain

R = TypeVar("R", AgentRecord, RequestRecord)
SIDES = {"alerting": ("alerting",), "assigned": ("engaged", "hold")}


@dataclass
class Ledger:
    """
    :param number: of the last change. :param violations: what should not be, in words.
    :param passed: by call: how often a later request, or a lesser one, was alerted an agent who could have served it.
    :param counts: of events by their type.
    """

    number: int = 0
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    requests: dict[str, RequestRecord] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, entry: FeedEntry) -> None:
        if entry.number != self.number + 1:
            self.violations.append(f"change {entry.number} follows {self.number}")
        self.number = entry.number
        for event in entry.events:
            self._before(event)
        for agent_id, agent in entry.agents.items():
            _put(self.agents, agent_id, agent)
        for call_id, request in entry.requests.items():
            _put(self.requests, call_id, request)
        for call_id in entry.requests:
            self._request_has_its_agent(call_id)
        for agent_id in entry.agents:
            self._agent_has_their_request(agent_id)
        for event in entry.events:
            self.counts[event.type] += 1

    def _before(self, event: Event) -> None:
        """Of an alert: both sides are free, and who stands before this request and could have this agent."""
        if not isinstance(event, Alerting):
            return
        agent = self.agents.get(event.assignment.agent_id)
        request = self.requests.get(event.call_id)
        if agent is None or request is None or agent.state != "idle" or request.state != "queued":
            self.violations.append(f"alert {event.call_id} to {event.assignment.agent_id}: not both free")
            return
        place = plain.claim(request, event.now)
        for other in self.requests.values():
            if other.state == "queued" and plain.claim(other, event.now) < place:
                opened = plain.open_targets(other, self.agents, event.now)
                if any(plain.serves(agent, target, other) for target in opened):
                    self.passed[other.call_id] += 1

    def _request_has_its_agent(self, call_id: str) -> None:
        request = self.requests.get(call_id)
        if request is None or request.assignment is None:
            if request is not None and request.state != "queued":
                self.violations.append(f"{call_id} is {request.state} without an agent")
            return
        agent = self.agents.get(request.assignment.agent_id)
        if agent is None or agent.assignment != request.assignment or agent.state not in SIDES.get(request.state, ()):
            self.violations.append(f"{call_id} is {request.state}, its agent is not")

    def _agent_has_their_request(self, agent_id: str) -> None:
        """An agent in a call whose request is not theirs any more (cancelled, resumed) is about to be released."""
        agent = self.agents.get(agent_id)
        if agent is None or agent.call_id is None:
            return
        request = self.requests.get(agent.call_id)
        is_theirs = request is not None and request.assignment == agent.assignment
        if agent.state == "alerting" and not is_theirs:
            self.violations.append(f"{agent_id} is alerted for {agent.call_id}, which is not")

    @property
    def most_passed(self) -> int:
        return max(self.passed.values(), default=0)

    def left(self) -> list[str]:
        """Who waits, is served or is in a call."""
        busy = [f"{each.agent_id} {each.state}" for each in self.agents.values() if each.call_id is not None]
        return [f"{each.call_id} {each.state}" for each in self.requests.values()] + busy


def _put(records: dict[str, R], key: str, record: R | None) -> None:
    if record is None:
        records.pop(key, None)
    else:
        records[key] = record
