"""Who is drawn: skin, hair, clothes and what is worn on the face, from a seed or by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from relay.drawn.canvas import Rgb

#: The ten tones of the Monk Skin Tone Scale (Monk 2019, https://skintone.google), lightest first.
MONK_TONES: tuple[Rgb, ...] = (
    (246, 237, 228),
    (243, 231, 219),
    (247, 234, 208),
    (234, 218, 186),
    (215, 189, 150),
    (160, 126, 86),
    (130, 92, 67),
    (96, 65, 52),
    (58, 49, 42),
    (41, 36, 32),
)
HAIR_COLOURS: tuple[Rgb, ...] = (
    (28, 24, 22),
    (52, 36, 28),
    (84, 56, 38),
    (150, 112, 66),
    (128, 62, 38),
    (150, 148, 146),
)
CLOTHES: tuple[Rgb, ...] = (
    (24, 24, 28),
    (38, 46, 74),
    (70, 26, 34),
    (34, 66, 52),
    (92, 96, 104),
    (150, 60, 52),
    (60, 92, 140),
    (196, 196, 192),
    (120, 96, 70),
    (92, 60, 110),
    (222, 210, 170),
    (170, 190, 210),
    (200, 150, 60),
)
HairStyle = Literal["short", "long", "bun", "bald", "headscarf"]
Pattern = Literal["plain", "stripes", "checks", "logo"]
_DISTINCT = 50.0  # least difference in brightness of clothes and palms, 0..255: hands are seen before the chest
_LIGHT_PALM: Rgb = (214, 164, 138)
_WARM = (1.38, 0.87, 0.68)  # red, green, blue of a real face next to its brightness
_LEAST_REDNESS = ((100.0, 220.0), (0.17, 0.07))  # of skin as bright as that, 0..255; what is light has little room


@dataclass(frozen=True, slots=True)
class Person:
    """
    :param sleeves: share of the arm that is covered: 0.5 short, 1 long.
    :param scarf: colour of the headscarf, where it is worn.
    """

    skin: Rgb = (224, 172, 140)
    hair: Rgb = (70, 48, 36)
    hair_style: HairStyle = "short"
    clothes: Rgb = (38, 46, 74)
    pattern: Pattern = "plain"
    sleeves: float = 1.0
    glasses: bool = False
    beard: bool = False
    scarf: Rgb = (96, 70, 96)


def shown(skin: Rgb) -> Rgb:
    """
    The skin as a camera in ordinary light sees it: a little flare, room for highlights on light skin, and warm.

    The lightest and darkest tones of the scale are all but grey as painted; measured skin is red and yellow at both
    ends: the darkest of five clusters of 120 faces lies at CIELAB (27, 15, 15) (IADR 2009, 120461), the clips' faces
    at a redness of 0.20 and 0.24. Brightness stays that of the scale.
    """
    seen = [0.86 * channel + 12 for channel in skin]
    bright = 0.299 * seen[0] + 0.587 * seen[1] + 0.114 * seen[2]
    warm = [bright * factor for factor in _WARM]
    least = float(np.interp(bright, *_LEAST_REDNESS))
    share = max(0.0, (least - _redness(seen)) / (_redness(warm) - _redness(seen)))
    red, green, blue = (round(own + share * (more - own)) for own, more in zip(seen, warm, strict=True))
    return red, green, blue


def _redness(colour: Sequence[float]) -> float:
    """:returns: share of red less that of blue."""
    return (colour[0] - colour[2]) / sum(colour)


def palm_colour(skin: Rgb) -> Rgb:
    """As seen: palms are lighter than the skin of the same person, the more so the darker it is."""
    seen = shown(skin)
    share = 0.30 * (1 - min(1.0, sum(seen) / 600))
    red, green, blue = (round(own + (light - own) * share) for own, light in zip(seen, _LIGHT_PALM, strict=True))
    return red, green, blue


def luma(colour: Rgb) -> float:
    """Rec. 601, 0..255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def random_person(rng: np.random.Generator, tone: int | None = None) -> Person:
    """:param tone: index into :data:`MONK_TONES`; drawn when None. Hands stand out from the clothes."""
    skin = MONK_TONES[int(rng.integers(len(MONK_TONES))) if tone is None else tone]
    palm = luma(palm_colour(skin))
    apart = [colour for colour in CLOTHES if abs(luma(colour) - palm) >= _DISTINCT]
    styles = get_args(HairStyle)
    style: HairStyle = styles[int(rng.choice(len(styles), p=(0.4, 0.25, 0.15, 0.08, 0.12)))]
    pattern: Pattern = get_args(Pattern)[int(rng.choice(4, p=(0.55, 0.15, 0.15, 0.15)))]
    scarves = CLOTHES[1:7]
    return Person(
        skin=skin,
        hair=HAIR_COLOURS[int(rng.integers(2 if sum(skin) < 350 else len(HAIR_COLOURS)))],
        hair_style=style,
        clothes=apart[int(rng.integers(len(apart)))],
        pattern=pattern,
        sleeves=1.0 if rng.random() < 0.65 else 0.55,
        glasses=bool(rng.random() < 0.3),
        beard=bool(rng.random() < 0.2) and style in {"short", "bald"},
        scarf=scarves[int(rng.integers(len(scarves)))],
    )
