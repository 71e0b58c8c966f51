"""The notebooks run from nothing, without a warning; what they show is stored in them."""

from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.long import core
from tests.notebooks import FIGURE, errors_shown, outputs, run_notebook

NOTEBOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))


def shapes(node: nbformat.NotebookNode) -> list[tuple[str, list[str]]]:
    """Each code cell with the kinds of what it shows; pictures of figures are made when stored."""
    return [
        (
            cell.source,
            sorted(
                kind
                for output in cell.outputs
                for kind in output.get("data", {output.get("name"): ""})
                if kind != "image/svg+xml"
            ),
        )
        for cell in node.cells
        if cell.cell_type == "code"
    ]


def test_there_are_two() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == ["first-look", "your-own"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notebook", core(NOTEBOOKS, set(), lambda path: path.stem))
def test_a_notebook_runs_in_an_empty_folder(notebook: Path, tmp_path: Path) -> None:
    made = run_notebook(notebook, tmp_path)
    assert errors_shown(made) == []
    assert shapes(made) == shapes(nbformat.read(notebook, as_version=4))
    studies = [path.parent.name for path in tmp_path.glob("studies/*/study.json")]
    assert len(studies) == 1


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_tables_and_pictures(notebook: Path) -> None:
    stored = nbformat.read(notebook, as_version=4)
    assert errors_shown(stored) == []
    tables = [html for html in outputs(stored, "text/html") if "<table" in html]
    assert len(tables) >= 6
    assert not any("object at 0x" in text for text in outputs(stored, "text/plain"))
    pictures = outputs(stored, "image/svg+xml")
    assert len(pictures) == len(outputs(stored, FIGURE)) >= 1
    assert all("<svg" in picture and "Top-1" in picture for picture in pictures)


def test_a_warning_and_an_error_end_a_notebook(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("import warnings\nwarnings.warn('heard')")
    path = tmp_path / "loud.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    with pytest.raises(CellExecutionError, match=r"UserWarning.*heard"):
        run_notebook(path, tmp_path)
