"""
Who sees, hears and reads whom: pure, derived from the legs present and the plan.

Left to others: how packets travel (``relay.forwarding``), how voices are mixed (``relay.audio``).
"""

from collections.abc import Set as AbstractSet

from relay.model import CallPlan, Frozen, Leg, WebLeg


class Routes(Frozen):
    """For each receiving leg, its sources. A source that is absent sends nothing to that leg."""

    sees: dict[WebLeg, WebLeg | None]
    hears: dict[Leg, tuple[Leg, ...]]
    reads: dict[WebLeg, tuple[WebLeg, ...]]


def routes(present: AbstractSet[Leg], plan: CallPlan) -> Routes:
    """
    :param present: legs that have media now.
    :returns: the routes among present legs only. Nobody ever hears itself.
    """
    both = plan.bridged and {"signer", "agent"} <= present
    phone = plan.phone_socket is not None and "phone" in present and not plan.phone_held
    voice = plan.signer_voice and not plan.signer_muted
    agent_voice = not plan.agent_muted

    agent_hears: list[Leg] = []
    signer_hears: list[Leg] = []
    phone_hears: list[Leg] = []
    if both and voice:
        agent_hears.append("signer")
    if phone:
        if "agent" in present:
            agent_hears.append("phone")
            if agent_voice:
                phone_hears.append("agent")
        if "signer" in present:
            if voice:
                phone_hears.append("signer")
            if plan.signer_hearing:
                signer_hears.append("phone")
    elif both and plan.signer_hearing and agent_voice:
        signer_hears.append("agent")

    return Routes(
        sees={
            "signer": "agent" if both and not plan.agent_hidden else None,
            "agent": "signer" if both else None,
        },
        hears={"signer": tuple(signer_hears), "agent": tuple(agent_hears), "phone": tuple(phone_hears)},
        reads={"signer": ("agent",) if both else (), "agent": ("signer",) if both else ()},
    )
