"""The stops of the tour: each a sentence that the pages say too, and at most one picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
import streamlit as st

from prunescope.charts.colours import by_criterion
from prunescope.charts.curves import curves_figure
from prunescope.curves.dense import dense_score
from prunescope.curves.most_sensitive import HalfGone, halves
from prunescope.curves.safe import safest, why_none
from prunescope.curves.seeds import mean_curves
from prunescope.dashboard.charts.ranked_bars import Bar, ranked_bars
from prunescope.dashboard.shared import knowledge, loaders, plan_summary, session
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.tables.layers import without_recovery
from prunescope.dashboard.tables.plan import family
from prunescope.dashboard.views.plan import head_line
from prunescope.planning.overview import Overview
from prunescope.planning.preview import preview
from prunescope.report.before_after import DENSE, before_after
from prunescope.report.plan_report import Row
from prunescope.store.folder import StudyFolder
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan
from prunescope.study.recoveries import MOVES_DENSE
from prunescope.study.removed_counts import real_sparsity
from prunescope.text import plain
from prunescope.text.numbers import capitalised
from prunescope.text.scores import words_of

_MOST: Final = 8
"""Bars that a room can read."""
_LETTERS: Final = 26
"""Pixels of a chart's letters."""
_COLUMNS: Final = ("dense", "pruned", "fine-tuned")


@dataclass(frozen=True)
class Tour:
    """What the stops are about.

    Attributes:
        opened: The study.
        limit: Accepted drop, as stored.
        told: What the study says so far.
        plan: The draft, or where it is empty the best plan known; None without any.
    """

    opened: StudyFolder
    limit: float
    told: Overview
    plan: Plan | None

    def halves(self) -> tuple[HalfGone, ...]:
        """What half of each layer or group costs, the dearest first."""
        return _halves(loaders.measured(self.opened))


def tour_of(opened: StudyFolder, limit: float) -> Tour:
    """Return the tour of a study."""
    told = knowledge.overview(opened, limit)
    draft = session.draft(opened).plan
    measured = told.measured
    best = measured.plan if measured and (measured.within or told.reached is None) else told.reached
    return Tour(opened, limit, told, draft if draft.active() else best)


def _so_far(tour: Tour) -> None:
    for sentence in tour.told.sentences():
        st.markdown(f"## {plain.text(sentence)}")


def _sensitive(tour: Tour) -> None:
    words = words_of(tour.opened.manifest)
    if tour.told.sensitive:
        st.markdown(plain.text(tour.told.sensitive))
    bars = [
        Bar(
            half.name, words.shown_drop(half.point.drop),
            words.shown_half(half.point.drop, half.point.interval.half_width),
        )
        for half in tour.halves()[:_MOST]
    ]  # fmt: skip
    figure = ranked_bars(bars, words.titled(f"{words.loss_word.capitalize()} at one half"), _dark())
    _picture(tour, figure, "most sensitive")


def closely(opened: StudyFolder, limit: float) -> tuple[str, str] | None:
    """Return the dearest layer or group and how far it is safe; None before any is measured."""
    manifest, known = opened.manifest, loaders.measured(opened)
    dearest = next(iter(_halves(known)), None)
    if dearest is None:
        return None
    own = without_recovery(known.means).get(dearest.name, [])
    safe = safest(own, limit, manifest)
    return dearest.name, safe.sentence() if safe else why_none(own, limit, manifest)


def _halves(known: StudyMeasurements) -> tuple[HalfGone, ...]:
    grouped = any(key.method.granularity in UNITS for key in known.curves)
    return halves(mean_curves(known.curves).values(), grouped)


def _curves(tour: Tour) -> None:
    manifest, known = tour.opened.manifest, loaders.measured(tour.opened)
    dearest = tour.halves()[0]
    said = closely(tour.opened, tour.limit)
    if said is not None:
        st.markdown(f"**{plain.text(said[0])}**: {plain.text(said[1])}")
    kind = family(dearest.key.method.granularity)
    rows = known.points[
        (known.points["subject"] == dearest.name)
        & (known.points["granularity"].map(family) == kind)
    ]
    names = [method.name for method in manifest.methods]
    colours = by_criterion([*names, *sorted(set(rows["method"]) - set(names))], _dark())
    figure = curves_figure(
        rows, {name: colours[name] for name in colours if name in set(rows["method"])},
        manifest.baseline.score if manifest.baseline else 0.0, "score", None, words_of(manifest),
        None, f"{'Weight' if kind == 'weight' else kind.capitalize()}s removed",
        {name: dense_score(manifest, known.curves, name)
         for name in set(rows["recovery"]) & MOVES_DENSE},
    )  # fmt: skip
    figure.update_layout(height=560)
    _picture(tour, figure, dearest.name)


def _plan(tour: Tour) -> None:
    if tour.plan is None:
        return
    manifest = tour.opened.manifest
    st.markdown(f"## {plain.text(plan_line(tour.opened, tour.plan))}")
    bars = [
        Bar(name, 100 * real_sparsity(manifest, name, choice) if choice.sparsity < 1 else 100.0)
        for name, choice in tour.plan.active().items()
    ]
    bars.sort(key=lambda bar: -bar.value)
    _picture(tour, ranked_bars(bars[:_MOST], "Removed of it, %", _dark()), "plan")


def plan_line(opened: StudyFolder, plan: Plan) -> str:
    """Return what ``plan`` keeps and costs, as the line on top of the page *Plan* says it."""
    guess = knowledge.predicted(opened)(plan)
    line = head_line.words_of_plan(opened, loaders.measured(opened), plan, guess)
    parts = [
        f"{line.name} {line.dense} → {line.score} {line.span}".strip(), f"{line.macs} of the MACs",
        f"{line.parameters} of the parameters", line.speed, line.how,
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def _before_after(tour: Tour) -> None:
    if tour.plan is None:
        return
    manifest, known = tour.opened.manifest, loaders.measured(tour.opened)
    verified = loaders.verified(tour.opened)
    rows = before_after(
        manifest, preview(manifest, tour.plan, known.curves),
        verified[verified["digest"] == tour.plan.digest], None, None, (),
    )  # fmt: skip
    rows = tuple(row for row in rows if _changed(row))
    columns = [name for name in _COLUMNS if any(name in row.values for row in rows)]
    lines = [
        f"| | {' | '.join(map(capitalised, columns))} |", f"|---|{'--:|' * len(columns)}",
        *(
            f"| {plain.text(row.name)} | "
            + " | ".join(
                plain.text(row.values[name].text) if name in row.values else "–" for name in columns
            )
            + " |"
            for row in rows
        ),
    ]  # fmt: skip
    st.markdown("\n".join(lines))
    if plan_summary.measured_row(verified, tour.plan) is None:
        st.markdown("This plan is predicted; it was not measured yet.")


def _changed(row: Row) -> bool:
    """Whether the plan changes it: a room reads few lines."""
    return len({number.value for number in row.values.values()}) > 1 or DENSE not in row.values


def _picture(tour: Tour, figure: go.Figure, about: str) -> None:
    figure.update_layout(font={"size": _LETTERS}, legend={"font": {"size": _LETTERS}})
    figure.update_xaxes(title_font_size=_LETTERS, tickfont_size=_LETTERS)
    figure.update_yaxes(title_font_size=_LETTERS, tickfont_size=_LETTERS)
    figure.update_annotations(font_size=_LETTERS)
    st.plotly_chart(
        figure, key=f"show {about}", config=chart_config(tour.opened, about),
        alt=f"{capitalised(about)} of {tour.opened.folder.name}",
    )  # fmt: skip


def _dark() -> bool:
    return st.context.theme.type == "dark"


Stop = Callable[[Tour], None]


def stops_of(tour: Tour) -> Mapping[str, Stop]:
    """Return title → what draws it, those left out that the study has nothing for."""
    found: dict[str, Stop] = {"So far": _so_far}
    if tour.halves():
        found |= {"Where it hurts most": _sensitive, "One layer closely": _curves}
    if tour.plan is not None:
        found |= {
            f"The plan{f' {tour.plan.name}' if tour.plan.name != session.UNNAMED else ''}": _plan,
            "Before and after": _before_after,
        }
    return found
