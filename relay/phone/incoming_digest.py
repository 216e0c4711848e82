"""Calls to us from a trunk that has to prove itself: challenge and answer (RFC 3261 §22, RFC 8760)."""

import hmac
from typing import Any

from sippy.SipHeader import SipHeader
from sippy.SipWWWAuthenticate import SipWWWAuthenticate

from relay.phone.config import TrunkConfig

ALGORITHMS = ("SHA-256", "MD5")  # the better one first; peers take the first they know


def realm(trunk: TrunkConfig) -> str:
    return trunk.from_domain or trunk.label


def challenges(trunk: TrunkConfig) -> list[Any]:
    """:returns: headers of a 401. The nonce is good for half a minute and needs no memory of ours."""
    made = [SipWWWAuthenticate(realm=realm(trunk), algorithm=name) for name in ALGORITHMS]
    return [
        SipHeader(
            f'WWW-Authenticate: Digest realm="{each.realm}",nonce="{each.nonce}",algorithm={each.algorithm},qop="auth"'
        )
        for each in made
    ]


def is_proven(request: Any, trunk: TrunkConfig) -> bool:
    """:returns: whether one of the request's answers was made with the trunk's name and password."""
    return any(_is_right(header, request, trunk) for header in request.getHFs("authorization"))


def _is_right(header: Any, request: Any, trunk: TrunkConfig) -> bool:
    try:
        answer = header.getBody()
        same_name = hmac.compare_digest(str(answer.username).encode(), str(trunk.username).encode())
        if not same_name or answer.realm != realm(trunk) or answer.algorithm not in ALGORITHMS or answer.qop != "auth":
            return False
        return bool(answer.verify(str(trunk.password), request.getMethod()))
    except (ValueError, IndexError, TypeError, AttributeError):  # whatever a peer wrote there
        return False
