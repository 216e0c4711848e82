"""People are of all kinds, hands stand out from their clothes, and MediaPipe sees all of them alike."""

from functools import partial

import numpy as np
import pytest

from relay.drawn.camera import Camera, Framing
from relay.drawn.person import CLOTHES, MONK_TONES, luma, palm_colour, random_person, shown
from relay.drawn.scenery import Scenery
from relay.drawn.signing import Script, Style
from relay.drawn.stage import Situation, Stage
from relay.visibility.accuracy import wilson
from tests.helpers import clips

SAMPLES = 12  # people of each tone
STYLES: tuple[Style, ...] = ("two_handed", "one_handed", "fingerspelling", "at_face")
NEAR = 0.05  # share of the picture: a hand found where it is


def test_people_of_one_seed_are_the_same_and_of_many_seeds_all_kinds() -> None:
    assert random_person(np.random.default_rng(5)) == random_person(np.random.default_rng(5))
    people = [random_person(np.random.default_rng(seed)) for seed in range(200)]
    assert {person.skin for person in people} == set(MONK_TONES)
    assert {person.hair_style for person in people} == {"short", "long", "bun", "bald", "headscarf"}
    assert {person.pattern for person in people} == {"plain", "stripes", "checks", "logo"}
    assert {person.clothes for person in people} == set(CLOTHES)
    assert any(person.glasses for person in people)
    assert any(person.beard for person in people)


def _always(situation: Situation, t: float) -> Situation:
    return situation


@pytest.mark.parametrize("tone", range(10))
def test_hands_stand_out_from_the_clothes(tone: int) -> None:
    for seed in range(40):
        person = random_person(np.random.default_rng(seed), tone)
        assert abs(luma(person.clothes) - luma(palm_colour(person.skin))) >= 50


@pytest.mark.parametrize("skin", MONK_TONES)
def test_skin_of_every_tone_is_warm_and_as_bright_as_the_scale_says(skin: tuple[int, int, int]) -> None:
    red, green, blue = shown(skin)
    assert red > green > blue
    assert (red - blue) / (red + green + blue) > 0.065
    assert luma(shown(skin)) == pytest.approx(0.86 * luma(skin) + 12, abs=2.5)


def test_mediapipe_finds_hands_and_faces_of_all_skin_tones_alike() -> None:
    """No tone's rate differs from that of all by more than its own 95 % interval; each picture is of somebody else."""
    from relay.visibility.detector import Detector

    detector = Detector(clips.models())
    hands, faces = np.zeros(10, int), np.zeros(10, int)
    for tone in range(10):
        for sample in range(SAMPLES):
            person = random_person(np.random.default_rng([sample, 3]), tone)
            situation = Situation(Camera(Framing(scale=0.8, y=0.5), shutter=0.01, noise=1.5))
            script = Script(sample, STYLES[sample % 4], right_handed=sample % 3 > 0)
            stage = Stage(person, Scenery(), script, partial(_always, situation), width=480, height=360)
            t = 0.55 + 0.62 * sample  # within a sign's hold
            picture, truth = stage.frame(t), stage.truth(t)
            palms = [hand.landmarks[[0, 5, 9, 17]].mean(axis=0) for hand in detector.hands(picture)]
            wanted = [hand.landmarks[[0, 5, 9, 17]].mean(axis=0) for hand in truth.hands if hand.in_use]
            hands[tone] += any(np.abs(palm - where).max() < NEAR for palm in palms for where in wanted)
            faces[tone] += len(detector.faces(picture)) > 0
    detector.close()
    for found in (hands, faces):
        assert found.sum() >= 0.85 * 10 * SAMPLES, found
        for tone in range(10):
            low, high = wilson(int(found[tone]), SAMPLES)
            assert low <= found.sum() / (10 * SAMPLES) <= high, (tone, found)
