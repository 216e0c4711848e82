"""Records to test with: plain values, plain numbers for time."""

from collections.abc import Iterable, Mapping
from typing import Any

from interpreter_queue.model import (
    FULL_LEVEL,
    Agent,
    AgentRecord,
    AgentState,
    Assignment,
    Request,
    RequestRecord,
    RequestState,
)

NOW = 1000.0
Skills = Mapping[str, int] | Iterable[str]


def levels(skills: Skills) -> dict[str, int]:
    return dict(skills) if isinstance(skills, Mapping) else dict.fromkeys(skills, FULL_LEVEL)


def agent(agent_id: str = "ines", *trades: str, skills: Skills = (), **fields: Any) -> AgentRecord:
    """Idle and available unless told otherwise; an interpreter unless trades are given; skills at level 5."""
    held = levels(skills)
    profile = Agent.model_validate({"agent_id": agent_id, "trades": trades or ("interpreter",), "skills": held})
    base: dict[str, Any] = {"presence": "available", "state": "idle", "since": 0.0, "idle_since": 0.0}
    return AgentRecord(agent=profile, **(base | fields))


def request(
    call_id: str = "c1", *trades: str, skills: Skills = (), queued_at: float = 500.0, **fields: Any
) -> RequestRecord:
    """Queued for an interpreter unless told otherwise; ``fields`` are the request's, ``targets`` goes before trades."""
    anybody = {"trades": trades or ("interpreter",), "skills": levels(skills)}
    asked = Request.model_validate({"call_id": call_id, "targets": (anybody,), **fields})
    return RequestRecord(request=asked, state="queued", queued_at=queued_at, enqueued_at=queued_at)


def assignment(call_id: str = "c1", agent_id: str = "ines") -> Assignment:
    return Assignment(
        assignment_id=f"{call_id}-{agent_id}", call_id=call_id, agent_id=agent_id, trade="interpreter", expires_at=NOW
    )


def bond(state: AgentState, **fields: Any) -> tuple[AgentRecord, RequestRecord | None]:
    """An agent in ``state`` and the request on the other side, as the queue would have left them at ``NOW``."""
    bound = assignment() if state in ("alerting", "engaged", "hold", "wrap_up") else None
    presence = {"offline": "offline", "paused": "paused", "training": "training"}.get(state, "available")
    until = NOW if state in ("alerting", "wrap_up") else None
    engaged_at = NOW - 100 if state in ("engaged", "hold", "wrap_up") else None
    base = {"state": state, "presence": presence, "assignment": bound, "until": until, "engaged_at": engaged_at}
    sides: dict[AgentState, RequestState] = {"alerting": "alerting", "engaged": "assigned", "hold": "assigned"}
    if state not in sides:
        return agent(**(base | fields)), None
    other = request().model_copy(update={"state": sides[state], "assignment": bound})
    return agent(**(base | fields)), other
