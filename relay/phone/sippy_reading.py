"""
Which messages sippy can work with. It reads headers when it first needs them, in the midst of a transaction: one that
cannot be read would leave that half done. Here all are read before anything begins.
"""

from typing import Any

_CORE = ("via", "from", "to", "call-id", "cseq")  # without them there is not even an answer (RFC 3261 §8.2.6)
_NEEDED = frozenset({*_CORE, "contact", "route", "record-route"})
_OTHERS = frozenset(
    {
        *("expires", "max-forwards", "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"),
        *("also", "diversion", "cc-diversion", "reason", "cisco-guid", "h323-conf-id"),
    }
)  # that sippy reads too; the rest is read by ourselves, as text


def is_readable(message: Any) -> bool:
    """
    Headers that cannot be read and are not needed are left out (RFC 3261 §7.3.1).

    :returns: False when one of those that are needed is missing or cannot be read.
    """
    for header in list(message.headers):
        if header.name in _NEEDED | _OTHERS and not _can_be_read(header):
            if header.name in _NEEDED:
                return False
            message.removeHeader(header)
    return _has_core(message)


def may_be_answered(message: Any) -> bool:
    """An answer repeats the core headers."""
    return _has_core(message) and all(_can_be_read(header) for header in message.headers if header.name in _CORE)


def has_target(message: Any, method: str) -> bool:
    """Who begins a dialog, and who agrees, says where its requests go (RFC 3261 §8.1.1.8)."""
    if method not in ("INVITE", "REFER", "SUBSCRIBE"):
        return True
    return bool(message.countHFs("contact")) and not message.getHFBody("contact").asterisk


def _has_core(message: Any) -> bool:
    """Each once, Via at least once: of two, sippy takes now the one, now the other."""
    return message.countHFs("via") > 0 and all(message.countHFs(name) == 1 for name in _CORE[1:])


def _can_be_read(header: Any) -> bool:
    try:
        header.getBody()
    except Exception:  # sippy raises whatever its own reading meets
        return False
    return True
