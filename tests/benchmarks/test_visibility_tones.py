"""Skin tones are held against each other on the same scenes."""

from dataclasses import fields

import numpy as np
import pytest

from benchmarks.visibility_material.drawn_plans import good_plan
from benchmarks.visibility_material.drawn_scenes import impaired_scene
from benchmarks.visibility_material.evaluation import Result
from benchmarks.visibility_material.tones import compared, tones_json, tones_table
from relay.drawn.person import MONK_TONES
from relay.visibility.accuracy import Tally

OF_THE_SKIN = {"skin", "hair", "clothes"}


def test_same_scene_in_another_tone_differs_in_skin_hair_and_clothes_alone() -> None:
    plans = [good_plan("good", "mixed", tone, np.random.default_rng(7)) for tone in range(len(MONK_TONES))]
    for plan in plans[1:]:
        assert (plan.scenery, plan.script, plan.good) == (plans[0].scenery, plans[0].script, plans[0].good)
        own, first = plan.person, plans[0].person
        differing = {field.name for field in fields(own) if getattr(own, field.name) != getattr(first, field.name)}
        assert "skin" in differing <= OF_THE_SKIN


def test_scene_of_a_tone_is_drawn_in_it_with_the_same_labels() -> None:
    light, dark = (impaired_scene("too_far", 22, 6, tone) for tone in (0, 9))
    assert (light.tone, dark.tone) == (0, 9)
    assert light.labels == dark.labels


def result(scene: int, tone: int, detected: int, of: int = 10) -> Result:
    tally = Tally(videos=1)
    for second in range(of):
        tally.add(("too_far",), "too_far" if second < detected else "good")
    return Result(f"scene {scene}", f"tone {tone}", False, tally)


def test_tones_that_fare_alike_are_told_so_however_much_scenes_differ() -> None:
    results = [result(scene, tone, scene % 11) for scene in range(30) for tone in range(4)]
    of_all = compared(results, "detection")
    assert all(one.is_alike and one.difference == 0.0 for one in of_all.values())
    assert of_all["tone 0"].interval[0] < of_all["tone 0"].rate < of_all["tone 0"].interval[1]


def test_tone_that_fares_worse_in_most_scenes_is_told_beyond_its_interval() -> None:
    results = [result(scene, tone, 9 - 3 * (tone == 3 and scene % 4 > 0)) for scene in range(30) for tone in range(4)]
    worse = compared(results, "detection")["tone 3"]
    assert not worse.is_alike
    assert worse.difference == pytest.approx(-0.165)  # 0.3 less in 22 of 30, of which all tones bear a quarter
    assert any("not like the others" in line for line in tones_table(results))


def test_scene_that_is_not_there_in_all_tones_does_not_count() -> None:
    results = [result(0, tone, 5) for tone in range(4)]
    assert compared([*results, result(1, 0, 10)], "detection")["tone 0"].rate == 0.5
    assert tones_json(results)["false_alarm"] == {}
