"""What a page is told when something cannot be done: a code for programs, a plain sentence for people."""

from typing import Literal

Locale = Literal["fr", "en"]


class PageError(Exception):
    """:param code: key of ``SENTENCES``; travels in ``error.code``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


#: Refusals after which the same may be asked for as a call-back.
OFFERS_CALLBACK = frozenset({"brand_closed", "mode_closed", "line_full", "nobody_serves"})
SENTENCES: dict[str, tuple[str, str]] = {
    # protocol
    "malformed": ("Message illisible : du JSON était attendu.", "Unreadable message: JSON was expected."),
    "unknown_type": ("Type de message inconnu.", "Unknown message type."),
    "invalid": ("Un champ du message n’est pas valable.", "A field of the message is not valid."),
    "hello_expected": ("Le premier message doit être « hello ».", "The first message must be “hello”."),
    "out_of_place": ("Ce n’est pas possible à ce moment de l’appel.", "Not possible at this point of the call."),
    "wrong_role": ("Cette page n’a pas ce rôle.", "This page does not have that role."),
    "rate_limited": ("Trop de demandes : patientez un instant.", "Too many requests: wait a moment."),
    "too_many_connections": ("Trop de connexions depuis cette adresse.", "Too many connections from this address."),
    "origin_refused": ("Ce site n’est pas autorisé.", "This site is not allowed."),
    # who
    "sign_in_required": ("Connectez-vous pour passer un appel relayé.", "Sign in to place a relay call."),
    "operator_token_refused": ("Le jeton d’exploitation n’est pas le bon.", "The operator token is not right."),
    # calls
    "already_in_call": ("Vous êtes déjà en appel.", "You are already in a call."),
    "unknown_call": ("Cet appel n’existe plus.", "This call no longer exists."),
    "peer_busy": (
        "Cette personne est déjà en appel. Elle verra que vous avez appelé.",
        "This person is in a call already. They will see that you called.",
    ),
    "own_number": ("C’est votre propre numéro.", "This is your own number."),
    "signer_number": (
        "Ce numéro est celui d’une personne qui signe : appelez-la depuis un nouvel appel, sans interprète.",
        "This number is a signer’s: call it from a new call, without an interpreter.",
    ),
    "push_refused": (
        "Ce navigateur ne peut pas être appelé page fermée.",
        "This browser cannot be rung while its page is closed.",
    ),
    "number_missing": ("Indiquez le numéro à appeler.", "Give the number to call."),
    "unknown_brand": ("Ce service n’existe pas.", "This service does not exist."),
    "brand_closed": ("Ce service est fermé en ce moment.", "This service is closed right now."),
    "brand_closed_no_callback": (
        "Ce service est fermé en ce moment. Revenez à l’ouverture.",
        "This service is closed right now. Come back when it opens.",
    ),
    "mode_closed": ("Ce mode de relais est fermé en ce moment.", "This relay mode is closed right now."),
    "mode_closed_no_callback": (
        "Ce mode de relais est fermé en ce moment. Revenez à l’ouverture.",
        "This relay mode is closed right now. Come back when it opens.",
    ),
    "line_full": (
        "Trop de personnes attendent. Vous pouvez demander à être rappelé·e.",
        "Too many people are waiting. You can ask to be called back.",
    ),
    "nobody_serves": (
        "Personne ne sert ce mode en ce moment. Vous pouvez demander à être rappelé·e.",
        "Nobody serves this mode right now. You can ask to be called back.",
    ),
    "nobody_serves_no_callback": (
        "Personne ne sert ce mode en ce moment. Réessayez plus tard.",
        "Nobody serves this mode right now. Try again later.",
    ),
    "callback_refused": (
        "Ici, personne ne peut être rappelé. Appelez quand le service est ouvert.",
        "Nobody is called back here. Call when the service is open.",
    ),
    "too_many_callbacks": (
        "Vous avez déjà demandé plusieurs rappels : attendez, ou annulez-en un.",
        "You have asked for several call-backs already: wait, or cancel one.",
    ),
    "callback_emergency": (
        "Numéro d’urgence : appelez maintenant, sans attendre de rappel.",
        "Emergency number: call now, do not wait to be called back.",
    ),
    "callback_cost": (
        "Ce numéro coûte plus cher : appelez-le vous-même, le prix est montré avant.",
        "This number costs extra: call it yourself, the cost is shown first.",
    ),
    "callback_gone": ("Cette demande de rappel n’existe plus.", "This call-back request no longer exists."),
    "queue_full": (
        "Trop de personnes attendent. Réessayez plus tard.",
        "Too many people are waiting. Try again later.",
    ),
    "not_a_number": (
        "Ce n’est pas un numéro de téléphone : 10 chiffres, ou + et l’indicatif du pays.",
        "Not a phone number: 10 digits, or + and the country code.",
    ),
    "premium": ("Les numéros surtaxés ne sont pas appelés d’ici.", "Premium-rate numbers are not dialled here."),
    "short_number": ("Ce numéro court n’est pas appelé d’ici.", "This short number is not dialled here."),
    "country_not_allowed": ("Ce pays n’est pas appelé d’ici.", "This country is not dialled here."),
    "number_refused": ("Ce numéro n’est pas appelé d’ici.", "This number is not dialled here."),
    "number_blocked": (
        "Ce numéro est bloqué par le service. Si c’est une erreur, écrivez à l’assistance.",
        "The service blocks this number. If that is a mistake, write to support.",
    ),
    "too_many_lines": (
        "Trop de téléphones sont déjà en ligne. Raccrochez-en un, puis réessayez.",
        "Too many telephones are on the line already. Hang one up, then try again.",
    ),
    "numbers_used_up": (
        "Cet appel a déjà composé beaucoup de numéros. Terminez-le, puis faites-en un nouveau.",
        "This call has dialled many numbers already. End it, then place a new one.",
    ),
    "calls_used_up": (
        "Le nombre d’appels d’une journée est atteint. Réessayez demain ; les urgences passent toujours.",
        "The number of calls for one day is used up. Try again tomorrow; emergencies always get through.",
    ),
    "minutes_used_up": (
        "La durée d’appel d’une journée est atteinte. Réessayez demain ; les urgences passent toujours.",
        "The calling time for one day is used up. Try again tomorrow; emergencies always get through.",
    ),
    "dialling_braked": (
        "Trop d’appels inhabituels : l’étranger et les numéros surtaxés sont fermés pour l’instant. "
        "Les autres numéros restent ouverts.",
        "Too many unusual calls: numbers abroad and premium numbers are closed for now. Other numbers stay open.",
    ),
    "camera_asked_too_often": (
        "La demande est déjà affichée : laissez quelques secondes à la personne.",
        "The request is on the screen already: give the person a few seconds.",
    ),
    "signer_still": (
        "Plus rien ne bouge dans l’image depuis quatre minutes. C’est à vous de décider ; l’appel continue.",
        "Nothing has moved in the picture for four minutes. It is for you to decide; the call goes on.",
    ),
    "no_dtmf": (
        "Ce téléphone ne prend pas les touches. La communication continue.",
        "This telephone takes no key presses. The call goes on.",
    ),
    "transfer_failed": (
        "Le transfert n’a pas abouti. La communication continue.",
        "The transfer failed. The call goes on.",
    ),
    "nobody_came": (
        "Personne n’a pu venir. L’appel continue ; vous pouvez redemander.",
        "Nobody could come. The call goes on; you may ask again.",
    ),
    "block_list_full": (
        "Vous bloquez déjà beaucoup de numéros. Pour en retirer, écrivez à l’assistance.",
        "You block many numbers already. To remove some, write to support.",
    ),
    "message_gone": ("Ce message n’est plus disponible.", "This message is no longer available."),
    "emergency_in_call": (
        "Numéro d’urgence : terminez cet appel, la page propose le 114.",
        "Emergency number: end this call, the page offers 114.",
    ),
    "no_common_codec": (
        "Vos deux appareils n’ont aucun format d’image en commun : pas d’image. Le texte et le son continuent.",
        "Your two devices have no picture format in common: no picture. Text and sound go on.",
    ),
    "media_full": (
        "Toutes les lignes vidéo sont prises : l’image viendra dès qu’une se libère.",
        "All video lines are taken: the picture comes as soon as one is free.",
    ),
    "bad_sdp": ("La réponse de la caméra est inutilisable : rechargez la page.", "Unusable media answer: reload."),
    "stale_generation": ("Cette connexion est déjà remplacée.", "This connection has been replaced already."),
    "lost": ("L’appel n’attend plus.", "The call is no longer waiting."),
    "not_in_relay": (
        "Un appel relayé ne laisse aucun texte (secret professionnel).",
        "A relay call leaves no text (professional secrecy).",
    ),
    "nothing_to_extend": ("Le post-appel ne peut plus être prolongé.", "Wrap-up cannot be extended further."),
    # supervision
    "unknown_agent": ("Cette personne n’est plus connectée.", "This person is no longer signed in."),
    "not_joinable": (
        "Cet appel ne peut pas être rejoint : la règle de la marque, quelqu’un s’y joint déjà, ou trop de demandes.",
        "This call cannot be joined: the brand’s rule, somebody is joining it already, or it was asked too often.",
    ),
    "unknown_queue": ("Cette file n’existe pas.", "This queue does not exist."),
    "not_qualified": (
        "Cette demande ne peut pas être servie là : métier, compétence ou mode ne conviennent pas.",
        "This request cannot be served there: trade, skill or mode do not fit.",
    ),
    # service
    "unavailable": ("Le service se rétablit : réessayez dans un instant.", "The service is recovering: try again."),
    "draining": ("Le service redémarre : réessayez dans un instant.", "The service restarts: try again in a moment."),
    "internal": ("Erreur du service. Votre appel continue.", "Service error. Your call goes on."),
}


def sentence(code: str, locale: str) -> str:
    french, english = SENTENCES.get(code, SENTENCES["internal"])
    return english if locale == "en" else french
