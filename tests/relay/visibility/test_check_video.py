"""What is said of a film agrees with what a person sees in it."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relay.drawn_signer import Appearance, DrawnSigner, Scene
from relay.visibility.advice_texts import ADVICE
from relay.visibility.check_video import check_video, summary
from relay.visibility.monitor import Reading
from relay.visibility.video_file import VideoUnreadableError
from tests.helpers import clips


def check(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *seconds, last = check_video(path, clips.models())
    return seconds, last["summary"]


@pytest.mark.parametrize(
    ("scene", "advice"),
    [
        ("signing", "good"),
        ("still", "good"),
        ("cut", "hands_cut"),
        ("dark", "too_dark"),
        ("backlit", "backlit"),
        ("far", "too_far"),
        ("absent", "no_person"),
    ],
)
def test_drawn_scene_is_recognised(tmp_path: Path, scene: Scene, advice: str) -> None:
    seconds, total = check(clips.drawn_video(tmp_path, scene, 3.0))
    assert [second["t"] for second in seconds] == [0, 1, 2]
    assert seconds[-1]["advice"] == advice
    assert total["main_advice"] == advice
    assert {second["advice"] for second in seconds} <= {advice, "good"}
    assert (seconds[-1]["level"] == "good") == (advice == "good")


@pytest.mark.parametrize("skin", [(60, 38, 28), (100, 66, 48), (240, 205, 185)])
@pytest.mark.parametrize(("scene", "advice"), [("signing", "good"), ("dark", "too_dark"), ("backlit", "backlit")])
def test_light_is_judged_and_not_skin(tmp_path: Path, skin: tuple[int, int, int], scene: Scene, advice: str) -> None:
    signer = DrawnSigner(320, 240, appearance=Appearance(skin=skin, hair=(20, 18, 18)), scene=scene)
    seconds, _ = check(clips.write_video(tmp_path / "skin.mp4", signer.frames(1.0)))
    assert seconds[-1]["advice"] == advice


def test_every_line_is_json_with_the_promised_keys(tmp_path: Path) -> None:
    lines = [
        json.loads(json.dumps(line))
        for line in check_video(clips.drawn_video(tmp_path, "signing", 1.2), clips.models())
    ]
    assert [set(line) for line in lines] == [{"t", "measures", "level", "advice"}] * 2 + [{"summary"}]
    assert lines[-1]["summary"]["seconds"] == 2
    assert lines[-1]["summary"]["readable_share"] == 1.0
    assert lines[0]["advice"] in ADVICE


def test_slow_film_is_called_jerky(tmp_path: Path) -> None:
    seconds, _ = check(clips.drawn_video(tmp_path, "signing", 3.0, fps=10))
    assert seconds[-1]["advice"] == "low_frame_rate"
    assert seconds[-1]["measures"]["received_fps"] == 10.0


def test_face_filling_the_picture_is_too_near(tmp_path: Path) -> None:
    signer = DrawnSigner(640, 480)
    path = clips.write_video(tmp_path / "near.mp4", (signer.frame(t / 25)[60:240, 200:440] for t in range(50)))
    seconds, _ = check(path)
    assert seconds[-1]["advice"] == "too_near"


def test_blurred_film_is_called_blurred(tmp_path: Path) -> None:
    import cv2

    signer = DrawnSigner(640, 480)
    soft = (np.asarray(cv2.GaussianBlur(signer.frame(t / 25), (0, 0), 5), np.uint8) for t in range(50))
    seconds, _ = check(clips.write_video(tmp_path / "soft.mp4", soft))
    assert seconds[-1]["advice"] == "blurred"


@pytest.mark.parametrize("name", ["asl_house.gif", "asl_different.gif"])
def test_signers_in_a_studio_are_readable_also_while_their_hands_rest(name: str) -> None:
    seconds, total = check(clips.clip(name))
    assert total["readable_share"] == 1.0
    assert [second["level"] for second in seconds].count("good") >= len(seconds) - 1
    assert max(second["measures"]["hands_found"] for second in seconds) > 0.25


def test_hand_close_to_the_lens_of_a_telephone_does_not_pass_the_camera_check() -> None:
    *seconds, last = check_video(clips.clip("webcam_selfie.mp4"), clips.models(), "camera_check")
    assert last["summary"]["main_advice"] == "too_near"
    assert all(second["measures"]["face_found"] == 1.0 for second in seconds), "540 pixels wide: rows are padded"


def test_film_that_is_none_is_refused_in_french(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("pas une vidéo")
    empty = tmp_path / "vide.mp4"
    empty.touch()
    for path in (text, empty, tmp_path, tmp_path / "absent.mp4"):
        with pytest.raises(VideoUnreadableError) as caught:
            list(check_video(path, clips.models()))
        assert caught.value.message_fr.startswith(path.name)
        assert caught.value.code == "video_unreadable"


def test_sound_without_picture_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "son.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        samples.sample_rate = 8000
        container.mux(stream.encode(samples))
        container.mux(stream.encode(None))
    with pytest.raises(VideoUnreadableError, match="image"):
        list(check_video(path, clips.models()))


def test_film_that_breaks_off_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    signer = DrawnSigner(320, 240)
    whole = clips.write_video(tmp_path / "whole.mkv", signer.frames(3.0))
    broken = tmp_path / "broken.mkv"
    shutil.copy(whole, broken)
    with broken.open("r+b") as file:
        file.truncate(whole.stat().st_size * 2 // 3)
    seconds, _ = check(broken)
    assert 1 <= len(seconds) <= 3
    assert seconds[0]["advice"] == "good"


@pytest.mark.parametrize(("hindered", "main"), [(0, "good"), (1, "good"), (2, "hands_cut"), (10, "hands_cut")])
def test_summary_names_the_main_hindrance_unless_nine_in_ten_seconds_are_good(hindered: int, main: str) -> None:
    cut, good = Reading("poor", "hands_cut", {}), Reading("good", "good", {})
    assert summary([cut] * hindered + [good] * (10 - hindered))["main_advice"] == main


def test_summary_counts_seconds_and_means() -> None:
    good, cut = Reading("good", "good", {"luma": 0.4}), Reading("poor", "hands_cut", {"luma": 0.6})
    total = summary([good, cut, Reading("fair", "backlit", {"luma": None}), cut, good])
    assert total["readable_share"] == 0.6
    assert total["levels"] == {"good": 2, "poor": 2, "fair": 1}
    assert total["main_advice"] == "hands_cut"
    assert total["measures"]["luma"] == 0.5
