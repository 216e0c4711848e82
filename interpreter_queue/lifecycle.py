"""
The two state machines of the queue, as tables: the diagrams and the exhaustive tests come from them.

A pair that is missing from a table changes nothing: the command came too late (``accept`` after the alert ended)
or asks for what is so already. ``REST`` stands for the state that the agent's presence asks for.
"""

from collections.abc import Sequence
from typing import Literal

from interpreter_queue.model import AgentState, Presence, RequestState

AgentInput = Literal[
    "sign_in",
    "leave",  # signed out, or the lease ran out
    "declare_available",
    "declare_paused",
    "declare_training",
    "alert",
    "accept",
    "decline",
    "silence",
    "withdraw",  # the request was cancelled or rerouted while alerting
    "hold",
    "retrieve",
    "release",  # the call is over, no wrap-up
    "release_to_wrap_up",
    "wrap_up_over",
]
RequestInput = Literal["enqueue", "alert", "accept", "give_back", "reroute", "cancel", "release"]
AgentTarget = AgentState | Literal["REST"]
RequestPhase = RequestState | Literal["gone"]

#: By presence: where an agent without a call belongs.
REST: dict[Presence, AgentState] = {
    "offline": "offline",
    "available": "idle",
    "paused": "paused",
    "training": "training",
}

AGENT: dict[tuple[AgentState, AgentInput], AgentTarget] = {
    ("offline", "sign_in"): "paused",  # nobody is alerted before having said "available"
    ("idle", "leave"): "offline",
    ("idle", "declare_paused"): "paused",
    ("idle", "declare_training"): "training",
    ("idle", "alert"): "alerting",
    ("alerting", "leave"): "offline",
    ("alerting", "declare_paused"): "paused",
    ("alerting", "declare_training"): "training",
    ("alerting", "accept"): "engaged",
    ("alerting", "decline"): "REST",
    ("alerting", "silence"): "not_responding",
    ("alerting", "withdraw"): "REST",
    # A call is never taken from an agent by presence: who leaves in a call is engaged until it is released.
    ("engaged", "leave"): "engaged",
    ("engaged", "declare_available"): "engaged",
    ("engaged", "declare_paused"): "engaged",
    ("engaged", "declare_training"): "engaged",
    ("engaged", "hold"): "hold",
    ("engaged", "release"): "REST",
    ("engaged", "release_to_wrap_up"): "wrap_up",
    ("hold", "leave"): "hold",
    ("hold", "declare_available"): "hold",
    ("hold", "declare_paused"): "hold",
    ("hold", "declare_training"): "hold",
    ("hold", "retrieve"): "engaged",
    ("hold", "release"): "REST",
    ("hold", "release_to_wrap_up"): "wrap_up",
    ("wrap_up", "leave"): "offline",
    ("wrap_up", "declare_available"): "wrap_up",
    ("wrap_up", "declare_paused"): "wrap_up",
    ("wrap_up", "declare_training"): "wrap_up",
    ("wrap_up", "release"): "REST",
    ("wrap_up", "wrap_up_over"): "REST",
    ("paused", "leave"): "offline",
    ("paused", "declare_available"): "idle",
    ("paused", "declare_paused"): "paused",  # another reason
    ("paused", "declare_training"): "training",
    ("training", "leave"): "offline",
    ("training", "declare_available"): "idle",
    ("training", "declare_paused"): "paused",
    ("not_responding", "leave"): "offline",
    ("not_responding", "declare_available"): "idle",
    ("not_responding", "declare_paused"): "paused",
    ("not_responding", "declare_training"): "training",
}

REQUEST: dict[tuple[RequestPhase, RequestInput], RequestPhase] = {
    ("gone", "enqueue"): "queued",
    ("queued", "enqueue"): "queued",  # told again: the newer wording counts, the place stays
    ("queued", "reroute"): "queued",
    ("queued", "alert"): "alerting",
    ("queued", "cancel"): "gone",
    ("alerting", "accept"): "assigned",
    ("alerting", "give_back"): "queued",  # declined, silence, agent gone: at its place, not at the end
    ("alerting", "reroute"): "queued",  # others are meant now: the alert is withdrawn, the place stays
    ("alerting", "cancel"): "gone",
    ("assigned", "enqueue"): "queued",  # resumed: the interpreter was lost, or hands over
    ("assigned", "release"): "gone",
    ("assigned", "cancel"): "gone",
}


def agent_after(state: AgentState, event: AgentInput, presence: Presence) -> AgentState | None:
    """
    The agent's next state.

    :param presence: as declared once the event has been taken into account.
    :returns: None when the event changes nothing in this state.
    """
    target = AGENT.get((state, event))
    return REST[presence] if target == "REST" else target


def request_after(phase: RequestPhase, event: RequestInput) -> RequestPhase | None:
    """:returns: None when the event changes nothing in this phase."""
    return REQUEST.get((phase, event))


def mermaid() -> dict[str, str]:
    """
    The two tables as Mermaid state diagrams, by name: ``agent`` and ``request``.

    One arrow for each pair of states; what leads from a state to itself is left out.
    """
    agent: list[tuple[str, str, str]] = []
    for (source, event), target in AGENT.items():
        if target == "REST":
            agent += [(source, rest, f"{event} [{presence}]") for presence, rest in REST.items()]
        else:
            agent.append((source, target, event))
    request = [(before, after, event) for (before, event), after in REQUEST.items()]
    return {"agent": _diagram("offline", agent), "request": _diagram("gone", request)}


def _diagram(start: str, edges: Sequence[tuple[str, str, str]]) -> str:
    labels: dict[tuple[str, str], list[str]] = {}
    for source, target, label in edges:
        if source != target:
            labels.setdefault((source, target), []).append(label)
    lines = [f"    {source} --> {target}: {', '.join(found)}" for (source, target), found in labels.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {start}", *lines]) + "\n"
