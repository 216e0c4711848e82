"""The audit log: who did what to whom or what, in codes. Neither words nor numbers. Pure."""

import uuid
from dataclasses import dataclass, field
from typing import Literal

from signaling.call_events import Act as CallAct
from signaling.call_events import Event
from signaling.call_model import Call
from signaling.call_terms import CallState

Act = Literal["presence", "move", "say", "join_asked", "joined", "join_refused", "left", "thresholds", "sign_in"]


@dataclass(frozen=True)
class Acted:
    """
    One act of a supervisor.

    :param by_id: person id. :param at: Unix seconds.
    :param agent_id: whom it was done to, person id.
    :param subject: what it was done to, when that is not a person: a queue, a direct call's id.
    :param detail: a code (``paused``, ``head``), never a text.
    :param key: written again under the same key it is the same act.
    """

    by_id: str
    act: Act
    at: float
    agent_id: str | None = None
    subject: str | None = None
    detail: str | None = None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def call_id(self) -> str:
        """For the log of the service; empty: about no call."""
        return self.subject or ""


def joining(before: Call, event: Event, after: Call, now: float) -> Acted | None:
    """
    What a step of a direct call means for the supervisor who is beside its agent, or wants to be.

    ``join_refused``: asked and never there, whoever or whatever ended it. ``left``: of their own will, or gone; else
    ``sent_away`` or ``call_ended``. The act is on the agent of that call, the call's id is for the service's log.
    """
    was, now_is = _supervisor(before), _supervisor(after)
    if was == now_is:
        return None
    if was is None and now_is is not None:
        act: Act = "join_asked"
    elif was is not None and now_is is not None:
        act = "joined"
    else:
        act = "left" if was is not None and was[1] else "join_refused"
    key, _ = now_is or was or ("", False)
    detail = _why_left(event, after) if act == "left" else None
    return Acted(key, act, now, agent_id=before.agent_key or after.agent_key, subject=after.call_id, detail=detail)


def _why_left(event: Event, after: Call) -> str | None:
    if after.state is CallState.ENDED:
        return "call_ended"
    return "sent_away" if isinstance(event, CallAct) and event.party != "second" else None


def _supervisor(call: Call) -> tuple[str, bool] | None:
    """:returns: person id, and whether joined already."""
    second = call.second
    if second is None or second.role != "supervisor" or second.key is None:
        return None
    return second.key, second.is_joined
