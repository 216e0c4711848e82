"""What the pages of one call are told: its state, its quality, and what goes wrong. Sending never waits."""

import time
from typing import Protocol

from relay.control_messages import EncodingWanted, LegStatsEvent, VisibilityReading
from relay.model import AdviceCode
from relay.phone_messages import PhoneDtmf, PhoneStatsEvent
from signaling.call_model import Call
from signaling.call_offers import second_serves
from signaling.call_terms import PARTIES, Party
from signaling.call_view import farewell, view
from signaling.messages import AnyServerMessage
from signaling.messages.call import PhoneKey
from signaling.messages.call_state import CallStateMessage, QueueView
from signaling.messages.media import MediaClosed, MediaEncoding, NetworkMessage, PhoneLine
from signaling.messages.session import Error
from signaling.messages.visibility import CameraAsked, VisibilityMessage
from signaling.page_errors import sentence
from signaling.sessions import Hub


class Shown(Protocol):
    """The call's runner."""

    call: Call
    queue_view: QueueView | None


class CallPages:
    def __init__(self, owner: Shown, hub: Hub) -> None:
        self._owner, self._hub = owner, hub
        self._encodings: dict[Party, MediaEncoding] = {}  # last asked of each page

    def publish(self, only: Party | None = None) -> None:
        now = time.time()
        for party in PARTIES:
            if only in (None, party) and self._owner.call.place(party).key is not None:
                self._publish(party, view(self._owner.call, party, now, self._owner.queue_view))
        self._tell_switched_off()

    def part(self, before: Call) -> None:
        """Whoever was in the call and is not any more is told: an agent who handed it over, a second who left."""
        after = self._owner.call
        for party in PARTIES:
            role, key, device = before.place(party)
            if key is not None and after.party_of(role, key) is None:
                self._hub.send(role, key, MediaClosed(call_id=before.call_id), device)
                self._hub.send(role, key, farewell(before, party, time.time(), transferred=after.transferred), device)

    def _publish(self, party: Party, message: CallStateMessage) -> None:
        """A person's other devices see that the call is on one of them, and can have it."""
        role, key, bound = self._owner.call.place(party)
        self._hub.send(role, key, message, bound)
        if bound is None:
            return
        shown = message.model_copy(update={"on_other_device": True, "actions": ()})
        for device in self._hub.devices(role, key):
            if device != bound:
                self._hub.send(role, key, shown, device)

    def tell(self, party: Party, message: AnyServerMessage) -> None:
        """To the page that has this party's side of the call."""
        role, key, device = self._owner.call.place(party)
        self._hub.send(role, key, message, device)

    def tell_all(self, message: AnyServerMessage) -> None:
        """To everybody in the call; whoever only asks to be in it is not."""
        second = self._owner.call.second
        for party in PARTIES:
            if party != "second" or second is None or second.is_joined:
                self.tell(party, message)

    def tell_of(self, leg: Party, message: AnyServerMessage) -> None:
        """Of one side's media, to everybody who has to do with it: not across a consultation."""
        second = self._owner.call.second
        for party in PARTIES:
            is_in = party != "second" or second is None or second.is_joined
            if is_in and not (self._owner.call.is_consulting and {party, leg} == {"signer", "second"}):
                self.tell(party, message)

    def tell_agent(self, code: str) -> None:
        self.tell("agent", Error(code=code, message=sentence(code, "fr")))

    def encoding(self, event: EncodingWanted) -> None:
        self._encodings[event.leg] = MediaEncoding(
            call_id=event.call_id, generation=event.generation, encoding=event.encoding
        )

    def promote_second(self) -> None:
        """What was asked of the second's picture is asked of the agent's now: it is the same one."""
        asked = self._encodings.pop("second", None)
        self._encodings.pop("agent", None)
        if asked is not None:
            self._encodings["agent"] = asked

    def repeat_encoding(self, party: Party, generation: int | None) -> None:
        """
        What was last asked of this page; it may have missed it while only its socket was away.

        :param generation: of its peer connection; None: unknown.
        """
        message = self._encodings.get(party)
        if message is not None and generation in (None, message.generation):
            self.tell(party, message)

    def network(self, event: LegStatsEvent) -> None:
        self.tell_of(event.leg, NetworkMessage(call_id=event.call_id, whose=event.leg, stats=event.stats))

    def phone_line(self, event: PhoneStatsEvent) -> None:
        self._tell_serving(PhoneLine(call_id=event.call_id, stats=event.stats))

    def phone_key(self, event: PhoneDtmf) -> None:
        """To those who have the telephone in hand, and never logged: it may be a code."""
        self._tell_serving(PhoneKey(call_id=event.call_id, digit=event.digit))

    def _tell_serving(self, message: PhoneLine | PhoneKey) -> None:
        self.tell("agent", message)
        if second_serves(self._owner.call):
            self.tell("second", message)

    def visibility(self, reading: VisibilityReading) -> None:
        self._tell_visibility(
            VisibilityMessage(
                call_id=reading.call_id,
                whose=reading.leg,
                level=reading.level,
                advice=reading.advice,
                measures=reading.measures,
            )
        )

    def _tell_visibility(self, message: VisibilityMessage) -> None:
        """Everybody learns of the own picture; whoever serves the call also how readable the signer is."""
        if message.whose == "signer" and self._owner.call.kind != "video":
            self.tell_of("signer", message)
        else:
            self.tell(message.whose, message)

    def _tell_switched_off(self) -> None:
        """In place of readings, with each state of the call: a page that has just come knows it too."""
        call = self._owner.call
        for party in call.in_media:
            if not call.side(party).watched:
                self._tell_visibility(
                    VisibilityMessage(call_id=call.call_id, whose=party, level="off", advice="switched_off")
                )

    def camera_asked(self, advice: AdviceCode | None) -> None:
        self.tell("signer", CameraAsked(call_id=self._owner.call.call_id, advice=advice))
