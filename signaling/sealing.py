"""Encryption at rest of what this service leaves outside its own memory: Redis and its files see no number."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken


class Sealer:
    """
    Fernet (AES-128-CBC and HMAC-SHA-256).

    :param secret: of the installation. :param purpose: each has a key of its own, derived from ``secret``.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        derived = hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str | bytes) -> str | None:
        """None: changed, in clear, or sealed with another secret."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
