"""A call with a second beside the agent: whose packets go where, and what becomes of requests, reports and names."""

import time
from collections.abc import AsyncIterator

import pytest

from relay.control_messages import LegState
from relay.forwarding import rtcp
from relay.forwarding.rtp import find_extension, is_rtcp
from relay.forwarding.streams import EXTENSION_MID
from relay.model import CallPlan, SecondRole, WebLeg
from tests.helpers.listed_call import PICTURE_SSRC, SSRCS, ListedCall

LEGS: tuple[WebLeg, ...] = ("signer", "agent", "second")


def plan(second: SecondRole | None, **more: object) -> CallPlan:
    return CallPlan.model_validate(
        {"bridged": True, "signer_voice": True, "signer_hearing": True, "second": second, **more}
    )


@pytest.fixture
async def call() -> AsyncIterator[ListedCall]:
    call = ListedCall(*LEGS)
    yield call
    await call.close()


def pictures(call: ListedCall, now: float) -> None:
    for leg in LEGS:
        call.picture(leg, now)


async def test_each_leg_gets_two_pictures_each_as_a_stream_of_its_own(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    assert call.shown("signer") == {"audio": [], "video": ["agent"], "video2": ["second"]}
    assert call.shown("agent") == {"audio": [], "video": ["signer"], "video2": ["second"]}
    assert call.shown("second") == {"audio": [], "video": ["signer"], "video2": ["agent"]}


async def test_second_picture_says_that_it_is_the_second(call: ListedCall) -> None:
    """RFC 8843 §9.2: a packet belongs to the section of its MID, and its SSRC with it from then on."""
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    for stream, mid in (("video", b"1"), ("video2", b"2")):
        [packet] = call.got("signer", stream)  # type: ignore[arg-type]
        found = find_extension(packet, EXTENSION_MID)
        assert found is not None
        assert packet[found[0] : found[0] + found[1]] == mid


async def test_key_frame_is_asked_of_who_is_seen_in_that_stream(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    call.forget()
    for now, stream, wanted in ((10.0, "video2", "second"), (20.0, "video", "agent")):
        call.path("signer").receive(rtcp.build_pli(9, SSRCS[stream].media), now)  # type: ignore[index]
        assert {leg: call.key_frames_asked(leg) for leg in LEGS} == {leg: int(leg == wanted) for leg in LEGS}
        call.forget()


async def test_key_frame_of_a_voice_is_asked_of_nobody(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    call.forget()
    call.path("signer").receive(rtcp.build_pli(9, SSRCS["audio"].media), 10.0)
    assert [call.key_frames_asked(leg) for leg in LEGS] == [0, 0, 0]


async def test_lost_packets_of_the_second_picture_are_sent_again_as_its_own(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    [packet] = call.got("signer", "video2")
    call.forget()
    call.path("signer").receive(rtcp.build_nack(9, SSRCS["video2"].media, [packet[2] << 8 | packet[3]]), 1.5)
    [again] = [data for data in call.sent["signer"] if not is_rtcp(data)]
    assert int.from_bytes(again[8:12], "big") == SSRCS["video2"].rtx
    assert again.endswith(b"second")


async def test_sender_reports_follow_the_pictures(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    call.forget()
    report = rtcp.SenderReport(PICTURE_SSRC["second"], rtcp.ntp_time(1.0), 90_000, 1, 1)
    call.path("second").receive(rtcp.build_sender_report(report), 1.1)
    told = {
        leg: [each.ssrc for data in call.sent[leg] for each in rtcp.parse(data) if isinstance(each, rtcp.SenderReport)]
        for leg in LEGS
    }
    assert told == {"signer": [SSRCS["video2"].media], "agent": [SSRCS["video2"].media], "second": []}


async def test_interrupted_sender_makes_all_its_viewers_wait_for_a_key_frame(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    call.session._legs["second"].on_interrupted("video")
    assert call.path("signer").outbound["video2"].wants_key_frame
    assert call.path("agent").outbound["video2"].wants_key_frame
    assert not call.path("signer").outbound["video"].wants_key_frame


async def test_while_a_colleague_is_consulted_the_signer_neither_sees_nor_is_seen(call: ListedCall) -> None:
    call.session.update(plan("consulted"))
    pictures(call, 1.0)
    for leg in LEGS:
        call.voice(leg, 1.0)
    assert call.shown("signer") == {"audio": [], "video": [], "video2": []}
    assert call.shown("agent") == {"audio": ["second"], "video": ["second"], "video2": []}
    assert call.shown("second") == {"audio": ["agent"], "video": ["agent"], "video2": []}


async def test_swap_of_a_team_shows_both_for_a_moment(call: ListedCall) -> None:
    now, shown = 0.0, []
    for active, swapping in (("agent", False), ("agent", True), ("second", True), ("second", False)):
        call.session.update(plan("team", active=active, swapping=swapping))
        now += 1
        pictures(call, now)
        call.forget()
        pictures(call, now + 0.01)
        found = call.shown("signer")
        shown.append((found["video"], found["video2"]))
    assert shown == [(["agent"], []), (["agent"], ["second"]), (["second"], ["agent"]), (["second"], [])]


async def test_of_a_team_the_signer_hears_the_active_one_and_each_of_the_two_hears_the_other(call: ListedCall) -> None:
    call.session.update(plan("team", active="second"))
    for leg in LEGS:
        call.voice(leg, 1.0)
    assert call.shown("signer")["audio"] == ["second"]
    assert call.shown("agent")["audio"] == ["signer"], "one of two voices at a time, the first one"
    call.forget()
    for step in range(50):
        call.voice("second", 2.0 + step / 50)
    assert set(call.shown("agent")["audio"]) == {"second"}
    assert set(call.shown("signer")["audio"]) == {"second"}


async def test_second_who_leaves_takes_the_second_picture_along_and_nothing_else(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    await call.session.close_leg("second")
    call.forget()
    for leg in ("signer", "agent"):
        call.picture(leg, 1.01, key=False)
    assert call.shown("signer") == {"audio": [], "video": ["agent"], "video2": []}
    assert call.shown("agent") == {"audio": [], "video": ["signer"], "video2": []}


async def test_promoted_second_is_the_agent_without_a_key_frame_or_a_new_generation(call: ListedCall) -> None:
    call.session.update(plan("team", active="second"))
    call.connect("second", 7)
    pictures(call, 1.0)
    path = call.path("second")
    call.forget()
    await call.session.promote_second()
    call.session.update(plan(None))
    call.picture("second", 1.01, key=False, path=path)
    assert call.shown("signer")["video"] == ["second"], "the same person's picture goes on"
    assert call.key_frames_asked("second") == 0
    assert call.session.summary().generations == {"signer": 4, "agent": 7}
    state = call.events[-1]
    assert isinstance(state, LegState)
    assert (state.leg, state.generation, state.state) == ("agent", 7, "connected")
    assert not [event for event in call.events if isinstance(event, LegState) and event.state == "closed"]


async def test_call_of_three_legs_weighs_as_two_calls(call: ListedCall) -> None:
    assert call.session.weight == 2
    await call.session.close_leg("second")
    assert call.session.weight == 1
    await call.session.close_leg("agent")
    assert call.session.weight == 1


async def test_promotion_is_asked_twice_and_happens_once(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    await call.session.promote_second()
    held = call.session._legs["agent"]
    await call.session.promote_second()
    assert call.session._legs["agent"] is held
    assert set(call.session.summary().legs) == {"signer", "agent"}


async def test_weak_line_of_a_second_does_not_make_the_signers_picture_of_the_agent_small(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 0.0)
    for step in range(80):
        now = step / 10
        call.path("second").receive(rtcp.build_remb(9, 300_000, [101]), now)
        for leg in ("signer", "agent"):
            call.path(leg).receive(rtcp.build_remb(9, 5_000_000, [101]), now)
        call.session.tick(now)
    asked = {event.leg: event.encoding.scale_resolution_down_by for event in call.encodings()}
    assert asked.get("signer", 1.0) > 2, "who is seen first on the weak line"
    assert "agent" not in asked
    assert call.bitrates("agent")[-1] >= 900_000


async def test_of_two_who_swap_neither_picture_stops_before_the_other_is_there(call: ListedCall) -> None:
    call.session.update(plan("team", swapping=True))
    pictures(call, 1.0)
    call.forget()
    call.session.update(plan("team", active="second", swapping=True))
    assert (call.key_frames_asked("agent"), call.key_frames_asked("second")) == (1, 1)
    for leg in LEGS:
        call.picture(leg, 1.01, key=False)
    assert call.shown("signer") == {"audio": [], "video": ["agent"], "video2": ["second"]}
    call.picture("second", 1.02)
    call.picture("agent", 1.02, key=False)
    assert call.shown("signer")["video"] == ["agent", "second"]
    assert call.shown("signer")["video2"] == ["second", "second"]
    call.picture("agent", 1.03)
    call.picture("second", 1.03, key=False)
    assert call.shown("signer")["video"] == ["agent", "second", "second"]
    assert call.shown("signer")["video2"] == ["second", "second", "agent"]


async def test_sequence_numbers_of_a_swapped_picture_have_no_hole(call: ListedCall) -> None:
    call.session.update(plan("team", swapping=True))
    pictures(call, 1.0)
    call.session.update(plan("team", active="second", swapping=True))
    for step in range(1, 6):
        for leg in ("agent", "second"):
            call.picture(leg, 1 + step / 100, key=step == 3)
    numbers = [packet[2] << 8 | packet[3] for packet in call.got("signer", "video")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert call.shown("signer")["video"] == ["agent"] * 4 + ["second"] * 3


async def test_swap_back_before_the_other_came_changes_nothing(call: ListedCall) -> None:
    call.session.update(plan("team", swapping=True))
    pictures(call, 1.0)
    for active in ("second", "agent"):
        call.session.update(plan("team", active=active, swapping=True))
    call.session.tick(100.0)
    for step in range(1, 4):
        for leg in LEGS:
            call.picture(leg, 1 + step / 100, key=False)
    assert call.shown("signer") == {"audio": [], "video": ["agent"] * 4, "video2": ["second"] * 4}


async def test_who_is_no_longer_to_be_seen_is_cut_off_at_once_even_in_a_swap(call: ListedCall) -> None:
    call.session.update(plan("team", swapping=True))
    pictures(call, 1.0)
    call.session.update(plan("team", active="second", swapping=True))
    call.session.update(plan("team", active="second", swapping=True, agent_hidden=True))
    call.forget()
    for leg in LEGS:
        call.picture(leg, 1.01, key=False)
    assert call.shown("signer") == {"audio": [], "video": [], "video2": []}
    call.picture("second", 1.02)
    assert call.shown("signer") == {"audio": [], "video": ["second"], "video2": []}


async def test_who_sends_no_key_frame_does_not_keep_the_one_before_on_the_screen(call: ListedCall) -> None:
    call.session.update(plan("team", swapping=True))
    pictures(call, 1.0)
    call.session.update(plan("team", active="second", swapping=True))
    call.forget()
    call.session.tick(time.monotonic() + 60)
    for leg in LEGS:
        call.picture(leg, 1.01, key=False)
    assert call.shown("signer") == {"audio": [], "video": [], "video2": []}
    call.picture("second", 1.02)
    assert call.shown("signer")["video"] == ["second"]


def crowd(call: ListedCall, began_at: float, seconds: float, line_bps: int) -> float:
    """Each of the others sends 400 kbit/s to the signer, whose line carries so much."""
    now = began_at
    for step in range(int(seconds * 100)):
        now = began_at + step / 100
        for leg in ("agent", "second"):
            call.picture(leg, now, key=False, size=500)
        if step % 10 == 0:
            call.path("signer").receive(rtcp.build_remb(9, line_bps, [101]), now)
            call.session.tick(now)
    return now


async def test_second_picture_gives_way_to_the_first_and_comes_back_with_a_key_frame(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    now = crowd(call, 1.01, 4.0, 450_000)
    call.forget()
    now = crowd(call, now + 0.01, 1.0, 450_000)
    assert len(call.shown("signer")["video"]) == 100
    assert call.shown("signer")["video2"] == []
    assert call.key_frames_asked("second") == 0, "none is of use meanwhile"
    now = crowd(call, now + 0.01, 7.0, 3_000_000)
    assert call.key_frames_asked("second") > 0
    call.forget()
    call.picture("second", now + 0.01)
    assert call.shown("signer")["video2"] == ["second"]


async def test_next_second_picture_does_not_inherit_the_pause_of_the_last(call: ListedCall) -> None:
    call.session.update(plan("expert"))
    pictures(call, 1.0)
    now = crowd(call, 1.01, 4.0, 450_000)
    call.session.update(plan(None))
    now = crowd(call, now + 0.01, 1.0, 3_000_000)
    call.session.update(plan("expert"))
    call.forget()
    call.picture("second", now + 0.01)
    assert call.shown("signer")["video2"] == ["second"]
