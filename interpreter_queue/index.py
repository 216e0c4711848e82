"""
What one dispatcher knows of the queue: all records in memory, kept up to date by the stream of changes. Pure.

A change costs what ``matching`` says, never a look at everybody.

Records carry the number of the change that wrote them as their version. A change that was applied here before it
came by the stream is recognised by that number and not applied twice.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from interpreter_queue import policy
from interpreter_queue.changes import Departed, View
from interpreter_queue.matching import Matching
from interpreter_queue.model import AgentChanged, AgentRecord, Event, HandleTime, RequestRecord

DEPARTED_KEPT = 2000
R = TypeVar("R", AgentRecord, RequestRecord)


@dataclass(frozen=True)
class Loaded:
    """
    A view and the versions it was read at; 0: not there.

    :param agent_id: which agent was asked for, there or not. :param call_id: likewise.
    """

    view: View
    agent_id: str | None = None
    agent_version: int = 0
    call_id: str | None = None
    request_version: int = 0


@dataclass(frozen=True)
class FeedEntry:
    """One committed change as it comes by the stream; None deletes."""

    number: int
    agents: Mapping[str, AgentRecord | None]
    requests: Mapping[str, RequestRecord | None]
    events: tuple[Event, ...] = ()
    handle: HandleTime | None = None


@dataclass
class Index:
    """:param number: of the last change that came by the stream; the next one must be one more."""

    number: int = 0
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    requests: dict[str, RequestRecord] = field(default_factory=dict)
    handles: deque[HandleTime] = field(default_factory=deque)
    matching: Matching = field(default_factory=Matching)
    departed: dict[str, Departed] = field(default_factory=dict)  # the latest of those who left, to resume their shift
    _ends: list[tuple[float, str]] = field(default_factory=list)  # heap: when an agent's alert or wrap-up ends
    _agent_versions: dict[str, int] = field(default_factory=dict)
    _request_versions: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        number: int,
        agents: Mapping[str, tuple[int, AgentRecord]],
        requests: Mapping[str, tuple[int, RequestRecord]],
        handles: Iterable[HandleTime],
        kept: int,
    ) -> "Index":
        """:param handles: newest first. :param kept: how many of them to keep."""
        index = cls(number=number, handles=deque(handles, maxlen=kept))
        for agent_id, (version, agent) in agents.items():
            index._put_agent(agent_id, agent, version)
        for call_id, (version, request) in requests.items():
            index._put_request(call_id, request, version)
        return index

    def follows(self, entry: FeedEntry) -> bool:
        """Nothing is missing between what is known and ``entry``."""
        return entry.number == self.number + 1

    def apply(self, entry: FeedEntry) -> None:
        """From the stream, in order."""
        self.number = entry.number
        self.apply_early(entry)
        if entry.handle:
            self.handles.appendleft(entry.handle)

    def apply_early(self, entry: FeedEntry) -> None:
        """Own change, just committed: known here before it comes by the stream."""
        for agent_id, agent in entry.agents.items():
            if entry.number > self._agent_versions.get(agent_id, 0):
                self._note_departure(agent_id, entry)
                self._put_agent(agent_id, agent, entry.number)
        for call_id, request in entry.requests.items():
            if entry.number > self._request_versions.get(call_id, 0):
                self._put_request(call_id, request, entry.number)

    def _note_departure(self, agent_id: str, entry: FeedEntry) -> None:
        """Before the change: who leaves is remembered until they are back, or too many others have left since."""
        left = self.departed.pop(agent_id, None)
        told = [event for event in entry.events if isinstance(event, AgentChanged) and event.agent_id == agent_id]
        record = self.agents.get(agent_id)
        if entry.agents[agent_id] is None and told:
            found = Departed(record, told[-1].since) if record else left
            self.departed |= {agent_id: found} if found else {}
        while len(self.departed) > DEPARTED_KEPT:
            del self.departed[next(iter(self.departed))]

    def _put_agent(self, agent_id: str, agent: AgentRecord | None, version: int) -> None:
        _put(self.agents, self._agent_versions, agent_id, agent, version)
        if agent is None:
            self.matching.drop_agent(agent_id)
            return
        self.matching.put_agent(agent)
        if agent.until is not None:
            heapq.heappush(self._ends, (agent.until, agent_id))

    def _put_request(self, call_id: str, request: RequestRecord | None, version: int) -> None:
        _put(self.requests, self._request_versions, call_id, request, version)
        if request is None:
            self.matching.drop_request(call_id)
        else:
            self.matching.put_request(request)

    def loaded(self, agent_id: str, call_id: str | None, now: float) -> Loaded:
        """As read from Redis, only from memory: perhaps too old, then its commit is lost."""
        return Loaded(
            view=View(now=now, agent=self.agents.get(agent_id), request=self.requests.get(call_id or "")),
            agent_id=agent_id,
            agent_version=self._agent_versions.get(agent_id, 0),
            call_id=call_id,
            request_version=self._request_versions.get(call_id or "", 0),
        )

    def bond(self, agent_id: str, call_id: str, now: float) -> Loaded:
        """As :meth:`loaded`; given only one ("" for the other), the other side of its assignment comes along."""
        agent, request = self.agents.get(agent_id), self.requests.get(call_id)
        if not call_id and agent is not None and agent.assignment is not None:
            call_id = agent.assignment.call_id
        elif not agent_id and request is not None and request.assignment is not None:
            agent_id = request.assignment.agent_id
        return self.loaded(agent_id, call_id, now)

    def waiting(self, now: float) -> list[RequestRecord]:
        """Queued and alerting, in the order of the line."""
        waiting = (record for record in self.requests.values() if record.state != "assigned")
        return sorted(waiting, key=lambda record: policy.place(record, now))

    def due(self, now: float) -> list[AgentRecord]:
        """Agents whose alert or wrap-up has reached its end."""
        found = self._take_due(now)
        for agent_id, agent in found.items():  # until somebody writes the end
            heapq.heappush(self._ends, (agent.until or 0.0, agent_id))
        return list(found.values())

    def _take_due(self, now: float) -> dict[str, AgentRecord]:
        found: dict[str, AgentRecord] = {}
        while (end := self._next_end()) is not None and end <= now:
            agent_id = heapq.heappop(self._ends)[1]
            found[agent_id] = self.agents[agent_id]
        return found

    def _next_end(self) -> float | None:
        """Of those in the heap the first that still counts."""
        while self._ends:
            end, agent_id = self._ends[0]
            agent = self.agents.get(agent_id)
            if agent is not None and agent.until == end:
                return end
            heapq.heappop(self._ends)
        return None

    def next_deadline(self, now: float) -> float | None:
        """The nearest moment after ``now`` at which something happens by itself."""
        overdue = self._take_due(now)
        ends = [self.matching.next_change(now), self._next_end()]
        for agent_id, agent in overdue.items():
            heapq.heappush(self._ends, (agent.until or 0.0, agent_id))
        return min((end for end in ends if end is not None and end > now), default=None)


def _put(records: dict[str, R], versions: dict[str, int], key: str, record: R | None, number: int) -> None:
    if record is None:
        records.pop(key, None)
        versions.pop(key, None)
    else:
        records[key], versions[key] = record, number


def lapsed(until: float, period: float, now: float, back_at: float) -> bool:
    """
    A lease (or an alert) has run out, and could have been renewed (answered) meanwhile.

    :param back_at: since when Redis is known to be there without a break: before one full period from then,
        nothing counts as run out, because nobody had the time to renew it.
    """
    return until <= now and now >= back_at + period
