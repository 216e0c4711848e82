"""Impairments do what they say, and what is right of each second follows from where face and hands then are."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.visibility_material import truth
from benchmarks.visibility_material.building import HELD_OUT, Parts, build, is_judged, right_of_second
from benchmarks.visibility_material.cases import CASE_NAMED, CASES
from benchmarks.visibility_material.evaluation import settled
from benchmarks.visibility_material.impairments import delivery, framing, light, obstacles, sharpness
from benchmarks.visibility_material.impairments.base import Impairment, pictures
from benchmarks.visibility_material.moments import FPS, Clip, Moment, Picture, bridged
from benchmarks.visibility_material.truth import Codes
from relay.visibility.labels import Span
from relay.visibility.model import Box

FACE, HAND = Box(0.4, 0.1, 0.2, 0.25), Box(0.3, 0.6, 0.15, 0.2)


def picture(shift: int = 0) -> Picture:
    """A wall with a grey person, a bright face and a hand that moves; 64 x 48."""
    drawn = np.full((48, 64, 3), 150, np.uint8)
    drawn[20:, 16:48] = 40
    drawn[5:17, 26:38] = 200
    drawn[9:11, 29:35] = 20
    drawn[28:36, 20 + shift : 28 + shift] = 210
    return drawn


def moments(seconds: float = 1.0) -> list[Moment]:
    return [
        Moment(index / FPS, index, picture(index % 8), FACE, (HAND,) if index % 8 else ())
        for index in range(round(seconds * FPS))
    ]


def made(impair: Impairment, given: Iterable[Moment] | None = None) -> list[Moment]:
    return list(impair(moments() if given is None else given))


def test_camera_that_looks_elsewhere_moves_picture_and_boxes_alike() -> None:
    lower = made(framing.view(1.0, 0.0, 0.5))[1]
    assert lower.face is not None
    assert (lower.face.y, lower.hands[0].y) == pytest.approx((0.6, 1.1))
    assert lower.picture[29:41, 26:38].mean() == pytest.approx(picture(1)[5:17, 26:38].mean(), abs=3)
    assert truth.hands_out("hands_cut")(lower) == ("hands_cut",)
    assert truth.well_framed(lower) == ()
    assert truth.well_framed(moments()[1]) == ("good",)
    nearer = made(framing.view(2.0))[1]
    assert nearer.face is not None
    assert nearer.face.width == pytest.approx(0.4)
    assert truth.face_out("face_cut")(made(framing.view(1.0, 0.0, -0.3))[1]) == ("face_cut",)


def test_light_goes_where_it_is_said_to_go() -> None:
    plain = picture().mean()
    assert made(light.darkened(0.2, 3.0))[0].picture.mean() < 0.3 * plain
    assert (made(light.burnt_out(2.6))[0].picture >= 250).mean() > 0.4
    against = made(light.backlit({}, 0.2), moments()[:1])[0].picture
    assert against[6:8, 28:36].mean() < 0.65 * picture()[6:8, 28:36].mean(), "the face is in shadow"
    assert against[:, :6].mean() > 230, "and the wall is bright"


def test_blur_takes_detail_away_and_a_slow_shutter_only_from_what_moves() -> None:
    def detail(moment: Moment) -> float:
        return float(np.square(np.diff(moment.picture.astype(np.float32), axis=1)).mean())

    sharp = detail(moments()[12])
    for impair in (sharpness.defocused(4), sharpness.shaken(9), pictures(sharpness.dirty_lens)):
        assert detail(made(impair)[12]) < 0.8 * sharp
    slow = made(sharpness.slow_shutter(8))[20]
    assert (slow.picture[:18] == picture()[:18]).all()
    assert not (slow.picture[28:36] == picture(20 % 8)[28:36]).all()
    still = made(sharpness.slow_shutter(8), [Moment(0, 0, picture(), FACE, (HAND,))] * 10)[-1]
    assert still.hands == (), "hands that hold still are not blurred"


def test_coded_for_a_narrow_line_every_picture_comes_out_worse() -> None:
    coded = made(delivery.compressed(20_000, (32, 24)))
    assert [moment.t for moment in coded] == [moment.t for moment in moments()]
    assert coded[5].picture.shape == picture().shape
    assert np.abs(coded[5].picture.astype(int) - picture(5)).mean() > 3


def test_pictures_that_do_not_arrive_leave_the_others_at_their_times() -> None:
    few = made(delivery.dropped(5), moments(2.0))
    assert [moment.t for moment in few] == pytest.approx([0.2 * index for index in range(10)])
    assert len(made(delivery.dropped(20), moments(2.0))) == 40
    assert len({moment.picture.tobytes() for moment in made(delivery.frozen)}) == 1
    assert len(made(delivery.stopped)) == 1
    assert {moment.t >= 0.4 for moment in made(delivery.stuttering(0.4, 1.2))} == {False}


def test_what_stands_before_the_lens_hides_what_it_should() -> None:
    covered = made(obstacles.covered((120, 30, 20)))[0]
    assert (covered.face, covered.hands) == (None, ())
    assert covered.picture.std(axis=(0, 1)).max() < 40
    masked = obstacles.masked(moments()[0]).picture
    assert (masked[5:8] == picture()[5:8]).all()
    assert not (masked[14:17, 27:37] == picture()[14:17, 27:37]).any(axis=2).all()
    hidden = made(obstacles.object_before(Box(0.25, 0.5, 0.5, 0.4)))[3]
    assert hidden.picture[30:36, 20:30].std() < 20
    assert hidden.hands == (HAND,)
    assert made(obstacles.object_before(Box(0.4, 0.5, 0.5, 0.4)))[3].hands == (), "a hand beside it can be seen"
    empty = made(obstacles.empty_room(picture(), 0.2, 0.8))[0].picture
    assert np.abs(empty.astype(int) - 150).max() < 15
    assert made(framing.rotated(90))[0].picture.shape == picture().shape


def test_hands_missed_for_a_moment_were_there() -> None:
    found = [(HAND,), (), (), (HAND,), *[()] * 12, (HAND,)]
    assert [bool(hands) for hands in bridged(found)] == [True] * 4 + [False] * 12 + [True]


def test_second_says_what_most_of_its_pictures_say() -> None:
    cut: Codes = ("hands_cut",)
    good: Codes = ("good",)
    aside: Codes = ("off_centre",)
    both: Codes = ("off_centre", "hands_cut")
    nothing: Codes = ()
    assert right_of_second([cut] * 12 + [nothing] * 13) == cut
    assert right_of_second([cut] * 5 + [nothing] * 20) == nothing
    assert right_of_second([good] * 25) == good
    assert right_of_second([good] * 24 + [nothing]) == nothing, "not wholly good"
    assert right_of_second([aside] * 20 + [both] * 5) == both


def test_three_seconds_after_a_change_are_left_out() -> None:
    labels = ["good"] * 6 + [None] + ["too_dark"] * 5 + [None, None] + ["too_dark"] + ["good"] * 4
    assert [codes[0] if codes else None for codes in settled(labels)] == (  # type: ignore[arg-type]
        [None] * 3 + ["good"] * 3 + [None] * 3 + ["too_dark"] * 3 + [None, None] + ["too_dark"] + [None] * 3 + ["good"]
    )


def test_video_is_good_impaired_and_good_again_with_its_labels(tmp_path: Path) -> None:
    shown = moments(0.32)
    clip = Clip(
        HELD_OUT[0],
        tuple(moment.picture for moment in shown),
        (FACE,) * 8,
        tuple(moment.hands for moment in shown),
    )
    video = build(tmp_path, clip, "dark", Parts(5, 5, 4))
    assert video.held_out
    assert video.spans == (
        Span(0, 3, ()),
        Span(3, 5, ("good",)),
        Span(5, 8, ()),
        Span(8, 10, ("too_dark",)),
        Span(10, 13, ()),
        Span(13, 14, ("good",)),
    )
    with av.open(str(video.path)) as container:
        light = {round(frame.time or 0.0, 2): frame.to_ndarray(format="gray").mean() for frame in container.decode()}
    assert len(light) == 14 * FPS
    assert light[7.0] < 0.5 * light[2.0]
    stopped = build(tmp_path, clip, "stopped", Parts(5, 5, 4))
    assert stopped.expected(9) == ("frozen",)


def test_cases_have_names_of_their_own_and_poor_clips_are_not_called_good() -> None:
    assert len(CASE_NAMED) == len(CASES)
    assert is_judged("asl_house.gif", CASE_NAMED["as_it_is"])
    assert not is_judged("webcam_selfie.mp4", CASE_NAMED["as_it_is"])
    assert is_judged("webcam_selfie.mp4", CASE_NAMED["dark"])
