"""
From the measures of a second to a level and one piece of advice.

A table of rules in order of importance, each with two thresholds (to show and to clear) and two delays: what lasts
2 s is shown, what has been gone for 3 s is cleared. Nobody signing (hands at rest, below the picture, the face well
seen) breaks no rule: the rules about hands see None and stay silent. Thresholds marked *to calibrate* have no
published value; they wait for trials with deaf signers.

Pure: the time that passed is an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from relay.model import VisibilityLevel

SHOW_AFTER_S = 2.0
CLEAR_AFTER_S = 3.0
SIGNING_SHARE = 0.3  # of the pictures of a second, from which on it counts as signing

Measures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Advice:
    """
    What the signer is told.

    :param code: for programs and records.
    :param pictogram: name of the drawing shown beside the sentence.
    :param french, english: one plain sentence or two (A2).
    """

    code: str
    pictogram: str
    french: str
    english: str


@dataclass(frozen=True, slots=True)
class Rule:
    """
    An alarm about one measure.

    :param side: the alarm is for values ``below`` or ``above`` ``show``.
    :param clear: the value beyond which it clears again; between the two it stays as it is.
    :param while_signing: only seconds in which somebody signs can raise it; the others are no evidence against it
        while it waits to be shown (signing has pauses), but clear it once it is shown.
    :param at_once: on the first reading of a call it is shown without waiting (it does not come and go).
    :param clear_after_s: patience before it clears.
    """

    code: str
    level: VisibilityLevel
    measure: str
    side: Literal["below", "above"]
    show: float
    clear: float
    while_signing: bool = False
    at_once: bool = True
    clear_after_s: float = CLEAR_AFTER_S

    def is_silent(self, measures: Measures) -> bool:
        """Nobody signs, in a rule about signing."""
        return self.while_signing and (measures.get("signing") or 0.0) < SIGNING_SHARE

    def speaks(self, measures: Measures, *, active: bool) -> bool:
        """:returns: whether the measures of this second are for the alarm; a value that is None is against it."""
        value = measures.get(self.measure)
        if value is None or self.is_silent(measures):
            return False
        threshold = self.clear if active else self.show
        return value < threshold if self.side == "below" else value > threshold


@dataclass(frozen=True, slots=True)
class Verdict:
    level: VisibilityLevel
    advice: str


GOOD = Verdict("good", "good")
MODELS_MISSING = Verdict("off", "models_missing")
NO_PICTURE_YET = Verdict("off", "no_video")
NOT_MEASURED_YET = Verdict("off", "not_measured")

NO_VIDEO = Rule("no_video", "off", "receiving", "below", 0.5, 0.5, clear_after_s=0.0)
#: Video arrives, but nothing can be made of it: a key frame is awaited, or this worker has too much to do.
NOT_MEASURED = Rule("not_measured", "off", "analysed", "below", 0.5, 0.5, clear_after_s=0.0)
_ABOUT_ARRIVAL = (NO_VIDEO, NOT_MEASURED)

#: In order of importance: of the rules that speak, the first is shown.
RULES: tuple[Rule, ...] = (
    *_ABOUT_ARRIVAL,
    Rule("too_dark", "poor", "luma", "below", 0.10, 0.14),
    Rule("backlit", "poor", "backlight", "above", 0.62, 0.55),
    Rule("too_dark", "poor", "face_luma", "below", 0.12, 0.15),
    Rule("too_bright", "poor", "overexposed", "above", 0.50, 0.40),
    Rule("no_person", "poor", "person", "below", 0.25, 0.40),
    Rule("too_far", "poor", "hand_size", "below", 0.07, 0.08),  # too far for its face to be found
    Rule("face_cut", "poor", "face_found", "below", 0.25, 0.40),
    Rule("face_cut", "poor", "face_in_frame", "below", 0.85, 0.92),
    Rule("too_far", "poor", "face_height", "below", 0.07, 0.08),
    Rule("hands_cut", "poor", "hands_cut", "above", 0.60, 0.40, while_signing=True, at_once=False),
    Rule("too_close", "poor", "face_width", "above", 0.40, 0.37),
    Rule("too_close", "poor", "face_height", "above", 0.45, 0.42),
    Rule("frame_rate_low", "poor", "received_fps", "below", 12.0, 14.0),  # critical, standards §5
    Rule("blurred", "poor", "sharpness", "below", 0.25, 0.30),
    Rule("too_far", "fair", "face_height", "below", 0.10, 0.11),  # signer at least 1/6 of the picture (Ofcom)
    Rule("too_close", "fair", "face_width", "above", 0.28, 0.26),  # less than an elbow width left at each side
    Rule("too_close", "fair", "face_height", "above", 0.33, 0.31),
    Rule("backlit", "fair", "backlight", "above", 0.50, 0.44),  # dark skin before a white wall stays below
    Rule("too_dark", "fair", "luma", "below", 0.16, 0.20),
    Rule("too_dark", "fair", "face_luma", "below", 0.18, 0.22),
    Rule("too_bright", "fair", "overexposed", "above", 0.30, 0.22),
    Rule("frame_rate_low", "fair", "received_fps", "below", 20.0, 22.0, while_signing=True),  # standards §5
    Rule("blurred", "fair", "sharpness", "below", 0.33, 0.38),
    Rule("hands_unclear", "fair", "hands_seen", "below", 0.20, 0.30, while_signing=True, at_once=False),
)

ADVICE: dict[str, Advice] = {
    advice.code: advice
    for advice in (
        Advice("good", "check", "On vous voit bien.", "You can be seen well."),
        Advice(
            "no_person",
            "person-missing",
            "On ne vous voit pas. Placez-vous devant la caméra.",
            "You cannot be seen. Sit in front of the camera.",
        ),
        Advice(
            "face_cut",
            "face-frame",
            "On ne voit pas bien votre visage. Mettez-le au milieu de l'image.",
            "Your face cannot be seen well. Bring it to the middle of the picture.",
        ),
        Advice(
            "hands_cut",
            "hands-frame",
            "Vos mains sortent de l'image. Reculez ou baissez la caméra.",
            "Your hands leave the picture. Move back or tilt the camera down.",
        ),
        Advice(
            "hands_unclear",
            "hands-blur",
            "On voit mal vos mains. Ajoutez de la lumière ou signez un peu plus lentement.",
            "Your hands are hard to see. Add light or sign a little more slowly.",
        ),
        Advice("too_far", "move-closer", "Vous êtes trop loin. Avancez.", "You are too far away. Move closer."),
        Advice(
            "too_close",
            "move-back",
            "Vous êtes trop près. Reculez pour montrer vos mains et vos coudes.",
            "You are too close. Move back to show your hands and elbows.",
        ),
        Advice(
            "too_dark",
            "light-on",
            "Il fait trop sombre. Allumez une lampe devant vous.",
            "It is too dark. Switch on a lamp in front of you.",
        ),
        Advice(
            "too_bright",
            "light-off",
            "Il y a trop de lumière. Éloignez la lampe ou fermez le rideau.",
            "There is too much light. Move the lamp away or close the curtain.",
        ),
        Advice(
            "backlit",
            "light-behind",
            "La lumière est derrière vous. Tournez-vous vers la fenêtre.",
            "The light is behind you. Turn towards the window.",
        ),
        Advice(
            "blurred",
            "lens",
            "L'image est floue. Nettoyez la caméra.",
            "The picture is blurred. Clean the camera.",
        ),
        Advice(
            "frame_rate_low",
            "network",
            "L'image est saccadée. Rapprochez-vous de la box ou ajoutez de la lumière.",
            "The picture is jerky. Move closer to the Wi-Fi box or add light.",
        ),
        Advice(
            "no_video",
            "camera-off",
            "Votre image n'arrive pas. Vérifiez la caméra.",
            "Your picture does not arrive. Check the camera.",
        ),
        Advice(
            "not_measured",
            "off",
            "La lisibilité n'est pas mesurée pour le moment. L'appel fonctionne.",
            "Visibility is not being measured at the moment. The call works.",
        ),
        Advice(
            "models_missing",
            "off",
            "La lisibilité n'est pas mesurée. L'appel fonctionne.",
            "Visibility is not measured. The call works.",
        ),
    )
}


@dataclass(slots=True)
class _Alarm:
    """:param against_s: for how long the measures have contradicted the state it is in."""

    rule: Rule
    active: bool = False
    against_s: float = 0.0

    def update(self, measures: Measures, elapsed_s: float, *, first: bool) -> None:
        if self.rule.speaks(measures, active=self.active) == self.active:
            self.against_s = self.against_s if self.rule.is_silent(measures) and not self.active else 0.0
            return
        self.against_s += elapsed_s
        patience = self.rule.clear_after_s if self.active else SHOW_AFTER_S
        if (first and self.rule.at_once) or self.against_s >= patience:
            self.active = not self.active
            self.against_s = 0.0


class AdvicePolicy:
    """One leg's alarms. Fed with the measures of each second, it says what to show."""

    def __init__(self, rules: tuple[Rule, ...] = RULES) -> None:
        self._alarms = [_Alarm(rule) for rule in rules]
        self._seen_picture = False

    def update(self, measures: Measures, elapsed_s: float = 1.0) -> Verdict:
        """
        :param measures: as :mod:`relay.visibility.measures.summary` makes them; a second without pictures tells
            only about what arrives, the other alarms stay as they are.
        :param elapsed_s: since the update before.
        """
        measures = with_person(measures)
        pictures = bool(measures.get("analysed"))
        if not pictures and not self._seen_picture:
            return NOT_MEASURED_YET if measures.get("receiving") else NO_PICTURE_YET
        for alarm in self._alarms:
            if pictures or alarm.rule in _ABOUT_ARRIVAL:
                alarm.update(measures, elapsed_s, first=not self._seen_picture)
        self._seen_picture = True
        for alarm in self._alarms:
            if alarm.active:
                return Verdict(alarm.rule.level, alarm.rule.code)
        return GOOD


def with_person(measures: Measures) -> dict[str, float | None]:
    """
    The measures with ``person`` added: how surely somebody is there, 0..1, by face or by hand.

    ``face_found`` becomes None when neither is: a face is called cut only when hands show that somebody is there.
    """
    face, hands = measures.get("face_found"), measures.get("hands_found")
    person = None if face is None else max(face, min(1.0, hands or 0.0))
    nobody = person is not None and person < 0.25
    return {**measures, "person": person, "face_found": None if nobody else face}
