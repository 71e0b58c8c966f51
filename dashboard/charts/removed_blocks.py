"""Bars: the drop when each residual block leaves."""

import plotly.graph_objects as go

from prunescope.charts.colours import palette
from prunescope.curves.block_drops import BlockDrop
from prunescope.study.recoveries import RECOVERIES, TITLES
from prunescope.text import plain
from prunescope.text.scores import ScoreWords

_ROW = 30


def block_figure(drops: tuple[BlockDrop, ...], dark: bool, words: ScoreWords) -> go.Figure:
    """Return a bar for each block and recovery, the cheapest block on top.

    Args:
        drops: As from ``curves.block_drops``.
        dark: Whether the page is dark.
        words: Of the study's metric.
    """
    figure = go.Figure()
    names = list(dict.fromkeys(drop.block.name for drop in drops))
    present = [name for name in RECOVERIES if any(drop.recovery == name for drop in drops)]
    for place, recovery in enumerate(present):
        own = [drop for drop in drops if drop.recovery == recovery]
        figure.add_bar(
            y=[plain.mark(drop.block.name) for drop in own],
            x=[words.shown_drop(drop.point.drop) for drop in own],
            error_x={
                "array": [
                    words.shown_half(drop.point.drop, drop.point.interval.half_width)
                    for drop in own
                ],
                "thickness": 1,
            },
            orientation="h", name=TITLES[recovery], showlegend=len(present) > 1,
            marker={"color": palette(dark)[place]},
            customdata=[
                words.around(drop.point.drop, drop.point.interval.half_width) for drop in own
            ],
            hovertemplate="<b>%{y}</b><br>%{customdata}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        height=90 + _ROW * len(names) * max(len(present), 1), barmode="group",
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_xaxes(
        title=plain.mark(words.titled(f"{words.loss_word.capitalize()} without the block")),
        rangemode="tozero",
    )
    figure.update_yaxes(
        autorange="reversed", type="category", automargin=True, showgrid=False,
        categoryorder="array", categoryarray=list(map(plain.mark, names)),
    )  # fmt: skip
    return figure
