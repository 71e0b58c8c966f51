"""A sweep's figures in words, the same on every page and in every command. Torch-free."""

from collections.abc import Mapping

from prunescope.text.numbers import exact
from prunescope.text.units import macs_of


def points_done(figures: Mapping[str, float]) -> str:
    """Return how many points are settled, and how far the others are; empty without figures.

    >>> points_done({"points": 3, "points_wanted": 240, "samples": 512, "population": 6000})
    '3 of 240 points done, the others past 512 of 6,000 samples'
    """
    if not figures.get("points_wanted"):
        return ""
    done, wanted = int(figures["points"]), int(figures["points_wanted"])
    text = f"{exact(done)} of {exact(wanted)} points done"
    seen = int(figures.get("samples", 0))
    if done < wanted and seen:
        others = "others" if wanted - done > 1 else "other"
        text += f", the {others} past {exact(seen)} of {exact(figures['population'])} samples"
    return text


def macs_done(figures: Mapping[str, float]) -> str:
    """Return the multiply-accumulates executed of those expected; empty where none are counted.

    >>> macs_done({"macs": 1.2e9, "macs_expected": 4.81e9})
    '1.2 of 4.81 GMACs'
    """
    expected = figures.get("macs_expected", 0.0)
    return macs_of(figures["macs"], expected) if expected else ""


def work_done(figures: Mapping[str, float]) -> str:
    """Return points and multiply-accumulates beside each other, as far as they are counted."""
    return " · ".join(filter(None, (points_done(figures), macs_done(figures))))
