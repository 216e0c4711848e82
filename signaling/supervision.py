"""
What a supervisor may do besides looking: presence, moves, words, thresholds, asking to join a direct call.

Every act is in the audit log before its answer; words are kept until they are read, and in no record.
Nothing here reaches a relay call: a waiting one can be moved in its line, by a name that only the board knows.
"""

import time
from collections.abc import Callable

from interpreter_queue import policy
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import UnknownAgentError
from interpreter_queue.model import (
    PRIORITY_EMERGENCY,
    REHEARSAL_SKILL,
    AgentRecord,
    Presence,
    QueueSnapshot,
    Request,
    RequestRecord,
    Target,
)
from signaling.audit import Act, Acted
from signaling.board import Known, handle, kind_of, mode_of, whole_call
from signaling.call_events import SupervisorAsks
from signaling.call_offers import may_be_joined
from signaling.call_runner import CallRunner
from signaling.messages.board import (
    Audit,
    AuditList,
    BoardThresholds,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.page_errors import PageError
from signaling.queue_rules import is_queue
from signaling.rate_limit import Rate, TokenBuckets
from signaling.records import Records
from signaling.sessions import Page
from signaling.staff_words import StaffWords

#: Of a request that a supervisor put to the head: before resumed calls, behind emergencies, always.
PRIORITY_HEAD = 60
#: How long a request that was given to one agent waits for that one alone, while at work.
ONE_AGENT_S = 60.0
ACTS = Rate(burst=30, period_s=60.0)  # of one supervisor: more than hands do, less than a program would


class Supervision:
    """
    :param runner: of a call that this process owns.
    :param known: what the board knows now (``BoardDesk.known``).
    :param changed: something that boards show was changed here.
    """

    def __init__(
        self,
        queue: InterpreterQueue,
        words: StaffWords,
        records: Records,
        *,
        runner: Callable[[str], CallRunner | None],
        known: Callable[[], Known],
        changed: Callable[[], None],
    ) -> None:
        self.words = words
        self._queue, self._records = queue, records
        self._runner, self._known, self._changed = runner, known, changed
        self._buckets = TokenBuckets(ACTS)

    async def agent(self, page: Page, message: SuperviseAgent) -> None:
        """:raises PageError: nobody of that id is signed in."""
        self._take(page)
        record = _agent(self._queue.board(), message.agent_id)
        await self._write(page, "presence", agent_id=record.agent_id, detail=message.presence)
        try:
            await self._queue.set_presence(record.agent_id, message.presence, message.reason)
        except UnknownAgentError:
            raise PageError("unknown_agent") from None
        person = await self._records.people.by_id(record.agent_id)
        french, english = _PRESENCE_WORDS[message.presence]
        await self.words.tell(record.agent_id, english if person is not None and person.locale == "en" else french)

    async def move(self, page: Page, message: SuperviseMove) -> None:
        """:raises PageError: it no longer waits, that agent or queue cannot serve it, or it is an emergency."""
        self._take(page)
        snapshot, known = self._queue.board(), self._known()
        record = _waiting(snapshot, message.call_id, known.secret)
        wanted = moved(record, message, known, snapshot)
        queue = None if message.agent_id else wanted.queue
        await self._write(page, "move", agent_id=message.agent_id, subject=queue, detail=move_code(message))
        if not await self._queue.reroute(wanted):
            raise PageError("lost")
        self._changed()

    async def say(self, page: Page, message: SuperviseSay) -> None:
        """:raises PageError: nobody of that id is signed in, or there are no words."""
        self._take(page)
        text = message.text.strip()
        if not text:
            raise PageError("invalid")
        snapshot = self._queue.board()
        everybody = [agent for agent in snapshot.agents if _is_there(agent)]
        to = everybody if message.agent_id is None else [_agent(snapshot, message.agent_id)]
        detail = "all" if message.agent_id is None else None
        await self._write(page, "say", agent_id=message.agent_id, detail=detail)
        for agent in to:
            await self.words.tell(agent.agent_id, text)

    async def thresholds(self, page: Page, message: SuperviseThresholds) -> None:
        """:raises PageError: there is no queue of that name."""
        self._take(page)
        brands = frozenset(brand.slug for brand in await self._records.brands.all())
        if mode_of(message.queue) is None or not is_queue(message.queue, brands):
            raise PageError("unknown_queue")
        wanted = BoardThresholds(
            waiting=message.waiting, longest_wait_s=message.longest_wait_s, service_level=message.service_level
        )
        await self._records.board.set_thresholds(message.queue, wanted)
        await self._write(page, "thresholds", subject=message.queue)
        self._changed()

    async def join(self, page: Page, message: SuperviseJoin) -> None:
        """
        Asked of everybody in the call, who see it; at the process that owns the call.

        :raises PageError: no direct call of that id that may be joined: a relay call is none, whoever knows its id.
        """
        self._take(page)
        runner, who = self._runner(message.call_id), page.identity
        if runner is None or runner.call.kind != "direct" or runner.call.rehearsal:
            raise PageError("unknown_call")
        if not may_be_joined(runner.call):
            raise PageError("not_joinable")
        runner.submit(SupervisorAsks(who.key, who.name))

    async def audit(self, page: Page, message: AuditList) -> None:
        entries, has_more = await self._records.audit.latest(message.before)
        page.send(Audit(entries=entries, has_more=has_more))

    def _take(self, page: Page) -> None:
        """:raises PageError: too many acts at once."""
        if self._buckets.take(page.identity.key, time.monotonic()):
            raise PageError("rate_limited")

    async def _write(
        self, page: Page, act: Act, agent_id: str | None = None, subject: str | None = None, detail: str | None = None
    ) -> None:
        await self._records.audit.add(Acted(page.identity.key, act, time.time(), agent_id, subject, detail))


_PRESENCE_WORDS: dict[Presence, tuple[str, str]] = {
    "available": ("La supervision vous a mis disponible.", "Supervision has set you available."),
    "paused": ("La supervision vous a mis en pause.", "Supervision has set you on break."),
    "training": ("La supervision vous a mis en formation.", "Supervision has set you in training."),
    "offline": ("La supervision vous a mis hors ligne.", "Supervision has set you offline."),
}


def _is_there(agent: AgentRecord) -> bool:
    """Signed in, and no rehearsal's."""
    return agent.state != "offline" and REHEARSAL_SKILL not in agent.agent.skills


def _agent(snapshot: QueueSnapshot, agent_id: str) -> AgentRecord:
    """:raises PageError: nobody of that id is signed in; a rehearsal's agent is nobody."""
    for agent in snapshot.agents:
        if agent.agent_id == agent_id and _is_there(agent):
            return agent
    raise PageError("unknown_agent")


def _waiting(snapshot: QueueSnapshot, name: str, secret: str) -> RequestRecord:
    """:param name: of the request on the board (``board.handle``). :raises PageError: it no longer waits."""
    for entry in snapshot.waiting:
        if not entry.record.request.rehearsal and handle(secret, entry.record.call_id) == name:
            return entry.record
    raise PageError("lost")


def move_code(message: SuperviseMove) -> str:
    return "head" if message.head else "agent" if message.agent_id else "queue"


def moved(record: RequestRecord, message: SuperviseMove, known: Known, snapshot: QueueSnapshot) -> Request:
    """
    The request, worded anew. It keeps its place; at the head it is ahead of everybody but emergencies.

    :raises PageError: ``not_qualified``, ``unknown_agent``, ``unknown_queue``, ``out_of_place``.
    """
    chosen = sum((message.head, message.queue is not None, message.agent_id is not None))
    is_beside = whole_call(record.call_id) != record.call_id  # whom an agent wants beside them, the agent chooses
    if chosen != 1 or record.request.priority >= PRIORITY_EMERGENCY or (is_beside and not message.head):
        raise PageError("out_of_place")
    if message.agent_id is not None:
        return to_agent(record, _agent(snapshot, message.agent_id))
    if message.queue is not None:
        return to_queue(record, message.queue, known)
    return record.request.model_copy(update={"priority": max(record.request.priority, PRIORITY_HEAD)})


def to_agent(record: RequestRecord, agent: AgentRecord) -> Request:
    """This agent first, for a while; then whoever could serve it before. Trades and skills stay requirements."""
    first = next((t for t in record.request.targets if policy.serving_trade(agent.agent, _anybody(t))), None)
    if first is None or policy.is_excluded(agent, record):
        raise PageError("not_qualified")
    alone = first.model_copy(update={"after_s": 0.0, "agents": (agent.agent_id,)})
    others = (t.model_copy(update={"after_s": t.after_s + ONE_AGENT_S}) for t in record.request.targets)
    return record.request.model_copy(update={"targets": (alone, *others)[:10]})


def to_queue(record: RequestRecord, queue: str, known: Known) -> Request:
    """
    Whoever serves that queue serves this request. Of one kind and one mode alone: the mode is the signer's choice, and
    an adviser does not interpret.
    """
    there = known.queues.get(queue)
    if there is None:
        raise PageError("unknown_queue")
    is_relay = there.brand_name is None
    if is_relay != (kind_of(record) == "relay") or mode_of(queue) != mode_of(record.request.queue):
        raise PageError("not_qualified")
    return record.request.model_copy(update={"queue": queue, "targets": there.targets})


def _anybody(target: Target) -> Target:
    return target.model_copy(update={"agents": ()})
