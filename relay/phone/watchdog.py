"""
When a phone leg must end though nobody asked: its owner is gone, or the telephone is. Pure: told times, keeps no clock.

A telephone line is billed while it is open, and a deaf signer cannot notice by ear that nobody is there any more.
"""

from relay.model import PhoneOutcome


class Watchdog:
    """
    One phone party's. Times are seconds of one monotonic clock.

    :param unkept_after_s: without any command for the call, its leg is given up.
    :param silent_after_s: without any packet of a telephone that had sent some, it counts as hung up; 0 never.
    """

    def __init__(self, unkept_after_s: float, silent_after_s: float, now: float) -> None:
        self._unkept_after_s = unkept_after_s
        self._silent_after_s = silent_after_s
        self._kept_at = self._heard_at = now
        self._packets: int | None = None
        self._has_spoken = False

    def kept(self, now: float) -> None:
        """The owner gave a command."""
        self._kept_at = now

    def verdict(self, now: float, packets: int, *, sound_is_due: bool) -> PhoneOutcome | None:
        """
        To be asked again and again while a leg is up.

        :param packets: how many came from the telephone so far.
        :param sound_is_due: answered and held by nobody: otherwise silence means nothing and is not counted.
        """
        if now - self._kept_at >= self._unkept_after_s:
            return "released"
        if self._telephone_is_gone(now, packets, sound_is_due):
            return "hung_up"
        return None

    def _telephone_is_gone(self, now: float, packets: int, sound_is_due: bool) -> bool:
        came = self._packets is not None and packets > self._packets
        self._packets = packets
        if came or not sound_is_due:
            self._heard_at = now
            self._has_spoken = self._has_spoken or (came and sound_is_due)
            return False
        return bool(self._silent_after_s) and self._has_spoken and now - self._heard_at >= self._silent_after_s
