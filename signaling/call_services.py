"""What every call's runner of this process shares, and what it asks of the parts around it."""

from dataclasses import dataclass
from typing import Protocol

from interpreter_queue.dispatcher import InterpreterQueue
from signaling.call_events import KeepMissed
from signaling.call_model import Call, Grace
from signaling.config import SignalingConfig
from signaling.elsewhere import Elsewhere
from signaling.metrics import Metrics
from signaling.ownership import Ownership
from signaling.phone_guard import PhoneGuard
from signaling.records.call_records import Write
from signaling.sessions import Hub
from signaling.workers import WorkerPool


def grace_of(config: SignalingConfig) -> Grace:
    return Grace(signer_s=config.signer_grace_s, line_s=config.line_grace_s, agent_s=config.agent_grace_s)


class RecordKeeper(Protocol):
    """Where records go (``signaling.records.outbox``): never lost, never waited for."""

    async def put(self, write: Write, /) -> None: ...


class Bell(Protocol):
    """Reaches devices whose page is closed (Web Push). Never waits."""

    def ring(self, call: Call, person: str, /) -> None: ...


class Inbox(Protocol):
    """Missed calls and messages of a signer."""

    async def keep(self, call: Call, missed: KeepMissed, /) -> None:
        """:raises RedisError, OSError: not now; it is tried again."""


class CallbackBook(Protocol):
    """Call-backs that signers ask for while they wait."""

    async def admit(self, call: Call, at: float | None, /) -> None:
        """:raises PageError: this signer may not ask for one more, or not for then."""

    async def ask(self, call: Call, at: float | None, queued_at: float, /) -> None:
        """
        :param call: ended ``callback_asked``. :param at: Unix seconds, not before; None: when its place comes up.
        :param queued_at: its place in line, by the queue's clock.
        :raises RedisError, OSError: not now; it is tried again.
        """


@dataclass(frozen=True)
class Services:
    """:param bell: None: no push. :param inbox: None: missed calls are not kept; ``callbacks``: nor those asked for."""

    config: SignalingConfig
    hub: Hub
    pool: WorkerPool
    queue: InterpreterQueue
    ownership: Ownership
    keeper: RecordKeeper
    metrics: Metrics
    elsewhere: Elsewhere
    guard: PhoneGuard
    bell: Bell | None = None
    inbox: Inbox | None = None
    callbacks: CallbackBook | None = None
