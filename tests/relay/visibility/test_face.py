"""What the numbers about the face mean."""

import pytest

from relay.visibility.measures import face
from relay.visibility.model import Box


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0.2, 0.2, 0.2, 0.2), 1.0),
        (Box(-0.1, 0.2, 0.2, 0.2), 0.5),
        (Box(0.9, 0.9, 0.2, 0.2), 0.25),
        (Box(1.1, 0.2, 0.2, 0.2), 0.0),
        (Box(0.2, 0.2, 0.0, 0.2), 0.0),
    ],
)
def test_share_of_a_face_box_inside(box: Box, share: float) -> None:
    assert face.box_in_frame(box) == pytest.approx(share)


def test_edges_at_which_a_face_is_cut_are_named() -> None:
    assert face.cut_edges(Box(0.4, 0.2, 0.2, 0.3)) == ()
    assert face.cut_edges(Box(0.4, -0.1, 0.2, 0.3)) == ("top",)
    assert face.cut_edges(Box(-0.1, 0.8, 0.2, 0.3)) == ("left", "bottom")
