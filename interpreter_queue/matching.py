"""
The requests that wait and the agents who are free, kept in order so that the next pair is found without a search. Pure.

Requests whose target asks for the same (trades, skills, preferred skills, weight, strategy) form a *line*; a request
stands in one line for each of its open targets, a free agent in each line they fit, sorted by class and strategy. A
target that names persons stands in no line: it is indexed by person, so that known advisers do not multiply the lines.

Cost, n being those who wait or are free: ``matches`` O(lines * log n) for each pair, ``put_agent`` and
``put_request`` O(lines * log n); besides, for each pair, those at the head of a line whom every free agent of that
line is refused to. A line that is new costs one look at each agent; presence that changes, one at those who name the
agent.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from sortedcontainers import SortedList

from interpreter_queue import policy, strategies
from interpreter_queue.config import QueueConfig
from interpreter_queue.kinds import Kinds, Outlook
from interpreter_queue.model import REHEARSAL_SKILL, Agent, AgentRecord, Request, RequestRecord, Target
from interpreter_queue.policy import Match, Place

LINES_KEPT = 256  # beyond, lines in which nobody waits are forgotten
LineKey = tuple[object, ...]
FreeKey = tuple[int, float, float, str]  # minus the preferred skills met, then the strategy's rank


@dataclass(eq=False)
class Line:
    """
    :param target: what its requests ask for; names nobody. :param sample: one of the requests, for what they share.
    :param waiting: places at time 0, sorted. :param free: sorted, the best agent first.
    :param is_settled: found to hold no pair since somebody last came.
    """

    target: Target
    sample: Request
    waiting: SortedList[Place] = field(default_factory=SortedList)
    free: SortedList[FreeKey] = field(default_factory=SortedList)
    is_settled: bool = False

    def fits(self, agent: Agent) -> bool:
        is_same_world = (REHEARSAL_SKILL in agent.skills) == self.sample.rehearsal
        return is_same_world and policy.serving_trade(agent, self.target) is not None

    def free_key(self, agent: AgentRecord) -> FreeKey:
        rank = strategies.STRATEGIES[self.sample.strategy](agent)
        return (-policy.preferred_met(agent.agent, self.sample), *rank)


@dataclass(eq=False)
class Waiting:
    """
    :param place: at time 0: orders requests of the same weight.
    :param excluded: agents who refused or declined.
    :param stands_in: the lists that hold its place.
    :param opens_at: the time in the heap at which its next target opens. :param is_taken: given out in a match.
    """

    record: RequestRecord
    place: Place
    excluded: frozenset[str]
    stands_in: list[SortedList[Place]] = field(default_factory=list)
    opens_at: float | None = None
    is_taken: bool = False


class Matching:
    """
    Told of every record as it changes, in any order; asked who is to be alerted for whom.

    ``scanned`` counts the entries looked at to find pairs: what the promised cost is tested by.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.scanned = 0
        self._lines: dict[LineKey, Line] = {}
        self._kinds = Kinds()
        self._agents: dict[str, AgentRecord] = {}
        self._fits: dict[str, list[Line]] = {}  # by agent: the lines they may serve
        self._free: dict[str, list[tuple[Line, FreeKey]]] = {}  # by free agent: where they stand
        self._waiting: dict[str, Waiting] = {}  # queued, by call
        self._naming: dict[str, set[str]] = {}  # by agent: the queued calls that name them, open or not
        self._named: dict[str, dict[float, SortedList[Place]]] = {}  # by agent and weight: the open ones of these
        self._called: set[str] = set()  # free agents who may be named by somebody in ``_named``
        self._opening: list[tuple[float, str]] = []  # heap: when a call's next target may open

    # What has changed

    def put_agent(self, record: AgentRecord) -> None:
        """New or changed, in any state: only who is idle is alerted, who is at work counts as serving."""
        agent_id, old = record.agent_id, self._agents.get(record.agent_id)
        self._unfree(agent_id)
        self._agents[agent_id] = record
        is_other = old is None or old.agent != record.agent
        if is_other:
            self._fits[agent_id] = [line for line in self._lines.values() if line.fits(record.agent)]
        self._kinds.put_agent(record)
        if is_other or old is None or (old.state in policy.WORKING) != (record.state in policy.WORKING):
            self._arrange_all(self._naming.get(agent_id, ()))
        if record.state == "idle":
            self._free[agent_id] = [(line, line.free_key(record)) for line in self._fits[agent_id]]
            for line, key in self._free[agent_id]:
                line.free.add(key)
                line.is_settled = False
            if agent_id in self._named:
                self._called.add(agent_id)

    def drop_agent(self, agent_id: str) -> None:
        """Signed out. Unknown: nothing."""
        if self._agents.pop(agent_id, None) is None:
            return
        self._unfree(agent_id)
        del self._fits[agent_id]
        self._kinds.drop_agent(agent_id)
        self._arrange_all(self._naming.get(agent_id, ()))

    def put_request(self, record: RequestRecord) -> None:
        """New or changed: queued ones are matched, alerting ones keep their place in line, assigned ones leave."""
        call_id = record.call_id
        self._forget(call_id)
        self._kinds.put_request(record)
        if record.state == "queued":
            self._waiting[call_id] = Waiting(record, policy.place_at_zero(record), policy.excluded(record))
            for agent_id in _persons(record.request):
                self._naming.setdefault(agent_id, set()).add(call_id)
            self._arrange(call_id)

    def drop_request(self, call_id: str) -> None:
        """Cancelled or over. Unknown: nothing."""
        self._forget(call_id)
        self._kinds.drop_request(call_id)

    def advance(self, now: float) -> None:
        """Open the targets that are due. :param now: Redis time, never less than before."""
        self.now = max(self.now, now)
        while self._opening and self._opening[0][0] <= self.now:
            due, call_id = heapq.heappop(self._opening)
            waiting = self._waiting.get(call_id)
            if waiting is not None and waiting.opens_at == due:
                waiting.opens_at = None
                self._arrange(call_id)

    def next_change(self, now: float) -> float | None:
        """When a target opens next, after ``now``: ``matches`` may find more from then on."""
        self.advance(now)
        return self._opening[0][0] if self._opening else None

    # What is asked

    def matches(self, now: float, limit: int) -> list[Match]:
        """
        Up to ``limit`` pairs to alert now, the first in line first.

        Both sides of each pair are taken out, and found by no further call until they are put again: as they were
        committed, or by :meth:`put_back`.
        """
        self.advance(now)
        found: list[Match] = []
        while len(found) < limit:
            call_id = self._first()
            if call_id is None:
                break
            match = self._choose(self._waiting[call_id])
            self._unfree(match.agent_id)
            self._waiting[call_id].is_taken = True
            self._leave_lists(self._waiting[call_id])
            found.append(match)
        return found

    def put_back(self, match: Match) -> None:
        """Nothing came of it (the commit was lost): both sides as they were last put."""
        agent, waiting = self._agents.get(match.agent_id), self._waiting.get(match.call_id)
        if agent is not None:
            self.put_agent(agent)
        if waiting is not None:
            waiting.is_taken = False
            self._arrange(match.call_id)

    def ahead(self, call_id: str, now: float) -> int:
        """How many are before this call in line, of those whom the same agents serve; 0 when it does not wait."""
        outlook = self._kinds.outlook(call_id, now)
        return outlook.ahead if outlook else 0

    def outlook(self, call_id: str, now: float) -> Outlook | None:
        """What the expected wait depends on (``estimate``); None: the call does not wait."""
        return self._kinds.outlook(call_id, now)

    def waiting_for(self, agent_id: str) -> int:
        """How many wait whom this agent could serve; who refused or names somebody else is not looked at."""
        return self._kinds.waiting_for(agent_id)

    def room_limit(self, request: Request, config: QueueConfig) -> int | None:
        """
        Whether one more request finds room.

        :returns: the limit that is reached: of those who compete with it, of its brand or of its queue; None: room.
        """
        return self._kinds.room_limit(request, config)

    # The next pair

    def _first(self) -> str | None:
        """The first in line of those for whom somebody is free."""
        best: Place | None = None
        for line in self._lines.values():
            if not line.waiting or not line.free or line.is_settled:
                continue
            place = self._head(line)
            line.is_settled = place is None
            best = self._sooner(best, place, line.sample.weight)
        for agent_id in self._called:
            for weight, places in self._named[agent_id].items():
                self.scanned += 1
                best = self._sooner(best, places[0] if places else None, weight)
        return best[-1] if best else None

    def _sooner(self, best: Place | None, place: Place | None, weight: float) -> Place | None:
        """:param best: as of now. :param place: at time 0."""
        if place is None:
            return best
        now = policy.at(place, weight, self.now)
        return now if best is None or now < best else best

    def _head(self, line: Line) -> Place | None:
        place: Place
        for place in line.waiting:
            self.scanned += 1
            if self._free_in(line, self._waiting[place[-1]].excluded) is not None:
                return place
        return None

    def _free_in(self, line: Line, excluded: frozenset[str]) -> str | None:
        key: FreeKey
        for key in line.free:
            self.scanned += 1
            if key[-1] not in excluded:
                return key[-1]
        return None

    def _choose(self, waiting: Waiting) -> Match:
        """The best free agent by the first target that has any; an open one has, or the call stood at no head."""
        request = waiting.record.request
        for target in request.targets:
            agent_id = self._best(target, waiting)
            trade = policy.serving_trade(self._agents[agent_id].agent, target) if agent_id else None
            if agent_id and trade:
                return Match(request.call_id, agent_id, trade)
        raise LookupError("somebody is free for a request that stands at the head of a line")

    def _best(self, target: Target, waiting: Waiting) -> str | None:
        request = waiting.record.request
        if not target.agents:
            return self._free_in(self._lines[_line_key(request, target)], waiting.excluded)
        free = [self._agents[one] for one in target.agents if one in self._free and self._serves(one, target, waiting)]
        return min(free, key=Line(target, request).free_key).agent_id if free else None

    def _serves(self, agent_id: str, target: Target, waiting: Waiting) -> bool:
        agent = self._agents.get(agent_id)
        if agent is None or policy.is_excluded(agent, waiting.record):
            return False
        return policy.serving_trade(agent.agent, target) is not None

    # Keeping order

    def _unfree(self, agent_id: str) -> None:
        self._called.discard(agent_id)
        for line, key in self._free.pop(agent_id, ()):
            line.free.remove(key)

    def _forget(self, call_id: str) -> None:
        waiting = self._waiting.pop(call_id, None)
        if waiting is None:
            return
        self._leave_lists(waiting)
        for agent_id in _persons(waiting.record.request):
            naming = self._naming[agent_id]
            naming.discard(call_id)
            if not naming:
                del self._naming[agent_id]
                self._named.pop(agent_id, None)
                self._called.discard(agent_id)

    def _leave_lists(self, waiting: Waiting) -> None:
        for places in waiting.stands_in:
            places.remove(waiting.place)
        waiting.stands_in.clear()

    def _arrange_all(self, call_ids: Iterable[str]) -> None:
        for call_id in tuple(call_ids):
            self._arrange(call_id)

    def _arrange(self, call_id: str) -> None:
        """Where a queued call stands: in a list for each of its open targets."""
        waiting = self._waiting.get(call_id)
        if waiting is None or waiting.is_taken:
            return
        self._leave_lists(waiting)
        record = waiting.record
        opened = policy.open_targets(record, self._agents, self.now)
        for target in record.request.targets[:opened]:
            for places in self._lists(target, waiting):
                places.add(waiting.place)
                waiting.stands_in.append(places)
        if opened < len(record.request.targets):
            due = record.enqueued_at + record.request.targets[opened].after_s
            if waiting.opens_at != due:
                waiting.opens_at = due
                heapq.heappush(self._opening, (due, call_id))

    def _lists(self, target: Target, waiting: Waiting) -> list[SortedList[Place]]:
        """In which the call is found by this target."""
        request = waiting.record.request
        if not target.agents:
            line = self._line(target, request)
            line.is_settled = False
            return [line.waiting]
        serving = [agent_id for agent_id in target.agents if self._serves(agent_id, target, waiting)]
        self._called.update(agent_id for agent_id in serving if agent_id in self._free)
        return [self._named.setdefault(agent_id, {}).setdefault(request.weight, SortedList()) for agent_id in serving]

    def _line(self, target: Target, request: Request) -> Line:
        key = _line_key(request, target)
        if key not in self._lines:
            if len(self._lines) >= LINES_KEPT:
                self._forget_unused_lines()
            line = self._lines[key] = Line(target, request)
            for agent in self._agents.values():
                if line.fits(agent.agent):
                    self._join(line, agent)
        return self._lines[key]

    def _join(self, line: Line, agent: AgentRecord) -> None:
        """A line that is new to this agent."""
        self._fits[agent.agent_id].append(line)
        if agent.agent_id in self._free:
            key = line.free_key(agent)
            self._free[agent.agent_id].append((line, key))
            line.free.add(key)

    def _forget_unused_lines(self) -> None:
        self._lines = {key: line for key, line in self._lines.items() if line.waiting}
        for agent_id, fits in self._fits.items():
            self._fits[agent_id] = [line for line in fits if line.waiting]
        for agent_id, stands in self._free.items():
            self._free[agent_id] = [(line, key) for line, key in stands if line.waiting]


def _persons(request: Request) -> frozenset[str]:
    return frozenset(agent_id for target in request.targets for agent_id in target.agents)


def _line_key(request: Request, target: Target) -> LineKey:
    skills, preferred = frozenset(target.skills.items()), frozenset(request.preferred.items())
    return (target.trades, skills, preferred, request.weight, request.strategy, request.rehearsal)
