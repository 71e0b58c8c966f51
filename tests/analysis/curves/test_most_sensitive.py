"""The most sensitive layer is named with its interval, and only where intervals tell it apart."""

from dataclasses import replace

import pytest

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.curves.most_sensitive import halves, most_sensitive
from prunescope.statistics.paired import Interval
from prunescope.study import LayerSummary, Manifest, Method
from prunescope.text.scores import PERCENT_WORDS
from tests.analysis.store.rows import manifest

MAGNITUDE = Method("magnitude")


def network(*names: str) -> Manifest:
    layers = tuple(LayerSummary(n, "linear", f"{n}.weight", (2, 3), 6, 6, 8) for n in names)
    return replace(manifest(), layers=layers)


def curve(
    name: str, drop: float, half: float = 0.005, method: Method = MAGNITUDE, at: float = 0.5,
    recovery: str = "none",
) -> Curve:  # fmt: skip
    interval = Interval(drop, drop - half, drop + half)
    point = CurvePoint(at, round(100 * at), 100, 500, 0.9 - drop, interval, 0.0, 0.0)
    low = replace(point, sparsity=0.1, interval=Interval(0.9, 0.9, 0.9))
    return Curve(CurveKey(name, method, recovery), (low, point))


def told(*curves: Curve, of: Manifest | None = None) -> str | None:
    return most_sensitive(curves, of or network("a", "b", "c"), PERCENT_WORDS)


def test_the_dearest_layer_is_named_with_its_interval() -> None:
    assert told(curve("a", 0.01), curve("b", 0.06), curve("c", 0.02)) == (
        "b is the most sensitive layer: half of the weights cost 6.00 pt (5.50 to 6.50 pt, 95 %), "
        "by magnitude without recovery."
    )


def test_each_layer_is_judged_by_its_best_curve_and_never_by_a_control() -> None:
    curves = [
        curve("a", 0.30), curve("a", 0.02, recovery="ls"), curve("b", 0.05),
        curve("c", 0.01), curve("c", 0.9, method=Method("random")),
    ]  # fmt: skip
    assert [(h.name, h.point.drop) for h in halves(curves, False)] == [
        ("b", 0.05), ("a", 0.02), ("c", 0.01)
    ]  # fmt: skip


def test_layers_that_intervals_do_not_tell_apart_are_named_together() -> None:
    two = told(curve("a", 0.01), curve("b", 0.06, 0.01), curve("c", 0.055, 0.01)) or ""
    assert two.startswith("b and c are the most sensitive layers, not told apart")
    three = told(curve("a", 0.054, 0.01), curve("b", 0.06, 0.01), curve("c", 0.055, 0.01)) or ""
    assert three.startswith("b, c and 1 other are the most sensitive layers")


def test_what_noise_could_be_is_not_called_sensitive() -> None:
    text = told(curve("a", 0.002), curve("b", 0.004, 0.006), curve("c", 0.0)) or ""
    assert text.startswith("No layer is sensitive at one half: what costs most is b, where half")
    assert text.endswith("which this many samples cannot tell from nothing.")


def test_what_is_not_measured_is_said() -> None:
    some = told(curve("a", 0.01), curve("b", 0.06)) or ""
    assert some.startswith("b is the most sensitive layer of the 2 of 3 measured so far: half")
    one = told(curve("a", 0.01)) or ""
    assert one.startswith("Of 3 layers only a is measured near one half so far: half of the")
    assert told() is None
    assert told(curve("a", 0.01, at=0.7)) is None


@pytest.mark.parametrize(("at", "words"), [(0.45, "45 % of the weights"), (0.505, "half of the")])
def test_a_point_near_one_half_says_how_much_went(at: float, words: str) -> None:
    assert words.split(" ")[0] in (told(curve("a", 0.06, at=at), of=network("a")) or "")


def test_units_come_before_weights() -> None:
    channels = Method("l1", "channel")
    text = told(curve("a", 0.5), curve("g", 0.01, method=channels)) or ""
    assert "half of the channels" in text
