"""The page *Curves* shows predictions as what they are."""

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.charts.curves import empty_figure
from prunescope.dashboard.charts.predicted import add_predicted
from prunescope.dashboard.views.curves.predicted_panel import of_layer, predicted_table
from prunescope.first_look.first_look import first_look
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.predicted_points import predicted_curves
from prunescope.study import Grid, parse_methods
from prunescope.text.scores import words_of


@pytest.fixture(scope="module")
def looked(tiny_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A study after a first look."""
    study = StudyFolder.create(tmp_path_factory.mktemp("looked") / "tiny", tiny_bench.manifest)
    grid = Grid(parse_methods("magnitude"), tuple(round(0.1 * step, 1) for step in range(1, 10)))
    first_look(tiny_bench, study, grid, Silent())
    return StudyFolder.open(study.folder)


def test_the_table_is_ranked_by_predicted_drops(looked: StudyFolder) -> None:
    curves = predicted_curves(looked.predictions())
    table = predicted_table(curves, 0.1, words_of(looked.manifest))
    means = {
        subject: sum(p.drop for p in looked.predictions() if p.subject == subject)
        for subject in ("conv", "mix", "head")
    }
    assert list(table["Layer"]) == sorted(means, key=lambda name: -means[name])


def test_a_predicted_curve_is_dashed_and_says_so(looked: StudyFolder) -> None:
    words, own = words_of(looked.manifest), of_layer(looked, "mix")
    for vertical, drawn in (("drop", True), ("score", True), ("divergence", False)):
        figure = empty_figure(words)
        add_predicted(figure, own, {"magnitude": "#336699"}, 0.9, vertical, words)
        assert len(figure.data) == 2 * drawn
        if drawn:
            line = figure.data[1]
            assert line.line.dash == "dash"
            assert "not measured" in line.hovertemplate
            ends = [words.shown_drop(point.drop) for point in own[0].points]
            expected = ends if vertical == "drop" else [90 - end for end in ends]
            assert list(line.y)[1:] == pytest.approx(expected)


def test_the_page_shows_layers_that_nobody_measured(looked: StudyFolder) -> None:
    def script(folder: str) -> None:
        from pathlib import Path

        from prunescope.dashboard.views.curves import predicted_panel
        from prunescope.store.folder import StudyFolder

        predicted_panel.show(StudyFolder.open(Path(folder)), 0.02, ["conv"])

    at = AppTest.from_function(script, args=(str(looked.folder),)).run()
    assert not at.exception
    assert at.expander[0].label.startswith("Predicted drops of 3 layers, not measured")
    assert set(at.selectbox[0].options) == {"mix", "head"}
    assert "measured points" in at.caption[0].value
