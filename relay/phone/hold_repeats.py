"""Whether sound was heard before: the recorded voice of a waiting queue says the same again and again. Pure."""

import numpy as np
from numpy.typing import NDArray

KEPT_S = 300.0  # s: loops of queues take one to four minutes
STEP_S = 0.04
GROUPS = 13  # of the spectrum
NOT_BEFORE_S = 4.0  # a person repeats a word at once; a loop takes longer
REPEATED = 0.86  # correlation: the same sound is above 0.89, two sentences of one voice are mostly below 0.75

Floats = NDArray[np.float32]


class Repeats:
    """:param bands: of a spectrum's shape, a multiple of 13. :param hops: that make 40 ms."""

    def __init__(self, bands: int, hops: int) -> None:
        self._bands, self._hops = bands, hops
        self._kept: Floats = np.zeros((round(KEPT_S / STEP_S), GROUPS), np.float32)
        self._filled = 0

    def add(self, shapes: NDArray[np.float64]) -> None:
        """
        :param shapes: one row per hop, a multiple of ``hops``; larger when loud, or the line's noise between the words
            of two sentences would make them the same.
        """
        rows = shapes.reshape(-1, self._hops, GROUPS, self._bands // GROUPS).mean(axis=(1, 3)).astype(np.float32)
        self._kept[: -len(rows)] = self._kept[len(rows) :]
        self._kept[-len(rows) :] = rows
        self._filled = min(len(self._kept), self._filled + len(rows))

    def is_repeated(self, seconds: float) -> bool:
        """:returns: whether the last ``seconds`` were heard before, as far as anybody can tell by the spectrum."""
        length = round(seconds / STEP_S)
        past = self._kept[len(self._kept) - self._filled : len(self._kept) - round(NOT_BEFORE_S / STEP_S)]
        if len(past) < length:
            return False
        asked = self._kept[-length:]
        products = sum(np.correlate(past[:, group], asked[:, group], "valid") for group in range(GROUPS))
        energy = np.concatenate([[0.0], np.cumsum((past**2).sum(axis=1), dtype=np.float64)])
        norms = np.sqrt((energy[length:] - energy[:-length]) * float((asked**2).sum()))
        return bool(np.max(products / (norms + 1e-9)) > REPEATED)
