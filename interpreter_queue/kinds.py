"""
Who waits before whom, counted: places in line, what the expected wait depends on, and room. Pure.

Requests of one *kind* (same queue, brand, weight and targets) are served by the same agents in a fixed order, so that
a place among them is a bisection. Two kinds compete when somebody at work could serve both (while nobody is at work:
when they ask for the same trades): only then do the requests of the one count as ahead in the other. Nothing here
costs more than O(kinds * log n), n being those who wait; an agent who comes to work or leaves it costs
O(kinds that they serve, squared).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sortedcontainers import SortedList

from interpreter_queue import policy
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import REHEARSAL_SKILL, Agent, AgentRecord, Request, RequestRecord, Target
from interpreter_queue.policy import Place

KINDS_KEPT = 256  # beyond, kinds of which nobody waits are forgotten
FREE_SOON = ("idle", "alerting")  # without a call yet
KindKey = tuple[object, ...]


@dataclass(frozen=True)
class Outlook:
    """
    What a request's expected wait depends on.

    :param ahead: requests before it that compete with it. :param drawn: those of them whom the same agents serve,
        each kind counted by the share of its agents who could serve this request as well.
    :param working: agents at work who may serve it, silent refusals apart. :param free: those of them without a call.
    """

    ahead: int
    drawn: float
    working: int
    free: int


@dataclass(eq=False)
class Kind:
    """
    :param targets: that name nobody; of a request all of whose targets name persons: all of them.
    :param places: of its requests at time 0, sorted. :param shared: agents at work who may serve another kind too.
    """

    sample: Request
    targets: tuple[Target, ...]
    places: SortedList[Place] = field(default_factory=SortedList)
    working: int = 0
    free: int = 0
    shared: dict["Kind", int] = field(default_factory=dict)

    def fits(self, agent: Agent) -> bool:
        return _may_serve(agent, self.sample, self.targets)

    def before(self, place: Place, weight: float, now: float) -> int:
        """How many of these are before somebody else. :param place: at time 0, of a request of that weight."""
        gained = (weight - self.sample.weight) * now
        return int(self.places.bisect_left((place[0], place[1] - gained, *place[2:])))


@dataclass(frozen=True)
class Entry:
    record: RequestRecord
    place: Place
    kind: Kind


class Kinds:
    def __init__(self) -> None:
        self._kinds: dict[KindKey, Kind] = {}
        self._entries: dict[str, Entry] = {}  # queued and alerting, by call
        self._agents: dict[str, AgentRecord] = {}
        self._fits: dict[str, list[Kind]] = {}  # by agent
        self._counted: dict[str, tuple[bool, bool]] = {}  # by agent: at work, free

    def put_agent(self, record: AgentRecord) -> None:
        agent_id, old = record.agent_id, self._agents.get(record.agent_id)
        if old is None or old.agent != record.agent:
            self._count(agent_id, working=False, free=False)
            self._fits[agent_id] = [kind for kind in self._kinds.values() if kind.fits(record.agent)]
        self._agents[agent_id] = record
        self._count(agent_id, working=record.state in policy.WORKING, free=record.state in FREE_SOON)

    def drop_agent(self, agent_id: str) -> None:
        if agent_id in self._agents:
            self._count(agent_id, working=False, free=False)
            del self._agents[agent_id], self._fits[agent_id], self._counted[agent_id]

    def put_request(self, record: RequestRecord) -> None:
        """Queued or alerting; a call that is assigned waits no more."""
        if record.state == "assigned":
            self.drop_request(record.call_id)
            return
        old, kind, place = self._entries.get(record.call_id), self._kind(record.request), policy.place_at_zero(record)
        if old is None or old.kind is not kind or old.place != place:
            self.drop_request(record.call_id)
            kind.places.add(place)
        self._entries[record.call_id] = Entry(record, place, kind)

    def drop_request(self, call_id: str) -> None:
        entry = self._entries.pop(call_id, None)
        if entry:
            entry.kind.places.remove(entry.place)

    def outlook(self, call_id: str, now: float) -> Outlook | None:
        entry = self._entries.get(call_id)
        if entry is None:
            return None
        kind, ahead, drawn = entry.kind, 0, 0.0
        for other, share in self._rivals(kind):
            before = other.before(entry.place, entry.record.request.weight, now)
            ahead += before
            drawn += before * share
        more = self._named_besides(entry)
        return Outlook(ahead, drawn, kind.working + len(more), kind.free + sum(self._is_free(one) for one in more))

    def _rivals(self, kind: Kind) -> Iterable[tuple[Kind, float]]:
        """
        Kinds that compete with this one, itself included, with the share of their agents who could serve this one.

        While nobody is at work for it: those who ask for the same trades; places do not jump when the first one comes.
        """
        if kind.working:
            return [(other, both / other.working) for other, both in kind.shared.items()]
        return [(other, 1.0) for other in self._kinds.values() if policy.compete(other.sample, kind.sample)]

    def _named_besides(self, entry: Entry) -> list[str]:
        """
        Agents at work who may serve this request but not its kind: persons whom it names.

        Whoever refused or declined it counts as if they had not: a wait that told of them would tell on them.
        """
        named = {agent_id for target in entry.record.request.targets for agent_id in target.agents}
        more = [one for one in named if self._is_at_work(one) and not self._serves(one, entry.kind)]
        request = entry.record.request
        return [one for one in more if _may_serve(self._agents[one].agent, request, request.targets)]

    def _is_at_work(self, agent_id: str) -> bool:
        return self._counted.get(agent_id, (False, False))[0]

    def _is_free(self, agent_id: str) -> bool:
        return self._counted[agent_id][1]

    def _serves(self, agent_id: str, kind: Kind) -> bool:
        return any(one is kind for one in self._fits[agent_id])

    def waiting_for(self, agent_id: str) -> int:
        """How many wait (queued or alerting) of the kinds that this agent serves."""
        return _waiting(self._fits.get(agent_id, ()))

    def room_limit(self, request: Request, config: QueueConfig) -> int | None:
        """As ``Matching.room_limit``."""
        rivals = [kind for kind in self._kinds.values() if policy.compete(kind.sample, request)]
        if _waiting(rivals) >= config.max_waiting:
            return config.max_waiting
        of_brand = [kind for kind in rivals if kind.sample.brand == request.brand]
        if request.brand is not None and _waiting(of_brand) >= config.max_waiting_per_brand:
            return config.max_waiting_per_brand
        of_queue = [kind for kind in rivals if kind.sample.queue == request.queue]
        full = request.room is not None and _waiting(of_queue) >= request.room
        return request.room if full else None

    # Counting

    def _count(self, agent_id: str, *, working: bool, free: bool) -> None:
        was_working, was_free = self._counted.get(agent_id, (False, False))
        self._counted[agent_id] = (working, free)
        fits = self._fits.get(agent_id, ())
        for kind in fits:
            kind.free += free - was_free
        if working != was_working:
            for kind in fits:
                kind.working += working - was_working
                _share(kind, fits, working - was_working)

    def _kind(self, request: Request) -> Kind:
        anybody = tuple(target for target in request.targets if not target.agents)
        targets = anybody or request.targets
        key = _key(request, targets)
        if key not in self._kinds:
            if len(self._kinds) >= KINDS_KEPT:
                self._forget_unused()
            self._kinds[key] = self._counted_in(Kind(request, targets))
        return self._kinds[key]

    def _counted_in(self, kind: Kind) -> Kind:
        """A new kind, with the agents who serve it."""
        named = {agent_id for target in kind.targets for agent_id in target.agents}
        for agent_id in named or self._agents:
            agent = self._agents.get(agent_id)
            if agent is None or not kind.fits(agent.agent):
                continue
            self._fits[agent_id].append(kind)
            working, free = self._counted[agent_id]
            kind.free += free
            if working:
                kind.working += 1
                _share(kind, self._fits[agent_id], 1)
                for other in self._fits[agent_id]:
                    if other is not kind:
                        _share(other, [kind], 1)
        return kind

    def _forget_unused(self) -> None:
        self._kinds = {key: kind for key, kind in self._kinds.items() if kind.places}
        for agent_id, fits in self._fits.items():
            self._fits[agent_id] = [kind for kind in fits if kind.places]
        for kind in self._kinds.values():
            kind.shared = {other: both for other, both in kind.shared.items() if other.places}


def _may_serve(agent: Agent, request: Request, targets: Iterable[Target]) -> bool:
    is_same_world = (REHEARSAL_SKILL in agent.skills) == request.rehearsal
    return is_same_world and any(policy.serving_trade(agent, target) for target in targets)


def _share(kind: Kind, others: Iterable[Kind], change: int) -> None:
    for other in others:
        both = kind.shared.get(other, 0) + change
        if both:
            kind.shared[other] = both
        else:
            kind.shared.pop(other, None)


def _waiting(kinds: Iterable[Kind]) -> int:
    return sum(len(kind.places) for kind in kinds)


def _key(request: Request, targets: Iterable[Target]) -> KindKey:
    asked = tuple((target.trades, frozenset(target.skills.items()), target.agents) for target in targets)
    return (request.queue, request.brand, request.rehearsal, request.weight, request.trades, asked)
