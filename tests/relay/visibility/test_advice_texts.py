"""The words: complete, plain, and about the picture."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from relay.model import AdviceCode, OffReason
from relay.visibility.advice_texts import ADVICE

LOCALES = Path(__file__).parents[3] / "web_client" / "locales"
CODES = sorted(ADVICE)


def test_every_code_has_words_and_every_word_a_code() -> None:
    assert set(ADVICE) == set(get_args(AdviceCode)) | set(get_args(OffReason))


@pytest.mark.parametrize("code", CODES)
def test_advice_is_short_plain_and_in_both_languages(code: str) -> None:
    advice = ADVICE[code]
    assert advice.code == code
    assert advice.pictogram
    assert advice.clip == f"advice/{code}.mp4"
    for text in (advice.french, advice.english, advice.french_about, advice.english_about):
        sentences = [part for part in re.split(r"(?<=[.])\s", text) if part]
        assert 1 <= len(sentences) <= 2
        assert all(len(sentence.split()) <= 14 for sentence in sentences)
        assert text[0].isupper()
        assert text.endswith(".")
        assert "'" not in text, "’ is the apostrophe"
    assert advice.french != advice.english


@pytest.mark.parametrize("code", CODES)
def test_the_picture_is_blamed_and_never_the_person(code: str) -> None:
    advice = ADVICE[code]
    assert not re.search(r"\b[Vv]ous êtes\b|\btrop lentement\b", advice.french)
    assert "you are" not in advice.english.lower()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pages_say_the_same_words(language: str) -> None:
    pages = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))
    for code, text in ADVICE.items():
        said, about = (text.french, text.french_about) if language == "fr" else (text.english, text.english_about)
        assert (pages["advice"][code], pages["advice_signer"][code]) == (said, about)
