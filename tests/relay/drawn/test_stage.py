"""What the truth says is what the picture shows."""

from typing import Any

import cv2
import numpy as np
import pytest

from relay.drawn.canvas import Picture
from relay.drawn.figure import Mouth, Obstacle
from relay.drawn.person import MONK_TONES, shown
from relay.drawn.signing import Style
from tests.relay.drawn.stages import Camera, Framing, Light, Situation, patch, stage

TIMES = (0.4, 1.1, 2.3, 3.2)


def detail(picture: Picture) -> float:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(gray, cv2.CV_64F).var())


@pytest.mark.parametrize("tone", range(10))
def test_palms_and_finger_joints_have_the_colour_of_the_palm(tone: int) -> None:
    drawn = stage(tone)
    for t in TIMES:
        picture, truth = drawn.frame(t), drawn.truth(t)
        for hand in truth.hands:
            for x, y in (hand.palm, hand.landmarks[5], hand.landmarks[9], hand.landmarks[17]):
                seen = patch(picture, x, y, 1).mean() / np.mean(truth.palm)
                assert 0.5 < seen < 1.45  # lit and shaded, creases between
        assert truth.skin == MONK_TONES[tone]


def test_hands_are_where_the_truth_says_and_nowhere_else() -> None:
    drawn = stage()
    before, after = drawn.frame(0.4), drawn.frame(1.1)
    changed = np.abs(before.astype(int) - after).max(axis=2) > 40
    points = np.concatenate([hand.landmarks for t in (0.4, 1.1) for hand in drawn.truth(t).hands])
    rows, columns = np.nonzero(changed[80:])  # below the face
    across = np.subtract.outer(columns, points[:, 0] * 320)
    down = np.subtract.outer(rows + 80, points[:, 1] * 240)
    near = np.hypot(across, down).min(axis=1)
    assert len(near) > 200
    assert np.mean(near < 35) > 0.75  # the rest are forearms


@pytest.mark.parametrize("tone", [0, 4, 7, 9])
def test_face_box_holds_eyes_and_mouth_and_skin(tone: int) -> None:
    drawn = stage(tone, "listening")
    picture, face = drawn.frame(0.5), drawn.truth(0.5).face
    assert face is not None
    x, y, width, height = face.box
    assert face.inside == pytest.approx(1.0)
    assert all(x < px < x + width and y < py < y + height for px, py in face.keypoints[:4])
    right_eye, left_eye, nose, mouth = face.keypoints[:4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]
    assert face.crown[1] < y
    cheek = patch(picture, (right_eye[0] + mouth[0]) / 2, (nose[1] + mouth[1]) / 2, 1)
    assert 0.6 < cheek.mean() / np.mean(shown(MONK_TONES[tone])) < 1.6


def test_turned_camera_turns_face_and_hands() -> None:
    upright, turned = (stage(framing=Framing(roll=roll)).truth(0.4) for roll in (0.0, 90.0))
    assert upright.face
    assert turned.face
    assert turned.face.roll - upright.face.roll == pytest.approx(90)
    (ax, ay), (bx, by) = turned.face.keypoints[:2]
    assert abs(ax - bx) * 320 < abs(ay - by) * 240 * 0.2
    across = (turned.hands[0].palm - turned.hands[1].palm) * (320, 240)
    assert abs(across[1]) > abs(across[0])


def test_scale_and_place_are_those_of_the_framing() -> None:
    near, far = (stage(framing=Framing(scale=scale, x=0.4)).truth(0.4) for scale in (1.0, 0.4))
    assert near.face
    assert far.face
    assert far.face.box[3] / near.face.box[3] == pytest.approx(0.4, abs=0.03)
    assert far.face.box[0] + far.face.box[2] / 2 == pytest.approx(0.4, abs=0.02)


def test_hands_leave_the_picture_when_the_camera_looks_too_high() -> None:
    whole, cut = (stage(framing=Framing(y=y)) for y in (0.56, 0.98))
    inside = [hand.inside for t in TIMES for hand in whole.truth(t).hands]
    outside = [hand.inside for t in TIMES for hand in cut.truth(t).hands]
    assert min(inside) == 1.0
    assert np.mean(outside) < 0.5


def test_light_is_the_factor_it_says() -> None:
    bright, dim = stage().frame(0.4), stage(light=Light(level=0.5)).frame(0.4)
    assert dim.mean() / bright.mean() == pytest.approx(0.5, abs=0.01)


def test_against_the_light_only_the_person_is_dark() -> None:
    plain, backlit = stage(), stage(light=Light(person=0.25, glare=1.0))
    truth = backlit.truth(0.4)
    assert truth.face
    x, y = truth.face.keypoints[2]
    assert patch(backlit.frame(0.4), x, y).mean() == pytest.approx(0.25 * patch(plain.frame(0.4), x, y).mean(), abs=4)
    assert backlit.frame(0.4)[:30, :30].mean() > 230
    assert truth.light == 0.25


def test_noise_has_its_sigma_and_changes_from_picture_to_picture() -> None:
    clean, noisy = stage(style="listening"), stage(style="listening", noise=4.0)
    difference = noisy.frame(0.4)[:60, :60].astype(float) - clean.frame(0.4)[:60, :60]
    assert difference.mean() == pytest.approx(0, abs=0.4)
    assert difference.std() == pytest.approx(4 * np.hypot(1, 0.5), rel=0.1)
    assert not np.array_equal(noisy.frame(0.4)[:60, :60], noisy.frame(0.44)[:60, :60])


def test_defocus_dirt_and_shutter_take_detail_away() -> None:
    sharp = detail(stage().frame(0.4))
    assert detail(stage(defocus=3.0).frame(0.4)) < 0.2 * sharp
    assert detail(stage(dirt=0.8).frame(0.4)) < 0.4 * sharp
    still, moving = (detail(stage(shutter=shutter).frame(0.15)[80:]) for shutter in (0.0, 0.2))
    assert moving < 0.85 * still


def test_shutter_blurs_hands_and_not_the_face() -> None:
    still, moving = (stage(shutter=shutter).frame(0.15) for shutter in (0.0, 0.2))
    assert np.abs(still[:80].astype(int) - moving[:80]).max() < 12
    assert np.abs(still[80:].astype(int) - moving[80:]).max() > 60


@pytest.mark.parametrize("cover", ["finger", "cloth", "lid"])
def test_covered_camera_sees_nearly_one_colour(cover: str) -> None:
    covered = stage(covered=1.0, cover=cover)
    assert covered.frame(0.4).reshape(-1, 3).std(axis=0).max() < 20
    assert covered.truth(0.4).covered


def test_who_is_gone_is_not_drawn() -> None:
    gone = stage(situation=Situation(gone=1.0))
    truth = gone.truth(0.4)
    assert (truth.face, truth.hands, truth.signing) == (None, (), False)
    assert np.array_equal(gone.frame(0.4), gone.frame(1.1))


@pytest.mark.parametrize("thing", ["box", "sheet", "sleeves"])
def test_hidden_hands_cannot_be_seen(thing: Obstacle) -> None:
    plain, hidden = stage(), stage(situation=Situation(obstacle=thing))
    for t in TIMES:
        for hand in hidden.truth(t).hands:
            if hand.hidden:
                x, y = hand.palm
                change = np.abs(patch(plain.frame(t), x, y, 1) - patch(hidden.frame(t), x, y, 1)).max()
                assert change > 15
    assert np.mean([hand.hidden for t in TIMES for hand in hidden.truth(t).hands]) > 0.5
    assert not any(hand.hidden for t in TIMES for hand in plain.truth(t).hands)


@pytest.mark.parametrize("thing", ["paper", "black", "mug", "scarf"])
def test_hidden_mouth_cannot_be_seen(thing: Mouth) -> None:
    plain, hidden = stage(style="listening"), stage(style="listening", situation=Situation(mouth=thing))
    face = hidden.truth(0.4).face
    assert face
    assert face.mouth_hidden
    x, y = face.keypoints[3]
    assert np.abs(patch(plain.frame(0.4), x, y) - patch(hidden.frame(0.4), x, y)).max() > 25


@pytest.mark.parametrize(
    ("style", "in_use"),
    [("two_handed", 2), ("one_handed", 1), ("at_face", 1), ("fingerspelling", 1), ("listening", 0), ("folded", 0)],
)
def test_style_says_which_hands_sign(style: Style, in_use: int) -> None:
    for t in TIMES:
        truth = stage(style=style).truth(t)
        assert sum(hand.in_use for hand in truth.hands) == in_use
        assert truth.signing == (in_use > 0)


def test_same_time_gives_the_same_picture_whatever_was_looked_at_before() -> None:
    camera: dict[str, Any] = {"noise": 3.0, "shake": 1.5, "quality": 70.0, "shutter": 0.03}
    one, other = stage(**camera), stage(**camera)
    first = one.frame(1.1)
    one.frame(7.0)
    assert np.array_equal(first, one.frame(1.1))
    assert np.array_equal(first, other.frame(1.1))
    assert not np.array_equal(first, stage(seed=4, **camera).frame(1.1))


def test_picture_of_any_size_can_be_drawn() -> None:
    assert Camera().framing == Framing()
    for style in ("two_handed", "folded"):
        assert stage(style=style, framing=Framing(scale=0.02)).frame(0.3).shape == (240, 320, 3)
