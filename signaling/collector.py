"""Python's collector of cycles, told to look rarely: a look at everything stops every call for tens of ms."""

import gc

#: Containers made and not yet freed until the youngest are looked at; how often that is until older ones are, and all.
THRESHOLDS = (10_000, 20, 20)


def calm() -> None:
    """Once, when everything is loaded: that stays, and is not looked at again."""
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()
