"""
The words of every piece of advice, French first, for the person whose picture it is and for the agent about them.

Plain (A2), two short sentences at most: what is wrong, then what to do. They blame the picture or the line, never the
person. The pages carry the same sentences in their own catalogues (``web_client/locales``, keys ``advice`` and
``advice_signer``); a test holds the two together.
"""

from dataclasses import dataclass

from relay.model import Advice


@dataclass(frozen=True, slots=True)
class AdviceText:
    """
    :param pictogram: name of the drawing shown beside the sentence.
    :param french, english: to the person whose picture it is.
    :param french_about, english_about: to the agent, about the signer's picture.
    """

    code: Advice
    pictogram: str
    french: str
    english: str
    french_about: str
    english_about: str

    @property
    def clip(self) -> str:
        """Where a centre may put this advice signed: below the pages' static files. Without the file, words alone."""
        return f"advice/{self.code}.mp4"


_TEXTS = (
    AdviceText(
        "good",
        "check",
        "On vous voit bien.",
        "You can be seen well.",
        "On voit bien la personne.",
        "The person can be seen well.",
    ),
    AdviceText(
        "no_person",
        "person-missing",
        "L’image ne montre personne. Placez-vous devant la caméra.",
        "The picture shows nobody. Sit in front of the camera.",
        "L’image ne montre personne.",
        "The picture shows nobody.",
    ),
    AdviceText(
        "hands_cut",
        "hands-frame",
        "Les mains sortent de l’image. Reculez un peu ou baissez la caméra.",
        "The hands leave the picture. Move back a little or tilt the camera down.",
        "Ses mains sortent de l’image.",
        "Their hands leave the picture.",
    ),
    AdviceText(
        "hands_hidden",
        "hands-hidden",
        "On ne voit pas les mains. Enlevez ce qui les cache.",
        "The hands cannot be seen. Remove what hides them.",
        "On ne voit pas ses mains : quelque chose les cache.",
        "Their hands cannot be seen: something hides them.",
    ),
    AdviceText(
        "face_cut",
        "face-frame",
        "Le visage sort de l’image. Tournez la caméra vers le visage.",
        "The face leaves the picture. Turn the camera towards the face.",
        "Son visage sort de l’image.",
        "Their face leaves the picture.",
    ),
    AdviceText(
        "mouth_hidden",
        "mouth-hidden",
        "On ne voit pas la bouche. Enlevez ce qui la cache.",
        "The mouth cannot be seen. Remove what hides it.",
        "On ne voit pas sa bouche.",
        "Their mouth cannot be seen.",
    ),
    AdviceText(
        "too_near",
        "move-back",
        "La caméra est trop près. Éloignez-la, ou reculez.",
        "The camera is too close. Move it away, or move back.",
        "Sa caméra est trop près.",
        "Their camera is too close.",
    ),
    AdviceText(
        "too_far",
        "move-closer",
        "La caméra est trop loin. Approchez-la, ou avancez.",
        "The camera is too far away. Bring it closer, or move closer.",
        "Sa caméra est trop loin.",
        "Their camera is too far away.",
    ),
    AdviceText(
        "off_centre",
        "centre",
        "L’image est trop de côté. Tournez la caméra vers vous.",
        "The picture is off to one side. Turn the camera towards you.",
        "Son image est trop de côté.",
        "Their picture is off to one side.",
    ),
    AdviceText(
        "sideways",
        "rotate",
        "L’image est penchée. Mettez la caméra droite.",
        "The picture is tilted. Hold the camera straight.",
        "Son image est penchée.",
        "Their picture is tilted.",
    ),
    AdviceText(
        "too_dark",
        "light-on",
        "L’image est trop sombre. Allumez une lampe devant vous.",
        "The picture is too dark. Switch on a lamp in front of you.",
        "Son image est trop sombre.",
        "Their picture is too dark.",
    ),
    AdviceText(
        "too_bright",
        "light-off",
        "L’image est trop claire. Éloignez la lampe ou fermez le rideau.",
        "The picture is too bright. Move the lamp away or close the curtain.",
        "Son image est trop claire.",
        "Their picture is too bright.",
    ),
    AdviceText(
        "backlit",
        "light-behind",
        "La lumière vient de derrière. Mettez la lumière devant vous.",
        "The light comes from behind. Put the light in front of you.",
        "La lumière vient de derrière la personne.",
        "The light comes from behind the person.",
    ),
    AdviceText(
        "blurred",
        "lens",
        "L’image est floue. Nettoyez la caméra ou ajoutez de la lumière.",
        "The picture is blurred. Clean the camera or add light.",
        "Son image est floue.",
        "Their picture is blurred.",
    ),
    AdviceText(
        "covered",
        "camera-covered",
        "La caméra est cachée. Enlevez ce qui est devant.",
        "The camera is covered. Remove what is in front of it.",
        "Sa caméra est cachée.",
        "Their camera is covered.",
    ),
    AdviceText(
        "frozen",
        "frozen",
        "L’image est arrêtée. Vérifiez la caméra et le réseau.",
        "The picture has stopped. Check the camera and the network.",
        "Son image est arrêtée.",
        "Their picture has stopped.",
    ),
    AdviceText(
        "low_frame_rate",
        "network",
        "L’image est saccadée. Rapprochez-vous de la box ou ajoutez de la lumière.",
        "The picture is jerky. Move closer to the Wi-Fi box or add light.",
        "Son image est saccadée.",
        "Their picture is jerky.",
    ),
    AdviceText(
        "low_resolution",
        "network",
        "L’image manque de détails. Rapprochez-vous de la box.",
        "The picture lacks detail. Move closer to the Wi-Fi box.",
        "Son image manque de détails.",
        "Their picture lacks detail.",
    ),
    AdviceText(
        "idle",
        "idle",
        "Rien ne bouge dans l’image depuis 4 minutes. Faites un signe.",
        "Nothing has moved in the picture for 4 minutes. Please wave.",
        "Rien ne bouge dans son image depuis 4 minutes.",
        "Nothing has moved in their picture for 4 minutes.",
    ),
    AdviceText(
        "no_video",
        "camera-off",
        "Votre image n’arrive pas. Vérifiez la caméra.",
        "Your picture does not arrive. Check the camera.",
        "Son image n’arrive pas.",
        "Their picture does not arrive.",
    ),
    AdviceText(
        "not_measured",
        "off",
        "La lisibilité n’est pas mesurée pour le moment. L’appel fonctionne.",
        "Visibility is not being measured at the moment. The call works.",
        "La lisibilité n’est pas mesurée pour le moment. L’appel fonctionne.",
        "Visibility is not being measured at the moment. The call works.",
    ),
    AdviceText(
        "models_missing",
        "off",
        "La lisibilité n’est pas mesurée. L’appel fonctionne.",
        "Visibility is not measured. The call works.",
        "La lisibilité n’est pas mesurée. L’appel fonctionne.",
        "Visibility is not measured. The call works.",
    ),
    AdviceText(
        "switched_off",
        "off",
        "La mesure de l’image est coupée. L’appel fonctionne.",
        "Measuring the picture is switched off. The call works.",
        "La personne a coupé la mesure de l’image. L’appel fonctionne.",
        "The person has switched measuring the picture off. The call works.",
    ),
)

#: By code: each of ``relay.model.AdviceCode`` and ``OffReason``.
ADVICE: dict[str, AdviceText] = {text.code: text for text in _TEXTS}
