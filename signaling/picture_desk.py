"""What people say about pictures in a call: « please move your camera », and whether the own one is analysed."""

import time

from signaling.call_desk import CallDesk
from signaling.call_events import WatchSet
from signaling.call_model import Call
from signaling.call_offers import second_serves
from signaling.call_terms import Party
from signaling.messages.visibility import CameraAsk, VisibilitySet
from signaling.page_errors import PageError
from signaling.rate_limit import Rate, TokenBuckets
from signaling.sessions import Page

ASKED_EVERY = Rate(burst=1, period_s=5.0)  # of one call: to read it and to move takes longer


class PictureDesk:
    def __init__(self, desk: CallDesk) -> None:
        self._desk, self._asked = desk, TokenBuckets(ASKED_EVERY)

    async def ask_camera(self, session: Page, message: CameraAsk) -> None:
        """:raises PageError: not one's to ask now, or asked a moment ago."""
        runner, party = self._desk.held(session, message.call_id)
        if not may_ask_camera(runner.call, party):
            raise PageError("out_of_place")
        if self._asked.take(message.call_id, time.monotonic()):
            raise PageError("camera_asked_too_often")
        runner.news.ask_camera(message.advice)

    async def set_watched(self, session: Page, message: VisibilitySet) -> None:
        """:raises PageError: no call of this page's."""
        runner, party = self._desk.held(session, message.call_id)
        runner.submit(WatchSet(party, message.enabled))


def may_ask_camera(call: Call, party: Party) -> bool:
    """Whoever serves and sees the signer; two signers tell each other."""
    serves = party == "agent" or (party == "second" and second_serves(call))
    return serves and call.is_together and call.kind != "video" and not call.is_consulting
