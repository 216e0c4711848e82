"""
What the measurements are worth: pure.

A check fails when the service broke a promise, warns when a figure is below the aim but above the norm's floor
(PRODUCT, "Numbers to meet"), and is skipped when it could not be measured at all, with the reason.
"""

from collections.abc import Iterable

import numpy as np

from relay.model import CallPlan, Leg, WebLeg
from relay.routing import routes
from signaling.rehearsal.model import PHASES, SPEAKER, Check, CheckStatus, Measurements, PictureSeen, Plan, SoundHeard
from signaling.rehearsal.proofs import DEAF_PHONE, NAMES, compare, described, proof_of, proved, voices
from signaling.rehearsal.scenarios import follows

RATE_TOLERANCE = 0.96  # a window of 6 s loses a frame at each end, a shared core one or two more
FPS_SHALL = 20.0  # EN 301 549 §6.5.3
DELAY_GOOD_MS, DELAY_LIMIT_MS = 400.0, 800.0  # EN 301 549 §6.5.1
TEXT_LIMIT_MS = 500.0  # EN 301 549 §6.2.4
LAG_LIMIT_MS = 40.0  # one picture at 25 fps
UNREAD_SHARE = 0.05  # pictures whose code was lost: a frame hit by coding or loss
MODELS_MISSING = "models_missing"  # the service runs without them and says so
WEB_LEGS: tuple[WebLeg, ...] = ("signer", "agent")


def judge(plan: Plan, seen: Measurements) -> tuple[Check, ...]:
    """:returns: every check that this plan calls for, in the order of a call."""
    scenario = plan.scenario
    checks = [_course(plan, seen), *_outcome(plan, seen)]
    if scenario.proves_media:
        for viewer in WEB_LEGS:
            checks += _pictures(plan, seen, viewer)
        checks += sounds(plan, seen)
    if "type" in scenario.stages:
        checks += _texts(seen)
    if "visibility" in scenario.stages:
        checks += [_visibility(seen, page) for page in WEB_LEGS]
    checks += [_proof(seen, *words) for words in proved(scenario)]
    if "stay" in scenario.stages:
        checks.append(_stayed(seen))
    if scenario.proves_media:
        checks.append(_load(seen))
    return (*checks, _record(seen), _errors(seen))


def _proof(seen: Measurements, name: str, label: str, expected: str) -> Check:
    proof = proof_of(seen, name)
    status: CheckStatus = "skipped" if proof.passed is None else _status(proof.passed)
    return Check(name, label, status, proof.measured, expected)


def percentile(values: Iterable[float], share: float) -> float | None:
    """:param share: 0..1. :returns: None without values."""
    known = list(values)
    return float(np.percentile(known, share * 100)) if known else None


def _status(passed: bool) -> CheckStatus:
    return "passed" if passed else "failed"


def _course(plan: Plan, seen: Measurements) -> Check:
    wanted = plan.scenario.course
    return Check(
        "course",
        "déroulement",
        _status(follows(seen.states, wanted)),
        " → ".join(seen.states) or "aucun état",
        " → ".join(wanted),
    )


def _outcome(plan: Plan, seen: Measurements) -> list[Check]:
    wanted = plan.scenario
    checks = [
        Check(
            "end_reason",
            "motif de fin",
            _status(seen.end_reason == wanted.end_reason),
            seen.end_reason or "aucun",
            wanted.end_reason or "aucun",
        )
    ]
    if wanted.outcome is not None:
        got, expected = seen.outcome or "aucune", wanted.outcome
        checks.insert(0, Check("phone_outcome", "issue du téléphone", _status(got == expected), got, expected))
    return checks


# --- pictures ---------------------------------------------------------------------------------------------


def _pictures(plan: Plan, seen: Measurements, viewer: WebLeg) -> list[Check]:
    other = "agent" if viewer == "signer" else "signer"
    title = f"image {NAMES[other]} → {NAMES[viewer]}"
    picture = seen.pictures.get(viewer)
    if picture is None or not picture.frames:
        return [Check(f"{viewer}_sees", title, "failed", "aucune image", f"l’image du {NAMES[other]}")]
    return [
        _identity(seen, viewer, title, picture),
        _frame_rate(plan, viewer, title, picture),
        _size(plan, viewer, title, picture),
        _delay(viewer, title, picture),
    ]


def _identity(seen: Measurements, viewer: WebLeg, title: str, picture: PictureSeen) -> Check:
    wanted = seen.expected_ids[viewer]
    strangers = len(picture.ids - {wanted})
    is_read = picture.unread <= UNREAD_SHARE * (picture.frames + picture.unread)
    measured = f"{'vu' if wanted in picture.ids else 'non vu'}, {strangers} intrus, {picture.unread} codes illisibles"
    passed = wanted in picture.ids and not strangers and is_read
    return Check(f"{viewer}_sees", f"{title} : qui", _status(passed), measured, "vu, 0 intrus")


def _frame_rate(plan: Plan, viewer: WebLeg, title: str, picture: PictureSeen) -> Check:
    aim = plan.fps * RATE_TOLERANCE
    floor = min(FPS_SHALL, aim)
    status: CheckStatus = "passed" if picture.fps >= aim else "warned" if picture.fps >= floor else "failed"
    measured = f"{picture.fps:.1f} i/s, trou de {picture.longest_gap_ms:.0f} ms au plus"
    return Check(f"{viewer}_frame_rate", f"{title} : cadence", status, measured, f"≥ {plan.fps:g} i/s (norme : 20)")


def _size(plan: Plan, viewer: WebLeg, title: str, picture: PictureSeen) -> Check:
    passed = picture.width >= plan.width and picture.height >= plan.height
    measured = f"{picture.width}×{picture.height}"
    return Check(f"{viewer}_size", f"{title} : taille", _status(passed), measured, f"≥ {plan.width}×{plan.height}")


def _delay(viewer: WebLeg, title: str, picture: PictureSeen) -> Check:
    p50, p95 = percentile(picture.delays_ms, 0.5), percentile(picture.delays_ms, 0.95)
    if p50 is None or p95 is None:
        return Check(f"{viewer}_delay", f"{title} : délai", "failed", "non mesuré", f"< {DELAY_GOOD_MS:.0f} ms")
    status: CheckStatus = "passed" if p95 < DELAY_GOOD_MS else "warned" if p50 <= DELAY_LIMIT_MS else "failed"
    measured = f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"
    return Check(f"{viewer}_delay", f"{title} : délai", status, measured, f"< {DELAY_GOOD_MS:.0f} ms")


# --- sounds -----------------------------------------------------------------------------------------------


def sounds(plan: Plan, seen: Measurements) -> list[Check]:
    """One check per listener: every phase must give exactly the voices that routing promises, and no other."""
    return [
        _sound(plan, seen, listener, [one for one in seen.sounds if one.listener == listener])
        for listener in legs_of(plan)
    ]


def legs_of(plan: Plan) -> tuple[Leg, ...]:
    """Who listens in this call; a direct call has no phone."""
    return ("signer", "agent", "phone") if plan.scenario.kind == "relay" else ("signer", "agent")


def expected_voices(plan: Plan, listener: Leg) -> dict[str, tuple[Leg, ...]]:
    """:returns: phase -> who must be heard, from the service's own routing rules."""
    legs = legs_of(plan)
    phone_socket = "phone" if "phone" in legs else None
    media = CallPlan(bridged=True, signer_voice=plan.voice, signer_hearing=plan.hearing, phone_socket=phone_socket)
    sources = routes(frozenset(legs), media).hears[listener]
    return {phase: tuple(who for who in sources if who in ("phone", SPEAKER[phase])) for phase in PHASES}


def _sound(plan: Plan, seen: Measurements, listener: Leg, heard: list[SoundHeard]) -> Check:
    name, label = f"{listener}_hears", f"son pour {NAMES[listener]}"
    expected = expected_voices(plan, listener)
    wanted = " ; ".join(voices(expected[phase]) for phase in PHASES)
    if any(one.hz is None for one in heard) or (listener == "phone" and not plan.phone_is_demo):
        return Check(name, label, "skipped", DEAF_PHONE, wanted)
    if len(heard) < len(PHASES):
        return Check(name, label, "failed", "non mesuré", wanted)
    passed, parts = True, []
    for one in heard:
        missing, strangers = compare(one.hz or (), expected[one.phase], seen.tones)
        passed = passed and not missing and not strangers
        parts.append(described(expected[one.phase], missing, strangers))
    return Check(name, label, _status(passed), " ; ".join(parts), wanted)


# --- text, visibility, records ----------------------------------------------------------------------------


def _texts(seen: Measurements) -> list[Check]:
    checks = []
    by_reader = {text.reader: text for text in seen.texts}
    for reader in WEB_LEGS:
        label = f"texte pour {NAMES[reader]}"
        text = by_reader.get(reader)
        if text is None or text.delay_ms is None or text.received != text.sent:
            got = "rien" if text is None or not text.received else f"{len(text.received)} caractères"
            checks.append(Check(f"{reader}_reads", label, "failed", got, "le texte entier"))
            continue
        status: CheckStatus = "passed" if text.delay_ms <= TEXT_LIMIT_MS else "warned"
        measured, wanted = f"entier, {text.delay_ms:.1f} ms", f"≤ {TEXT_LIMIT_MS:.0f} ms"
        checks.append(Check(f"{reader}_reads", label, status, measured, wanted))
    return checks


def _visibility(seen: Measurements, page: WebLeg) -> Check:
    name, label, wanted = f"{page}_visibility", f"lisibilité chez {NAMES[page]}", "au moins une lecture"
    reading = seen.visibility.get(page)
    if reading is None or not reading.levels:
        return Check(name, label, "failed", "aucune lecture", wanted)
    if all(level == "off" for level in reading.levels):
        status: CheckStatus = "skipped" if MODELS_MISSING in reading.advice else "failed"
        return Check(name, label, status, "coupée : " + ", ".join(reading.advice), wanted)
    usual = max(reading.advice, key=lambda code: reading.advice[code])
    return Check(name, label, "passed", f"{len(reading.levels)} lectures, {reading.levels[-1]}, {usual}", wanted)


def _load(seen: Measurements) -> Check:
    """Warns at most: a client that cannot keep up spoils the figures, and is not the service's fault."""
    name, label, wanted = "rehearsal_load", "charge de la répétition", f"retards < {LAG_LIMIT_MS:.0f} ms"
    if seen.load is None:
        return Check(name, label, "skipped", "non mesurée", wanted)
    lag = percentile(seen.load.lags_ms, 0.95) or 0.0
    measured = f"{seen.load.cpu_share * 100:.0f} % d’un cœur, retards p95 {lag:.0f} ms"
    return Check(name, label, "passed" if lag < LAG_LIMIT_MS else "warned", measured, wanted)


def _stayed(seen: Measurements) -> Check:
    measured = {True: "oui", False: "non", None: "non mesuré"}[seen.stayed_together]
    return Check("stayed_together", "ensemble après le téléphone", _status(bool(seen.stayed_together)), measured, "oui")


def _record(seen: Measurements) -> Check:
    if seen.recorded is None:
        return Check("record", "trace de l’appel", "skipped", "base de données hors de portée", "écrite")
    measured = "écrite" if seen.recorded else "absente"
    return Check("record", "trace de l’appel", _status(seen.recorded), measured, "écrite")


def _errors(seen: Measurements) -> Check:
    return Check("errors", "erreurs du service", _status(not seen.errors), ", ".join(seen.errors) or "aucune", "aucune")
