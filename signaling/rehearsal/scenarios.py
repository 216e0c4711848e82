"""The courses that can be rehearsed: a table, with what each must lead to. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from signaling.rehearsal.model import Plan, Scenario, Stage, Tones

ALL = "all"
TONE_SLOTS = 13
#: Numbers of the demonstration phone (01 99 00 xx xx is reserved for fiction).
TONE, BUSY, NEVER_ANSWERS, UNKNOWN, HANGS_UP, DECLINES = (
    f"+331990000{ending}" for ending in ("20", "02", "03", "04", "05", "06")
)
_MEET: tuple[Stage, ...] = ("request", "meet", "see")
_END: tuple[Stage, ...] = ("hang_up", "rate", "finish", "record")
_RELEASE: tuple[Stage, ...] = ("hang_up_phone", "phone_gone", "stay", *_END)
_IN_VAIN: tuple[Stage, ...] = (*_MEET, "type", "dial_in_vain", "phone_gone", "stay", *_END)
_BRIEFED = ("queued", "alerting", "briefing")
_UNANSWERED = (*_BRIEFED, "dialing", "after_phone", "ended")
_ANSWERED = (*_BRIEFED, "dialing", "active", "after_phone", "ended")

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "answered",
            "le téléphone répond",
            (*_MEET, "type", "dial", "measure", "visibility", "hang_up_phone", "phone_gone", "stay", "hang_up", "rate",
             "refuse_note", "finish", "record"),
            _ANSWERED, outcome="released", number=TONE,
        ),
        Scenario("busy", "occupé", _IN_VAIN, _UNANSWERED, outcome="busy", number=BUSY),
        Scenario(
            "no_answer", "personne ne répond", _IN_VAIN, _UNANSWERED, outcome="no_answer", number=NEVER_ANSWERS
        ),
        Scenario(
            "wrong_number", "numéro non attribué", _IN_VAIN, _UNANSWERED, outcome="wrong_number", number=UNKNOWN
        ),
        Scenario("declined", "appel refusé", _IN_VAIN, _UNANSWERED, outcome="declined", number=DECLINES),
        Scenario(
            "phone_hangs_up",
            "le téléphone raccroche dès l’annonce",
            (*_MEET, "dial", "phone_gone", "stay", *_END),
            _ANSWERED, outcome="hung_up_at_announcement", number=HANGS_UP,
        ),
        Scenario(
            "second_number",
            "occupé, puis un autre numéro dans le même appel",
            (*_MEET, "dial_in_vain", "phone_gone", "dial_second", "hear", *_RELEASE),
            (*_BRIEFED, "dialing", "after_phone", "dialing", "active", "after_phone", "ended"),
            outcome="released", number=BUSY, second=TONE,
        ),
        Scenario(
            "hold",
            "attente, touches, micro et image coupés",
            (*_MEET, "dial", "hear", "hold", "resume", "dtmf", "mute", "unmute", "hide", "show", *_RELEASE),
            _ANSWERED, outcome="released", number=TONE,
        ),
        Scenario(
            "abandoned",
            "le signeur part pendant l’attente",
            ("request", "hang_up", "record"),
            ("queued", "ended"), end_reason="abandoned", agents=0,
        ),
        Scenario(
            "declined_alert",
            "la première interprète refuse, la suivante prend l’appel",
            (*_MEET, "alerts", *_END),
            (*_BRIEFED, "ended"), agents=2, alerts=("decline",),
        ),
        Scenario(
            "silent_agent",
            "la première interprète ne répond pas, la suivante prend l’appel",
            (*_MEET, "alerts", *_END),
            (*_BRIEFED, "ended"), agents=2, alerts=("ignore",), needs_short_times=True,
        ),
        Scenario(
            "interpreter_lost",
            "l’interprète disparaît, une autre reprend",
            (*_MEET, "dial", "hear", "lose_agent", "meet", "take_over", "see_again", "hear_again", "agent_returns",
             *_RELEASE),
            (*_BRIEFED, "dialing", "active", "queued", "active", "after_phone", "ended"),
            outcome="released", number=TONE, agents=2, needs_short_times=True,
        ),
        Scenario(
            "handed_over",
            "l’interprète demande un avis, puis confie l’appel",
            (*_MEET, "dial", "hear", "consult", "hand_over", "see_again", "hear_again", "first_finishes", *_RELEASE),
            _ANSWERED, outcome="released", number=TONE, agents=2,
        ),
        Scenario(
            "transferred",
            "l’interprète confie l’appel à une autre",
            (*_MEET, "dial", "hear", "hand_on", "meet", "take_over", "see_again", "hear_again", "first_finishes",
             *_RELEASE),
            (*_BRIEFED, "dialing", "active", "queued", "active", "after_phone", "ended"),
            outcome="released", number=TONE, agents=2,
        ),
        Scenario(
            "signer_back",
            "le signeur disparaît et revient",
            (*_MEET, "dial", "lose_signer", "signer_returns", "see_again", "hear", *_RELEASE),
            _ANSWERED, outcome="released", number=TONE,
        ),
        Scenario(
            "signer_lost",
            "le signeur disparaît et ne revient pas",
            (*_MEET, "dial", "lose_signer", "outlast", "hang_up_phone", "phone_gone", "wait_end", "finish", "record"),
            ("briefing", "dialing", "active", "ended"),
            end_reason="signer_lost", outcome="released", number=TONE, told="agent", needs_short_times=True,
        ),
        Scenario(
            "direct",
            "appel direct à une marque",
            (*_MEET, "type", "measure", "agent_hangs_up", "rate", "wrap_up", "finish", "record"),
            ("queued", "alerting", "talking", "ended"),
            end_reason="agent_ended", kind="direct", speaks=True,
        ),
        Scenario(
            "incoming",
            "un téléphone appelle le signeur",
            ("be_called", "accept", "meet", "see", "hear", "caller_presses", "caller_hangs_up", "phone_gone", "stay",
             *_END),
            ("incoming", "queued", "alerting", "active", "after_phone", "ended"), outcome="hung_up",
        ),
        Scenario(
            "emergency",
            "numéros d’urgence : le 114 proposé, les autres relayés d’abord, vers le téléphone de démonstration",
            ("ask_emergency", "request_emergency", "meet", "see", "dial", *_RELEASE),
            _ANSWERED, outcome="released",
        ),
    )
}  # fmt: skip


def plan_for(plan: Plan, scenario: Scenario) -> Plan:
    """The same wishes for another course."""
    return replace(
        plan, scenario=scenario, voice=plan.voice or scenario.speaks, hearing=plan.hearing or scenario.speaks
    )


def follows(seen: Iterable[str], expected: Iterable[str]) -> bool:
    """:returns: whether ``expected`` is a subsequence of ``seen``."""
    states = iter(seen)
    return all(any(state == wanted for state in states) for wanted in expected)


def tones_of(index: int) -> Tones:
    """
    Each call has voices of its own, so that a leak is heard; all lie within G.711's 300..3400 Hz, 50 Hz apart or more.

    The first call has signer 600, agent 1000 and phone 440 Hz; a further one the phone's own tone (:func:`own_number`),
    the signer 50 and the agent 100 Hz above it. The slots repeat after ``TONE_SLOTS`` calls.
    """
    slot = index % TONE_SLOTS
    if slot == 0:
        return Tones(600.0, 1000.0, 440.0)
    phone = 400.0 + 25.0 * _probe(slot)
    return Tones(phone + 50.0, phone + 100.0, phone)


def own_number(number: str, index: int) -> str:
    """
    Calls at once whose sound is proved dial numbers of their own, each with a tone of its own.

    :returns: E.164; for the number that sounds, of the demonstration phone's +331990010NN (400 + 25·NN Hz).
    """
    slot = index % TONE_SLOTS
    return number if slot == 0 or number != TONE else f"+331990010{_probe(slot):02d}"


def _probe(slot: int) -> int:
    return 28 + 6 * (slot - 1)  # 1100, 1250 … 2750 Hz
