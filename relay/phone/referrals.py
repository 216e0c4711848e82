"""
Transfers of one dialog, asked for by us or by the peer, with the implicit subscription of RFC 3515.

Left to others: whether the number may be dialled and the dialling itself (``relay.phone.call``), the words on the wire
(``relay.phone.referring``).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from relay.phone.leg import LegEvent, ReferEnded, Referred
from relay.phone.referring import Wish, read_sipfrag, sipfrag
from relay.phone.sippy_agent import DialogAgent, Header, Reply, body, value

OUTCOME_DEADLINE_S = 180.0  # as long as a telephone may ring
SUBSCRIPTION_S = 200
GONE = frozenset({408, 481})
_DECLINED = Reply(603, "Decline")


class Referrals:
    """
    :param tell: events for the leg's listener. :param read: a Refer-To that may be followed, else None.
    :param gone: the dialog does not exist any more at the peer.
    """

    def __init__(
        self, tell: Callable[[LegEvent], None], read: Callable[[str], Wish | None], gone: Callable[[], None]
    ) -> None:
        self._tell, self._read, self._gone = tell, read, gone
        self._deadline: asyncio.TimerHandle | None = None
        self._accepted = False
        self._sent_any = False
        self._reporting: tuple[Header, ...] = ()
        self._received = 0

    # --- we ask -------------------------------------------------------------------------------------------

    def send(self, agent: DialogAgent, refer_to: str) -> None:
        """One at a time: a second one replaces the first, whose outcome is not told any more."""
        self._stop()
        self._sent_any, self._accepted = True, False
        self._deadline = asyncio.get_running_loop().call_later(OUTCOME_DEADLINE_S, self._outcome, 408)
        referred_by = f"<{agent.lUri.getUrl().localStr()}>"
        agent.ask("REFER", [("Refer-To", refer_to), ("Referred-By", referred_by)], on_final=self._on_final)

    def _on_final(self, code: int) -> None:
        if code < 300:
            self._accepted = True
            return
        self._outcome(code)
        if code in GONE:
            self._gone()

    def on_notify(self, request: Any) -> Reply:
        event = (value(request, "event") or value(request, "o") or "").partition(";")[0].strip().lower()
        if event != "refer":
            return Reply(489, "Bad Event", (("Allow-Events", "refer"),))
        if not self._sent_any:
            return Reply(481, "Subscription Does Not Exist")
        code = read_sipfrag(str(request.getBody() or ""))
        if code is not None and code >= 200:
            self._outcome(code)
        return Reply(200, "OK")

    def _outcome(self, code: int) -> None:
        if self._deadline is not None:
            self._stop()
            self._tell(ReferEnded(code))

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # --- the peer asks ------------------------------------------------------------------------------------

    def on_refer(self, request: Any, agent: DialogAgent) -> Reply:
        wishes = request.getHFs("refer-to")
        if len(wishes) != 1:
            return Reply(400, "Bad Request")
        wish = self._read(str(wishes[0].body))
        if wish is None or self._reporting:
            return _DECLINED
        self._received += 1
        number = request.getHFBody("cseq").getCSeqNum()
        silent = (value(request, "refer-sub") or "").strip().lower() == "false"
        event = "refer" if self._received == 1 else f"refer;id={number}"
        self._reporting = () if silent else (("Event", event),)
        loop = asyncio.get_running_loop()
        if not silent:
            loop.call_soon(self.report, agent, 100)
        loop.call_soon(self._tell, Referred(wish.number, wish.replaces))  # after our 202
        return Reply(202, "Accepted", (("Refer-Sub", "false"),) if silent else ())

    def report(self, agent: DialogAgent, code: int) -> None:
        if not self._reporting or not agent.isConnected():
            return
        state = f"active;expires={SUBSCRIPTION_S}" if code < 200 else "terminated;reason=noresource"
        agent.ask("NOTIFY", [*self._reporting, ("Subscription-State", state)], body(sipfrag(code), "message/sipfrag"))
        if code >= 200:
            self._reporting = ()

    def dialog_ended(self) -> None:
        """A peer that accepted our REFER and then says BYE, or is told BYE, has been transferred as far as we see."""
        if self._accepted:
            self._outcome(200)
        self._stop()
        self._reporting = ()
