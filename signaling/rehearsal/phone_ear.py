"""What the demonstration phone hears, asked over its page's HTTP: frequencies and digits only, never sound."""

from typing import Any

import aiohttp

ASK_DEADLINE_S = 3.0
FAINT_DBFS = -45.0  # comfort noise and coding residue lie below; our voices are near -15
BESIDE_DB = 20.0  # below the strongest: what G.711 adds to a tone


class PhoneEar:
    """
    The demonstration phone, asked about numbers (E.164) that one call dialled, nobody else's now.

    :param url: of its page (``Welcome.demo_phone_url``).
    """

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url.rstrip("/") + "/calls.json"

    async def peaks(self, number: str) -> tuple[float, ...] | None:
        """:returns: frequencies of its last second, Hz, strongest first; None: the phone cannot be asked."""
        document = await self._ask()
        return peaks_of(document, number) if document is not None else None

    async def digits(self, number: str) -> str | None:
        """:returns: pressed by the other side in this call; None: the phone cannot be asked."""
        document = await self._ask()
        return digits_of(document, number) if document is not None else None

    async def _ask(self) -> dict[str, Any] | None:
        try:
            async with self._http.get(self._url, timeout=aiohttp.ClientTimeout(ASK_DEADLINE_S)) as reply:
                document = await reply.json() if reply.status == 200 else None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        return document if isinstance(document, dict) else None


def peaks_of(document: dict[str, Any], number: str) -> tuple[float, ...]:
    """:param document: of ``/calls.json``. :returns: nothing when the number is not in an answered call."""
    call = _answered(document, number)
    if call is None:
        return ()
    floor = max([FAINT_DBFS, *(tone["dbfs"] - BESIDE_DB for tone in call["tones"])])
    return tuple(float(tone["hz"]) for tone in call["tones"] if tone["dbfs"] > floor)


def digits_of(document: dict[str, Any], number: str) -> str:
    call = _answered(document, number)
    return str(call["digits"]) if call is not None else ""


def _answered(document: dict[str, Any], number: str) -> dict[str, Any] | None:
    for call in document.get("calls", ()):
        if call["number"] == number and call["state"] == "answered":
            return dict(call)
    return None
