"""The curves of one layer or group, from a study's measurements."""

from collections.abc import Iterable

import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import by_criterion
from prunescope.charts.curves import SCALES, curves_figure
from prunescope.curves.curve import curves
from prunescope.curves.dense import dense_score
from prunescope.curves.means import measured_points
from prunescope.errors import UnknownName
from prunescope.study import Manifest, Method, check_names
from prunescope.study.method import UNITS
from prunescope.study.recoveries import MOVES_DENSE
from prunescope.text.lists import listed
from prunescope.text.scores import words_of


def subject_figure(
    manifest: Manifest,
    measured: pd.DataFrame,
    subject: str,
    methods: Iterable[str] = (),
    scale: str = "score",
    limit: float | None = None,
    dark: bool = False,
) -> go.Figure:
    """Return what was measured of one layer or group as a figure; methods have fixed colours.

    Args:
        manifest: Of the study.
        measured: Its measurements.
        subject: Layer or group.
        methods: Which to draw; all that were measured by default.
        scale: One of ``prunescope.charts.curves.SCALES``.
        limit: Accepted drop, as stored (0.01 is one point), drawn as a line.
        dark: Whether the page is dark.

    Raises:
        UnknownName: Nothing was measured of this subject, or by one of these methods.
    """
    points = measured_points(measured, manifest.scale)
    check_names("scale", [scale], SCALES)
    if subject not in set(points["subject"]):
        raise UnknownName.among("measured layer or group", subject, points["subject"])
    rows = points[points["subject"] == subject]
    present = list(dict.fromkeys(rows["method"]))
    wanted = [str(manifest.named(Method.parse(name))) for name in methods] or present
    check_names(f"measured method of {subject}", wanted, present)
    order = [method.name for method in manifest.methods]
    names = [*order, *sorted(set(points["method"]) - set(order))]
    colours = by_criterion(names, dark)
    known = curves(measured, manifest)
    moved = {
        name: dense_score(manifest, known, name) for name in set(rows["recovery"]) & MOVES_DENSE
    }
    drawn = rows[rows["method"].isin(wanted)]
    return curves_figure(
        rows,
        {name: colours[name] for name in names if name in wanted},
        manifest.baseline.score if manifest.baseline else 0.0,
        scale,
        limit,
        words_of(manifest),
        None,
        f"{_removed(set(drawn['granularity']))}: {subject}",
        moved,
    )


def _removed(granularities: set[str]) -> str:
    """What the horizontal axis counts: one kind of unit, weights, or both beside each other."""
    units = sorted(granularities & set(UNITS))
    words = [f"{unit}s" for unit in units] + ["weights"] * bool(granularities - set(units))
    return f"{listed(words, 'or').capitalize()} removed"
