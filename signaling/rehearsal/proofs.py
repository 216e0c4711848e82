"""What single stages prove, beside the measurements of ``checks``: names, words, and the rules that decide. Pure."""

from collections.abc import Iterable, Sequence
from typing import get_args

from relay.model import Leg
from signaling.rehearsal.model import Measurements, Proof, Scenario, Stage, Tones

TONE_TOLERANCE_HZ = 10.0  # voices lie 50 Hz apart (scenarios.tones_of)
NAMES: dict[str, str] = {"signer": "signeur", "agent": "interprète", "phone": "téléphone"}
DEAF_PHONE = "ce téléphone ne dit pas ce qu’il entend"
#: stage -> (name, label, expected) of what it proves; a stage that was not reached has failed.
PROVES: dict[Stage, tuple[str, str, str]] = {
    "alerts": ("alerts", "alertes", "la première close, la suivante acceptée"),
    "be_called": ("caller_told", "annonce à l’appelant", "entendue pendant la sonnerie"),
    "caller_presses": ("caller_key", "touche de l’appelant", "reçue par l’interprète"),
    "ask_emergency": ("recognised", "numéros d’urgence reconnus", "le 114 proposé, sous toutes les écritures"),
    "request_emergency": ("emergency_first", "appel d’urgence relayé", "en tête de file"),
    "hear": ("sound", "son avec le téléphone", "les deux s’entendent"),
    "hear_again": ("sound_again", "son après le changement", "les deux s’entendent"),
    "see_again": ("picture_again", "image après le changement", "les deux se voient, 0 intrus"),
    "hold": ("hold", "mise en attente", "aucune voix des deux côtés"),
    "resume": ("resume", "fin de l’attente", "les deux s’entendent"),
    "dtmf": ("dtmf", "touches", "reçues par le téléphone"),
    "mute": ("mute", "micro coupé", "silence au téléphone seul"),
    "unmute": ("unmute", "micro rétabli", "les deux s’entendent"),
    "hide": ("hide", "image masquée", "0 image nouvelle"),
    "show": ("show", "image remontrée", "images nouvelles"),
    "lose_agent": ("phone_waits", "le téléphone attend", "en attente"),
    "consult": ("signer_waits", "avis d’un collègue", "le signeur ne voit personne, téléphone en silence"),
    "hand_over": ("handed_over", "relève", "une autre interprète, téléphone en ligne"),
    "hand_on": ("phone_waits", "le téléphone attend", "en attente"),
    "take_over": ("taken_over", "reprise de l’appel", "une autre interprète, téléphone en attente, silence"),
    "agent_returns": ("not_given_back", "retour de la première interprète", "sans appel"),
    "lose_signer": ("loss_told", "départ du signeur", "dit à l’interprète, téléphone en ligne"),
    "signer_returns": ("same_call", "retour du signeur", "le même appel"),
    "outlast": ("not_ended", "délai du signeur passé", "téléphone toujours en ligne"),
    "wrap_up": ("note_kept", "motif et note", "gardés"),
    "refuse_note": ("note_refused", "note d’un appel relayé", "not_in_relay"),
}


def proved(scenario: Scenario) -> tuple[tuple[str, str, str], ...]:
    """:returns: (name, label, expected) of everything its stages prove, in order."""
    return tuple(PROVES[stage] for stage in scenario.stages if stage in PROVES)


def compare(hz: tuple[float, ...], sources: tuple[Leg, ...], tones: Tones) -> tuple[tuple[Leg, ...], tuple[float, ...]]:
    """
    :returns: who is missing, and the peaks that belong to nobody expected.

    A phone whose voice is not known (``--phone``) may sound like anything, silence included.
    """
    known = {who: tone for who in sources if (tone := tones.of(who)) is not None}
    missing = tuple(who for who, tone in known.items() if not any(_near(peak, tone) for peak in hz))
    if len(known) < len(sources):
        return missing, ()
    return missing, tuple(peak for peak in hz if not any(_near(peak, tone) for tone in known.values()))


def _near(peak: float, tone: float) -> bool:
    return abs(peak - tone) <= TONE_TOLERANCE_HZ


def voices_among(hz: Iterable[float], tones: Tones) -> tuple[float, ...]:
    """:returns: the peaks that are somebody's voice."""
    known = [tone for leg in get_args(Leg) if (tone := tones.of(leg)) is not None]
    return tuple(peak for peak in hz if any(_near(peak, tone) for tone in known))


def voices(who: Iterable[str]) -> str:
    return " + ".join(NAMES[leg] for leg in who) or "silence"


def described(expected: tuple[Leg, ...], missing: tuple[Leg, ...], strangers: tuple[float, ...]) -> str:
    heard = voices(leg for leg in expected if leg not in missing)
    return heard + "".join(f" + {peak:.0f} Hz inattendu" for peak in strangers)


def heard(listener: Leg, hz: tuple[float, ...] | None, sources: tuple[Leg, ...], tones: Tones) -> Proof:
    """:param hz: None: nobody could listen. :param sources: exactly those must be heard."""
    if hz is None:
        return Proof(None, f"{NAMES[listener]} : {DEAF_PHONE}")
    missing, strangers = compare(hz, sources, tones)
    return Proof(not missing and not strangers, f"{NAMES[listener]} : {described(sources, missing, strangers)}")


def together(*proofs: Proof) -> Proof:
    """All of them; one that failed decides, then one that could not be measured."""
    verdicts = {proof.passed for proof in proofs}
    passed = False if False in verdicts else None if None in verdicts else True
    return Proof(passed, " ; ".join(proof.measured for proof in proofs))


def seen_from(
    ids: Iterable[int], wanted: int, others: Sequence[int], listener: Leg, *, frames: int, least: float
) -> Proof:
    """
    :param ids: everybody seen in the whole call. :param others: whom this leg has rightly seen before.
    :param frames: that came meanwhile, ``least`` at least.
    """
    strangers = set(ids) - {wanted, *others}
    seen = wanted in set(ids)
    measured = f"{NAMES[listener]} : {'vu' if seen else 'non vu'}, {frames} images, {len(strangers)} intrus"
    return Proof(seen and not strangers and frames >= least, measured)


def alerts(endings: Sequence[str], expected: Sequence[str], agents: int) -> Proof:
    """:param endings: of our agents' alerts, in order. :param agents: different ones that were alerted."""
    measured = f"{', '.join(endings) or 'aucune'} ; {agents} alertées"
    return Proof(tuple(endings) == tuple(expected) and agents == len(expected), measured)


def proof_of(seen: Measurements, name: str) -> Proof:
    return seen.proofs.get(name) or Proof(False, "non mesuré")
