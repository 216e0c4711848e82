"""
Who sees, hears and reads whom: pure, derived from the legs present and the plan.

Agent and second are together whenever both are there, the signer is with them while ``bridged``. What a role changes
is written down in ``docs/decisions/second-party.md``. Left to others: how packets travel (``relay.forwarding``), how
voices are mixed (``relay.audio``).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from relay.model import WEB_LEGS, CallPlan, Frozen, Leg, WebLeg

EVERYBODY: frozenset[Leg] = frozenset((*WEB_LEGS, "phone"))
Company = Mapping[WebLeg, tuple[WebLeg, ...]]


class Routes(Frozen):
    """
    For each receiving leg, its sources. A source that is absent sends nothing to that leg.

    :param sees: the first on MID ``video``, the next on the second video: at most two.
    """

    sees: dict[WebLeg, tuple[WebLeg, ...]]
    hears: dict[Leg, tuple[Leg, ...]]
    reads: dict[Leg, tuple[Leg, ...]]


def routes(present: AbstractSet[Leg], plan: CallPlan) -> Routes:
    """
    :param present: legs that have media now.
    :returns: the routes among present legs only. Nobody ever sees, hears or reads itself.
    """
    here = frozenset(leg for leg in WEB_LEGS if leg in present and (leg != "second" or plan.second is not None))
    company = _company(here, plan)
    is_hidden: dict[WebLeg, bool] = {"signer": False, "agent": plan.agent_hidden, "second": plan.second_hidden}
    return Routes(
        sees={leg: tuple(each for each in company[leg] if not is_hidden[each]) for leg in WEB_LEGS},
        hears=_hears(present, here, company, plan),
        reads=_reads(here, company, plan),
    )


def _company(here: AbstractSet[WebLeg], plan: CallPlan) -> Company:
    """:returns: whom each is with, whoever matters most to it first."""
    is_signer_in = plan.bridged and plan.second != "consulted"
    company: dict[WebLeg, tuple[WebLeg, ...]] = {
        "signer": _shown_to_signer(here, plan) if is_signer_in else (),
        "agent": ("signer", "second") if is_signer_in else ("second",),
        "second": ("agent",) if not is_signer_in else ("signer", "agent"),
    }
    if plan.second == "interpreter" and is_signer_in:
        company["second"] = ("agent", "signer")  # whose telephone call it is
    return {leg: tuple(each for each in sources if {leg, each} <= here) for leg, sources in company.items()}


def _shown_to_signer(here: AbstractSet[WebLeg], plan: CallPlan) -> tuple[WebLeg, ...]:
    if plan.second != "team":
        return ("agent", "second")
    active = _active(here, plan)
    return (active, _colleague(active)) if plan.swapping else (active,)


def _active(here: AbstractSet[WebLeg], plan: CallPlan) -> WebLeg:
    """Of a team; while that one reconnects it is the other."""
    return plan.active if plan.active in here else _colleague(plan.active)


def _colleague(leg: WebLeg) -> WebLeg:
    return "second" if leg == "agent" else "agent"


def _hears(
    present: AbstractSet[Leg], here: AbstractSet[WebLeg], company: Company, plan: CallPlan
) -> dict[Leg, tuple[Leg, ...]]:
    is_phone_in = _has_phone(plan) and "phone" in present and not plan.phone_held
    speaks: dict[WebLeg, bool] = {
        "signer": plan.signer_voice and not plan.signer_muted,
        "agent": not plan.agent_muted,
        "second": not plan.second_muted,
    }
    hears: dict[Leg, tuple[Leg, ...]] = {}
    for leg in WEB_LEGS:
        voices: tuple[Leg, ...] = tuple(each for each in WEB_LEGS if each in company[leg] and speaks[each])
        phone: tuple[Leg, ...] = ("phone",) if is_phone_in and leg in here else ()
        hears[leg] = (*voices, *phone)
    hears["signer"] = _signer_hears(hears["signer"], here, plan)
    to_phone = (*_to_phone(here, plan), "signer") if is_phone_in else ()
    hears["phone"] = tuple(each for each in to_phone if each in here and speaks[each])
    return hears


def _has_phone(plan: CallPlan) -> bool:
    return plan.phone_socket is not None and plan.second != "consulted"


def _signer_hears(voices: tuple[Leg, ...], here: AbstractSet[WebLeg], plan: CallPlan) -> tuple[Leg, ...]:
    """The phone party or those who interpret it, not both at once; of a team the active one alone."""
    if not plan.signer_hearing:
        return ()
    if "phone" in voices:
        return ("phone",)
    return tuple(each for each in voices if plan.second != "team" or each == _active(here, plan))


def _to_phone(here: AbstractSet[WebLeg], plan: CallPlan) -> tuple[WebLeg, ...]:
    """Who beside the signer speaks and writes to the phone party: not who prompts, is only asked, or looks on."""
    match plan.second:
        case "team":
            return (_active(here, plan),)
        case "interpreter" | "expert":
            return ("agent", "second")
        case _:
            return ("agent",)


def _reads(here: AbstractSet[WebLeg], company: Company, plan: CallPlan) -> dict[Leg, tuple[Leg, ...]]:
    """The phone party's text waits for nobody's sound: it may come before the answer, and on hold."""
    phone: tuple[Leg, ...] = ("phone",) if plan.phone_text else ()
    reads: dict[Leg, tuple[Leg, ...]] = {}
    for leg in WEB_LEGS:
        is_in = leg in here and (leg != "second" or plan.second != "consulted")
        reads[leg] = (*company[leg], *(phone if is_in else ()))
    writers: tuple[Leg, ...] = ("signer", *_to_phone(here, plan)) if plan.phone_text else ()
    reads["phone"] = tuple(each for each in writers if each in here)
    return reads
