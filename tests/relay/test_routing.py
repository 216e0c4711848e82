"""Who sees, hears and reads whom, over every combination of legs and plan."""

import itertools
from collections.abc import Iterator
from typing import Literal, get_args

import pytest

from relay.model import WEB_LEGS, CallPlan, Leg, SecondRole, WebLeg
from relay.routing import Routes, routes

FLAGS = (
    "bridged",
    "signer_voice",
    "signer_hearing",
    "agent_muted",
    "agent_hidden",
    "second_muted",
    "second_hidden",
    "phone_held",
)
LEGS: tuple[Leg, ...] = get_args(Leg)
EVERYBODY: set[Leg] = set(LEGS)
ROLES: tuple[SecondRole | None, ...] = (None, *get_args(SecondRole))
EVERYBODY_WITH_EVERYBODY: tuple[SecondRole, ...] = ("interpreter", "expert", "supervisor")
#: role, who is active, both shown: of anything but a team the latter two say nothing
SECONDS: tuple[tuple[SecondRole | None, Literal["agent", "second"], bool], ...] = (
    *((role, "agent", False) for role in ROLES),
    ("expert", "second", True),
    ("team", "agent", True),
    ("team", "second", False),
    ("team", "second", True),
)
PHONES = ((None, False), ("/run/phone", False), ("/run/phone", True))


def everything() -> Iterator[tuple[set[Leg], CallPlan, Routes]]:
    presences = [set(each) for count in range(len(LEGS) + 1) for each in itertools.combinations(LEGS, count)]
    for values in itertools.product((False, True), repeat=len(FLAGS)):
        flags = dict(zip(FLAGS, values, strict=True))
        for (phone_socket, phone_text), (second, active, swapping) in itertools.product(PHONES, SECONDS):
            phone = {"phone_socket": phone_socket, "phone_text": phone_text}
            plan = CallPlan(**phone, second=second, active=active, swapping=swapping, **flags)
            for present in presences:
                yield present, plan, routes(present, plan)


ALL = list(everything())


def colleague(leg: WebLeg) -> WebLeg:
    return "second" if leg == "agent" else "agent"


def active(present: set[Leg], plan: CallPlan) -> WebLeg:
    return plan.active if plan.active in present else colleague(plan.active)


def serving(present: set[Leg]) -> list[WebLeg]:
    return [leg for leg in WEB_LEGS if leg != "signer" and leg in present]


def test_every_combination_was_looked_at() -> None:
    assert len(ALL) == 2**4 * 2 ** len(FLAGS) * len(PHONES) * len(SECONDS)
    assert {plan.second for _, plan, _ in ALL} == set(ROLES)


def test_nobody_sees_hears_or_reads_themselves_or_anybody_twice() -> None:
    for _, _, found in ALL:
        for leg, sources in (*found.sees.items(), *found.hears.items(), *found.reads.items()):
            assert leg not in sources
            assert len(set(sources)) == len(sources)


def test_a_page_never_gets_more_than_its_two_pictures() -> None:
    for _, _, found in ALL:
        assert all(len(sources) <= 2 for sources in found.sees.values())


def test_absent_legs_and_a_second_without_a_role_give_and_get_nothing() -> None:
    for present, plan, found in ALL:
        away = EVERYBODY - present
        if plan.second is None:
            away.add("second")
        for leg in away - {"phone"}:
            assert all(leg not in sources for sources in (*found.sees.values(), *found.reads.values()))
            assert all(leg not in sources for sources in found.hears.values())
            assert found.hears[leg] == found.reads[leg] == ()
        if "phone" in away:
            assert found.hears["phone"] == ()
            assert all("phone" not in sources for sources in found.hears.values())


def test_without_a_second_pictures_and_text_pass_between_signer_and_agent_while_bridged() -> None:
    for present, plan, found in ALL:
        if plan.second is None:
            both = plan.bridged and {"signer", "agent"} <= present
            assert (found.sees["agent"] == ("signer",)) == both
            assert (found.sees["signer"] == ("agent",)) == (both and not plan.agent_hidden)
            assert ("agent" in found.reads["signer"]) == ("signer" in found.reads["agent"]) == both


def test_the_signer_is_with_nobody_while_not_bridged_or_while_somebody_is_consulted() -> None:
    for _, plan, found in ALL:
        if not plan.bridged or plan.second == "consulted":
            assert found.sees["signer"] == ()
            assert all("signer" not in sources for sources in found.sees.values())
            assert set(found.reads["signer"]) <= {"phone"}
            assert not {"agent", "second"} & set(found.hears["signer"])
            assert "signer" not in (*found.hears["agent"], *found.hears["second"])


def test_who_is_consulted_is_alone_with_the_agent() -> None:
    for present, plan, found in ALL:
        if plan.second == "consulted":
            both = {"agent", "second"} <= present
            assert found.sees["agent"] == (("second",) if both and not plan.second_hidden else ())
            assert found.sees["second"] == (("agent",) if both and not plan.agent_hidden else ())
            assert found.hears["agent"] == (("second",) if both and not plan.second_muted else ())
            assert found.hears["second"] == (("agent",) if both and not plan.agent_muted else ())
            assert found.reads["second"] == (("agent",) if both else ())
            assert "second" not in found.reads["phone"]
            assert found.hears["phone"] == ()
            assert found.hears["signer"] == ()


def test_agent_and_second_always_see_hear_and_read_each_other() -> None:
    for present, plan, found in ALL:
        if plan.second is not None and {"agent", "second"} <= present:
            assert ("second" in found.sees["agent"]) != plan.second_hidden
            assert ("agent" in found.sees["second"]) != plan.agent_hidden
            assert ("second" in found.hears["agent"]) != plan.second_muted
            assert ("agent" in found.hears["second"]) != plan.agent_muted
            assert "second" in found.reads["agent"]
            assert "agent" in found.reads["second"]


def test_the_signer_sees_and_reads_of_a_team_the_active_one_and_both_while_they_swap() -> None:
    for present, plan, found in ALL:
        if plan.second == "team" and plan.bridged and "signer" in present:
            first = active(present, plan)
            shown = [first, colleague(first)] if plan.swapping else [first]
            hidden = {"agent": plan.agent_hidden, "second": plan.second_hidden}
            there = tuple(leg for leg in shown if leg in present)
            assert found.sees["signer"] == tuple(leg for leg in there if not hidden[leg])
            assert tuple(leg for leg in found.reads["signer"] if leg != "phone") == there


def test_both_of_a_team_see_hear_and_read_the_signer_first() -> None:
    for present, plan, found in ALL:
        if plan.second == "team" and plan.bridged and "signer" in present:
            for leg in serving(present):
                assert found.sees[leg][0] == "signer"
                assert found.reads[leg][0] == "signer"
                assert ("signer" in found.hears[leg]) == plan.signer_voice


def test_who_prompts_is_heard_and_read_by_the_colleague_alone() -> None:
    for present, plan, found in ALL:
        if plan.second == "team" and not plan.swapping and {"agent", "second"} <= present:
            passive = colleague(plan.active)
            hearers = {leg for leg, sources in found.hears.items() if passive in sources}
            readers = {leg for leg, sources in found.reads.items() if passive in sources}
            assert hearers <= {plan.active}
            assert readers == {plan.active}


def test_everybody_is_with_everybody_when_an_interpreter_an_expert_or_a_supervisor_is_there() -> None:
    order: dict[WebLeg, tuple[WebLeg, ...]] = {
        "signer": ("agent", "second"),
        "agent": ("signer", "second"),
        "second": ("signer", "agent"),
    }
    for present, plan, found in ALL:
        if plan.second in EVERYBODY_WITH_EVERYBODY and plan.bridged:
            hidden = {"signer": False, "agent": plan.agent_hidden, "second": plan.second_hidden}
            for leg, others in order.items():
                wanted = [other for other in others if {leg, other} <= present]
                if leg == "second" and plan.second == "interpreter":
                    wanted.reverse()
                assert found.sees[leg] == tuple(other for other in wanted if not hidden[other])
                assert tuple(each for each in found.reads[leg] if each != "phone") == tuple(wanted)


def test_the_phone_party_hears_who_speaks_for_the_others_and_nobody_who_only_looks_on() -> None:
    for present, plan, found in ALL:
        if "phone" not in present or plan.phone_socket is None or plan.phone_held or plan.second == "consulted":
            continue
        voices: dict[SecondRole | None, set[WebLeg]] = {
            None: {"agent"},
            "team": {active(present, plan)},
            "interpreter": {"agent", "second"},
            "expert": {"agent", "second"},
            "supervisor": {"agent"},
        }
        silent = {
            "signer": not plan.signer_voice,
            "agent": plan.agent_muted,
            "second": plan.second_muted,
        }
        wanted = {leg for leg in voices[plan.second] | {"signer"} if leg in present and not silent[leg]}
        assert set(found.hears["phone"]) == wanted
        assert set(found.reads["phone"]) == ((voices[plan.second] | {"signer"}) & present if plan.phone_text else set())


def test_whoever_serves_hears_and_reads_the_phone_party() -> None:
    for present, plan, found in ALL:
        is_heard = plan.phone_socket is not None and not plan.phone_held and "phone" in present
        for leg in serving(present):
            is_in = plan.second != "consulted" and (leg == "agent" or plan.second is not None)
            assert ("phone" in found.hears[leg]) == (is_in and is_heard)
            is_reader = plan.phone_text and (is_in or leg == "agent")
            assert ("phone" in found.reads[leg]) == is_reader


def test_voice_of_a_muted_person_is_heard_by_nobody() -> None:
    for _, plan, found in ALL:
        heard = set(itertools.chain(*found.hears.values()))
        assert not (plan.agent_muted and "agent" in heard)
        assert not (plan.second_muted and "second" in heard)
        assert not (not plan.signer_voice and "signer" in heard)


@pytest.mark.parametrize("second", ROLES)
def test_a_signer_who_is_muted_is_as_one_who_uses_no_voice(second: SecondRole | None) -> None:
    plan = CallPlan(bridged=True, phone_socket="/p", second=second)
    muted = plan.model_copy(update={"signer_voice": True, "signer_muted": True})
    assert routes(EVERYBODY, muted) == routes(EVERYBODY, plan)


def test_picture_of_a_hidden_person_is_seen_by_nobody() -> None:
    for _, plan, found in ALL:
        seen = set(itertools.chain(*found.sees.values()))
        assert not (plan.agent_hidden and "agent" in seen)
        assert not (plan.second_hidden and "second" in seen)


def test_signer_without_own_hearing_hears_nobody() -> None:
    for _, plan, found in ALL:
        if not plan.signer_hearing:
            assert found.hears["signer"] == ()


def test_phone_on_hold_hears_nobody_and_is_heard_by_nobody() -> None:
    for _, plan, found in ALL:
        if plan.phone_held or plan.phone_socket is None or plan.second == "consulted":
            assert found.hears["phone"] == ()
            assert "phone" not in itertools.chain(*found.hears.values())


def test_signer_never_hears_the_phone_party_and_those_who_interpret_it_at_once() -> None:
    for _, plan, found in ALL:
        if "phone" in found.hears["signer"]:
            assert found.hears["signer"] == ("phone",)
        if plan.second in (None, "team"):
            assert len(found.hears["signer"]) <= 1


@pytest.mark.parametrize(
    ("plan", "signer", "agent", "phone"),
    [
        (CallPlan(bridged=True, phone_socket="/p"), (), ("phone",), ("agent",)),
        (CallPlan(bridged=True, phone_socket="/p", signer_voice=True), (), ("signer", "phone"), ("agent", "signer")),
        (CallPlan(bridged=True, phone_socket="/p", signer_hearing=True), ("phone",), ("phone",), ("agent",)),
        (CallPlan(bridged=True, signer_voice=True, signer_hearing=True), ("agent",), ("signer",), ()),
        (CallPlan(), (), (), ()),
    ],
)
def test_usual_calls(plan: CallPlan, signer: tuple[Leg, ...], agent: tuple[Leg, ...], phone: tuple[Leg, ...]) -> None:
    assert routes(EVERYBODY, plan).hears == {"signer": signer, "agent": agent, "second": (), "phone": phone}


def test_a_deaf_advisers_call_in_four_legs() -> None:
    plan = CallPlan(bridged=True, phone_socket="/p", second="interpreter", agent_muted=True)
    found = routes(EVERYBODY, plan)
    assert found.sees == {"signer": ("agent", "second"), "agent": ("signer", "second"), "second": ("agent", "signer")}
    assert found.hears == {"signer": (), "agent": ("second", "phone"), "second": ("phone",), "phone": ("second",)}


def test_a_team_of_which_the_active_page_reconnects_goes_on_with_the_other_one() -> None:
    plan = CallPlan(bridged=True, phone_socket="/p", second="team", active="second")
    found = routes({"signer", "agent", "phone"}, plan)
    assert found.sees["signer"] == ("agent",)
    assert found.hears["phone"] == ("agent",)


def test_repeated_plan_gives_the_same_routes() -> None:
    assert all(routes(present, plan) == found for present, plan, found in ALL[::97])
    assert set(WEB_LEGS) == set(get_args(WebLeg))
