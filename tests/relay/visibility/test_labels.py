"""What people wrote of a video's seconds is read, or refused with the place and the reason in two languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from relay.visibility.labels import (
    LabelledVideo,
    LabelsError,
    Span,
    ignored_in,
    read_folder,
    read_labels,
    write_labels,
)


def labels(folder: Path, *seconds: Any, **more: Any) -> Path:
    (folder / "a.mp4").touch()
    file = folder / "labels.json"
    file.write_text(json.dumps({"videos": [{"file": "a.mp4", "seconds": list(seconds)} | more]}))
    return file


def test_spans_say_what_is_right_of_whole_seconds(tmp_path: Path) -> None:
    (video,) = read_labels(
        labels(
            tmp_path,
            {"from": 12, "to": 20.5, "advice": ["hands_cut", "too_near"]},
            {"from": 0, "to": 9, "advice": "good"},
            {"from": 9, "to": 12, "advice": None},
            watch_for="cued_speech",
            group="tablet",
            held_out=True,
            note="whatever else",
        )
    )
    assert (video.watch_for, video.group, video.held_out) == ("cued_speech", "tablet", True)
    expected = {second: video.expected(second) for second in (0, 8, 9, 11, 12, 19, 20, 30)}
    assert expected[0] == expected[8] == ("good",)
    assert expected[9] == expected[11] == ()
    assert expected[12] == expected[19] == ("hands_cut", "too_near")
    assert expected[20] == (), "it ends in the middle of that second"
    assert expected[30] == ()


def test_labels_written_are_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    spans = (Span(0, 3, ()), Span(3, 8, ("good",)), Span(11, 20, ("too_far", "blurred")))
    video = LabelledVideo(tmp_path / "a.mp4", "lips", spans, "tone 3", held_out=True)
    write_labels(tmp_path / "labels.json", (video,))
    assert read_folder(tmp_path) == (video,)


@pytest.mark.parametrize(
    ("span", "part"),
    [
        ({"from": 0, "to": 5, "advice": ["hands_gone"]}, "hands_gone"),
        ({"from": 5, "to": 5, "advice": ["good"]}, "5–5"),
        ({"from": "0", "to": 5, "advice": ["good"]}, "« from »"),
        ({"from": 0, "advice": ["good"]}, "« to »"),
        ("good", "objet"),
    ],
)
def test_span_that_cannot_be_understood_is_named(tmp_path: Path, span: Any, part: str) -> None:
    with pytest.raises(LabelsError) as caught:
        read_labels(labels(tmp_path, span))
    assert part in caught.value.message_fr
    assert "labels.json, a.mp4" in caught.value.message_en


def test_overlapping_spans_unknown_files_and_no_json_are_refused(tmp_path: Path) -> None:
    file = labels(tmp_path, {"from": 0, "to": 5, "advice": "good"}, {"from": 4, "to": 8, "advice": "blurred"})
    with pytest.raises(LabelsError, match="recouvrent à 4 s"):
        read_labels(file)
    with pytest.raises(LabelsError, match="watch_for"):
        read_labels(labels(tmp_path, watch_for="signs"))
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(LabelsError, match="n'existe pas"):
        read_labels(file)
    for text in ("", "[]", '{"videos": []}', '{"videos": [{"seconds": []}]}'):
        file.write_text(text)
        with pytest.raises(LabelsError):
            read_labels(file)


def test_folders_named_by_a_code_need_no_labels(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="sous-dossier"):
        read_folder(tmp_path)
    for name in ("good/a.mp4", "too_dark/b.webm", "too_dark/notes.txt", "elsewhere/c.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    videos = read_folder(tmp_path)
    assert [(video.path.name, video.expected(2), video.expected(3)) for video in videos] == [
        ("a.mp4", (), ("good",)),
        ("b.webm", (), ("too_dark",)),
    ]


def test_what_is_passed_over_beside_named_folders_is_known(tmp_path: Path) -> None:
    for name in ("good/a.MJPEG", "good/notes.txt", "good/b.doc", "good/.hidden", "too_darc/c.mp4", ".trash/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [video.path.name for video in read_folder(tmp_path)] == ["a.MJPEG"]
    assert ignored_in(tmp_path) == ("too_darc/", "good/b.doc")
    (tmp_path / "labels.json").touch()
    assert ignored_in(tmp_path) == (), "it names what counts"
