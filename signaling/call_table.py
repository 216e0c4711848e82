"""
The transitions of a call as a table, and what a party may do in each state. Pure.

The diagram in ``docs/call.md`` (``signaling.call_diagram``) and the exhaustive test come from ``ROWS``.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from signaling.call_model import Action, Call, CallState, EndFault, EndReason, Party

S = CallState
PHONE_LEGS_LIMIT = 30  # numbers dialled in one call: more is no conversation any more (toll fraud)

Trigger = Literal[
    "alerting",
    "alert_ended",
    "assigned",
    "queue_gave_up",
    "dial",
    "phone_ringing",
    "phone_answered",
    "phone_ended",
    "signer_hangs_up",
    "agent_hangs_up",
    "abuse",
    "signer_timeout",
    "agent_timeout",
]
Guard = Literal["", "relay", "direct", "phone_up", "signer_lost", "served"]
GUARDS: dict[Guard, Callable[[Call], bool]] = {
    "": lambda call: True,
    "relay": lambda call: call.kind == "relay",
    "direct": lambda call: call.kind == "direct",
    "phone_up": lambda call: call.phone is not None and call.phone.is_up,
    "signer_lost": lambda call: call.signer.lost_since is not None,
    "served": lambda call: call.together_at is not None,
}


class Row(NamedTuple):
    """In ``state``, ``trigger`` leads to ``target`` when ``guard`` holds; the first row that fits counts."""

    state: CallState
    trigger: Trigger
    guard: Guard
    target: CallState
    end: tuple[EndReason, EndFault] | None = None


def _rows() -> tuple[Row, ...]:
    rows: list[Row] = []

    def add(
        states: tuple[CallState, ...],
        trigger: Trigger,
        *targets: tuple[Guard, CallState] | tuple[Guard, CallState, EndReason, EndFault],
    ) -> None:
        for state in states:
            for entry in targets:
                end = (entry[2], entry[3]) if len(entry) == 4 else None
                rows.append(Row(state, trigger, entry[0], entry[1], end))

    waiting, calling = (S.QUEUED, S.ALERTING), (S.DIALING, S.RINGING)
    quiet = (S.BRIEFING, S.TALKING, S.AFTER_PHONE)
    together = (S.BRIEFING, S.TALKING, S.DIALING, S.RINGING, S.ACTIVE, S.AFTER_PHONE)

    add((S.QUEUED,), "alerting", ("", S.ALERTING))
    add((S.ALERTING,), "alert_ended", ("", S.QUEUED))
    add(waiting, "assigned", ("phone_up", S.ACTIVE), ("relay", S.BRIEFING), ("direct", S.TALKING))
    add(waiting, "queue_gave_up", ("", S.ENDED, "no_agent", "service"))
    for state in waiting:
        add((state,), "phone_ended", ("", state))
        add((state,), "signer_hangs_up", ("served", S.ENDED, "agent_lost", "agent"))
        add((state,), "signer_hangs_up", ("", S.ENDED, "abandoned", "signer"))
    add(waiting, "signer_timeout", ("served", S.ENDED, "signer_lost", "signer"), ("", S.ENDED, "abandoned", "signer"))

    add(quiet, "dial", ("", S.DIALING))
    add((S.DIALING,), "phone_ringing", ("", S.RINGING))
    add(calling, "phone_answered", ("", S.ACTIVE))
    add((*calling, S.ACTIVE), "phone_ended", ("relay", S.AFTER_PHONE), ("direct", S.TALKING))

    add(together, "signer_hangs_up", ("", S.ENDED, "completed", "nobody"))
    add(together, "agent_hangs_up", ("direct", S.ENDED, "agent_ended", "nobody"))
    add(together, "agent_hangs_up", ("signer_lost", S.ENDED, "signer_lost", "signer"))
    add(together, "abuse", ("", S.ENDED, "abuse_reported", "signer"))
    # While the phone party is on the line the agent decides (PRODUCT: never ended while the phone leg is up).
    add((*quiet, *calling), "signer_timeout", ("", S.ENDED, "signer_lost", "signer"))
    add(together, "agent_timeout", ("", S.QUEUED))
    return tuple(rows)


ROWS = _rows()


def find_row(call: Call, trigger: Trigger) -> Row | None:
    """:returns: the row that applies now, or None: the trigger means nothing in this state."""
    for row in ROWS:
        if row.state == call.state and row.trigger == trigger and GUARDS[row.guard](call):
            return row
    return None


# --- what a party may do ----------------------------------------------------------------------------------


def actions(call: Call, party: Party) -> tuple[Action, ...]:
    """:returns: what ``receive`` will take from this party now, in a stable order."""
    if call.state is S.ENDED or (party == "agent" and not call.is_together):
        return ()
    able: list[Action] = []
    hang_up: Trigger = "signer_hangs_up" if party == "signer" else "agent_hangs_up"
    if find_row(call, hang_up):
        able.append("hang_up")
    if not call.is_together:
        return tuple(able)
    if find_row(call, "dial") and _may_dial(call, party):
        able.append("dial")
    if call.has_phone:
        able.append("hang_up_phone")
    if party == "agent" and call.state is S.ACTIVE and call.phone is not None:
        able += ["resume" if call.phone.held else "hold", "dtmf"]
    side = call.signer if party == "signer" else call.agent
    able.append("unmute" if side.muted else "mute")
    if party == "agent":
        able += ["show_picture" if side.hidden else "hide_picture", "end_and_report_abuse"]
    return tuple(able)


def _may_dial(call: Call, party: Party) -> bool:
    """The agent dials; the signer may too, once a first call is over (same number, or another)."""
    return len(call.phone_legs) < PHONE_LEGS_LIMIT and (party == "agent" or call.state is S.AFTER_PHONE)
