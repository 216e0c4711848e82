"""Who sees, hears and reads whom, over every combination of legs and plan."""

import itertools
from collections.abc import Iterator

import pytest

from relay.model import CallPlan, Leg
from relay.routing import Routes, routes

FLAGS = ("bridged", "signer_voice", "signer_hearing", "signer_muted", "agent_muted", "agent_hidden", "phone_held")
LEGS: tuple[Leg, ...] = ("signer", "agent", "phone")
EVERYBODY: set[Leg] = set(LEGS)


def everything() -> Iterator[tuple[set[Leg], CallPlan, Routes]]:
    for count in range(4):
        for present in itertools.combinations(LEGS, count):
            for values in itertools.product((False, True), repeat=len(FLAGS)):
                for phone_socket in (None, "/run/phone"):
                    flags = dict(zip(FLAGS, values, strict=True))
                    plan = CallPlan(phone_socket=phone_socket, **flags)
                    yield set(present), plan, routes(set(present), plan)


ALL = list(everything())


def test_every_combination_was_looked_at() -> None:
    assert len(ALL) == 8 * 2**7 * 2


def test_nobody_sees_hears_or_reads_themselves() -> None:
    for _, _, found in ALL:
        assert all(leg != source for leg, source in found.sees.items())
        assert all(leg not in sources for leg, sources in found.hears.items())
        assert all(leg not in sources for leg, sources in found.reads.items())


def test_absent_legs_give_and_get_nothing() -> None:
    for present, _, found in ALL:
        for leg in EVERYBODY - present:
            assert found.hears[leg] == ()
            assert leg not in itertools.chain(*found.hears.values())
            assert leg not in found.sees.values()
            if leg != "phone":
                assert found.sees[leg] is None and found.reads[leg] == ()


def test_pictures_and_text_pass_only_between_bridged_legs() -> None:
    for present, plan, found in ALL:
        both = plan.bridged and {"signer", "agent"} <= present
        assert (found.sees["agent"] == "signer") == both
        assert (found.sees["signer"] == "agent") == (both and not plan.agent_hidden)
        assert found.reads == {"signer": ("agent",) if both else (), "agent": ("signer",) if both else ()}


def test_voice_of_a_muted_person_is_heard_by_nobody() -> None:
    for _, plan, found in ALL:
        heard = set(itertools.chain(*found.hears.values()))
        if plan.agent_muted:
            assert "agent" not in heard
        if plan.signer_muted or not plan.signer_voice:
            assert "signer" not in heard


def test_signer_without_own_hearing_hears_nobody() -> None:
    for _, plan, found in ALL:
        if not plan.signer_hearing:
            assert found.hears["signer"] == ()


def test_phone_on_hold_hears_nobody_and_is_heard_by_nobody() -> None:
    for _, plan, found in ALL:
        if plan.phone_held or plan.phone_socket is None:
            assert found.hears["phone"] == ()
            assert "phone" not in itertools.chain(*found.hears.values())


def test_signer_never_hears_interpreter_and_phone_at_once() -> None:
    for _, _, found in ALL:
        assert len(found.hears["signer"]) <= 1


def test_repeated_plan_gives_the_same_routes() -> None:
    for present, plan, found in ALL:
        assert routes(present, plan) == found


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
    assert routes(EVERYBODY, plan).hears == {"signer": signer, "agent": agent, "phone": phone}
