"""Clips of which every second's advice is known: the truth bears the labels out, and what arrives is what they say."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.visibility_material.drawn_scenes import (
    GOOD,
    IMPAIRMENTS,
    DrawnScene,
    good_scene,
    idle_scene,
    impaired_scene,
)
from relay.model import AdviceCode

SEEDS = (2, 4)  # odd ones are kept for the figures that are told


def impaired_seconds(scene: DrawnScene, code: AdviceCode) -> list[int]:
    return [second for second, label in enumerate(scene.labels) if label == code]


@pytest.mark.parametrize("code", IMPAIRMENTS)
def test_clip_begins_good_and_becomes_impaired(code: AdviceCode) -> None:
    for seed in SEEDS:
        scene = impaired_scene(code, seed)
        assert len(scene.labels) == scene.seconds == 30
        assert set(scene.labels[:8]) <= {"good", None}
        assert scene.labels[:8].count("good") >= 5
        assert set(scene.labels) <= {"good", code, None}
        assert len(impaired_seconds(scene, code)) >= 4
        assert not np.array_equal(scene.frame(4.0), scene.frame(impaired_seconds(scene, code)[-1] + 0.5))


@pytest.mark.parametrize("name", GOOD)
def test_good_clip_is_good_throughout(name: str) -> None:
    for seed in SEEDS:
        scene = good_scene(name, seed)
        assert set(scene.labels) <= {"good", None}
        assert scene.labels.count("good") >= 24
        assert scene.frame(9.1).shape == (480, 640, 3)


def test_same_seed_gives_the_same_clip_and_another_seed_another() -> None:
    one, same, other = (impaired_scene("backlit", seed) for seed in (2, 2, 4))
    assert one.labels == same.labels
    assert np.array_equal(one.frame(11.2), same.frame(11.2))
    assert not np.array_equal(one.frame(11.2), other.frame(11.2))


@pytest.mark.parametrize("parity", [0, 1])
def test_seeds_of_either_kind_show_all_skin_tones_in_each_impairment(parity: int) -> None:
    assert {impaired_scene("covered", seed).tone for seed in range(parity, 20, 2)} == set(range(10))


@pytest.mark.parametrize(
    ("code", "low", "high"), [("too_near", 0.40, 0.62), ("too_far", 0.03, 0.07), ("off_centre", 0.11, 0.16)]
)
def test_size_of_the_face_is_the_one_the_code_stands_for(code: AdviceCode, low: float, high: float) -> None:
    for seed in SEEDS:
        scene = impaired_scene(code, seed)
        face = scene.truth(impaired_seconds(scene, code)[1] + 0.5).face
        assert face
        assert low < face.box[3] < high


def test_hands_are_out_of_the_picture_in_seconds_called_hands_cut_and_inside_in_good_ones() -> None:
    scene = impaired_scene("hands_cut", 2)

    def inside(seconds: list[int]) -> float:
        truths = [scene.truth(second + share) for second in seconds for share in (0.1, 0.5, 0.9)]
        return float(np.mean([hand.inside for truth in truths for hand in truth.hands if hand.in_use]))

    assert inside(impaired_seconds(scene, "hands_cut")) < 0.7
    assert inside(impaired_seconds(scene, "good")) > 0.97


def test_face_is_cut_above_and_mouth_is_covered() -> None:
    for seed in SEEDS:
        cut, hidden = impaired_scene("face_cut", seed), impaired_scene("mouth_hidden", seed)
        face = cut.truth(impaired_seconds(cut, "face_cut")[1] + 0.5).face
        assert face
        assert face.inside < 0.8
        covered = hidden.truth(impaired_seconds(hidden, "mouth_hidden")[1] + 0.5).face
        assert covered
        assert covered.mouth_hidden


def test_what_is_burnt_out_or_dark_is_so_on_every_skin() -> None:
    for seed in range(0, 20, 4):
        for code, low, high in (("too_bright", 200, 256), ("too_dark", 0, 60), ("backlit", 0, 95)):
            scene = impaired_scene(code, seed)  # type: ignore[arg-type]
            second = impaired_seconds(scene, code)[2]  # type: ignore[arg-type]
            face = scene.truth(second + 0.5).face
            assert face
            x, y, width, height = face.box
            box = (
                slice(int((y + 0.3 * height) * 480), int((y + 0.7 * height) * 480)),
                slice(int(x * 640), int((x + width) * 640)),
            )
            assert low <= np.percentile(scene.frame(second + 0.5)[box], 80) <= high, (code, seed)


def test_frozen_picture_stays_the_same_and_rtp_tells_when_nothing_arrives() -> None:
    kinds = set()
    for seed in range(0, 12, 2):
        scene = impaired_scene("frozen", seed)
        kinds.add(scene.name)
        first, *_, last = impaired_seconds(scene, "frozen")
        assert np.array_equal(scene.frame(first + 0.2), scene.frame(last + 0.8))
        arrives = 0.0 if scene.name == "frozen/network" else scene.rtp(0).frames_per_second
        assert scene.rtp(last).frames_per_second == arrives
    assert kinds == {"frozen/network", "frozen/camera"}


def test_few_pictures_arrive_where_the_frame_rate_is_low() -> None:
    scene = impaired_scene("low_frame_rate", 2)
    second = impaired_seconds(scene, "low_frame_rate")[2]
    fps = scene.rtp(second).frames_per_second
    assert fps <= 11
    pictures = [scene.frame(second + index / 25) for index in range(25)]
    changes = sum(not np.array_equal(a, b) for a, b in pairwise(pictures))
    assert abs(changes - fps) <= 1


def test_picture_is_as_small_as_rtp_says() -> None:
    scene = impaired_scene("low_resolution", 2)
    second = impaired_seconds(scene, "low_resolution")[2]
    stats = scene.rtp(second)
    assert scene.frame(second + 0.5).shape == (stats.frame_height, stats.frame_width, 3)
    assert (stats.frame_width or 0) <= 256


def test_idle_is_said_after_four_minutes() -> None:
    scene = idle_scene(2)
    assert scene.labels[239:241] == ("good", "idle")
    assert len(scene.labels) == scene.seconds == 270
    early, late = scene.frame(20.0).astype(int), scene.frame(250.0)
    assert 0 < np.abs(early - late).mean() < 5  # noise
