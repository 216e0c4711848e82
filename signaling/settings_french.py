"""What each setting is, in French: ``settings.fr.toml``. The code says the same in English."""

import tomllib
from pathlib import Path

FRENCH: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("settings.fr.toml").read_text("utf-8"))


def meaning(owner: type, name: str) -> str:
    """Of one field of the class that has the setting."""
    return FRENCH[owner.__name__].get(name, "")


def unit(english: str) -> str:
    """The same where both languages write it alike."""
    return FRENCH["units"].get(english, english)
