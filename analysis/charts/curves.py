"""One layer's or group's curves, every method overlaid, each with its interval or its seeds."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from prunescope.arrays import Flags, Floats
from prunescope.charts.colours import QUIET, faint
from prunescope.charts.marks import described
from prunescope.curves.curve import FEW_UNITS
from prunescope.curves.seeds import over_seeds
from prunescope.text import plain
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

SCALES: Final = ("score", "drop", "entropy", "divergence")
"""What can be drawn upwards: columns of the measured points."""


def curves_figure(
    points: pd.DataFrame,
    colours: Mapping[str, str],
    baseline: float,
    vertical: str = "score",
    limit: float | None = None,
    words: ScoreWords = PERCENT_WORDS,
    near: float | None = None,
    across: str = "Sparsity of this layer",
    moved: Mapping[str, float] = MappingProxyType({}),
) -> go.Figure:
    """Return the curves of one subject: a line, a band and markers per method.

    Markers are hollow where the interval contains no change at all, and hollow with a dot while
    samples are still to come; then the score is the dense one less the drop so far. Sparsities
    that removed nothing are crosses without a value. Curves over few units are steps at the
    fractions that exist. Several seeds of a random criterion are one line, their mean, in a band
    from their least to their greatest.

    Args:
        points: Rows of one subject, as from ``prunescope.curves.means.measured_points``.
        colours: Method → colour; its order is the order of the legend.
        baseline: Dense score, as stored.
        vertical: One of ``SCALES``.
        limit: Accepted drop, drawn as a line where the scale knows it.
        words: Of the study's metric: the axes' titles and numbers.
        near: Show only drops up to this one, where the scale knows it.
        across: What the horizontal axis counts, in percent.
        moved: Recovery → dense score after it, as stored, for those that move it.
    """
    figure = go.Figure()
    points = over_seeds(points)
    points = points.assign(dense=points["recovery"].map(lambda name: moved.get(name, baseline)))
    points = _over_the_split(points)
    for method, colour in colours.items():
        rows = points[points["method"] == method].sort_values("sparsity")
        for recovery, group in rows.groupby("recovery", sort=True):
            seeds, seed = group["seeds"].max(), group["seed"].min()
            name = method + ("" if recovery == "none" else f" + {recovery}")
            name = plain.mark(name)
            name += f" ({seeds} seeds)" if seeds > 1 else f" (seed {seed})" if seed else ""
            dash = "solid" if recovery == "none" else "dot"
            _add(figure, group, name, colour, dash, vertical, words)
    _lines(figure, "", baseline, vertical, limit, words)
    for name in sorted(moved.keys() & set(points["recovery"])):
        if vertical == "score" and not math.isclose(moved[name], baseline):
            _lines(figure, f" + {name}", moved[name], vertical, limit, words)
    title = plain.mark(axis_title(vertical, words))
    figure.update_layout(
        height=430, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None},
        uirevision=vertical,
    )  # fmt: skip
    figure.update_xaxes(
        title=f"{across}, %", range=[0, 101], dtick=10, showgrid=False, zeroline=False
    )
    figure.update_yaxes(title=title, zeroline=False, automargin=True)
    if near is not None and vertical in ("score", "drop"):
        drops = (near, -near / 10)
        if vertical == "score":
            figure.update_yaxes(range=sorted(words.shown(baseline - drop) for drop in drops))
        else:
            figure.update_yaxes(range=sorted(map(words.shown_drop, drops)))
    return figure


def axis_title(vertical: str, words: ScoreWords) -> str:
    """Return the title of the upward axis, which says where less is better.

    >>> axis_title("score", PERCENT_WORDS), axis_title("divergence", PERCENT_WORDS)
    ('Score of the pruned model, %', 'KL(dense ‖ pruned), nats')
    """
    if vertical == "entropy":
        return "Change of the cross-entropy, nats"
    if vertical == "divergence":
        return "KL(dense ‖ pruned), nats"
    if vertical == "drop":
        return words.titled(f"{words.loss_word.capitalize()} against the dense model")
    of = f"{words.name[:1].upper()}{words.name[1:]} of the pruned model"
    less = "" if words.metric.higher_is_better else " (less is better)"
    return f"{of}, {words.unit}{less}" if words.unit else f"{of}{less}"


def empty_figure(words: ScoreWords = PERCENT_WORDS) -> go.Figure:
    """Return the axes of ``curves_figure`` without any curve."""
    figure = go.Figure()
    figure.update_layout(height=430, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    figure.update_xaxes(title="Sparsity, %", range=[0, 101], dtick=10, showgrid=False)
    figure.update_yaxes(title=plain.mark(axis_title("score", words)), zeroline=False)
    if words.metric.is_share:
        figure.update_yaxes(range=[0, 101])
    return figure


def _lines(
    figure: go.Figure, name: str, dense: float, vertical: str, limit: float | None,
    words: ScoreWords,
) -> None:  # fmt: skip
    """The dense score ``dense``, and the accepted drop below it; with a name at the other ends."""
    font, score = {"color": QUIET, "size": 11}, vertical == "score"
    near, far = ("right", "left") if name else ("left", "right")
    below = "bottom" if score and words.metric.higher_is_better else "top"
    figure.add_hline(
        words.shown(dense) if score else 0.0, line={"color": QUIET, "width": 1},
        annotation_text=f"dense{name}", annotation_position=f"top {near}", annotation_font=font,
    )  # fmt: skip
    if limit is not None and vertical in ("score", "drop"):
        figure.add_hline(
            words.shown(dense - limit) if score else words.shown_drop(limit),
            line={"color": QUIET, "width": 1, "dash": "dash"},
            annotation_text=f"accepted {words.loss_word} {words.limit(limit)}{name}",
            annotation_position=f"{below} {far}", annotation_font=font,
        )  # fmt: skip


def _over_the_split(points: pd.DataFrame) -> pd.DataFrame:
    """Give partial points the score that their paired drop foretells for all samples.

    The score on the samples seen so far is no match for the dense score on all of them.
    """
    partial = points["partial"].astype(bool)
    ends = {"score": "drop", "score_min": "drop_max", "score_max": "drop_min"}
    return points.assign(
        **{s: points[s].where(~partial, points["dense"] - points[d]) for s, d in ends.items()}
    )


def _add(
    figure: go.Figure,
    rows: pd.DataFrame,
    name: str,
    colour: str,
    dash: str,
    vertical: str,
    words: ScoreWords,
) -> None:
    taken = rows[rows["removed"] > 0]
    stepped = bool(len(taken)) and bool((taken["total"] <= FEW_UNITS).any())
    if stepped:
        taken = taken.drop_duplicates("removed")
    across = np.concatenate([[0.0], 100 * taken["share" if stepped else "sparsity"].to_numpy()])
    middle, low, high = _heights(taken, vertical, words)
    pattern = bool(taken["granularity"].str.contains(":").any())  # one sparsity, so no curve
    start = np.array([words.shown(rows["dense"].iloc[0]) if vertical == "score" else 0.0])
    total = int(taken["total"].iloc[0]) if stepped else 0
    group: dict[str, Any] = {"legendgroup": name}
    if low is not None and high is not None and len(taken) and not pattern:
        around, top = _treads(across, np.concatenate([start, high]), total)
        _, bottom = _treads(across, np.concatenate([start, low]), total)
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([around, around[::-1]]),
                y=np.concatenate([top, bottom[::-1]]),
                fill="toself", fillcolor=faint(colour, 0.14), line={"width": 0},
                mode="lines", hoverinfo="skip", showlegend=False, **group,
            )
        )  # fmt: skip
    heights = np.concatenate([start, middle])
    stroke = {"color": colour, "width": 2, "dash": dash}
    if stepped:
        x, y = _treads(across, heights, total)
        figure.add_trace(
            go.Scatter(x=x, y=y, name=name, mode="lines", line=stroke, hoverinfo="skip", **group)
        )
    noise = taken["noise"].to_numpy(bool)
    partial = taken["partial"].to_numpy(bool)
    symbol = "diamond" if pattern else "circle"
    figure.add_trace(
        go.Scatter(
            x=across, y=heights, name=None if stepped else name, showlegend=not stepped,
            mode="markers" if pattern or stepped else "lines+markers", line=stroke,
            marker={
                "size": np.concatenate([[0], np.full(len(taken), 7)]),
                "color": colour,
                "symbol": [symbol, *_symbols(symbol, noise, partial)],
                "line": {"width": 1.5, "color": colour},
            },
            customdata=["dense", *(described(row, words) for row in taken.to_dict("records"))],
            hovertemplate="%{customdata}<extra>" + name + "</extra>", **group,
        )
    )  # fmt: skip
    idle = rows[rows["removed"] <= 0]
    if len(idle):
        figure.add_trace(
            go.Scatter(
                x=100 * idle["sparsity"], y=np.full(len(idle), start[0]), mode="markers",
                marker={"symbol": "x-thin-open", "size": 8, "color": QUIET}, showlegend=False,
                hovertemplate="%{x:g} %: too small to remove one<extra>" + name + "</extra>",
                **group,
            )
        )  # fmt: skip


def _heights(
    rows: pd.DataFrame, vertical: str, words: ScoreWords
) -> tuple[Floats, Floats | None, Floats | None]:
    """Middle, low and high of the marks; no interval is kept for cross-entropy and KL.

    Of several seeds, mean, least and greatest.
    """
    if (rows["seeds"] > 1).any():
        ends = (vertical, f"{vertical}_min", f"{vertical}_max")
        middle, low, high = (_shown(rows[name], vertical, words) for name in ends)
        return middle, low, high
    if vertical in ("entropy", "divergence"):
        return rows[vertical].to_numpy(float), None, None
    if vertical == "drop":
        drop, low, high = (_shown(rows[name], vertical, words) for name in ("drop", "low", "high"))
        return drop, low, high
    score = rows["score"]
    bottom, top = score - (rows["high"] - rows["drop"]), score + (rows["drop"] - rows["low"])
    if words.metric.is_share and ((score >= 0) & (score <= 1)).all():
        bottom, top = bottom.clip(lower=0.0), top.clip(upper=1.0)  # older studies may count further
    middle, low, high = (_shown(values, vertical, words) for values in (score, bottom, top))
    return middle, low, high


def _shown(values: pd.Series, vertical: str, words: ScoreWords) -> Floats:
    """Stored scores or drops as the numbers that people read; nats as they are."""
    shown = {"score": words.shown, "drop": words.shown_drop}.get(vertical, float)
    return np.array([shown(value) for value in values.to_numpy(float)], np.float64)


def _treads(across: Floats, heights: Floats, total: int) -> tuple[Floats, Floats]:
    """Steps over so many units, each as wide as the sparsities that round to its count.

    Neighbouring counts join upright; between counts that are further apart nothing was measured,
    and a straight line says so. 0 units mean a plain curve.
    """
    if not total:
        return across, heights
    half = 50 / total
    ends = np.where(across >= 100 - 2 * half - 1e-6, 100.0, across + half)  # one always stays
    corners = np.stack([np.maximum(across - half, 0.0), ends], axis=1).ravel()
    return corners, np.repeat(heights, 2)


def _symbols(plain: str, noise: Flags, partial: Flags) -> list[str]:
    """Hollow within the noise, hollow with a dot while samples are still to come."""
    ends = np.where(partial, "-open-dot", np.where(noise, "-open", ""))
    return [plain + str(end) for end in ends]
