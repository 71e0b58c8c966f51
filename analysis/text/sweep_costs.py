"""A sweep's figures in words, the same on every page and in every command. Torch-free."""

from collections.abc import Mapping
from typing import Final

_UNITS: Final = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"))


def points_told(figures: Mapping[str, float]) -> str:
    """Return how many points are settled, and how far the others are; empty without figures.

    >>> points_told({"points": 3, "points_wanted": 240, "samples": 512, "population": 6000})
    '3 of 240 points done, the others past 512 of 6,000 samples'
    """
    if not figures.get("points_wanted"):
        return ""
    done, wanted = int(figures["points"]), int(figures["points_wanted"])
    text = f"{done:,} of {wanted:,} points done"
    seen = int(figures.get("samples", 0))
    if done < wanted and seen:
        others = "others" if wanted - done > 1 else "other"
        text += f", the {others} past {seen:,} of {int(figures['population']):,} samples"
    return text


def macs_told(figures: Mapping[str, float]) -> str:
    """Return the multiply-accumulates executed of those expected; empty where none are counted.

    >>> macs_told({"macs": 1.2e9, "macs_expected": 4.81e9})
    '1.2 of 4.81 GMACs'
    """
    expected = figures.get("macs_expected", 0.0)
    return f"{macs(figures['macs'], expected)} of {macs(expected)}MACs" if expected else ""


def macs(value: float, like: float | None = None) -> str:
    """Return a number of multiply-accumulates with its prefix, or bare in the unit of ``like``.

    >>> macs(2_293_000), macs(41e9, 5.2e12)
    ('2.29 M', '0.041')
    """
    size, prefix = next((u for u in _UNITS if (like or value) >= u[0]), (1.0, ""))
    return f"{value / size:.3g}" if like else f"{value / size:.3g} {prefix}"
