"""The records of a simulated queue, in memory: what Redis and a dispatcher's index hold in the service. Pure."""

from interpreter_queue.changes import Change, View
from interpreter_queue.matching import Matching
from interpreter_queue.model import AgentRecord, AgentState, RequestRecord

BUSY: frozenset[AgentState] = frozenset({"engaged", "hold", "wrap_up"})
#: of whom occupancy is a share: busy, or ready to be
AVAILABLE: frozenset[AgentState] = BUSY | {"idle", "alerting"}


class Book:
    """
    ``now`` is set by the clock; ``is_changed`` is reset by whoever has paired what can be paired.

    ``waiting`` counts requests that nobody has accepted.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.is_changed = False
        self.waiting = 0
        self.agents: dict[str, AgentRecord] = {}
        self.requests: dict[str, RequestRecord] = {}
        self.matching = Matching()
        self._busy = self._available = 0  # agents
        self._busy_s = self._available_s = self._counted_at = 0.0

    def view(self, agent_id: str | None = None, call_id: str | None = None) -> View:
        return View(self.now, self.agents.get(agent_id or ""), self.requests.get(call_id or ""))

    def write(self, change: Change) -> list[str]:
        """:returns: agents who were available and are paused now."""
        self.is_changed = True
        for call_id, request in change.requests.items():
            self._write_request(call_id, request)
        return [agent_id for agent_id, agent in change.agents.items() if self._write_agent(agent_id, agent)]

    def counted(self) -> tuple[float, float]:
        """Seconds of all agents busy, and available, from the beginning to ``now``."""
        passed = self.now - self._counted_at
        self._busy_s += passed * self._busy
        self._available_s += passed * self._available
        self._counted_at = self.now
        return self._busy_s, self._available_s

    def _write_request(self, call_id: str, request: RequestRecord | None) -> None:
        old = self.requests.get(call_id)
        self.waiting += _waits(request) - _waits(old)
        if request is None:
            self.requests.pop(call_id, None)
            self.matching.drop_request(call_id)
        else:
            self.requests[call_id] = request
            self.matching.put_request(request)

    def _write_agent(self, agent_id: str, agent: AgentRecord | None) -> bool:
        old = self.agents.get(agent_id)
        before: AgentState = old.state if old else "offline"
        after: AgentState = agent.state if agent else "offline"
        if agent is None:
            self.agents.pop(agent_id, None)
            self.matching.drop_agent(agent_id)
        else:
            self.agents[agent_id] = agent
            self.matching.put_agent(agent)
        if after != before:
            self.counted()
            self._busy += (after in BUSY) - (before in BUSY)
            self._available += (after in AVAILABLE) - (before in AVAILABLE)
        return after == "paused" and before in AVAILABLE


def _waits(record: RequestRecord | None) -> bool:
    return record is not None and record.state != "assigned"
