"""
Web Push on the wire, pure: message encryption (RFC 8291, over RFC 8188 ``aes128gcm``) and the sender's proof (VAPID,
RFC 8292).
"""

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

RECORD_SIZE = 4096  # bytes, RFC 8188: one record, and more than a push service has to take (RFC 8030 §7.2)
PAYLOAD_LIMIT = 3993  # bytes, RFC 8291 §4
VAPID_LIFETIME_S = 12 * 3600  # at most 24 h (RFC 8292 §2); clocks differ
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-4 D.1.2.3)


class BrowserKeys(NamedTuple):
    """Of a PushSubscription, base64url. :param p256dh: public key, uncompressed. :param auth: 16 bytes."""

    p256dh: str
    auth: str


def encrypt(
    payload: bytes, keys: BrowserKeys, *, salt: bytes = b"", own: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """
    :param salt: 16 bytes, random when empty; ``own``: fresh for each message when None. Given by tests alone.
    :returns: the body of the request, ``Content-Encoding: aes128gcm``.
    :raises ValueError: the keys are none, or the payload is too long.
    """
    if len(payload) > PAYLOAD_LIMIT:
        raise ValueError("payload too long")
    browser, auth = unpadded(keys.p256dh), unpadded(keys.auth)
    if len(auth) != 16:
        raise ValueError("auth secret is not 16 bytes")
    own, salt = own or ec.generate_private_key(_CURVE), salt or secrets.token_bytes(16)
    public = point(own)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, browser))
    material = _hkdf(auth, shared, b"WebPush: info\0" + browser + public, 32)
    key = _hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(public)]) + public
    return header + AESGCM(key).encrypt(nonce, payload + b"\x02", None)  # 2: the last record


def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA-256 (RFC 5869) up to one block."""
    return hmac.digest(hmac.digest(salt, material, "sha256"), info + b"\x01", "sha256")[:length]


class Vapid:
    """
    Who sends, to the push service.

    :param secret: of the installation; the signing key is derived from it, so that all processes have the same.
    :param contact: ``mailto:`` or ``https:``, whom the push service's operator writes to.
    """

    def __init__(self, secret: str, contact: str) -> None:
        digest = hashlib.sha512(b"passerelle.vapid:" + secret.encode()).digest()
        private = ec.derive_private_key(int.from_bytes(digest) % (_ORDER - 1) + 1, _CURVE)
        self.public_key = base64url(point(private))
        numbers = private.private_numbers()
        x, y, d = (
            base64url(value.to_bytes(32, "big"))
            for value in (numbers.public_numbers.x, numbers.public_numbers.y, numbers.private_value)
        )
        self._key, self._contact = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d}), contact

    def authorization(self, endpoint: str, now: float) -> str:
        """:param now: Unix seconds. :returns: the header's value for this push service."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(now) + VAPID_LIFETIME_S,
            "sub": self._contact,
        }
        return f"vapid t={jwt.encode({'typ': 'JWT', 'alg': 'ES256'}, claims, self._key)}, k={self.public_key}"


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """:returns: 65 bytes, the public key uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unpadded(text: str) -> bytes:
    """:raises ValueError: not base64url."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
