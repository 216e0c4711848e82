"""
The WebSocket protocol between the pages and signaling, version 1.

JSON text frames at ``/ws``, one message each, discriminated by ``type``. Client messages may carry ``ref`` (client's
own string); the answer, an ``ok`` or an ``error``, repeats it as ``re``. The server states the whole ``call.state`` on
every change, so a page that reloads needs no history. An unknown, malformed or out-of-place message is answered with
an ``error`` and costs the sender nothing else.

The TypeScript types are generated from these models (``signaling.typescript``); golden examples are in
``tests/data/messages``. Each message is in the module of its subject; here is the whole.
"""

from typing import Annotated

from pydantic import Field, TypeAdapter

from signaling.messages.board import (
    Audit,
    AuditList,
    Board,
    SuperviseAgent,
    SuperviseJoin,
    SuperviseMove,
    SuperviseSay,
    SuperviseThresholds,
)
from signaling.messages.call import CallAct, CallContinueHere, CallRequest, CostNotice, EmergencyNotice, PhoneKey
from signaling.messages.call_state import CallStateMessage
from signaling.messages.inbox import Inbox, InboxBlock, InboxDelete, InboxHeard
from signaling.messages.media import (
    MediaAnswer,
    MediaClosed,
    MediaEncoding,
    MediaOffer,
    MediaRenew,
    NetworkMessage,
    PhoneLine,
)
from signaling.messages.records import CallRate, CallsToday, ContactKnown, WrapUpSubmit
from signaling.messages.serving import (
    AgentView,
    Alert,
    AlertEnded,
    AssignmentAccept,
    AssignmentDecline,
    CallbackCancel,
    CallbackRequest,
    Callbacks,
    Colleagues,
    ColleaguesList,
    PauseAfterCall,
    PresenceSet,
    RefusalSet,
    ServiceNotice,
    StaffNotice,
    StaffRead,
    Waits,
    WrapUpExtend,
    WrapUpFinish,
)
from signaling.messages.session import Error, Hello, Ok, Ping, Pong, PushSubscribe, PushUnsubscribe, Replaced, Welcome
from signaling.messages.visibility import (
    CameraAsk,
    CameraAsked,
    CheckStart,
    CheckState,
    CheckStop,
    VisibilityMessage,
    VisibilitySet,
)

AnyClientMessage = Annotated[
    Hello
    | Ping
    | CallRequest
    | CallAct
    | CallContinueHere
    | InboxHeard
    | InboxDelete
    | InboxBlock
    | PushSubscribe
    | PushUnsubscribe
    | CallRate
    | MediaAnswer
    | MediaRenew
    | PresenceSet
    | PauseAfterCall
    | AssignmentAccept
    | AssignmentDecline
    | WrapUpSubmit
    | WrapUpExtend
    | WrapUpFinish
    | ColleaguesList
    | StaffRead
    | RefusalSet
    | CallbackRequest
    | CallbackCancel
    | CameraAsk
    | VisibilitySet
    | CheckStart
    | CheckStop
    | SuperviseAgent
    | SuperviseMove
    | SuperviseSay
    | SuperviseJoin
    | SuperviseThresholds
    | AuditList,
    Field(discriminator="type"),
]

ClientMessageAdapter: TypeAdapter[AnyClientMessage] = TypeAdapter(AnyClientMessage)

AnyServerMessage = Annotated[
    Welcome
    | Pong
    | Ok
    | Error
    | CallStateMessage
    | EmergencyNotice
    | CostNotice
    | PhoneKey
    | PhoneLine
    | Inbox
    | MediaOffer
    | MediaClosed
    | MediaEncoding
    | VisibilityMessage
    | CameraAsked
    | CheckState
    | NetworkMessage
    | Alert
    | AlertEnded
    | AgentView
    | CallsToday
    | ContactKnown
    | Colleagues
    | Callbacks
    | Waits
    | ServiceNotice
    | StaffNotice
    | Board
    | Audit
    | Replaced,
    Field(discriminator="type"),
]

ServerMessageAdapter: TypeAdapter[AnyServerMessage] = TypeAdapter(AnyServerMessage)
