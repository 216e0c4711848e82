"""Encryption of one stream and its reports (RFC 3711) with keys from the session description; libsrtp does the work."""

from pylibsrtp import Error, Policy, Session

from relay.phone.sdp_crypto import SrtpKeys, Suite

_PROFILES: dict[Suite, int] = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}
REPLAY_WINDOW = 1024  # packets, 20 s


class Srtp:
    """
    Both directions of one stream.

    A new agreement changes only the direction whose key has changed: the other's packet counters must go on.
    """

    def __init__(self, keys: SrtpKeys) -> None:
        self._keys = keys
        self._out = _session(keys.suite, keys.local, Policy.SSRC_ANY_OUTBOUND)
        self._in = _session(keys.suite, keys.remote, Policy.SSRC_ANY_INBOUND)

    def rekey(self, keys: SrtpKeys) -> None:
        before, self._keys = self._keys, keys
        if (keys.suite, keys.local) != (before.suite, before.local):
            self._out = _session(keys.suite, keys.local, Policy.SSRC_ANY_OUTBOUND)
        if (keys.suite, keys.remote) != (before.suite, before.remote):
            self._in = _session(keys.suite, keys.remote, Policy.SSRC_ANY_INBOUND)

    def protect(self, packet: bytes) -> bytes:
        return self._out.protect(packet)

    def protect_report(self, packet: bytes) -> bytes:
        return self._out.protect_rtcp(packet)

    def unprotect(self, packet: bytes) -> bytes | None:
        """:returns: None for a packet with another key, a changed one, or one that came before."""
        try:
            return self._in.unprotect(packet)
        except (Error, ValueError):
            return None

    def unprotect_report(self, packet: bytes) -> bytes | None:
        try:
            return self._in.unprotect_rtcp(packet)
        except (Error, ValueError):
            return None


def _session(suite: Suite, key: bytes, kind: int) -> Session:
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=_PROFILES[suite])
    policy.window_size = REPLAY_WINDOW
    return Session(policy)
