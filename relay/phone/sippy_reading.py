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
    return all(message.countHFs(name) for name in _CORE)


def may_be_answered(message: Any) -> bool:
    """An answer repeats the core headers."""
    return all(message.countHFs(name) for name in _CORE) and all(
        _can_be_read(header) for header in message.headers if header.name in _CORE
    )


def has_target(request: Any) -> bool:
    """Requests that begin a dialog say where its requests go (RFC 3261 §8.1.1.8)."""
    if request.getMethod() not in ("INVITE", "REFER", "SUBSCRIBE"):
        return True
    return bool(request.countHFs("contact")) and not request.getHFBody("contact").asterisk


def _can_be_read(header: Any) -> bool:
    try:
        header.getBody()
    except Exception:  # sippy raises whatever its own reading meets
        return False
    return True
