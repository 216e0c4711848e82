"""
Whose voice a leg hears of several, where nobody mixes them: without a telephone there is no mixer in the call. Pure.

The louder one passes, by the senders' own measure (RFC 6464), and keeps the word while it goes on: colleagues beside
each other take turns. With a telephone the phone worker mixes all voices and nothing is left out.
"""

from typing import Final

RISE, FALL = 0.3, 0.08  # per packet of 20 ms: a voice is heard within 0.1 s, and 0.2 s after it the next may follow
MARGIN: Final = 2.0  # louder than who has the word: 6 dB
SPEECH_LEVEL: Final = 0.005  # 0..1 linear: -46 dBov; rooms and breath are below it
AWAY_S: Final = 0.2  # nothing from who has the word: muted, or its line stands still
VOICES_LIMIT: Final = 8  # a call has three; more is somebody changing SSRCs


class VoiceChoice:
    """One leg's ear. Voices are known by SSRC."""

    def __init__(self) -> None:
        self._levels: dict[int, float] = {}
        self._speaker: int | None = None
        self._heard_at = 0.0  # the speaker

    def passes(self, ssrc: int, level: float | None, now: float) -> bool:
        """
        :param level: of this packet, 0..1 linear; a sender that does not tell is taken for one who speaks.
        :returns: the packet is to be heard.
        """
        if len(self._levels) > VOICES_LIMIT:
            self._levels.clear()
        told = 1.0 if level is None else level
        before = self._levels.get(ssrc, 0.0)
        smooth = before + (told - before) * (RISE if told > before else FALL)
        self._levels[ssrc] = smooth
        if ssrc != self._speaker and self._may_begin(smooth, now):
            self._speaker = ssrc
        if ssrc != self._speaker:
            return False
        self._heard_at = now
        return True

    def _may_begin(self, level: float, now: float) -> bool:
        if self._speaker is None:
            return True
        if level < SPEECH_LEVEL:
            return False
        return now - self._heard_at > AWAY_S or level > MARGIN * self._levels.get(self._speaker, 0.0)
