"""What the doctor says of the emergency numbers, and of a centre's own thresholds."""

from datetime import timedelta
from pathlib import Path

import pytest

from relay.phone.emergency import AS_OF
from relay.visibility.thresholds import write_thresholds
from signaling.config import load_config
from signaling.doctor.finding import Finding
from signaling.doctor.installation import check_thresholds
from signaling.doctor.telephone import EMERGENCY_LIST_AGE, emergency_finding


def test_the_list_of_emergency_numbers_is_dated_and_to_be_looked_at_once_a_year() -> None:
    fresh = emergency_finding(AS_OF + EMERGENCY_LIST_AGE, relays=False)
    assert fresh.verdict == "ok" and f"{AS_OF:%d/%m/%Y}" in fresh.words and "114" in fresh.words
    stale = emergency_finding(AS_OF + EMERGENCY_LIST_AGE + timedelta(days=1), relays=True)
    assert stale.verdict == "warning" and "Arcep" in stale.words and "insiste" in stale.words


async def thresholds_findings(folder: Path, **settings: str) -> list[Finding]:
    return await check_thresholds(load_config({"PASSERELLE_DATA_DIR": str(folder), **settings}))


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        (None, "seuils.json : ce fichier n'existe pas."),
        ({"very_darc": (0.2, 0.25), "nobody_knows": (1, 2)}, "seuil inconnu : very_darc, nobody_knows."),
        ({"very_wide_face": (0.5, 0.9)}, "« enter » et « leave » de very_wide_face sont à l'envers."),
    ],
)
async def test_thresholds_that_cannot_be_used_are_told_with_what_is_wrong_and_what_holds(
    tmp_path: Path, thresholds: dict[str, tuple[float, float]] | None, words: str
) -> None:
    file = tmp_path / "seuils.json"
    if thresholds is not None:
        write_thresholds(file, thresholds, {})
    (finding,) = await thresholds_findings(tmp_path, PASSERELLE_VISIBILITY_THRESHOLDS=str(file))
    assert finding.verdict == "warning" and words in finding.words
    assert "Ceux du service restent" in finding.words and "PASSERELLE_VISIBILITY_THRESHOLDS" in finding.words


async def test_thresholds_of_a_centre_that_hold_are_named_and_none_are_nothing_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "seuils.json"
    write_thresholds(file, {"very_wide_face": (0.9, 0.8)}, {})
    (finding,) = await thresholds_findings(tmp_path, PASSERELLE_VISIBILITY_THRESHOLDS=str(file))
    assert finding.verdict == "ok" and str(file) in finding.words
    assert await thresholds_findings(tmp_path) == []
