"""Which role's pages may say what; the rest is for whoever is in the call."""

from typing import Any

from signaling.board_messages import (
    AuditList,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.call_model import PageRole
from signaling.messages import (
    AnyClientMessage,
    CallContinueHere,
    CallRate,
    CallRequest,
    InboxBlock,
    InboxDelete,
    InboxHeard,
    PushSubscribe,
    PushUnsubscribe,
    WrapUpSubmit,
)
from signaling.page_errors import PageError
from signaling.queue_messages import (
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
from signaling.visibility_messages import CameraAsk

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
