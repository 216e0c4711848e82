"""What is written of a call: rating, wrap-up, contact record; and the calls of today."""

from typing import Literal

from pydantic import Field

from signaling.call_terms import CallKind, EndReason, Mode
from signaling.messages.base import ClientMessage, LongText, Message, ShortText

Disposition = Literal["resolved", "call_back", "follow_up", "transferred", "wrong_service", "abuse", "other"]

# --- from the pages ---------------------------------------------------------------------------------------


class CallRate(ClientMessage):
    """:param stars: 1..5. :param problems: tick boxes."""

    type: Literal["call.rate"] = "call.rate"
    call_id: str
    stars: int = Field(ge=1, le=5)
    problems: tuple[Literal["picture", "freeze", "interpreter", "wait", "phone", "other"], ...] = ()


class ContactForm(Message):
    """The contact record (fiche contact), direct calls only."""

    name: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    reference: ShortText | None = None


class WrapUpSubmit(ClientMessage):
    """Direct calls: disposition, note, contact. Relay calls take none of the three (``not_in_relay``)."""

    type: Literal["wrap_up.submit"] = "wrap_up.submit"
    call_id: str
    disposition: Disposition | None = None
    note: LongText | None = None
    contact: ContactForm | None = None


# --- from the server --------------------------------------------------------------------------------------


class CallSummaryRow(Message):
    """
    A line of today's calls. Relay: technical ending, times and figures only.

    :param frame_rates: pictures per second received from the signer, from the beginning to the end of the call: the
        lowest of each stretch; None: no picture was sent.
    """

    call_id: str
    kind: CallKind
    mode: Mode
    brand_name: str | None
    began_at: float
    talk_s: float
    end_reason: EndReason | None
    disposition: Disposition | None = None
    frame_rates: tuple[float | None, ...] = ()


class CallsToday(Message):
    type: Literal["calls.today"] = "calls.today"
    calls: tuple[CallSummaryRow, ...]


class ContactKnown(Message):
    """Direct calls: the contact record of who calls, when known."""

    type: Literal["contact"] = "contact"
    call_id: str
    contact: ContactForm
    earlier_calls: int
