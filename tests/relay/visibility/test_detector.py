"""What MediaPipe finds: small hands and faces, people lying on their side, bodies; several legs side by side."""

import numpy as np
import pytest
from numpy.typing import NDArray

from relay.drawn.camera import Camera, Framing
from relay.drawn_signer import DrawnSigner, Scene
from relay.visibility.model import Box, Detection, Part
from tests.helpers import clips
from tests.relay.visibility.drawn import grayed, stage

FACE: frozenset[Part] = frozenset(("faces",))


def picture(scene: Scene = "signing", t: float = 0.6) -> NDArray[np.uint8]:
    return DrawnSigner(640, 480, scene=scene).frame(t)


def detect(rgb: NDArray[np.uint8]) -> Detection:
    from relay.visibility.detector import Analyzer

    return Analyzer(clips.models()).detect(np.ascontiguousarray(rgb), 0)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_face_is_found_whichever_way_the_camera_is_held(turns: int) -> None:
    upright, found = detect(picture()), detect(np.rot90(picture(), turns))
    assert upright.face is not None
    assert found.face is not None
    eyes = found.face.keypoints[1] - found.face.keypoints[0]
    assert np.argmax(np.abs(eyes)) == turns % 2
    assert found.face.box.width * found.face.box.height == pytest.approx(
        upright.face.box.width * upright.face.box.height, rel=0.3
    )


def test_hands_of_a_signer_far_away_are_found_where_they_are() -> None:
    signer = DrawnSigner(640, 480, scene="far")
    found = detect(signer.frame(0.6))
    assert found.face is not None
    assert found.face.box.height < 0.1
    assert found.hands
    palms = [hand.landmarks[[0, 5, 9, 17]].mean(axis=0) for hand in found.hands]
    for palm in palms:
        assert min(np.hypot(palm[0] - at.x, palm[1] - at.y) for at in signer.hand_positions(0.6)) < 0.03


def test_face_too_small_for_the_whole_picture_is_found_where_something_moves() -> None:
    from relay.visibility.detector import Analyzer

    signer = stage(camera=Camera(Framing(0.17, 0.62, 0.5), noise=2.0))
    blind, watching = Analyzer(clips.models()), Analyzer(clips.models())
    for index in range(7):
        watching.glance(grayed(signer.frame(index / 7)), index / 7)
    truth = signer.truth(1.0).face
    assert truth is not None
    assert blind.detect(signer.frame(1.0), 0).faces == ()
    face = watching.detect(signer.frame(1.0), 0).face
    assert face is not None
    assert (face.box.x, face.box.y, face.box.height) == pytest.approx(
        (truth.box[0], truth.box[1], truth.box[3]), abs=0.01
    )


def test_look_tells_an_empty_room_from_a_covered_lens() -> None:
    from relay.visibility.detector import Analyzer

    analyzer, there = Analyzer(clips.models()), stage().frame(0.5)
    assert [analyzer.look(there, t, FACE).room_kept for t in (0, 1000)] == [None, None]
    after = stage(gone=1.0), stage(camera=Camera(covered=1.0, cover="cloth", noise=2.0))
    kept = [analyzer.look(of.frame(0.5), 2000, FACE).room_kept or 0.0 for of in after]
    assert kept[0] > 0.6
    assert kept[1] < 0.2


def test_body_tells_that_wrists_are_below_the_picture() -> None:
    found = detect(picture("cut"))
    assert found.pose is not None
    assert (found.pose.landmarks[[15, 16], 1] > 1.0).all()


def test_body_found_in_a_part_is_where_it_is_in_the_whole_picture() -> None:
    from relay.visibility.detector import shared_detector

    detector, rgb, shoulders = shared_detector(clips.models()), picture("cut"), [11, 12]
    whole, part = detector.pose(rgb), detector.pose(rgb, Box(0.1, 0.0, 0.7, 1.0))
    assert whole is not None
    assert part is not None
    assert np.abs(part.landmarks[shoulders] - whole.landmarks[shoulders]).max() < 0.04


def test_body_is_not_looked_for_when_hands_and_face_leave_no_question() -> None:
    found = [detect(picture(t=t / 10)) for t in range(0, 12, 3)]
    assert any(len(each.hands) == 2 for each in found)
    assert all((each.pose is None) == (len(each.hands) == 2) for each in found)


def test_body_is_looked_for_twice_a_second_at_most() -> None:
    from relay.visibility.detector import Analyzer

    analyzer = Analyzer(clips.models())
    found = [analyzer.detect(picture("cut"), t).pose is not None for t in range(0, 1000, 125)]
    assert found == [True, False, False, False, True, False, False, False]


def test_nobody_is_nobody() -> None:
    assert detect(picture("absent")) == Detection(parts=frozenset(("hands", "faces", "pose")))


def test_small_face_that_seems_to_lie_in_an_upright_one_is_a_part_of_it_and_a_turned_one_is_none() -> None:
    from relay.visibility.detector import is_part

    upright = Box(0.45, 0.10, 0.12, 0.16)
    assert is_part(Box(0.46, 0.12, 0.08, 0.10), upright)
    assert not is_part(Box(0.45, 0.11, 0.12, 0.15), upright), "the phone was turned around the face"
    assert not is_part(Box(0.25, 0.40, 0.08, 0.10), upright), "somebody else lies there"


def test_only_what_is_asked_for_is_looked_for() -> None:
    from relay.visibility.detector import Analyzer

    analyzer = Analyzer(clips.models())
    face_only = analyzer.look(picture(), 0, frozenset(("faces",)))
    hands_only = analyzer.look(picture(), 100, frozenset(("hands",)))
    assert (face_only.faces_found, face_only.hands_found) == (1, None)
    assert hands_only.faces_found is None
    assert hands_only.hands_found


def test_legs_share_models_and_disturb_each_other_not() -> None:
    from relay.visibility.detector import Analyzer

    upright, lying, alone = (Analyzer(clips.models()) for _ in range(3))
    turned = np.ascontiguousarray(np.rot90(picture()))
    expected = [alone.look(picture(), t) for t in (0, 500)]
    mixed = []
    for t in (0, 500):
        mixed.append(upright.look(picture(), t))
        assert lying.look(turned, t).faces_found == 1
    assert mixed == expected
