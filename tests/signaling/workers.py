"""Workers that note what they are told, for tests of who is told what."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from relay.control_messages import AnyCommand, CallSummary, Unwatch, Watch, WorkerKind
from relay.errors import RelayError
from signaling.workers import WorkerLink, WorkerPool


@dataclass
class NotedWorker:
    """:param refuses: code; None: takes everything."""

    worker_id: str
    kind: WorkerKind
    capacity: int = 10
    share: float = 0.0
    draining: bool = False
    refuses: str | None = None
    calls: tuple[CallSummary, ...] = ()
    told: list[AnyCommand] = field(default_factory=list)

    @property
    def state(self) -> Any:
        return SimpleNamespace(kind=self.kind, capacity=self.capacity, calls=self.calls)

    @property
    def datagram_socket(self) -> str:
        return f"/{self.worker_id}"

    def datagrams_from(self, _sender: object) -> str:
        return self.datagram_socket

    async def request(self, command: AnyCommand) -> dict[str, Any]:
        if self.refuses is not None:
            raise RelayError(self.refuses, "for the test")
        self.told.append(command)
        return {"sdp": "v=0", "sends": ["audio"]}

    @property
    def link(self) -> WorkerLink:
        return cast(WorkerLink, self)

    def watches(self) -> list[str]:
        """:returns: since last asked, in order: ``signer signing``, ``-agent``."""
        said = [
            f"{each.leg} {each.watch_for}" if isinstance(each, Watch) else f"-{each.leg}"
            for each in self.told
            if isinstance(each, (Watch, Unwatch))
        ]
        self.told.clear()
        return said


class NotedPool:
    def __init__(self, *workers: NotedWorker) -> None:
        self.workers = list(workers)

    def links(self, kind: WorkerKind) -> list[WorkerLink]:
        return [each.link for each in self.workers if each.kind == kind]

    def link(self, worker_id: str | None) -> WorkerLink | None:
        return next((each.link for each in self.workers if each.worker_id == worker_id), None)

    def choose(self, kind: WorkerKind, near: object = None, below: float = 1.0) -> WorkerLink | None:
        able = [each for each in self.workers if each.kind == kind and not each.draining and each.share < below]
        return able[0].link if able else None

    @property
    def pool(self) -> WorkerPool:
        return cast(WorkerPool, self)
