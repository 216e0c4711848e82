"""
The supervisors' board: a pure function of the queue at one moment, today's figures, thresholds and names.

Shows how many wait and who is at work, never who calls: no signer, no number, and of a relay call not even its id.
Rehearsals are left out. What a supervisor may do with it is ``signaling.supervision``'s.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from interpreter_queue import policy
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import (
    IN_CALL,
    REHEARSAL_SKILL,
    Agent,
    AgentRecord,
    QueueSnapshot,
    RequestRecord,
    Target,
    WaitingRequest,
)
from signaling.board_figures import RELAY_TARGET_S, DayCall, QueueFigures
from signaling.call_terms import CallKind, CallState, Mode
from signaling.messages.board import Board, BoardAgent, BoardQueue, BoardRequest, BoardThresholds

Alert = Literal["waiting", "longest_wait", "service_level", "nobody"]
LISTED = 100  # requests; nobody reads further down a list
FEW_CALLS = 5  # below, a share of answered calls says nothing, and points at people
#: What a queue that nobody set thresholds for alerts at: more than ten wait, the FCC's and our own 120 s, 80 %.
DEFAULT_THRESHOLDS = BoardThresholds(waiting=10, longest_wait_s=120.0, service_level=0.8)


@dataclass(frozen=True)
class KnownQueue:
    """
    A queue that is shown though nobody waits in it.

    :param targets: who may serve it when no request that waits says so.
    :param target_s: within which its calls are to be answered.
    """

    brand_name: str | None = None
    targets: tuple[Target, ...] = ()
    target_s: float = RELAY_TARGET_S


@dataclass(frozen=True)
class Known:
    """
    What is looked up now and then, beside the queue itself.

    :param callbacks: asked for and not in the line yet, by queue.
    :param names: of agents, by id. :param secret: of the installation, for :func:`handle`.
    """

    secret: str
    names: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, KnownQueue] = field(default_factory=dict)
    thresholds: Mapping[str, BoardThresholds] = field(default_factory=dict)
    callbacks: Mapping[str, int] = field(default_factory=dict)


def handle(secret: str, call_id: str) -> str:
    """What a waiting request is called on a board: the same in every process, and tells nothing of the call."""
    return hmac.new(secret.encode(), f"board {call_id}".encode(), hashlib.sha256).hexdigest()[:24]


def mode_of(queue: str) -> Mode | None:
    """``relay/LSF``, ``mairie/LSF``: the mode is what comes last."""
    last = queue.rpartition("/")[2]
    return cast(Mode, last) if last in get_args(Mode) else None


def kind_of(record: RequestRecord) -> CallKind:
    """What is not surely a brand's counts as a relay call, of which less is told."""
    return "direct" if record.request.brand is not None else "relay"


def whole_call(request_id: str) -> str:
    """A call's second party waits under an id of its own, ``<call id>.2``."""
    return request_id.partition(".")[0]


def running_calls(snapshot: QueueSnapshot) -> list[DayCall]:
    """Answered and not over; second parties are none of their own."""
    engaged_at = {agent.call_id: agent.engaged_at for agent in snapshot.agents if agent.engaged_at is not None}
    return [
        DayCall(
            call_id=record.call_id,
            queue=record.request.queue,
            mode=mode_of(record.request.queue) or "LSF",
            over_at=accepted_at,
            wait_s=accepted_at - record.queued_at,
            is_answered=True,
            is_abandoned=False,
            is_callback=record.request.callback,
        )
        for record in snapshot.assigned
        if not record.request.rehearsal
        and whole_call(record.call_id) == record.call_id
        and (accepted_at := engaged_at.get(record.call_id)) is not None
    ]


def board(snapshot: QueueSnapshot, figures: Mapping[str, QueueFigures], known: Known, config: QueueConfig) -> Board:
    waiting = [entry for entry in snapshot.waiting if not entry.record.request.rehearsal]
    agents = [agent for agent in snapshot.agents if REHEARSAL_SKILL not in agent.agent.skills]
    crowd = Crowd.of(agents)
    in_lines: dict[str, list[WaitingRequest]] = {}
    for entry in waiting:
        in_lines.setdefault(entry.record.request.queue, []).append(entry)
    names = sorted(
        {*known.queues, *figures, *in_lines, *known.callbacks, *(record.request.queue for record in _real(snapshot))}
    )
    calls = {record.call_id: record for record in _real(snapshot)}
    return Board(
        now=snapshot.at,
        queues=tuple(
            _queue(name, in_lines.get(name, []), crowd, figures.get(name, QueueFigures()), known=known, now=snapshot.at)
            for name in names
        ),
        agents=tuple(_agent(agent, calls, known, snapshot.at, config) for agent in agents if agent.state != "offline"),
        requests=tuple(_request(entry, known) for entry in waiting[:LISTED]),
        more_requests=max(0, len(waiting) - LISTED),
    )


def _real(snapshot: QueueSnapshot) -> list[RequestRecord]:
    every = (*(entry.record for entry in snapshot.waiting), *snapshot.assigned)
    return [record for record in every if not record.request.rehearsal]


@dataclass(frozen=True)
class Crowd:
    """Agents at work, counted by what they can do: many are alike, and each queue asks of each kind once."""

    working: tuple[tuple[Agent, int], ...]
    idle: tuple[tuple[Agent, int], ...]

    @classmethod
    def of(cls, agents: Iterable[AgentRecord]) -> "Crowd":
        alike: dict[object, Agent] = {}
        working, idle = Counter[object](), Counter[object]()
        for record in agents:
            if record.state not in policy.WORKING:
                continue
            profile = (record.agent.trades, frozenset(record.agent.skills.items()))
            alike.setdefault(profile, record.agent)
            working[profile] += 1
            idle[profile] += record.state == "idle"
        return cls(*(tuple((alike[each], count) for each, count in found.items()) for found in (working, idle)))

    def able(self, targets: tuple[Target, ...]) -> tuple[int, int]:
        """:returns: how many at work may serve, by any target whoever it names; how many of them are free."""
        anybody = tuple(target.model_copy(update={"agents": ()}) for target in targets)

        def count(kinds: tuple[tuple[Agent, int], ...]) -> int:
            return sum(n for agent, n in kinds if any(policy.serving_trade(agent, target) for target in anybody))

        return count(self.working), count(self.idle)


def _queue(
    name: str, waiting: list[WaitingRequest], crowd: Crowd, today: QueueFigures, *, known: Known, now: float
) -> BoardQueue:
    usual = known.queues.get(name, KnownQueue())
    targets = waiting[0].record.request.targets if waiting else usual.targets
    serving, idle = crowd.able(targets)
    last = waiting[-1] if waiting else None
    shown = BoardQueue(
        queue=name,
        brand_name=usual.brand_name,
        mode=mode_of(name),
        waiting=sum(not entry.record.request.callback for entry in waiting),
        callbacks=sum(entry.record.request.callback for entry in waiting) + known.callbacks.get(name, 0),
        serving=serving,
        idle=idle,
        longest_wait_s=max((now - entry.record.queued_at for entry in waiting), default=None),
        wait_low_s=last.wait_low_s if last else None,
        wait_high_s=last.wait_high_s if last else None,
        target_s=usual.target_s,
        answered=today.answered,
        abandoned=today.abandoned,
        called_back=today.callbacks,
        mean_wait_s=today.mean_wait_s,
        service_level=today.service_level,
        service_level_now=today.service_level_now,
        thresholds=known.thresholds.get(name, DEFAULT_THRESHOLDS),
    )
    return shown.model_copy(update={"alerts": alerts(shown, len(waiting))})


def alerts(queue: BoardQueue, in_line: int) -> tuple[Alert, ...]:
    """
    What a supervisor should look at, the most pressing first. ``nobody``: somebody waits whom nobody can serve.

    :param in_line: who waits now; a call-back that was asked for an hour to come does not.
    """
    limits = queue.thresholds
    has_enough = queue.answered + queue.abandoned >= FEW_CALLS
    raised: tuple[tuple[Alert, bool], ...] = (
        ("nobody", in_line > 0 and queue.serving == 0),
        ("longest_wait", _reached(queue.longest_wait_s, limits.longest_wait_s)),
        ("waiting", _reached(in_line, limits.waiting)),
        ("service_level", has_enough and _reached(limits.service_level, queue.service_level, strictly=True)),
    )
    return tuple(alert for alert, is_raised in raised if is_raised)


def _reached(value: float | None, limit: float | None, *, strictly: bool = False) -> bool:
    if value is None or limit is None:
        return False
    return value > limit if strictly else value >= limit


def _agent(
    record: AgentRecord, calls: Mapping[str, RequestRecord], known: Known, now: float, config: QueueConfig
) -> BoardAgent:
    call = calls.get(record.call_id) if record.call_id is not None else None
    kind = kind_of(call) if call is not None else None
    is_named = call is not None and kind == "direct" and record.state in IN_CALL
    misses = policy.misses(record, now, config)
    return BoardAgent(
        agent_id=record.agent_id,
        name=known.names.get(record.agent_id, ""),
        trades=tuple(sorted(record.agent.trades)),
        presence=record.presence,
        state=record.state,
        reason=record.pause_reason,
        since=record.since,
        not_yet=record.state == "paused" and record.since == record.signed_in_at and record.pause_reason is None,
        pause_after_call=record.pause_after_call,
        break_due=policy.break_state(record, now, config) == "due",
        misses=misses if misses >= config.missed_warning else 0,
        kind=kind,
        call_id=whole_call(call.call_id) if is_named and call is not None else None,
    )


def _request(entry: WaitingRequest, known: Known) -> BoardRequest:
    record = entry.record
    return BoardRequest(
        call_id=handle(known.secret, record.call_id),
        queue=record.request.queue,
        kind=kind_of(record),
        mode=mode_of(record.request.queue) or "LSF",
        state=CallState.ALERTING if record.state == "alerting" else CallState.QUEUED,
        queued_at=record.queued_at,
        priority=record.request.priority,
        callback=record.request.callback,
        position=entry.position,
    )


def still(shown: Board) -> Board:
    """Without what only time moves: two boards with the same still one need not both be sent."""
    return shown.model_copy(
        update={
            "now": 0.0,
            "queues": tuple(
                queue.model_copy(
                    update={
                        "longest_wait_s": None
                        if queue.longest_wait_s is None
                        else round(shown.now - queue.longest_wait_s, 1)
                    }
                )
                for queue in shown.queues
            ),
        }
    )
