"""
The agents' side of this process: presence, alerts, wrap-up; and the queue's events brought to calls and pages.

Decides nothing about who serves whom: that is the queue's.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from interpreter_queue import model as queue_model
from interpreter_queue.config import QueueConfig
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import QueueError, UnknownAgentError
from interpreter_queue.policy import break_state
from signaling.call_desk import CallDesk
from signaling.call_events import AlertEnded, Alerting, PageWent, QueueGaveUp
from signaling.call_model import Call, call_of
from signaling.call_runner import CallRunner
from signaling.call_view import alert
from signaling.identity import Identity
from signaling.messages import AnyServerMessage
from signaling.messages.records import ContactKnown
from signaling.messages.serving import (
    AgentView,
    AssignmentAccept,
    AssignmentDecline,
    BreakAdvice,
    Load,
    PauseAfterCall,
    PresenceSet,
)
from signaling.messages.serving import AlertEnded as AlertEndedMessage
from signaling.metrics import Metrics
from signaling.page_errors import PageError
from signaling.queue_requests import given_to
from signaling.sessions import Hub, PageSession

DEFAULTS = QueueConfig()
PAGE_GRACE_S = 3.0  # a reload takes one or two
LINE_S = 0.5  # at most so often is the line looked at
FIGURES_S = 2.0  # at most so often is everybody looked at, for the metrics
KEEP_S = 4.0  # well below the agents' lease in the queue
log = logging.getLogger(__name__)


class Floor:
    """
    :param config: the queue's.
    :param contact: asked when an agent is assigned: what they should know about who calls (direct calls).
    :param today: sends an agent's page the calls of the day.
    """

    def __init__(
        self,
        queue: InterpreterQueue,
        hub: Hub,
        desk: CallDesk,
        metrics: Metrics,
        *,
        config: QueueConfig = DEFAULTS,
        contact: Callable[[Call], Awaitable[ContactKnown | None]],
        today: Callable[[PageSession], Awaitable[None]],
    ) -> None:
        self._queue, self._hub, self._desk, self._metrics = queue, hub, desk, metrics
        self._config, self._contact, self._today = config, contact, today
        self._advised: dict[str, BreakAdvice] = {}
        self._line_changed = asyncio.Event()
        self._figures_at = 0.0
        self._waiting: dict[str, int] = {}

    # --- the agent's page

    async def came(self, session: PageSession) -> None:
        """Sign the agent in (paused until declared available), or find the agent where they were."""
        who = session.identity
        await self._queue.sign_in(_agent(who))
        record = await self._queue.agent(who.key)
        if record is not None:
            session.send(self._view(record))
            self._alert_again(record)

    async def came_elsewhere(self, agent_id: str) -> None:
        """The agent's page is at another process; a call that alerts them may be owned here."""
        with contextlib.suppress(QueueError):
            record = await self._queue.agent(agent_id)
            if record is not None:
                self._alert_again(record)

    async def went(self, session: PageSession) -> None:
        """
        The page is gone. An agent who is not in a call and does not come back soon is signed out, rather than alerted
        until the queue's lease runs out; one who is in a call is waited for by the call.
        """
        agent_id = session.identity.key
        await asyncio.sleep(PAGE_GRACE_S)
        if self._hub.is_present("agent", agent_id):
            return
        with contextlib.suppress(QueueError):
            record = await self._queue.agent(agent_id)
            if record is not None and record.state not in (*queue_model.IN_CALL, "offline"):
                await self._queue.sign_out(agent_id)

    async def presence(self, session: PageSession, message: PresenceSet) -> None:
        who = session.identity
        try:
            await self._queue.set_presence(who.key, message.presence, message.reason)
        except UnknownAgentError:
            await self._queue.sign_in(_agent(who))
            await self._queue.set_presence(who.key, message.presence, message.reason)

    async def pause_after_call(self, session: PageSession, message: PauseAfterCall) -> None:
        """With a reason or, with one key, the hard call that asks for none."""
        await self._queue.set_pause_after_call(session.identity.key, message.enabled, message.reason)

    async def accept(self, session: PageSession, message: AssignmentAccept) -> None:
        """:raises PageError: ``lost``: too late, cancelled, or another was faster."""
        assignment = await self._queue.accept(session.identity.key, message.assignment_id)
        if assignment is None:
            session.send(AlertEndedMessage(assignment_id=message.assignment_id, reason="lost"))
            raise PageError("lost")

    async def decline(self, session: PageSession, message: AssignmentDecline) -> None:
        if not await self._queue.decline(session.identity.key, message.assignment_id, message.reason):
            session.send(AlertEndedMessage(assignment_id=message.assignment_id, reason="lost"))

    async def extend_wrap_up(self, session: PageSession) -> None:
        if await self._queue.extend_wrap_up(session.identity.key) is None:
            raise PageError("nothing_to_extend")

    async def finish_wrap_up(self, session: PageSession) -> None:
        await self._queue.finish_wrap_up(session.identity.key)

    # --- the queue's events

    async def listen(self) -> None:
        """Bring the queue's events to calls and pages until cancelled."""
        async for event in self._queue.events():
            if not isinstance(event, (queue_model.Position, queue_model.AgentChanged)):
                self._line_changed.set()
            try:
                await self._handle(event)
            except QueueError as error:
                log.warning("queue event not followed: %s", error.code)
            except Exception:
                log.exception("queue event failed")

    async def _handle(self, event: queue_model.Event) -> None:
        match event:
            case queue_model.Queued() | queue_model.Position():
                self._desk.place_in_line(event)
            case queue_model.Alerting():
                self._desk.submit(event.call_id, Alerting(event.call_id))
                self._alert(event)
            case queue_model.AlertEnded():
                self._desk.submit(event.call_id, AlertEnded(event.call_id))
                ended = AlertEndedMessage(
                    assignment_id=event.assignment_id,
                    reason="cancelled" if event.reason in ("agent_gone", "rerouted") else event.reason,
                )
                self._tell(event.call_id, event.agent_id, ended)
            case queue_model.Assigned(call_id=call_id, assignment=assignment):
                accepted = AlertEndedMessage(assignment_id=assignment.assignment_id, reason="accepted")
                self._tell(call_id, assignment.agent_id, accepted)
                agent_id = assignment.agent_id
                known = self._queue.known_agent(agent_id)
                runner = self._desk.submit(call_id, given_to(call_id, assignment, known, self._name(agent_id)))
                if runner is not None:
                    await self._introduce(runner, agent_id)
            case queue_model.Cancelled(call_id=call_id, reason=reason):
                if reason != "left":
                    self._desk.submit(call_id, QueueGaveUp(call_id))
            case queue_model.AgentChanged():
                await self._tell_agent(event.agent_id)
            case queue_model.Resynced():
                await self._resync()
            case _:
                pass

    def _tell(self, call_id: str, agent_id: str, message: AnyServerMessage) -> None:
        """
        Every process hears of every alert. The call's owner tells the agent, so that an alert and its end keep their
        order; of a call that has no owner now, the process with the page does.
        """
        call_id = call_of(call_id)
        if self._desk.runner(call_id) is not None:
            self._hub.send("agent", agent_id, message)
        elif not self._desk.is_owned_elsewhere(call_id):
            self._hub.send_here("agent", agent_id, message)

    def _alert(self, event: queue_model.Alerting) -> None:
        runner = self._desk.runner(call_of(event.call_id))
        if runner is None:
            return
        left_s = max(0.0, event.assignment.expires_at - event.now)
        shown = alert(runner.call, event.call_id, event.assignment, time.time() + left_s)
        self._hub.send("agent", event.assignment.agent_id, shown)

    def _alert_again(self, record: queue_model.AgentRecord) -> None:
        """A page that comes back in the middle of its alert sees it again."""
        if record.state == "alerting" and record.assignment is not None and record.call_id is not None:
            self._alert(queue_model.Alerting(call_id=record.call_id, assignment=record.assignment, now=time.time()))

    async def _introduce(self, runner: CallRunner, agent_id: str) -> None:
        """An agent whose page went at the moment of accepting is waited for like any other who is lost."""
        party = runner.call.party_of("agent", agent_id)
        if party is not None and not self._hub.is_present("agent", agent_id):
            runner.submit(PageWent(party))
        known = await self._contact(runner.call)
        if known is not None:
            self._hub.send("agent", agent_id, known)

    async def _tell_agent(self, agent_id: str) -> None:
        session = self._hub.find("agent", agent_id)
        record = await self._queue.agent(agent_id) if session is not None else None
        if session is None or record is None:
            return
        session.send(self._view(record))
        if record.state in ("wrap_up", "idle", "paused"):  # a call may have ended
            await self._today(session)

    async def _resync(self) -> None:
        """Events may have been missed: compare what the queue holds with what the calls believe."""
        snapshot = await self._queue.snapshot()
        for record in snapshot.assigned:
            if record.assignment is not None:
                given = record.assignment
                known = self._queue.known_agent(given.agent_id)
                self._desk.submit(record.call_id, given_to(record.call_id, given, known))
        alerted = {entry.record.call_id for entry in snapshot.waiting if entry.record.state == "alerting"}
        for each in self._desk.request_ids():
            self._desk.submit(each, Alerting(each) if each in alerted else AlertEnded(each))
        for agent in snapshot.agents:
            self._hub.send_here("agent", agent.agent_id, self._view(agent))

    # --- regular duties

    async def keep(self) -> None:
        """Leases of the agents connected here and of the calls owned here; figures; until cancelled."""
        while True:
            with contextlib.suppress(QueueError):
                await self._keep_once()
            await asyncio.sleep(KEEP_S)

    async def _keep_once(self) -> None:
        sessions = {session.identity.key: session for session in self._hub.agents()}
        for agent_id in await self._queue.keep_alive(sessions):
            await self._queue.sign_in(_agent(sessions[agent_id].identity))
        for call_id in await self._queue.keep_calls(self._desk.request_ids()):
            self._desk.queue_forgot(call_id)
        self._desk.look_at_waits()
        self._advise_breaks()
        self._line_changed.set()

    def _advise_breaks(self) -> None:
        """Signing counts up while nothing else happens: who reaches a mark is told then."""
        here = {session.identity.key for session in self._hub.agents()}
        for agent_id in here:
            record = self._queue.known_agent(agent_id)
            if record is not None and self._view(record).break_advice != self._advised.get(agent_id, "none"):
                self._advised[agent_id] = self._view(record).break_advice
                self._hub.send_here("agent", agent_id, self._view(record))
        self._advised = {key: advice for key, advice in self._advised.items() if key in here}

    async def watch_line(self) -> None:
        """Tell each agent how many wait that they could serve, whenever that changes; until cancelled."""
        while True:
            await self._line_changed.wait()
            self._line_changed.clear()
            self._count()
            if time.monotonic() >= self._figures_at + FIGURES_S:
                self._figures_at = time.monotonic()
                self._metrics.queue(self._queue.board())
            await asyncio.sleep(LINE_S)

    def _count(self) -> None:
        here = {session.identity.key for session in self._hub.agents()}
        for agent_id in here:
            agent, count = self._queue.known_agent(agent_id), self._queue.waiting_for(agent_id)
            if agent is not None and self._waiting.get(agent_id) != count:
                self._waiting[agent_id] = count
                self._hub.send_here("agent", agent_id, self._view(agent))
        self._waiting = {key: count for key, count in self._waiting.items() if key in here}

    def _name(self, agent_id: str) -> str | None:
        """As colleagues call them; None: their page is at another process."""
        session = self._hub.find("agent", agent_id)
        return session.identity.name if session is not None else None

    def _view(self, record: queue_model.AgentRecord) -> AgentView:
        return agent_view(record, self._waiting.get(record.agent_id, 0), time.time(), self._config)


def agent_view(record: queue_model.AgentRecord, waiting: int, now: float, config: QueueConfig) -> AgentView:
    """
    What an agent sees of their own place and shift. Pure.

    :param waiting: requests that this agent could serve. :param now: Unix seconds, as the queue's clock.
    """
    is_engaged = record.state in queue_model.IN_CALL and record.engaged_at is not None
    running_s = max(0.0, now - record.engaged_at) if is_engaged and record.engaged_at is not None else 0.0
    is_in_wrap_up = record.state == "wrap_up"
    return AgentView(
        presence=record.presence,
        state=record.state,
        reason=record.pause_reason,
        since=record.since,
        pause_after_call=record.pause_after_call,
        waiting=waiting,
        wrap_up_until=record.until if is_in_wrap_up else None,
        wrap_up_extensions_left=max(0, config.wrap_up_extensions - record.extensions) if is_in_wrap_up else 0,
        load=Load(
            signing_s=record.signing_s + running_s,
            engaged_s=record.engaged_s + running_s,
            served=record.served,
            signed_in_at=record.signed_in_at or None,
        ),
        break_advice=break_state(record, now, config),
    )


def _agent(who: Identity) -> queue_model.Agent:
    return queue_model.Agent(agent_id=who.key, trades=frozenset(who.trades), skills=dict(who.skills))
