"""
Part of the protocol (``signaling.messages``): whether a person can be seen, told to that person and, of a signer, to
the agent; and the check of camera, sound and line before the first call.
"""

from typing import Annotated, Literal

from pydantic import Field

from relay.model import Advice, AdviceCode, VisibilityLevel
from signaling.call_terms import Party
from signaling.messages.base import ClientMessage, Message

CHECK_PREFIX = "check-"


def is_check(call_id: str) -> bool:
    """A camera check's id, in the place of a call's."""
    return call_id.startswith(CHECK_PREFIX)


class CameraAsk(ClientMessage):
    """
    The agent's one key: « pouvez-vous bouger votre caméra ? » The signer sees the advice large.

    :param advice: what to ask for; None: what the service says of the signer's picture now, or simply that the camera
        be moved.
    """

    type: Literal["camera.ask"] = "camera.ask"
    call_id: str
    advice: AdviceCode | None = None


class VisibilitySet(ClientMessage):
    """Whether the own picture is analysed in this call; ``call.request`` says it beforehand."""

    type: Literal["visibility.set"] = "visibility.set"
    call_id: str
    enabled: bool


class CheckStart(ClientMessage):
    """
    The own picture, sound and line through the very path of a call, with nobody else in it: ``check.state`` names the
    check, then ``media.offer`` follows for it, ``visibility`` once a second and ``network`` every other. A new one
    ends the one before; ``check.state`` alone says that it is over, and the page releases its peer connection.
    """

    type: Literal["check.start"] = "check.start"


class CheckStop(ClientMessage):
    type: Literal["check.stop"] = "check.stop"


class VisibilityMessage(Message):
    """
    Readability of the signing, once a second: to the person whose picture it is and, of a signer's, to the agent.

    :param call_id: or the check's.
    :param whose: whose picture.
    """

    type: Literal["visibility"] = "visibility"
    call_id: str
    whose: Party = "signer"
    level: VisibilityLevel
    advice: Advice
    measures: dict[str, float | None] = {}


class CameraAsked(Message):
    """To the signer: the agent asks for another picture. Shown large until it is better or put away."""

    type: Literal["camera.asked"] = "camera.asked"
    call_id: str
    advice: AdviceCode | None = None


CheckEnd = Annotated[
    Literal["stopped", "over", "call", "no_worker", "busy"],
    Field(description="asked for; its time is over; a call begins; no media worker; workers are needed for calls"),
]


class CheckState(Message):
    """
    :param check_id: stands for the ``call_id`` in the media, visibility and network messages of this check.
    :param until: Unix seconds: it ends by itself.
    """

    type: Literal["check.state"] = "check.state"
    check_id: str
    running: bool
    until: float | None = None
    ended: CheckEnd | None = None
