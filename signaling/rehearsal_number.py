"""
The relay number of a rehearsal's signer: nobody's account has it, no telephone network carries it, and it cannot be
dialled without knowing the page's random key.
"""

import re

KEY_PREFIX = "rehearsal-"
_NUMBER = re.compile(r"\+?999([0-9]{20})")  # 23 digits: longer than any number there is (E.164: 15)


def rehearsal_number(key: str) -> str:
    """:param key: of a rehearsal's page (``signaling.admission``)."""
    return f"999{int(key.removeprefix(KEY_PREFIX), 16):020d}"


def rehearsal_key(number: str) -> str | None:
    """:returns: of the page that may be there; None: no rehearsal's number."""
    found = _NUMBER.fullmatch(number)
    if found is None or int(found[1]) >> 64:
        return None
    return f"{KEY_PREFIX}{int(found[1]):016x}"
