"""Figures hold the values of the frames that they are made from."""

import math
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import prunescope.dashboard
from prunescope.charts import colours
from prunescope.charts.curves import SCALES, curves_figure
from prunescope.curves.means import measured_points
from prunescope.dashboard.charts.heatmap import (
    BEST,
    ColourEnd,
    colour_end,
    heat_figure,
    heat_table,
    pressed,
)
from prunescope.dashboard.charts.training import training_figure
from prunescope.store.folder import StudyFolder
from prunescope.study import Baseline, Manifest, Reference
from prunescope.study.removed_counts import removed_units

END = ColourEnd(0.8, "as bad as guessing")
COLOURS = {"magnitude": "#2459B8", "random": "#C75B12"}


@pytest.fixture
def points(study: StudyFolder) -> pd.DataFrame:
    return measured_points(study.measured())


def test_a_method_is_one_line_from_the_dense_score(points: pd.DataFrame) -> None:
    rows = points[points["subject"] == "fc1"]
    figure = curves_figure(rows, COLOURS, 0.9)
    for name in COLOURS:
        (line,) = [t for t in figure.data if t.name == name]
        own = rows[rows["method"] == name].sort_values("sparsity")
        assert list(line.x) == [0, *(100 * own["sparsity"])]
        assert list(line.y) == pytest.approx([90, *(100 * own["score"])])
        assert line.line.color == COLOURS[name]


def test_marks_within_noise_are_hollow(points: pd.DataFrame) -> None:
    rows = points[(points["subject"] == "fc1") & (points["method"] == "magnitude")].copy()
    rows["noise"] = [True, False, False, True]
    (line,) = [t for t in curves_figure(rows, COLOURS, 0.9).data if t.name == "magnitude"]
    shapes = [symbol == "circle-open" for symbol in line.marker.symbol]
    assert shapes == [False, True, False, False, True]


def test_marks_that_still_sharpen_are_dotted_and_say_so(study: StudyFolder) -> None:
    frame = study.measured()
    frame = frame[(frame["subject"] == "fc1") & (frame["criterion"] == "magnitude")]
    whole = measured_points(frame)
    assert not whole["partial"].any()
    assert (whole["split_half"] == 0).all()
    rows = measured_points(frame.assign(population=2 * frame["samples"]))
    assert rows["partial"].all()
    (line,) = [t for t in curves_figure(rows, COLOURS, 0.9).data if t.name == "magnitude"]
    assert set(line.marker.symbol[1:]) == {"circle-open-dot"}
    n = int(rows["samples"].iloc[0])
    half = 100 * rows.sort_values("sparsity")["split_half"].iloc[0]
    assert half > 0
    assert f"{n:,} of {2 * n:,} samples so far" in line.customdata[1]
    assert f"± {half:.2f} pt of this" in line.customdata[1]


def test_partial_scores_are_the_dense_one_less_the_drop_so_far(study: StudyFolder) -> None:
    """The first samples may be easier than the rest: then their plain score passes the dense."""
    frame = study.measured()
    frame = frame[(frame["subject"] == "fc1") & (frame["criterion"] == "magnitude")]
    easy = frame.assign(population=2 * frame["samples"], score_sum=frame["samples"])
    rows = measured_points(easy).sort_values("sparsity")
    figure = curves_figure(rows, COLOURS, 0.9)
    (line,) = [t for t in figure.data if t.name == "magnitude"]
    assert list(line.y[1:]) == pytest.approx(list(90 - 100 * rows["drop"]))
    (band,) = [t for t in figure.data if t.fill == "toself"]
    assert min(band.y) >= 0
    assert max(band.y) <= 100
    assert f"score {line.y[1]:.2f} %" in line.customdata[1]
    assert list(rows["score"]) == [1.0] * len(rows)  # the frame itself is not modified


def test_the_band_encloses_the_line(points: pd.DataFrame) -> None:
    rows = points[(points["subject"] == "fc1") & (points["method"] == "magnitude")]
    for vertical in ("score", "drop"):
        figure = curves_figure(rows, COLOURS, 0.9, vertical)
        (band,) = [t for t in figure.data if t.fill == "toself"]
        (line,) = [t for t in figure.data if t.name == "magnitude"]
        for x, y in zip(line.x, line.y, strict=True):
            heights = [b for a, b in zip(band.x, band.y, strict=True) if a == x]
            assert min(heights) <= y <= max(heights)


@pytest.mark.parametrize("vertical", SCALES)
def test_every_scale_draws(vertical: str, points: pd.DataFrame) -> None:
    assert curves_figure(points[points["subject"] == "fc2"], COLOURS, 0.9, vertical).data


def test_nothing_removed_is_a_cross_and_no_point(points: pd.DataFrame) -> None:
    rows = points[(points["subject"] == "fc1") & (points["method"] == "magnitude")].copy()
    rows.loc[rows["sparsity"] == 0.3, "removed"] = 0
    figure = curves_figure(rows, COLOURS, 0.9)
    (line,) = [t for t in figure.data if t.name == "magnitude"]
    assert 30 not in list(line.x)
    (cross,) = [t for t in figure.data if t.marker.symbol == "x-thin-open"]
    assert list(cross.x) == [30]


def test_few_units_are_drawn_as_steps_as_wide_as_what_rounds_to_them(points: pd.DataFrame) -> None:
    rows = points[(points["subject"] == "fc1") & (points["method"] == "magnitude")].copy()
    rows["removed"], rows["total"] = [1, 2, 2, 4], 5
    rows["share"] = rows["removed"] / rows["total"]
    figure = curves_figure(rows, COLOURS, 0.9)
    (line,) = [t for t in figure.data if t.name == "magnitude"]
    assert list(line.x) == pytest.approx([0, 10, 10, 30, 30, 50, 70, 100])  # 3 of 5: not measured
    assert list(line.y[::2]) == list(line.y[1::2])
    for at, asked in zip(line.x[::2], (0, 1, 2, 4), strict=True):
        assert removed_units(5, at / 100) == asked
    (marks,) = [t for t in figure.data if t.mode == "markers"]
    assert list(marks.x) == pytest.approx([0, 20, 40, 80])
    (band,) = [t for t in figure.data if t.fill == "toself"]
    for x, y in zip(line.x, line.y, strict=True):
        heights = [b for a, b in zip(band.x, band.y, strict=True) if a == x]
        assert min(heights) <= y <= max(heights)


def test_seeds_are_one_line_in_a_band_from_the_least_to_the_greatest(points: pd.DataFrame) -> None:
    one = points[(points["subject"] == "fc1") & (points["method"] == "random")]
    other = points[(points["subject"] == "fc2") & (points["method"] == "random")]
    both = pd.concat([one, other.assign(subject="fc1", seed=1, removed=one["removed"].to_numpy())])
    figure = curves_figure(both, COLOURS, 0.9)
    (line,) = [t for t in figure.data if t.name]
    assert line.name == "random (2 seeds)"
    ends = 100 * one["score"].to_numpy(), 100 * other["score"].to_numpy()
    assert list(line.y[1:]) == pytest.approx(list((ends[0] + ends[1]) / 2))
    (band,) = [t for t in figure.data if t.fill == "toself"]
    assert sorted(band.y) == pytest.approx(sorted([90, 90, *ends[0], *ends[1]]))


def test_groups_share_columns_where_their_sparsities_are_close(points: pd.DataFrame) -> None:
    one = points[points["subject"] == "fc1"].assign(granularity="channel", method="l1@channel")
    one = one[one["criterion"] == "magnitude"]
    near = one.assign(subject="fc2", sparsity=one["sparsity"] + 0.02)
    cells = heat_table(pd.concat([one, near]), ["fc1", "fc2"], BEST)
    assert len(cells) == 8
    figure = heat_figure(cells, ["fc1", "fc2"], False, END)
    assert list(figure.data[0].x) == [f"{100 * s + 1:.3g} %" for s in sorted(one["sparsity"])]


def test_near_dense_shows_the_first_ten_points(points: pd.DataFrame) -> None:
    figure = curves_figure(points, COLOURS, 0.9, near=0.1)
    assert list(figure.layout.yaxis.range) == pytest.approx([80, 91])


def test_the_map_holds_each_layers_drop(points: pd.DataFrame) -> None:
    cells = heat_table(points, ["fc2", "fc1"], "random")
    figure = heat_figure(cells, ["fc2", "fc1"], False, END)
    heat, marks = figure.data
    assert list(heat.y) == ["fc2", "fc1"]
    own = points[(points["subject"] == "fc1") & (points["method"] == "random")]
    for x, z in zip(sorted(own["sparsity"]), heat.z[1], strict=True):
        row = own[own["sparsity"] == x].iloc[0]
        expected = 0 if row["noise"] else math.sqrt(max(100 * row["drop"], 0))
        assert z == pytest.approx(expected)
    assert {pressed([{"customdata": mark}], ["fc2", "fc1"]) for mark in marks.customdata} == {
        "fc1", "fc2"
    }  # fmt: skip
    for foreign in ({}, {"customdata": [2]}, {"customdata": [-1]}, {"customdata": ["fc1"]}):
        assert pressed([foreign], ["fc2", "fc1"]) is None
    outlined = heat_figure(cells, ["fc2", "fc1"], False, END, chosen="fc1").layout.shapes
    assert [(shape.y0, shape.y1) for shape in outlined] == [(0.5, 1.5)]
    assert not figure.layout.shapes


def test_the_best_method_is_never_worse_than_another(points: pd.DataFrame) -> None:
    best = heat_table(points, ["fc1"], BEST).set_index("sparsity")["drop"]
    for name in COLOURS:
        own = heat_table(points, ["fc1"], name).set_index("sparsity")["drop"]
        assert (best <= own).all()


def test_an_unmeasured_cell_is_empty(points: pd.DataFrame) -> None:
    few = points[~((points["subject"] == "fc1") & (points["sparsity"] == 0.6))]
    figure = heat_figure(heat_table(few, ["fc1", "fc2"], BEST), ["fc1", "fc2"], True, END)
    assert math.isnan(figure.data[0].z[0][1])


def test_training_shows_loss_and_score() -> None:
    values = pd.DataFrame({"step": [0, 5, 10], "loss": [None, 2.0, 1.0], "score": [0.5, None, 0.8]})
    figure = training_figure(values, dark=True, dense=0.9, before=0.5)
    assert list(figure.data[0].y) == [2.0, 1.0]
    assert list(figure.data[1].y) == [50, 80]


def test_colours_agree_with_the_theme_and_number_ten() -> None:
    path = Path(prunescope.dashboard.__file__).parent / ".streamlit" / "config.toml"
    theme = tomllib.loads(path.read_text())["theme"]
    for name, marks, scale in (
        ("light", colours.LIGHT, colours.LIGHT_SCALE),
        ("dark", colours.DARK, colours.DARK_SCALE),
    ):
        assert tuple(theme[name]["chartCategoricalColors"]) == marks
        assert tuple(theme[name]["chartSequentialColors"]) == scale
        assert len(set(marks)) == len(set(scale)) == 10


def test_methods_keep_their_colour_whatever_is_shown() -> None:
    names = ["magnitude", "magnitude@2:4", "taylor", "taylor@channel"]
    found = colours.by_criterion(names, False)
    assert found["magnitude"] == found["magnitude@2:4"] != found["taylor"]
    assert found["taylor@channel"] == found["taylor"]


def test_colours_end_at_guessing_and_are_alike_for_every_method(points: pd.DataFrame) -> None:
    ten = Baseline(1000, 0.9, class_samples=(100,) * 10)
    known = Manifest(Reference("m", "d"), "f", 0, 0, 0, 0, 0, (), baseline=ten)
    end = colour_end(known, points)
    assert end.drop == pytest.approx(0.8)
    shown = ["fc1", "fc2"]
    tables = [heat_table(points, shown, name) for name in (BEST, *COLOURS)]
    tops = {heat_figure(cells, shown, False, end).data[0].zmax for cells in tables}
    assert tops == {math.sqrt(80)}
    own = replace(known, reference=replace(known.reference, metric="own.py:metric"))
    assert colour_end(own, points).drop == max(points["drop"].max(), 0.1)
    assert colour_end(own, points.assign(drop=0.01)).drop == 0.1  # one point is not the end
