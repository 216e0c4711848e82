"""``docs/call.md`` from the table: ``python -m signaling.call_diagram`` writes it, a test compares it."""

from pathlib import Path

from signaling.call_table import ROWS, Row
from signaling.call_terms import CallState

PAGE = Path(__file__).parent.parent / "docs" / "call.md"
GUARD_WORDS = {
    "": "",
    "relay": "relay",
    "direct": "direct",
    "video": "between signers",
    "phone_up": "phone on the line",
    "line_failed": "our line failed",
    "caller_waits": "the caller waits for the first agent",
    "caller_cut_off": "the caller waited, our line failed",
    "other_up": "a second phone party on the line",
    "other_rings": "a second phone party is dialled",
    "recording": "a message is being recorded",
    "message_kept": "a message is kept",
    "declined": "the signer declined",
    "caller_hears": "a caller waits for the first agent, on the line",
    "no_agent": "no agent could be had",
    "accepted": "the signer had accepted",
    "signer_lost": "signer's page gone",
    "served": "served before",
    "callback": "call-back",
    "colleague": "somebody beside the agent can take over",
}


def mermaid() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {CallState.QUEUED}", f"    [*] --> {CallState.INCOMING}"]
    for (source, target), labels in _edges().items():
        lines.append(f"    {source} --> {target}: {', '.join(labels)}")
    lines.append(f"    {CallState.ENDED} --> [*]")
    return "\n".join(lines)


def page() -> str:
    rows = "\n".join(_table_row(row) for row in ROWS)
    return f"""# The states of a call

Written by `python -m signaling.call_diagram` from `signaling/call_table.py`; a test fails when this page and the table
differ. What a trigger does besides (dial, hold the phone, write the record) is in `signaling/call.py`, of telephones in
`signaling/call_phone.py`, of calls that somebody else begins in `signaling/call_incoming.py`, of call-backs in
`signaling/call_back.py`, of whoever comes beside the agent in `signaling/call_second.py`, of a change of agent in
`signaling/call_handover.py`.

```mermaid
{mermaid()}
```

| In | on | when | goes to | ends as | fault |
|---|---|---|---|---|---|
{rows}
"""


def _edges() -> dict[tuple[CallState, CallState], list[str]]:
    edges: dict[tuple[CallState, CallState], list[str]] = {}
    for row in ROWS:
        if row.state is row.target:
            continue
        guard = f" [{GUARD_WORDS[row.guard]}]" if row.guard else ""
        labels = edges.setdefault((row.state, row.target), [])
        if row.trigger + guard not in labels:
            labels.append(row.trigger + guard)
    return edges


def _table_row(row: Row) -> str:
    reason, fault = row.end or ("", "")
    return f"| {row.state} | {row.trigger} | {GUARD_WORDS[row.guard]} | {row.target} | {reason} | {fault} |"


if __name__ == "__main__":
    PAGE.write_text(page())
