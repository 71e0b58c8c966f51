"""The page *Curves* shows what a search found, where there are no curves too."""

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.dashboard.views.curves.largest_panel import largest_table
from prunescope.finding.find import find
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, parse_methods
from prunescope.text.scores import words_of


@pytest.fixture(scope="module")
def searched(tiny_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A study that holds answers and no curve."""
    study = StudyFolder.create(tmp_path_factory.mktemp("searched") / "tiny", tiny_bench.manifest)
    grid = Grid(parse_methods("magnitude,l1@channel"), (0.25, 0.5, 0.75))
    find(tiny_bench, study, grid, Silent(), 0.1, certify=True)
    return StudyFolder.open(study.folder)


def test_the_table_is_the_stores(searched: StudyFolder) -> None:
    answers = searched.largest_sparsities()
    table = largest_table(list(answers), words_of(searched.manifest))
    assert list(table["Samples"]) == [60] * len(answers)
    by_layer = {(a.subject, a.criterion): a for a in answers}
    for row in table.to_dict("records"):
        answer = by_layer[row["Layer"], row["Method"].partition("@")[0]]
        text = f"{100 * answer.sparsity:g} %" if answer.sparsity else "none"
        assert row["Largest sparsity"] == text
        assert row["Certain"] == text


def test_the_page_shows_it_without_curves(searched: StudyFolder) -> None:
    def script(folder: str) -> None:
        from pathlib import Path

        from prunescope.dashboard.views.curves import largest_panel
        from prunescope.store.folder import StudyFolder

        largest_panel.show(StudyFolder.open(Path(folder)))

    at = AppTest.from_function(script, args=(str(searched.folder),)).run()
    assert not at.exception
    assert at.expander[0].label.startswith("Largest sparsity within 10")
    assert len(at.dataframe[0].value) == len(searched.largest_sparsities())
