"""``passerelle calibrate-visibility`` says in French what was found, writes what is proposed, and refuses in words."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from relay.visibility.calibration import WatchedSeconds
from relay.visibility.labels import read_folder
from relay.visibility.rules import RULES, Measures, limits
from relay.visibility.thresholds import with_limits
from signaling.cli_video import register as check_video
from signaling.cli_visibility import SETTING, THRESHOLDS_FILE, calibrated, in_words, outcome_of
from signaling.cli_visibility import register as calibrate
from tests.helpers import clips


def watched(width: float, count: int) -> WatchedSeconds:
    measures: list[Measures] = [
        {"analysed": 8.0, "face_found": 1.0, "person": 1.0, "face_width": width + 0.0001 * index}
        for index in range(count)
    ]
    return WatchedSeconds("signing", [("good",)] * count, measures)


def test_outcome_is_told_with_rates_and_proposals() -> None:
    enter = limits(RULES)["very_wide_face"].enter
    text = "\n".join(in_words(outcome_of([watched(enter + 0.02, 60), watched(0.2, 140)])))
    assert "2 vidéos, 0 s à signaler, 200 s sans rien à dire." in text
    assert f"very_wide_face       too_near         {enter:g} → " in text
    assert "fausses alertes 30.0 → " in text


def test_a_centre_that_has_its_own_thresholds_hears_how_often_those_are_right() -> None:
    enter = limits(RULES)["very_wide_face"].enter
    videos = [watched(enter + 0.02, 60), watched(0.2, 140)]
    own = with_limits({"very_wide_face": (enter + 0.1, enter + 0.05), "wide_face": (enter + 0.1, enter + 0.05)})
    assert outcome_of(videos).before.false_alarm.hits > 0
    assert outcome_of(videos, own).before.false_alarm.hits == 0


def test_nothing_to_change_is_said() -> None:
    last = in_words(outcome_of([watched(0.2, 140)]))[-2:]
    assert last == ["Aucun seuil à changer.", "Aucun fichier de seuils n’est écrit."]


def test_too_few_seconds_are_told_with_their_number_and_how_many_are_needed() -> None:
    dark = WatchedSeconds("signing", [("too_dark",)] * 7, [{}] * 7)
    told = in_words(outcome_of([dark, watched(0.2, 22)]))[-3:]
    assert told[0] == "Trop peu de secondes notées « good » : 22, il en faut 100 pour proposer des seuils."
    assert told[1] == "Trop peu de secondes notées « too_dark » : 7, il en faut 15 pour le dire plus tôt."
    assert told[2] == "Aucun fichier de seuils n’est écrit."


def test_calibrating_a_second_time_keeps_what_it_does_not_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watching the films is left out; that is tested below."""
    near = watched(limits(RULES)["very_wide_face"].enter + 0.02, 60)
    high = WatchedSeconds("signing", [("good",)] * 60, [{"face_found": 1.0, "face_tilt": 89.0}] * 60)
    films = {"near.mp4": near, "far.mp4": watched(0.2, 140), "high.mp4": high}
    monkeypatch.setattr("signaling.cli_visibility._watched", lambda video, _: films[video.path.name])
    monkeypatch.setattr("relay.visibility.model_files.ensure_models", lambda *_: None)
    monkeypatch.setenv("PASSERELLE_DATA_DIR", str(tmp_path))
    app = typer.Typer()
    calibrate(app)

    def calibrate_on(*names: str) -> dict[str, dict[str, float]]:
        spans = [{"from": 0, "to": 1, "advice": "good"}]
        labels = {"videos": [{"file": name, "seconds": spans} for name in names]}
        (tmp_path / "labels.json").write_text(json.dumps(labels))
        result = CliRunner().invoke(app, [str(tmp_path)])
        assert result.exit_code == 0, result.output
        assert [f"… {tmp_path.name}/{name}" for name in names] == result.output.splitlines()[: len(names)]
        found: dict[str, dict[str, float]] = json.loads((tmp_path / THRESHOLDS_FILE).read_text())["thresholds"]
        return found

    for name in films:
        (tmp_path / name).touch()
    first = calibrate_on("near.mp4", "far.mp4")
    monkeypatch.setenv(SETTING, str(tmp_path / THRESHOLDS_FILE))
    second = calibrate_on("high.mp4", "far.mp4")
    assert "very_wide_face" in first and "sideways" not in first
    assert second.items() > first.items() and "sideways" in second


def test_folders_and_files_that_do_not_count_are_told_with_the_names_that_would(tmp_path: Path) -> None:
    (tmp_path / "too_darc").mkdir()
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "film.doc").touch()
    app = typer.Typer()
    calibrate(app)
    result = CliRunner().invoke(app, [str(tmp_path)])
    assert "Ignoré : too_darc/, good/film.doc." in result.output
    assert "Ignored: too_darc/, good/film.doc." in result.output
    assert "too_dark, too_bright" in result.output and ".mjpeg" in result.output


def test_folder_without_labels_is_refused_in_words(tmp_path: Path) -> None:
    app = typer.Typer()
    calibrate(app)
    result = CliRunner().invoke(app, [str(tmp_path)])
    assert result.exit_code == 1
    assert "ni labels.json" in result.output


@pytest.mark.integration
def test_videos_of_a_centre_are_watched_as_a_call_is(tmp_path: Path) -> None:
    models = clips.models()
    clips.drawn_video(tmp_path, "signing", 6.0)
    spans = [{"from": 3, "to": 6, "advice": "good"}]
    (tmp_path / "labels.json").write_text(json.dumps({"videos": [{"file": "signing.mp4", "seconds": spans}]}))
    outcome = calibrated(read_folder(tmp_path), models)
    assert outcome.before.good == 3
    assert outcome.before.false_alarm.hits == 0
    assert outcome.proposals == ()


@pytest.mark.parametrize("command", [check_video, calibrate])
def test_thresholds_of_a_centre_that_cannot_be_used_are_refused_in_words(
    command: Callable[[typer.Typer], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seuils.json").write_text('{"thresholds": {"nobody_knows": {"enter": 1, "leave": 2}}}')
    monkeypatch.setenv(SETTING, str(tmp_path / "seuils.json"))
    monkeypatch.setenv("PASSERELLE_DATA_DIR", str(tmp_path))
    app = typer.Typer()
    command(app)
    result = CliRunner().invoke(app, [str(tmp_path)])
    assert result.exit_code == 1
    assert "seuil inconnu" in result.output
