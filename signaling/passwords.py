"""Passwords: argon2id with the library's parameters (RFC 9106, low memory), in threads, two at a time."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_LIMIT = 256  # characters; hashing megabytes would be a way to keep us busy
GENERATED_GROUPS, GENERATED_GROUP_LENGTH = 4, 4  # 16 letters of 30: 78 bits
_LETTERS = "abcdefghjkmnpqrstuvwxyz2345678"  # none that is taken for another when read aloud or copied
_THREADS = ThreadPoolExecutor(2, "passwords")  # one hash takes 64 MiB
_hasher = PasswordHasher()
#: Of nobody's password, with today's parameters: an unknown login takes as long as a known one.
NOBODY = _hasher.hash(secrets.token_urlsafe(16))


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _hasher.hash, password)


async def password_matches(password_hash: str, password: str) -> bool:
    """Never raises: a hash that cannot be read matches nothing."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _matches, password_hash, password)


def needs_rehash(password_hash: str) -> bool:
    """The library's parameters have grown since."""
    return _hasher.check_needs_rehash(password_hash)


def generate_password() -> str:
    """Easy to copy by hand: ``k7mx-…``."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(GENERATED_GROUP_LENGTH)) for _ in range(GENERATED_GROUPS))
    return "-".join(groups)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:PASSWORD_LIMIT])
    except (VerificationError, InvalidHashError):
        return False
