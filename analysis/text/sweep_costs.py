"""A sweep's figures in words, the same on every page and in every command. Torch-free."""

from collections.abc import Mapping

from prunescope.text.durations import spoken
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


def forecast_text(low: float, high: float) -> str:
    """Return a forecast of processor time as a range, or as one time where its ends read alike.

    >>> forecast_text(40.2, 75.0)
    '40 s to 1 min 15 s of processor time'
    """
    ends = dict.fromkeys((spoken(low), spoken(high)))
    return f"{' to '.join(ends)} of processor time"


def processor_done(figures: Mapping[str, float]) -> str:
    """Return the processor time taken of that forecast; empty before there is a forecast.

    >>> processor_done({"processor_seconds": 12.0, "processor_low": 40.2, "processor_high": 75.0})
    '12 s of 40 s to 1 min 15 s of processor time'
    """
    if not figures.get("processor_high"):
        return ""
    said = forecast_text(figures["processor_low"], figures["processor_high"])
    return f"{spoken(figures['processor_seconds'])} of {said}"


def stretch_text(stretch: float) -> str:
    """Return how a clock runs beside processor time, where that is worth a word.

    >>> stretch_text(2.6)
    'the machine is busy: on the clock 2.6 times as long'
    """
    if stretch > 1.2:
        return f"the machine is busy: on the clock {stretch:.2g} times as long"
    if stretch < 0.8:
        return f"on the clock {stretch:.2g} of it, as several cores work"
    return "on the clock about as long"


def work_done(figures: Mapping[str, float]) -> str:
    """Return points, multiply-accumulates and processor time, as far as they are counted."""
    parts = points_done(figures), macs_done(figures), processor_done(figures)
    return " · ".join(filter(None, parts))
