"""What a rehearsal's measurements are worth."""

import dataclasses

import pytest

from relay.model import Leg, WebLeg
from signaling.rehearsal.checks import expected_voices, judge, percentile
from signaling.rehearsal.model import (
    PHASES,
    SPEAKER,
    Check,
    Load,
    Measurements,
    PictureSeen,
    Plan,
    Proof,
    SoundHeard,
    TextSeen,
    Visibility,
)
from signaling.rehearsal.proofs import compare, proved
from signaling.rehearsal.scenarios import SCENARIOS, follows, plan_for, tones_of

TONES = tones_of(0)
STATES = ("queued", "alerting", "briefing", "dialing", "ringing", "active", "after_phone", "ended")
LEGS: tuple[Leg, ...] = ("signer", "agent", "phone")


def picture(ids: frozenset[int], **changes: object) -> PictureSeen:
    seen = PictureSeen(ids, frames=150, unread=0, fps=25.0, width=640, height=480, delays_ms=(80.0,) * 150)
    return dataclasses.replace(seen, **changes)  # type: ignore[arg-type]


def heard_as_promised(plan: Plan) -> tuple[SoundHeard, ...]:
    heard = []
    for listener in LEGS if plan.scenario.kind == "relay" else LEGS[:2]:
        for phase in PHASES:
            tones = [TONES.of(who) for who in expected_voices(plan, listener)[phase]]
            heard.append(SoundHeard(listener, phase, tuple(tone for tone in tones if tone is not None)))
    return tuple(heard)


def good_call(plan: Plan, **changes: object) -> Measurements:
    whole = Measurements(
        states=STATES,
        expected_ids={"signer": 2, "agent": 1},
        tones=TONES,
        outcome="released",
        end_reason="completed",
        pictures={"signer": picture(frozenset({2})), "agent": picture(frozenset({1}))},
        sounds=heard_as_promised(plan),
        texts=(TextSeen("agent", "bonjour", "bonjour", 40.0), TextSeen("signer", "bonjour", "bonjour", 40.0)),
        visibility={page: Visibility(("fair", "good"), {"good": 2}) for page in ("signer", "agent")},
        stayed_together=True,
        recorded=True,
        load=Load(0.5, (1.0, 2.0)),
        proofs={name: Proof(True, "…") for name, _, _ in proved(plan.scenario)},
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def verdict(checks: tuple[Check, ...], name: str) -> str:
    return next(check.status for check in checks if check.name == name)


@pytest.mark.parametrize("voice", [False, True])
@pytest.mark.parametrize("hearing", [False, True])
def test_call_that_keeps_every_promise_passes_every_check(voice: bool, hearing: bool) -> None:
    plan = Plan(SCENARIOS["answered"], voice=voice, hearing=hearing)
    assert {check.status for check in judge(plan, good_call(plan))} == {"passed"}


def test_check_names_are_unique() -> None:
    plan = Plan(SCENARIOS["answered"])
    names = [check.name for check in judge(plan, good_call(plan))]
    assert len(names) == len(set(names))


def test_picture_of_somebody_from_another_call_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"])
    leaked = good_call(plan, pictures={"signer": picture(frozenset({2, 77})), "agent": picture(frozenset({1}))})
    checks = judge(plan, leaked)
    assert verdict(checks, "signer_sees") == "failed"
    assert verdict(checks, "agent_sees") == "passed"


def test_seeing_oneself_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"])
    mirrored = good_call(plan, pictures={"signer": picture(frozenset({1})), "agent": picture(frozenset({1}))})
    assert verdict(judge(plan, mirrored), "signer_sees") == "failed"


def test_no_picture_at_all_is_one_failure_and_no_figures() -> None:
    plan = Plan(SCENARIOS["answered"])
    checks = judge(plan, good_call(plan, pictures={}))
    assert verdict(checks, "agent_sees") == "failed"
    assert not any(check.name == "agent_frame_rate" for check in checks)


@pytest.mark.parametrize(("fps", "status"), [(25.0, "passed"), (24.2, "passed"), (22.0, "warned"), (19.0, "failed")])
def test_frame_rate_is_judged_by_our_aim_and_the_norm(fps: float, status: str) -> None:
    plan = Plan(SCENARIOS["answered"])
    seen = good_call(plan, pictures={"signer": picture(frozenset({2}), fps=fps), "agent": picture(frozenset({1}))})
    assert verdict(judge(plan, seen), "signer_frame_rate") == status


@pytest.mark.parametrize(("delay", "status"), [(120.0, "passed"), (600.0, "warned"), (900.0, "failed")])
def test_delay_is_judged_by_the_norm(delay: float, status: str) -> None:
    plan = Plan(SCENARIOS["answered"])
    slow = picture(frozenset({1}), delays_ms=(delay,) * 20)
    seen = good_call(plan, pictures={"signer": picture(frozenset({2})), "agent": slow})
    assert verdict(judge(plan, seen), "agent_delay") == status


def test_smaller_picture_than_sent_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"])
    small = picture(frozenset({2}), width=320, height=240)
    seen = good_call(plan, pictures={"signer": small, "agent": picture(frozenset({1}))})
    assert verdict(judge(plan, seen), "signer_size") == "failed"


def replaced(
    sounds: tuple[SoundHeard, ...], listener: Leg, phase: str, hz: tuple[float, ...]
) -> tuple[SoundHeard, ...]:
    return tuple(
        dataclasses.replace(one, hz=hz) if (one.listener, one.phase) == (listener, phase) else one for one in sounds
    )


def test_signer_without_voice_who_is_heard_by_the_phone_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"], voice=False)
    leaked = replaced(heard_as_promised(plan), "phone", "signer_speaks", (TONES.signer,))
    assert verdict(judge(plan, good_call(plan, sounds=leaked)), "phone_hears") == "failed"


def test_signer_with_voice_who_is_not_heard_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"], voice=True)
    silent = replaced(heard_as_promised(plan), "phone", "signer_speaks", ())
    checks = judge(plan, good_call(plan, sounds=silent))
    assert verdict(checks, "phone_hears") == "failed"
    assert verdict(checks, "agent_hears") == "passed"


def test_voice_of_another_call_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"])
    stranger = tones_of(1).agent
    leaked = replaced(heard_as_promised(plan), "agent", "agent_speaks", (440.0, stranger))
    assert verdict(judge(plan, good_call(plan, sounds=leaked)), "agent_hears") == "failed"


def test_sound_of_a_phone_from_outside_is_not_judged_by_its_tone() -> None:
    plan = Plan(SCENARIOS["answered"], phone_is_demo=False)
    tones = dataclasses.replace(tones_of(0), phone=None)
    sounds = replaced(heard_as_promised(plan), "agent", "agent_speaks", (312.0, 950.0))
    sounds = tuple(dataclasses.replace(one, hz=None) if one.listener == "phone" else one for one in sounds)
    checks = judge(plan, good_call(plan, sounds=sounds, tones=tones))
    assert verdict(checks, "agent_hears") == "passed"
    assert verdict(checks, "phone_hears") == "skipped"


def test_missing_and_strange_voices_are_told_apart() -> None:
    assert compare((440.0, 1234.0), ("phone", "agent"), TONES) == (("agent",), (1234.0,))


def test_only_one_of_signer_and_agent_speaks_in_a_phase() -> None:
    plan = Plan(SCENARIOS["answered"], voice=True, hearing=True)
    assert expected_voices(plan, "phone") == {phase: (SPEAKER[phase],) for phase in PHASES}
    assert expected_voices(plan, "agent") == {"agent_speaks": ("phone",), "signer_speaks": ("signer", "phone")}


@pytest.mark.parametrize("text", [TextSeen("agent", "bonjour", "bonjou", None), TextSeen("agent", "a", "b", 10.0)])
def test_text_that_did_not_come_whole_is_a_failure(text: TextSeen) -> None:
    plan = Plan(SCENARIOS["answered"])
    assert verdict(judge(plan, good_call(plan, texts=(text,))), "agent_reads") == "failed"


def test_text_of_a_call_is_never_repeated_in_the_report() -> None:
    plan = Plan(SCENARIOS["answered"])
    cut = good_call(plan, texts=(TextSeen("agent", "secret", "secre", None),))
    assert "secre" not in repr(judge(plan, cut))


def test_visibility_that_is_switched_off_is_skipped_with_its_reason() -> None:
    plan = Plan(SCENARIOS["answered"])
    off: dict[WebLeg, Visibility] = {
        page: Visibility(("off", "off"), {"models_missing": 2}) for page in ("signer", "agent")
    }
    checks = judge(plan, good_call(plan, visibility=off))
    assert verdict(checks, "signer_visibility") == "skipped"
    assert "models_missing" in next(check.measured for check in checks if check.name == "signer_visibility")


def test_visibility_that_never_measured_anything_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"])
    stuck: dict[WebLeg, Visibility] = {page: Visibility(("off",), {"no_video": 1}) for page in ("signer", "agent")}
    assert verdict(judge(plan, good_call(plan, visibility=stuck)), "agent_visibility") == "failed"


def test_visibility_that_never_came_is_a_failure() -> None:
    plan = Plan(SCENARIOS["answered"])
    assert verdict(judge(plan, good_call(plan, visibility={})), "agent_visibility") == "failed"


CALLS = sorted(SCENARIOS)


@pytest.mark.parametrize("name", CALLS)
def test_every_scenario_passes_when_all_that_it_promises_was_found(name: str) -> None:
    scenario = SCENARIOS[name]
    plan = plan_for(Plan(scenario), scenario)
    whole = good_call(plan, states=scenario.course, outcome=scenario.outcome, end_reason=scenario.end_reason)
    assert {check.status for check in judge(plan, whole)} == {"passed"}


@pytest.mark.parametrize("name", CALLS)
def test_every_proof_of_a_scenario_decides_its_verdict(name: str) -> None:
    scenario = SCENARIOS[name]
    plan = plan_for(Plan(scenario), scenario)
    whole = good_call(plan, states=scenario.course, outcome=scenario.outcome, end_reason=scenario.end_reason)
    for missing in whole.proofs:
        rest = {key: proof for key, proof in whole.proofs.items() if key != missing}
        assert verdict(judge(plan, dataclasses.replace(whole, proofs=rest)), missing) == "failed"


def test_proof_that_could_not_be_measured_is_skipped_with_its_reason() -> None:
    plan = Plan(SCENARIOS["hold"])
    deaf = {name: Proof(None, "pourquoi") for name, _, _ in proved(plan.scenario)}
    checks = judge(plan, good_call(plan, proofs=deaf))
    assert verdict(checks, "dtmf") == "skipped"
    assert next(check.measured for check in checks if check.name == "dtmf") == "pourquoi"


def test_direct_call_is_judged_without_a_phone() -> None:
    plan = plan_for(Plan(SCENARIOS["direct"]), SCENARIOS["direct"])
    assert expected_voices(plan, "signer") == {"agent_speaks": ("agent",), "signer_speaks": ()}
    assert expected_voices(plan, "agent") == {"agent_speaks": (), "signer_speaks": ("signer",)}
    names = {check.name for check in judge(plan, good_call(plan))}
    assert {"signer_hears", "agent_hears", "note_kept"} < names
    assert not {"phone_hears", "phone_outcome", "stayed_together", "signer_visibility"} & names


@pytest.mark.parametrize("name", CALLS)
def test_every_scenario_fails_when_nothing_happened(name: str) -> None:
    plan = Plan(SCENARIOS[name])
    nothing = Measurements(states=(), expected_ids={"signer": 2, "agent": 1}, tones=TONES, recorded=False)
    checks = judge(plan, nothing)
    assert {verdict(checks, "course"), verdict(checks, "end_reason"), verdict(checks, "record")} == {"failed"}


def test_busy_line_that_was_answered_is_a_failure() -> None:
    plan = Plan(SCENARIOS["busy"])
    assert verdict(judge(plan, good_call(plan, outcome="released")), "phone_outcome") == "failed"


def test_rehearsal_that_cannot_keep_up_says_so_without_failing() -> None:
    plan = Plan(SCENARIOS["answered"])
    assert verdict(judge(plan, good_call(plan, load=Load(1.0, (5.0, 300.0)))), "rehearsal_load") == "warned"


def test_error_of_the_service_is_a_failure_with_its_code() -> None:
    plan = Plan(SCENARIOS["answered"])
    checks = judge(plan, good_call(plan, errors=("out_of_place",)))
    assert verdict(checks, "errors") == "failed"


@pytest.mark.parametrize("name", CALLS)
def test_every_course_ends_and_is_told_from_where_its_teller_comes_in(name: str) -> None:
    scenario = SCENARIOS[name]
    rung = scenario.stages[0] == "be_called"
    first = "incoming" if rung else {"signer": "queued", "agent": "briefing"}[scenario.told]
    assert (scenario.course[0], scenario.course[-1]) == (first, "ended")


def test_expected_states_may_have_others_between_them_but_not_another_order() -> None:
    assert follows(("queued", "alerting", "ended"), ("queued", "ended"))
    assert not follows(("ended", "queued"), ("queued", "ended"))
    assert not follows(("queued",), ("queued", "ended"))


def test_percentile_of_nothing_is_nothing() -> None:
    assert percentile((), 0.95) is None
    assert percentile((1.0, 2.0, 3.0), 0.5) == 2.0
