"""
How changes and records look in Redis: JSON, encoded once, read again only by those who did not write them. Pure.

A value of the hashes is ``"<version> <record>"``. A stream entry holds one or more changes: ``head`` is
``"<first number> <how many> <batch>"``, ``changes`` a list of ``[records, events, handle]``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from interpreter_queue.changes import Change
from interpreter_queue.index import FeedEntry, Loaded
from interpreter_queue.model import AgentRecord, Event, HandleTime, RequestRecord

EVENTS: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])
AGENTS, REQUESTS, AGENT_LEASES, CALL_LEASES = 1, 2, 3, 4  # places in the KEYS of commit.lua
R = TypeVar("R", AgentRecord, RequestRecord)


@dataclass(frozen=True)
class Guard:
    """A commit that counts only while this lease has still ended before ``at`` (Redis time)."""

    leases: Literal["agents", "calls"]
    member: str
    at: float


def encode(loaded: Loaded, change: Change, guard: Guard | None) -> tuple[bytes, bytes, bytes]:
    """:returns: the three arguments of one change, as ``commit.lua`` explains them."""
    leases = [(AGENT_LEASES, key, seconds) for key, seconds in change.agent_leases.items()]
    leases += [(CALL_LEASES, key, seconds) for key, seconds in change.call_leases.items()]
    handle = change.handle.model_dump_json() if change.handle else ""
    head = to_json((_expected(loaded), _guard(guard), leases, handle))
    records = to_json(_rows(AGENTS, change.agents) + _rows(REQUESTS, change.requests))
    return head, records, b"%s,%s" % (EVENTS.dump_json(change.events), (handle or "null").encode())


def versioned(value: str, kind: type[R]) -> tuple[int, R | None]:
    """:returns: the version, and None for a record that is not there or that another version of the service wrote."""
    version, _, record = value.partition(" ")
    try:
        return (int(version), kind.model_validate_json(record)) if record else (0, None)
    except ValidationError:  # taken for not there: whoever enqueues or signs in writes it anew
        return int(version), None


def read_head(head: str) -> tuple[int, int, str]:
    """:returns: of a stream entry's changes: the first number, how many there are, the name of their batch."""
    first, count, batch = head.split(" ", 2)
    return int(first), int(count), batch


def decode(head: str, changes: str) -> list[FeedEntry]:
    """One stream entry."""
    first, _, _ = read_head(head)
    return [_feed_entry(first + place, *change) for place, change in enumerate(json.loads(changes))]


def _feed_entry(number: int, records: list[Any], events: list[Any], handle: Any) -> FeedEntry:
    agents: dict[str, AgentRecord | None] = {}
    requests: dict[str, RequestRecord | None] = {}
    for table, key, record in records:
        if table == AGENTS:
            agents[key] = AgentRecord.model_validate_json(record) if record else None
        else:
            requests[key] = RequestRecord.model_validate_json(record) if record else None
    told = HandleTime.model_validate(handle) if handle else None
    return FeedEntry(number, agents, requests, EVENTS.validate_python(events), told)


def _rows(table: int, records: Mapping[str, R | None]) -> list[tuple[int, str, str | None]]:
    return [(table, key, _dump(record) if record else None) for key, record in records.items()]


def _dump(record: AgentRecord | RequestRecord) -> str:
    """What is as by default is left out: half as long, and read back the same."""
    return record.model_dump_json(exclude_defaults=True)


def _expected(loaded: Loaded) -> list[tuple[int, str, int]]:
    sides = ((AGENTS, loaded.agent_id, loaded.agent_version), (REQUESTS, loaded.call_id, loaded.request_version))
    return [(table, key, version) for table, key, version in sides if key]


def _guard(guard: Guard | None) -> tuple[Any, ...]:
    if guard is None:
        return ()
    return (AGENT_LEASES if guard.leases == "agents" else CALL_LEASES, guard.member, guard.at)
