"""
Makes the service's own announcements: ``python relay/phone/sounds/make.py`` writes one Opus file for each beside this.

Needs the program espeak-ng (Debian: ``apt-get install espeak-ng``). A centre replaces any of them by a voice of its
own (setting ``sounds_dir``), which callers will like better.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import get_args

import av

from relay.model import Announcement

RATE = 16_000  # Hz: all that a telephone carries (G.722)
BIT_RATE = 24_000
VOICE, WORDS_PER_MINUTE = "fr-fr", 150
TEXTS: dict[Announcement, str] = {
    "ask_code": "Bonjour. Vous êtes bien au centre relais téléphonique. Composez le code de votre correspondant, "
    "puis la touche dièse.",
    "wrong_code": "Nous ne connaissons pas ce code. Composez-le de nouveau, puis la touche dièse.",
    "ringing": "Bonjour. Vous appelez une personne sourde ou malentendante. Nous la prévenons : un interprète va vous "
    "mettre en relation. Restez en ligne.",
    "seeking_agent": "Votre correspondant a répondu. Nous cherchons un interprète. Merci de patienter quelques "
    "instants.",
    "please_wait": "Merci de rester en ligne. Nous reprenons la conversation dans un instant.",
    "leave_message": "Votre correspondant ne peut pas répondre maintenant. Laissez un message après le bip, puis "
    "appuyez sur la touche dièse. Un interprète le lui traduira.",
    "message_kept": "Merci. Votre message sera transmis. Au revoir.",
    "not_reachable": "Votre correspondant ne peut pas être joint maintenant. Rappelez plus tard. Merci, au revoir.",
    "unknown_number": "Le numéro que vous avez composé n'est pas attribué. Au revoir.",
    "relay": "Bonjour. Une personne sourde ou malentendante vous appelle, par un centre relais. Un interprète traduit "
    "la conversation. Ce n'est pas de la publicité : merci de ne pas raccrocher. L'interprète vous parle maintenant.",
}


def make(name: str, text: str, folder: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".wav") as spoken:
        command = ["espeak-ng", "-v", VOICE, "-s", str(WORDS_PER_MINUTE), "-g", "4", "-w", spoken.name, text]
        subprocess.run(command, check=True)
        with av.open(spoken.name) as source, av.open(str(folder / f"{name}.opus"), "w", format="ogg") as target:
            stream = target.add_stream("libopus", rate=48_000, layout="mono")
            stream.bit_rate = BIT_RATE
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960)
            frames = [frame for read in source.decode(audio=0) for frame in resampler.resample(read)]
            for frame in [*frames, *resampler.resample(None)]:
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))


if __name__ == "__main__":
    assert set(TEXTS) == set(get_args(Announcement))
    for each, words in TEXTS.items():
        make(each, words, Path(__file__).parent)
