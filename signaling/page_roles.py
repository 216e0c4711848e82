"""Which role's pages may say what; the rest is for whoever is in the call."""

from typing import Any

from signaling.call_terms import PageRole
from signaling.messages import AnyClientMessage
from signaling.messages.board import (
    AuditList,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.messages.call import CallContinueHere, CallRequest
from signaling.messages.inbox import InboxBlock, InboxDelete, InboxHeard
from signaling.messages.records import CallRate, WrapUpSubmit
from signaling.messages.serving import (
    AssignmentAccept,
    AssignmentDecline,
    CallbackCancel,
    CallbackRequest,
    ColleaguesList,
    PauseAfterCall,
    PresenceSet,
    StaffRead,
    WrapUpExtend,
    WrapUpFinish,
)
from signaling.messages.session import PushSubscribe, PushUnsubscribe
from signaling.messages.visibility import CameraAsk
from signaling.page_errors import PageError

FOR_AGENTS = (
    PresenceSet,
    PauseAfterCall,
    AssignmentAccept,
    AssignmentDecline,
    WrapUpSubmit,
    WrapUpExtend,
    WrapUpFinish,
    ColleaguesList,
    StaffRead,
    CameraAsk,
)
FOR_SIGNERS = (
    CallRequest,
    CallContinueHere,
    CallRate,
    InboxHeard,
    InboxDelete,
    InboxBlock,
    PushSubscribe,
    PushUnsubscribe,
    CallbackRequest,
    CallbackCancel,
)
FOR_SUPERVISORS = (SuperviseAgent, SuperviseMove, SuperviseSay, SuperviseJoin, SuperviseThresholds, AuditList)
FOR_ROLE: dict[PageRole, tuple[type[Any], ...]] = {
    "agent": FOR_AGENTS,
    "signer": FOR_SIGNERS,
    "supervisor": FOR_SUPERVISORS,
}


def check_role(role: PageRole, message: AnyClientMessage) -> None:
    """:raises PageError: a message that is another role's."""
    wanted = next((each for each, kinds in FOR_ROLE.items() if isinstance(message, kinds)), None)
    if wanted not in (None, role):
        raise PageError("wrong_role")
