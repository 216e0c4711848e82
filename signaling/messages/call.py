"""A call as it is asked for and acted in, and what is told beside its state (``signaling.messages.call_state``)."""

from typing import Annotated, Literal

from pydantic import Field

from signaling.call_model import TransferTarget
from signaling.call_terms import Action, Announce, CallKind, Mode
from signaling.messages.base import ClientMessage, Message, ShortText

# --- from the pages ---------------------------------------------------------------------------------------


class CallRequest(ClientMessage):
    """
    A signer asks for a call. ``number`` as typed (relay); ``brand`` slug (direct). A number that belongs to another
    signer becomes a ``video`` call.

    :param voice: VCO. :param hearing: HCO.
    :param announce: how the phone party learns that a relay is there.
    :param anonymous: the own number is not shown to the phone party.
    :param message_id: a voice message to be relayed by an agent, in place of a number.
    :param cost_confirmed: the signer was told that this number costs extra (``call.cost``).
    :param location: where the signer is, for an emergency number; passed on to the agent, never stored.
    :param gender: of the interpreter, as best effort, kept with the account for the next calls; None: as kept.
    :param domain: what the call is about, when an agent should know it well: the name of a skill (``medical``).
    :param language: the signer's sign language when it is another one than LSF: the name of a skill (``asl``).
    """

    type: Literal["call.request"] = "call.request"
    kind: CallKind
    mode: Mode = "LSF"
    number: Annotated[str, Field(max_length=64)] | None = None
    brand: Annotated[str, Field(max_length=64)] | None = None
    voice: bool = False
    hearing: bool = False
    announce: Announce = "agent"
    anonymous: bool = False
    message_id: Annotated[str, Field(max_length=64)] | None = None
    cost_confirmed: bool = False
    emergency_confirmed: bool = Field(default=False, description="the signer insisted on the relay after the 114 page")
    location: ShortText | None = None
    gender: Literal["f", "m", "any"] | None = None
    domain: ShortText | None = None
    language: ShortText | None = None
    watched: bool = Field(default=True, description="the signer's own picture may be analysed (readability)")


class CallAct(ClientMessage):
    """
    Anything a party may do in a call; which actions are open now is in ``call.state.actions``.

    :param number: for ``dial`` (None: the number of the request again), ``join_phone``, ``transfer`` (None: to the
        second phone party).
    :param digits: for ``dtmf``; a signer's own are not shown to the agent, and nobody's are logged.
    :param mode: for ``accept``, with ``voice``, ``hearing`` and ``watched`` (as in ``call.request``).
    :param cost_confirmed: as in ``call.request``.
    :param to: for ``consult``, ``transfer_call`` and ``call_second``; None: anybody who may serve this call.
    :param at: for ``ask_callback``: Unix seconds; None: as soon as the place in line comes up.
    :param location: for ``dial`` with an emergency number, by the signer: as in ``call.request``.
    """

    type: Literal["call.act"] = "call.act"
    call_id: str
    action: Action
    number: Annotated[str, Field(max_length=64)] | None = None
    digits: Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$")] | None = None
    mode: Mode = "LSF"
    voice: bool = False
    hearing: bool = False
    cost_confirmed: bool = False
    to: TransferTarget | None = None
    at: float | None = None
    location: ShortText | None = None
    watched: bool = True


class CallContinueHere(ClientMessage):
    """The signer's call goes on on this device instead of the other one."""

    type: Literal["call.continue_here"] = "call.continue_here"
    call_id: str


# --- from the server --------------------------------------------------------------------------------------


class EmergencyNotice(Message):
    """Instead of a call: the number is an emergency number. ``offer_114``: show 114 at once, with one tap."""

    type: Literal["emergency"] = "emergency"
    number: str
    kind: Literal["offer_114", "relay_first"]
    may_relay: bool


class CostNotice(Message):
    """
    Instead of a call: this number costs extra; ask again with ``cost_confirmed``.

    :param reason: ``special``: a service number with a surcharge; ``abroad``; ``satellite``.
    """

    type: Literal["call.cost"] = "call.cost"
    number: str
    reason: Literal["special", "abroad", "satellite"]
    call_id: str | None = None


class PhoneKey(Message):
    """A key that the phone party pressed, to the agent."""

    type: Literal["phone.key"] = "phone.key"
    call_id: str
    digit: str
