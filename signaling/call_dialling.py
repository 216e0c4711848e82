"""
What parties do in a call, and the numbers they dial in it: each asked about, counted, and taken back when nothing came
of it. An emergency passes by all of that.
"""

from dataclasses import replace

from signaling.call import OutOfPlaceError
from signaling.call_events import Act
from signaling.call_phone import attempt_name
from signaling.call_requests import CallRequests
from signaling.call_runner import CallRunner, CongestedError
from signaling.call_table import ORDINARY_LEGS_LIMIT
from signaling.call_terms import Action
from signaling.messages.call import CallAct, CostNotice, EmergencyNotice
from signaling.numbers import EmergencyFound
from signaling.page_errors import PageError
from signaling.phone_guard import PhoneGuard, dialler_of
from signaling.sessions import Page

TAKES_NUMBER: frozenset[Action] = frozenset({"dial", "join_phone", "transfer"})


class CallDialling:
    def __init__(self, requests: CallRequests, guard: PhoneGuard) -> None:
        self._requests, self._guard = requests, guard

    async def act(self, runner: CallRunner, session: Page, message: CallAct, act: Act) -> None:
        """
        The page is told when a number costs extra, and nothing is done.

        :raises PageError: not open now, or the number may not be dialled.
        """
        if message.action not in TAKES_NUMBER:
            submit(runner, act)
            return
        call = runner.call
        number = await self._requests.dialled(call, act.party, session.identity, message)
        if isinstance(number, EmergencyNotice):
            runner.tell("signer", number)
            raise PageError("emergency_in_call")
        if isinstance(number, CostNotice):
            session.send(number)
            return
        if number is None:
            submit(runner, act)
            return
        if message.number:
            act = replace(act, target=number.target, display=number.display)
        if isinstance(number, EmergencyFound) and act.party == "signer":
            act = replace(act, location=message.location)
        if not isinstance(number, EmergencyFound) and len(call.phone_legs) >= ORDINARY_LEGS_LIMIT:
            raise PageError("numbers_used_up")
        dialler, attempt = dialler_of(call, act.party), attempt_name(call.call_id, len(call.phone_legs) + 1)
        await self._guard.begin(dialler, number, attempt)
        try:
            submit(runner, act)
        except PageError:
            await self._guard.undo(dialler, attempt)
            raise


def submit(runner: CallRunner, act: Act) -> None:
    """:raises PageError: not open now, or too much waits."""
    try:
        runner.submit(act)
    except OutOfPlaceError:
        raise PageError("out_of_place") from None
    except CongestedError:
        raise PageError("unavailable") from None
