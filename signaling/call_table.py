"""
The transitions of a call as a table. Pure. What a party may do in each state is in ``signaling.call_offers``.

The diagram in ``docs/call.md`` (``signaling.call_diagram``) and the exhaustive test come from ``ROWS``.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from signaling.call_model import Call
from signaling.call_terms import CallState, EndFault, EndReason

S = CallState
ORDINARY_LEGS_LIMIT = 30  # numbers dialled in one call: more is no conversation any more (toll fraud)
PHONE_LEGS_LIMIT = ORDINARY_LEGS_LIMIT + 10  # the last ones are for emergencies alone

Trigger = Literal[
    "accept",
    "decline",
    "ring_timeout",
    "message_over",
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
    "ask_callback",
    "hand_over",
    "transfer_call",
    "abuse",
    "signer_timeout",
    "agent_timeout",
]
Guard = Literal[
    "",
    "relay",
    "direct",
    "video",
    "phone_up",
    "line_failed",
    "caller_waits",
    "caller_cut_off",
    "other_up",
    "other_rings",
    "recording",
    "message_kept",
    "declined",
    "caller_hears",
    "no_agent",
    "accepted",
    "signer_lost",
    "served",
    "callback",
    "colleague",
]


def _line_failed(call: Call) -> bool:
    return call.phone is not None and call.phone.outcome == "trunk_failed"


def _caller_waits(call: Call) -> bool:
    return call.direction == "incoming" and call.together_at is None


def has_colleague(call: Call) -> bool:
    """Somebody is beside the agent who can take the call over at once."""
    second = call.second
    return second is not None and second.is_joined and second.role != "supervisor" and second.lost_since is None


def _caller_hears(call: Call) -> bool:
    """The caller waits for the first agent, and is on the line."""
    return _caller_waits(call) and call.phone is not None and call.phone.is_up


GUARDS: dict[Guard, Callable[[Call], bool]] = {
    "": lambda call: True,
    "relay": lambda call: call.kind == "relay",
    "direct": lambda call: call.kind == "direct",
    "video": lambda call: call.kind == "video",
    "phone_up": lambda call: call.phone is not None and call.phone.is_up,
    "line_failed": _line_failed,
    "caller_waits": _caller_waits,
    "caller_cut_off": lambda call: _caller_waits(call) and _line_failed(call),
    "other_up": lambda call: call.joined is not None and call.joined.is_up,
    "other_rings": lambda call: call.has_joined,
    "recording": lambda call: call.message_stage == "recording",
    "message_kept": lambda call: call.recording is not None,
    "declined": lambda call: call.declined,
    "caller_hears": _caller_hears,
    "no_agent": lambda call: call.unserved,
    "accepted": lambda call: call.accepted_at is not None,
    "signer_lost": lambda call: call.signer.lost_since is not None,
    "served": lambda call: call.together_at is not None,
    "callback": lambda call: call.is_callback_pending,
    "colleague": has_colleague,
}


class Row(NamedTuple):
    """In ``state``, ``trigger`` leads to ``target`` when ``guard`` holds; the first row that fits counts."""

    state: CallState
    trigger: Trigger
    guard: Guard
    target: CallState
    end: tuple[EndReason, EndFault] | None = None


Target = tuple[Guard, CallState] | tuple[Guard, CallState, EndReason, EndFault]


def _row(state: CallState, trigger: Trigger, entry: Target) -> Row:
    return Row(state, trigger, entry[0], entry[1], (entry[2], entry[3]) if len(entry) == 4 else None)


def _rows() -> tuple[Row, ...]:
    rows: list[Row] = []

    def add(states: tuple[CallState, ...], trigger: Trigger, *targets: Target) -> None:
        for state in states:
            rows.extend(_row(state, trigger, target) for target in targets)

    waiting, calling = (S.QUEUED, S.ALERTING), (S.DIALING, S.RINGING)
    quiet = (S.BRIEFING, S.TALKING, S.AFTER_PHONE)
    together = (S.BRIEFING, S.TALKING, S.DIALING, S.RINGING, S.ACTIVE, S.AFTER_PHONE)
    unheard: tuple[Target, ...] = (
        ("message_kept", S.ENDED, "message_left", "nobody"),
        ("declined", S.ENDED, "declined", "signer"),
        ("no_agent", S.ENDED, "no_agent", "service"),
        ("accepted", S.ENDED, "abandoned", "signer"),
        ("", S.ENDED, "not_answered", "signer"),
    )
    gave_up: Target = ("video", S.ENDED, "caller_gave_up", "signer")

    ringing = (S.INCOMING,)
    add(ringing, "accept", ("video", S.TALKING), ("", S.QUEUED))
    add(ringing, "decline", ("video", S.ENDED, "declined", "signer"), ("", S.MESSAGE))
    add(ringing, "ring_timeout", ("video", S.ENDED, "not_answered", "signer"), ("", S.MESSAGE))
    add(
        ringing,
        "phone_ended",
        ("line_failed", S.ENDED, "failed", "service"),
        ("", S.ENDED, "caller_gave_up", "phone"),
    )
    add(ringing, "signer_hangs_up", gave_up)
    add(ringing, "signer_timeout", gave_up)
    add((S.MESSAGE,), "message_over", *unheard)
    # A caller who ends the message by hanging up: what was said is still to come.
    add((S.MESSAGE,), "phone_ended", ("recording", S.MESSAGE), *unheard)

    add((S.QUEUED,), "alerting", ("", S.ALERTING))
    add((S.ALERTING,), "alert_ended", ("", S.QUEUED))
    add(
        waiting,
        "assigned",
        ("callback", S.CALLING_BACK),
        ("phone_up", S.ACTIVE),
        ("relay", S.BRIEFING),
        ("direct", S.TALKING),
    )
    # A caller is never cut without a word: they are offered to leave a message, as when nobody had accepted.
    offered: Target = ("caller_hears", S.MESSAGE)
    add(waiting, "queue_gave_up", offered, ("", S.ENDED, "no_agent", "service"))
    for state in waiting:
        add(
            (state,),
            "phone_ended",
            ("caller_cut_off", S.ENDED, "failed", "service"),
            ("caller_waits", S.ENDED, "caller_gave_up", "phone"),
            ("", state),
        )
        add((state,), "signer_hangs_up", offered, ("callback", S.ENDED, "callback_declined", "signer"))
        add((state,), "signer_hangs_up", ("served", S.ENDED, "agent_lost", "agent"))
        add((state,), "signer_hangs_up", ("", S.ENDED, "abandoned", "signer"))
    lost: tuple[Target, ...] = (("served", S.ENDED, "signer_lost", "signer"), ("", S.ENDED, "abandoned", "signer"))
    add(waiting, "signer_timeout", offered, *lost)
    add(waiting, "ask_callback", ("", S.ENDED, "callback_asked", "nobody"))

    add(quiet, "dial", ("relay", S.DIALING), ("direct", S.DIALING))
    add((S.DIALING,), "phone_ringing", ("", S.RINGING))
    add(calling, "phone_answered", ("", S.ACTIVE))
    add((S.ACTIVE,), "phone_ended", ("other_up", S.ACTIVE), ("other_rings", S.RINGING))
    add((*calling, S.ACTIVE), "phone_ended", ("relay", S.AFTER_PHONE), ("direct", S.TALKING))

    add(together, "signer_hangs_up", ("", S.ENDED, "completed", "nobody"))
    add((S.TALKING,), "agent_hangs_up", ("video", S.ENDED, "completed", "nobody"))
    add(together, "agent_hangs_up", ("direct", S.ENDED, "agent_ended", "nobody"))
    add(together, "agent_hangs_up", ("signer_lost", S.ENDED, "signer_lost", "signer"))
    add(together, "abuse", ("", S.ENDED, "abuse_reported", "signer"))
    # While the phone party is on the line the agent decides (PRODUCT: never ended while the phone leg is up).
    add((*quiet, *calling), "signer_timeout", ("", S.ENDED, "signer_lost", "signer"))
    add((S.TALKING,), "agent_timeout", ("video", S.ENDED, "signer_lost", "signer"))
    for state in together:
        add((state,), "hand_over", ("colleague", state))
        add((state,), "agent_timeout", ("colleague", state), ("", S.QUEUED))
    add((*quiet, S.ACTIVE), "transfer_call", ("relay", S.QUEUED), ("direct", S.QUEUED))
    return tuple(rows)


#: The signer's devices ring for a call-back, an agent is reserved.
CALLED_BACK: tuple[tuple[Trigger, Target], ...] = (
    ("accept", ("relay", S.BRIEFING)),
    ("accept", ("direct", S.TALKING)),
    ("decline", ("", S.ENDED, "callback_declined", "signer")),
    ("ring_timeout", ("", S.ENDED, "callback_unanswered", "signer")),
    ("agent_hangs_up", ("", S.QUEUED)),
    ("agent_timeout", ("", S.QUEUED)),
)
ROWS = (*_rows(), *(_row(S.CALLING_BACK, trigger, target) for trigger, target in CALLED_BACK))


def find_row(call: Call, trigger: Trigger) -> Row | None:
    """:returns: the row that applies now, or None: the trigger means nothing in this state."""
    for row in ROWS:
        if row.state == call.state and row.trigger == trigger and GUARDS[row.guard](call):
            return row
    return None


def was_dialled(call: Call) -> bool:
    """By us: the phone party did not call."""
    return call.direction == "outgoing" or (call.phone is not None and call.phone != call.phone_legs[0])
