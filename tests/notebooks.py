"""Run a notebook of the documentation in an empty folder, as a reader would.

``python -m tests.notebooks docs/notebooks/*.ipynb`` runs them and writes their outputs into them:
tables as they show themselves, Plotly figures also as pictures (drawn by Chromium), so that the
site and whoever reads the file sees them without a kernel. Bars and times of cells are left out.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

FIGURE: Final = "application/vnd.plotly.v1+json"
_WARNINGS: Final = "import warnings\nwarnings.simplefilter('error')"
_USUAL: Final = "warnings.resetwarnings()"
"""At the end, as the kernel's own end warns of what its next version will want."""
_SECONDS: Final = 300


def run_notebook(notebook: Path, folder: Path) -> nbformat.NotebookNode:
    """Run ``notebook`` in ``folder``, warnings as errors, and return it with its new outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed; the message is its traceback.
    """
    node = nbformat.read(notebook, as_version=4)
    node.cells.insert(0, nbformat.v4.new_code_cell(_WARNINGS))
    node.cells.append(nbformat.v4.new_code_cell(_USUAL))
    client = NotebookClient(
        node, timeout=_SECONDS, startup_timeout=180, kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as settings:
        environment = os.environ | {
            "PLOTLY_RENDERER": "plotly_mimetype", "IPYTHONDIR": settings, "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        client.execute(env=environment)
    node.cells = node.cells[1:-1]
    for number, cell in enumerate((c for c in node.cells if c.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [_numbered(output, number) for output in cell.outputs if not _is_bar(output)]
    return node


def outputs(node: nbformat.NotebookNode, kind: str) -> list[Any]:
    """Return what the cells show in the form ``kind``, such as ``text/html``, in their order."""
    return [
        output["data"][kind]
        for cell in node.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def errors_shown(node: nbformat.NotebookNode) -> list[str]:
    """Return what cells wrote to the error stream, but for bars."""
    return [
        output["text"]
        for cell in node.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
    ]


def _numbered(output: nbformat.NotebookNode, number: int) -> nbformat.NotebookNode:
    if "execution_count" in output:
        output.execution_count = number
    return output


def _is_bar(output: nbformat.NotebookNode) -> bool:
    """Whether it is nothing but a bar that was drawn over and taken away."""
    if output.output_type != "stream" or output.name != "stderr":
        return False
    lines = [re.sub(r"\x1b\[[\d;]*\w", "", line) for line in re.split(r"[\r\n]", output.text)]
    return all(not line.strip() or re.search(r"\d+%\|.*\|", line) for line in lines)


def draw_figures(node: nbformat.NotebookNode) -> None:
    """Put a picture (SVG) beside each Plotly figure."""
    from playwright.sync_api import sync_playwright

    script = Path(sys.modules["plotly"].__file__).parent / "package_data" / "plotly.min.js"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.add_script_tag(path=script)
        for cell in node.cells:
            for output in cell.get("outputs", []):
                if FIGURE in output.get("data", {}):
                    output.data["image/svg+xml"] = page.evaluate(
                        """async (text) => {
                            const figure = JSON.parse(text), size = {width: 760, height: 420};
                            const made = await Plotly.toImage(figure, {format: "svg", ...size});
                            return decodeURIComponent(made.slice(made.indexOf(",") + 1));
                        }""",
                        json.dumps(output.data[FIGURE]),
                    )
        browser.close()


if __name__ == "__main__":
    import plotly  # noqa: F401  # where its script lies

    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as empty:
            made = run_notebook(Path(name), Path(empty))
        draw_figures(made)
        made.metadata = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        nbformat.write(made, name)
        print(name, "written")
