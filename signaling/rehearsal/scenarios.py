"""The courses that can be rehearsed: a table, with what each must lead to. Pure."""

from collections.abc import Iterable

from signaling.rehearsal.model import Scenario, Tones

#: Numbers of the demonstration phone (01 99 00 xx xx is reserved for fiction).
SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("answered", "le téléphone répond", "+33199000020", "released", True, "completed", proves_media=True),
        Scenario("busy", "occupé", "+33199000002", "busy", False, "completed"),
        Scenario("no_answer", "personne ne répond", "+33199000003", "no_answer", False, "completed"),
        Scenario("wrong_number", "numéro non attribué", "+33199000004", "wrong_number", False, "completed"),
        Scenario("abandoned", "le signeur part pendant l’attente", "+33199000020", None, False, "abandoned"),
        Scenario("phone_hangs_up", "le téléphone raccroche", "+33199000005", "hung_up", True, "completed"),
    )
}

_STATES_AFTER = ("after_phone", "ended")
TONE_SLOTS = 13


def expected_states(scenario: Scenario) -> tuple[str, ...]:
    """States that the signer must have gone through, in this order; others may lie between them."""
    if scenario.outcome is None:
        return ("queued", "ended")
    together = ("queued", "briefing", "dialing")
    return (*together, "active", *_STATES_AFTER) if scenario.answers else (*together, *_STATES_AFTER)


def follows(seen: Iterable[str], expected: Iterable[str]) -> bool:
    """:returns: whether ``expected`` is a subsequence of ``seen``."""
    states = iter(seen)
    return all(any(state == wanted for state in states) for wanted in expected)


def tones_of(index: int) -> Tones:
    """
    Each call has voices of its own, so that a leak is heard; all lie within G.711's 300..3400 Hz, 50 Hz apart or more.

    The first call has signer 600, agent 1000 and phone 440 Hz; a further one the phone's own tone (:func:`number_of`),
    the signer 50 and the agent 100 Hz above it. The slots repeat after ``TONE_SLOTS`` calls.
    """
    slot = index % TONE_SLOTS
    if slot == 0:
        return Tones(600.0, 1000.0, 440.0)
    phone = 400.0 + 25.0 * _probe(slot)
    return Tones(phone + 50.0, phone + 100.0, phone)


def number_of(scenario: Scenario, index: int) -> str:
    """
    Calls at once whose sound is proved dial numbers of their own, each with a tone of its own.

    :returns: E.164; of the demonstration phone's +331990010NN, which sound at 400 + 25·NN Hz.
    """
    slot = index % TONE_SLOTS
    return scenario.number if slot == 0 or not scenario.proves_media else f"+331990010{_probe(slot):02d}"


def _probe(slot: int) -> int:
    return 28 + 6 * (slot - 1)  # 1100, 1250 … 2750 Hz
