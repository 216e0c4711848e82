"""What the demonstration phone hears, asked over its page's HTTP: frequencies only, never sound."""

from typing import Any

import aiohttp

ASK_DEADLINE_S = 3.0
FAINT_DBFS = -45.0  # comfort noise and coding residue lie below; our voices are near -15
BESIDE_DB = 20.0  # below the strongest: what G.711 adds to a tone


class PhoneEar:
    """
    One call's ear at the demonstration phone.

    :param url: of its page (``Welcome.demo_phone_url``). :param number: E.164 this call dialled, nobody else's now.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, number: str) -> None:
        self._http, self._url, self._number = http, url.rstrip("/") + "/calls.json", number

    async def peaks(self) -> tuple[float, ...] | None:
        """:returns: frequencies of its last second, Hz, strongest first; None: the phone cannot be asked."""
        try:
            async with self._http.get(self._url, timeout=aiohttp.ClientTimeout(ASK_DEADLINE_S)) as reply:
                document = await reply.json() if reply.status == 200 else None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        return peaks_of(document, self._number) if document is not None else None


def peaks_of(document: dict[str, Any], number: str) -> tuple[float, ...]:
    """:param document: of ``/calls.json``. :returns: nothing when the number is not in an answered call."""
    for call in document.get("calls", ()):
        if call["number"] == number and call["state"] == "answered":
            floor = max([FAINT_DBFS, *(tone["dbfs"] - BESIDE_DB for tone in call["tones"])])
            return tuple(float(tone["hz"]) for tone in call["tones"] if tone["dbfs"] > floor)
    return ()
