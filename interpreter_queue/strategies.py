"""
Which of several agents of the same class is alerted first: one function per strategy, pure.

Each gives a sort key, the smallest first, that changes only when the agent's record does: free agents are kept in
this order, not sorted for each call. Classes go before (``policy``): an earlier target, more of what is preferred.
"""

from collections.abc import Callable

from interpreter_queue.model import AgentRecord, Strategy

Rank = tuple[float, float, str]
SHIFT_FLOOR_S = 60.0  # a shift this young says nothing about its occupancy yet


def longest_idle(agent: AgentRecord) -> Rank:
    """
    Who has been without a call for longest, since the sign-in or the end of the last wrap-up; pauses keep the rank.

    The default of contact centres: shares calls evenly in time and rewards nobody for short calls.
    """
    return (agent.idle_since, 0.0, agent.agent_id)


def least_occupied(agent: AgentRecord) -> Rank:
    """
    The smallest share of the shift spent in calls, then the longest idle.

    Evens out load where shifts begin at different hours. The share is the one at the moment the state last changed:
    it stays while the agent is free, so that the order among free agents does not turn by itself.
    """
    shift_s = max(SHIFT_FLOOR_S, agent.since - agent.signed_in_at)
    return (agent.engaged_s / shift_s, agent.idle_since, agent.agent_id)


def fewest_calls(agent: AgentRecord) -> Rank:
    """The fewest calls in this shift, then the longest idle: for a desk that counts contacts, not minutes."""
    return (float(agent.served), agent.idle_since, agent.agent_id)


STRATEGIES: dict[Strategy, Callable[[AgentRecord], Rank]] = {
    "longest_idle": longest_idle,
    "least_occupied": least_occupied,
    "fewest_calls": fewest_calls,
}
