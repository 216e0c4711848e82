"""
Keys by SIP INFO, both ways: application/dtmf-relay (``Signal=5``) and application/dtmf. A later key waits for the
answer to the one before, so that lost packets do not mix a code up. Never logged: it may be a code.
"""

import re
from collections import deque
from typing import Any

from relay.phone.sippy_agent import DialogAgent, Reply, body

KEY_MS = 160
QUEUE_LIMIT = 32
KEYS = "0123456789*#ABCD"
_SIGNAL = re.compile(r"^\s*Signal\s*=\s*([0-9]{1,2}|[*#A-Da-d])\s*$", re.MULTILINE | re.IGNORECASE)
_BARE = re.compile(r"\s*([0-9]{1,2}|[*#A-Da-d])\s*")
_EVENTS = {str(number): key for number, key in enumerate("0123456789*#ABCD")}  # RFC 4733's numbers, also seen here


def read_key(content_type: str, text: str) -> str | None:
    """:param content_type: without parameters, lower case. :returns: one of :data:`KEYS`."""
    if content_type == "application/dtmf-relay":
        found = _SIGNAL.search(text)
    elif content_type == "application/dtmf":
        found = _BARE.fullmatch(text)
    else:
        return None
    return None if found is None else _EVENTS.get(found[1], found[1].upper() if found[1] in "*#ABCDabcd" else None)


def on_info(request: Any) -> tuple[Reply, str | None]:
    content = request.getBody()
    if content is None:
        return Reply(200, "OK"), None
    kind = content.getType()
    if kind not in ("application/dtmf-relay", "application/dtmf"):
        return Reply(415, "Unsupported Media Type", (("Accept", "application/dtmf-relay, application/dtmf"),)), None
    return Reply(200, "OK"), read_key(kind, str(content))


class KeySender:
    """:param refused: the peer takes no INFO after all."""

    def __init__(self) -> None:
        self.refused = False
        self._waiting: deque[str] = deque()
        self._sending = False

    def press(self, agent: DialogAgent, key: str) -> bool:
        if self.refused or key not in KEYS or len(self._waiting) >= QUEUE_LIMIT:
            return False
        self._waiting.append(key)
        self._next(agent)
        return True

    def stop(self) -> None:
        self._waiting.clear()

    def _next(self, agent: DialogAgent) -> None:
        if self._sending or not self._waiting or not agent.isConnected():
            return
        self._sending = True
        text = f"Signal={self._waiting.popleft()}\r\nDuration={KEY_MS}\r\n"

        def answered(code: int) -> None:
            self._sending = False
            if code >= 300:
                self.refused = True
                self.stop()
            self._next(agent)

        agent.ask("INFO", content=body(text, "application/dtmf-relay"), on_final=answered)
