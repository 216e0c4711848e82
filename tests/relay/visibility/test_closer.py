"""Where to look closer for somebody far away."""

import numpy as np

from relay.drawn.camera import Camera, Framing
from relay.visibility.measures.closer import MISSES, SIDE, Closer, part_around
from relay.visibility.measures.glance import Glancer
from relay.visibility.measures.picture import grid
from relay.visibility.model import Box
from tests.relay.visibility.drawn import grayed, stage
from tests.relay.visibility.frames import plain

FAR = Camera(Framing(0.22, 0.62, 0.5), noise=2.0)
FACE = Box(0.6, 0.4, 0.03, 0.04)


def watched(camera: Camera, seconds: float = 2.0) -> Closer:
    """What glances at 7 pictures a second know."""
    glancer, signer = Glancer(), stage(camera=camera)
    for index in range(round(7 * seconds)):
        glancer.glance(grayed(signer.frame(index / 7)), index / 7)
    return glancer.closer


def holds(part: Box, face: Box) -> bool:
    x, y = part.x, part.y
    return x <= face.x and y <= face.y and x + SIDE >= face.x + face.width and y + SIDE >= face.y + face.height


def test_where_nothing_moves_nothing_is_looked_at() -> None:
    closer, room = Closer(), np.random.default_rng(1).normal(120, 2.5, (10, 240, 320))
    for noisy in room:
        closer.glanced(grid(plain(120)), grid(np.clip(noisy, 0, 255).astype(np.uint8)))
    assert closer.parts() == ()


def test_a_lamp_that_is_switched_on_is_nobody() -> None:
    closer = Closer()
    for _ in range(3):
        closer.glanced(grid(plain(60)), grid(plain(120)))
    assert closer.parts() == ()


def test_somebody_who_signs_far_away_is_in_the_first_part() -> None:
    face = stage(camera=FAR).truth(2.0).face
    assert face is not None
    closer = watched(FAR)
    (part,) = closer.parts()
    assert holds(part, Box(*face.box))


def test_each_part_in_which_something_moves_has_its_turn() -> None:
    closer, still = Closer(), grid(plain(100))
    fan, hand = still.copy(), still.copy()
    fan[2:6, 1:5] = 0.9
    hand[18:20, 28:30] = 0.5
    parts: list[Box] = []
    for _ in range(8):
        closer.glanced(still, fan)
        closer.glanced(still, hand)
        parts += closer.parts()
    assert any(holds(part, Box(0.03, 0.1, 0.1, 0.1)) for part in parts)
    assert any(holds(part, Box(0.89, 0.77, 0.03, 0.03)) for part in parts)


def test_who_was_found_is_looked_for_there_also_when_sitting_still() -> None:
    closer = Closer()
    closer.found(FACE)
    for _ in range(MISSES):
        assert closer.parts() == (part_around(*FACE.centre),)
        closer.found(None)
    assert closer.parts() == ()


def test_the_part_around_a_face_stays_in_the_picture() -> None:
    for x, y in ((0.0, 0.0), (0.97, 0.96), (0.5, 0.3)):
        part = part_around(*Box(x, y, 0.03, 0.04).centre)
        assert holds(part, Box(x, y, 0.03, 0.04))
        assert min(part.x, part.y) >= 0
        assert max(part.x, part.y) <= 1 - SIDE
