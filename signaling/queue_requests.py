"""
What a call, or a second party of it, asks of the queue, and whom it is given. Pure.

Where a call waits and who may serve it when is in its ``line`` (``signaling.routing_plan``).
"""

from typing import Final

from interpreter_queue.model import (
    FULL_LEVEL,
    HEARING_SKILL,
    PRIORITY_RESUMED,
    REHEARSAL_SKILL,
    AgentRecord,
    Assignment,
    Request,
    Target,
    Trade,
    has_skills,
)
from signaling.call_events import Assigned
from signaling.call_model import Call, Second, TransferTarget
from signaling.queue_skills import SECOND_LEVEL_SKILL, levels

TRANSFER_S: Final = 60.0  # for which a call handed on waits for whom it was handed to, while they work


def request_of(call: Call, request_id: str, queued_at: float | None) -> Request | None:
    """
    :param queued_at: of the call, by the queue's clock; None: now.
    :returns: None: nobody is sought by this request any more.
    """
    if request_id == call.call_id:
        return _of_call(call, queued_at)
    second = call.second
    if second is None or second.request_id != request_id or second.is_joined:
        return None
    return _of_second(call, second)


def given_to(request_id: str, given: Assignment, agent: AgentRecord | None, name: str | None = None) -> Assigned:
    """:param agent: as this process knows them. :param name: as colleagues call them."""
    hears = agent is not None and has_skills(agent.agent, {HEARING_SKILL: 1})
    return Assigned(given.agent_id, given.assignment_id, given.trade, request_id, name, hears)


def _of_call(call: Call, queued_at: float | None) -> Request:
    line = call.line
    base = _target(call.trades, _skills(call))
    anybody = line.targets or (base,)
    wanted = _wanted(base, call.wanted) if call.wanted is not None else None
    return Request(
        call_id=call.call_id,
        targets=anybody if wanted is None else (wanted, *_later(anybody, TRANSFER_S)),
        preferred=line.preferred,
        queue=_queue(call),
        brand=call.brand,
        priority=call.priority,
        head_start_s=line.head_start_s,
        weight=line.weight,
        strategy=line.strategy,
        room=line.room,
        queued_at=queued_at,
        refused_agents=call.refused_agents,
        callback=call.is_callback_pending,
        rehearsal=call.rehearsal,
    )


def _of_second(call: Call, second: Second) -> Request:
    """Ahead of those who begin to wait: a call that is served waits for it. The agent is no second party."""
    target = _second_target(call, second)
    return Request(
        call_id=second.request_id or "",
        targets=(_wanted(target, second.target) if second.target is not None else target,),
        queue=_queue(call),
        brand=call.brand,
        priority=max(call.priority, PRIORITY_RESUMED),
        strategy=call.line.strategy,
        refused_agents=(*call.refused_agents, *((call.agent_key,) if call.agent_key is not None else ())),
        rehearsal=call.rehearsal,
    )


def _second_target(call: Call, second: Second) -> Target:
    """In the trade of whom they come beside; an interpreter for one who does not hear; a second level for an expert."""
    match second.role:
        case "interpreter":
            rehearsed = {REHEARSAL_SKILL: FULL_LEVEL} if call.rehearsal else {}
            return _target(("interpreter",), {HEARING_SKILL: FULL_LEVEL, **rehearsed})
        case "team" if call.trade is not None:
            return _target((call.trade,), _skills(call))
        case _:
            return _target(call.trades, _skills(call))


def _target(trades: tuple[Trade, ...], skills: dict[str, int]) -> Target:
    return Target(trades=trades, skills=skills)


def _skills(call: Call) -> dict[str, int]:
    """Whoever relays speaks with the telephone: they hear."""
    hearing = {HEARING_SKILL: FULL_LEVEL} if call.kind == "relay" else {}
    return {**levels(call.skills), **hearing}


def _wanted(target: Target, wanted: TransferTarget) -> Target:
    """A person, a skill or the second level, among those who may serve at all: of nothing less is asked."""
    asked = SECOND_LEVEL_SKILL if wanted.second_level else wanted.skill
    skills = {**({asked: 1} if asked else {}), **target.skills}
    agents = (wanted.agent_id,) if wanted.agent_id else ()
    return target.model_copy(update={"after_s": 0.0, "skills": skills, "agents": agents})


def _later(targets: tuple[Target, ...], seconds: float) -> tuple[Target, ...]:
    return tuple(each.model_copy(update={"after_s": each.after_s + seconds}) for each in targets[:9])


def _queue(call: Call) -> str:
    return call.line.queue or f"{call.brand or call.kind}/{call.mode}"
