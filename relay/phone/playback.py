"""
What is played in a call: announcements to its telephones, a voice message to those who hear the phone.

The newest wish wins: a sound that is still being read when another one is asked for is not played any more.
"""

import logging
from collections.abc import Callable, Sequence

from relay.errors import RelayError
from relay.model import Announcement
from relay.phone.call_sound import CallSound
from relay.phone.line_sound import PhoneLine
from relay.phone.players import MessagePlayer, SoundPlayer
from relay.phone.services import Services
from relay.phone_messages import AnnouncementEnded, PlayAnnouncement, PlayRecording, RecordingEnded

RECORDING = "recording"  # whose wish it is, beside those of the telephones
log = logging.getLogger(__name__)


class Playback:
    def __init__(self, call_id: str, sound: CallSound, services: Services) -> None:
        self._call_id, self._sound, self._emit = call_id, sound, services.emit
        self._announcements, self._store = services.announcements, services.recordings
        self._wishes: dict[int | str, object] = {}

    async def announce(self, command: PlayAnnouncement, lines: Sequence[PhoneLine]) -> None:
        """
        :param lines: to whom.
        :raises RelayError: ``no_sound``.
        """
        wish = object()
        self._wishes.update({id(line): wish for line in lines})
        if command.name is None:
            for line in lines:
                self._sound.announce(line, None)
            return
        sound = await self._announcements.sound(command.name, command.brand)
        told = self._end_of(command.name)
        for line in lines:
            if self._wishes.get(id(line)) is wish:
                self._sound.announce(line, SoundPlayer(sound, command.every_s, told))

    def forget(self, line: PhoneLine) -> None:
        """It has gone."""
        self._wishes.pop(id(line), None)

    async def play(self, command: PlayRecording) -> None:
        """:raises RelayError: ``no_recording``: it is gone, or sealed for somebody else."""
        self._wishes[RECORDING] = wish = object()
        if command.key is None:
            self._sound.play(None)
            return
        try:
            packets = await self._store.fetch(command.key, command.receiver)
        except ValueError as error:
            log.warning("a voice message cannot be played call_id=%s: %s", self._call_id, error)
            raise RelayError("no_recording", "the message is gone or cannot be opened") from error
        if self._wishes[RECORDING] is wish:
            self._sound.play(MessagePlayer(packets, lambda: self._emit(RecordingEnded(call_id=self._call_id))))

    def _end_of(self, name: Announcement) -> Callable[[], None]:
        """:returns: tells the end once, however many telephones hear it."""
        told = False

        def end() -> None:
            nonlocal told
            if not told:
                told = True
                self._emit(AnnouncementEnded(call_id=self._call_id, name=name))

        return end
