"""What the visibility worker of a call is told, while its people, their choices and its owner change."""

from pathlib import Path

from relay.control_messages import UpdateCall
from relay.model import CallPlan
from signaling.call_events import Act, WatchSet
from signaling.call_media import CallMedia
from signaling.call_model import Call
from signaling.call_terms import CallState
from signaling.config import SignalingConfig
from signaling.ice_servers import IceServers
from signaling.ownership import Snapshot
from tests.signaling.calls import beside, in_state, play
from tests.signaling.workers import NotedPool, NotedWorker

S = CallState


class Served:
    """A call's media with a media worker and a visibility worker."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.media_worker, self.eyes = NotedWorker("m", "media"), NotedWorker("v", "visibility")
        pool = NotedPool(self.media_worker, self.eyes)
        self.media = CallMedia("c1", 1, pool.pool, IceServers(SignalingConfig(data_dir=Path("var"))), snapshot)
        self.media.media_id = "m"

    async def told(self, call: Call) -> list[str]:
        await self.media.sync(call)
        return self.eyes.watches()

    @property
    def tapped(self) -> list[str]:
        return [tap.leg for tap in self._plan.taps]

    @property
    def unclear(self) -> tuple[str, ...]:
        return self._plan.unclear

    @property
    def _plan(self) -> CallPlan:
        return [each.plan for each in self.media_worker.told if isinstance(each, UpdateCall)][-1]


async def test_all_are_watched_for_what_counts_in_their_mode_and_told_again_only_when_it_changes() -> None:
    served, call = Served(), in_state(S.ACTIVE)
    assert await served.told(call) == ["signer signing", "agent signing"]
    assert await served.told(call) == []
    assert await served.told(call.model_copy(update={"voice": True})) == ["signer lips"]
    assert served.tapped == ["signer", "agent"]


async def test_whoever_switches_the_analysis_off_is_unwatched_and_untapped_until_it_is_on_again() -> None:
    served, call = Served(), in_state(S.ACTIVE)
    await served.told(call)
    off, _ = play(call, WatchSet("signer", enabled=False), Act("agent", "hide_picture"))
    assert await served.told(off) == ["-signer", "-agent"]
    assert served.tapped == []
    on, _ = play(off, WatchSet("signer", enabled=True))
    assert await served.told(on) == ["signer signing"]


async def test_a_call_in_which_nobody_may_be_watched_asks_for_no_visibility_worker() -> None:
    served = Served()
    off, _ = play(in_state(S.ACTIVE), WatchSet("signer", enabled=False), WatchSet("agent", enabled=False))
    assert await served.told(off) == []
    assert served.media.visibility_id is None


async def test_a_new_owner_unwatches_whom_the_one_before_may_have_left_watched() -> None:
    call, _ = play(in_state(S.ACTIVE), WatchSet("signer", enabled=False))
    served = Served(Snapshot(call=call, media_worker="m", visibility_worker="v"))
    assert await served.told(call) == ["-signer", "-second", "agent signing"]


async def test_the_successors_picture_is_judged_anew() -> None:
    served, call = Served(), beside("team", S.ACTIVE)
    await served.told(call)
    after, _ = play(call, Act("agent", "hand_over"))
    await served.media.tell_promotion(after)
    assert served.eyes.watches() == ["-agent", "-second", "agent signing"]
    assert served.tapped == ["signer", "agent"]


async def test_an_agent_without_a_camera_is_not_watched_and_a_signer_without_one_is() -> None:
    served, call = Served(), in_state(S.ACTIVE)
    for party in call.in_media:
        await served.media.answer(party, 1, "v=0")  # both send sound alone
    assert await served.told(call) == ["signer signing"]


async def test_a_visibility_worker_that_refuses_is_not_felt_in_the_call() -> None:
    served = Served()
    served.eyes.refuses = "at_capacity"
    assert await served.told(in_state(S.ACTIVE)) == []
    assert served.tapped == []


async def test_a_picture_that_lacks_sharpness_is_told_to_the_media_worker_until_it_has_it_again() -> None:
    served, call = Served(), in_state(S.ACTIVE)
    assert not served.media.note_clarity("signer", "hands_cut")
    assert served.media.note_clarity("signer", "blurred")
    await served.told(call)
    assert served.unclear == ("signer",)
    assert not served.media.note_clarity("signer", "low_resolution")
    assert served.media.note_clarity("signer", "good")
    await served.told(call)
    assert not served.unclear


async def test_whose_leg_is_gone_lacks_nothing() -> None:
    served = Served()
    served.media.note_clarity("signer", "blurred")
    served.media.forget_leg("signer")
    await served.told(in_state(S.ACTIVE))
    assert not served.unclear


async def test_without_the_visibility_worker_no_picture_stays_unclear() -> None:
    served, call = Served(), in_state(S.ACTIVE)
    served.media.note_clarity("signer", "blurred")
    await served.told(call)
    served.media.lose(served.eyes.link)
    await served.told(call)
    assert not served.unclear
