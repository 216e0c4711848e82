"""What impairments are made of."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.visibility_material.moments import Moment, Picture

Impairment = Callable[[Iterable[Moment]], Iterator[Moment]]
Floats = NDArray[np.float32]


def each(change: Callable[[Moment], Moment]) -> Impairment:
    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        return map(change, moments)

    return impair


def pictures(change: Callable[[Picture], Picture]) -> Impairment:
    return each(lambda moment: replace(moment, picture=change(moment.picture)))


def chain(*impairments: Impairment) -> Impairment:
    def impair(moments: Iterable[Moment]) -> Iterator[Moment]:
        stream: Iterable[Moment] = moments
        for one in impairments:
            stream = one(stream)
        return iter(stream)

    return impair


def noise_of(moment: Moment, deviation: float) -> Floats:
    """Grey noise of a camera, shape (height, width, 1), another for each moment."""
    height, width = moment.picture.shape[:2]
    if deviation <= 0:
        return np.zeros((height, width, 1), np.float32)
    random = np.random.default_rng(round(moment.t * 1000))
    return (random.standard_normal((height, width, 1), dtype=np.float32) * deviation).astype(np.float32)


def as_bytes(picture: object) -> Picture:
    return np.asarray(np.clip(np.asarray(picture), 0, 255), np.uint8)
