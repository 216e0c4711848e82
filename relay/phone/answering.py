"""
Takes one voice message: the tone, what the caller says after it, the end; then it is kept and told.

Left to others: the announcement before it and after it (signaling), sealing (``relay.phone.recordings``).
"""

import logging
from collections.abc import Callable

from relay.audio import PTIME_S
from relay.phone.call_sound import CallSound
from relay.phone.line_sound import PhoneLine
from relay.phone.players import SoundPlayer, tone
from relay.phone.recordings import Recorder
from relay.phone.services import Services
from relay.phone_messages import PhoneRecorded, RecordMessage

END_KEY = "#"
log = logging.getLogger(__name__)


class AnsweringMachine:
    """
    :param line: whose message it is. :class:`PhoneRecorded` is told once, and again to those who ask: the call's owner
        may have been away.
    """

    def __init__(self, command: RecordMessage, line: PhoneLine, sound: CallSound, services: Services) -> None:
        self.line = line
        self._command, self._sound = command, sound
        self._store, self._emit = services.recordings, services.emit
        self._recorder = Recorder(command.limit_s, services.config.message_silence_s)
        self._is_recording = False
        self._told: PhoneRecorded | None = None
        self.is_over = False
        self._waiting: list[Callable[[], None]] = []

    def begin(self) -> None:
        """The tone; what is said after it is kept. At once over when no message can be kept."""
        if self._store.keeps:
            self._sound.announce(self.line, SoundPlayer(tone(), on_end=self._record))
        else:
            log.warning("no message can be left: it needs Redis and a secret call_id=%s", self._command.call_id)
            self.end()

    def step(self) -> None:
        """20 ms have passed."""
        if self._is_recording and not self.is_over and self._recorder.step():
            self.end()

    def end(self) -> None:
        """The caller pressed ``#``, hung up, or was silent for long enough."""
        if self.is_over:
            return
        self.is_over = True
        if self._is_recording:
            self._sound.listen(self.line, None)
        packets = self._recorder.message()
        duration_s = len(packets) * PTIME_S
        log.info("a message was taken call_id=%s duration_s=%.1f", self._command.call_id, duration_s)
        if packets:
            receiver = self._command.receiver
            self._store.keep_soon(self._command.call_id, packets, receiver, lambda key: self._tell(key, duration_s))
        else:
            self._tell(None, 0.0)

    def then(self, tell: Callable[[], None]) -> None:
        """:param tell: is called once the message is told, at once when it is already."""
        if self._told is not None:
            tell()
        else:
            self._waiting.append(tell)

    def tell_again(self) -> None:
        if self._told is not None:
            self._emit(self._told)

    def _record(self) -> None:
        if not self.is_over:
            self._is_recording = True
            self._sound.listen(self.line, self._recorder.hear)

    def _tell(self, key: str | None, duration_s: float) -> None:
        kept_s = duration_s if key is not None else 0.0
        self._told = PhoneRecorded(call_id=self._command.call_id, key=key, duration_s=kept_s)
        self._emit(self._told)
        for tell in self._waiting:
            tell()
        self._waiting.clear()
