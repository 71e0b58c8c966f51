"""The documentation builds without a warning, and what is made from the code is in it."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from prunescope.cli.app import COMMANDS
from prunescope.criteria.criterion import Criterion

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("sphinx", "myst_nb", "furo")),
    reason="Sphinx, myst-nb or furo is not installed: pip install '.[docs]'",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, warm_python: Path) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(warm_python, ROOT / "docs", folder, "-t", "plain")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.long
@pytest.mark.timeout(300)
def test_it_builds_with_its_theme(tmp_path: Path) -> None:
    done = build(Path(sys.executable), ROOT / "docs", tmp_path / "site")
    assert done.returncode == 0, done.stdout
    assert "furo" in (tmp_path / "site" / "index.html").read_text("utf-8")


def build(python: Path, source: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-m", "sphinx", "-q", "-W", "--keep-going", "-d", f"{folder}.trees",
         *more, str(source), str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


@pytest.mark.timeout(300)
def test_every_command_is_described_with_its_options(site: Path) -> None:
    page = (site / "reference" / "commands.html").read_text("utf-8")
    for command in COMMANDS:
        assert f'id="prunescope-{command}"' in page
    assert "--sparsities" in page
    assert "--target" in page


def test_extension_points_come_from_their_docstrings(site: Path) -> None:
    page = (site / "reference" / "extending.html").read_text("utf-8")
    assert Criterion.__doc__ is not None
    assert Criterion.__doc__.splitlines()[0].split(",")[0] in page
    for name in ("runtimes.onnx", "formats.pt2", "formats.safetensors"):
        assert name in page
    assert "load_pruned" in (site / "reference" / "python.html").read_text("utf-8")


def test_notebooks_show_what_they_showed_when_they_ran(site: Path) -> None:
    for name in ("first-look", "your-own"):
        page = (site / "notebooks" / f"{name}.html").read_text("utf-8")
        pictures = re.findall(r'<img [^>]*src="([^"]+\.svg)"', page)
        assert pictures
        assert all((site / "notebooks" / picture).resolve().is_file() for picture in pictures)
        assert "Measured: the plan really applied" in page
        assert page.count("<table") >= 6


def test_links_to_files_of_the_repository_lead_to_pages(site: Path) -> None:
    assert 'href="measured/unseen.html"' in (site / "numbers.html").read_text("utf-8")
    assert 'href="where-is.html"' in (site / "contributing.html").read_text("utf-8")
    assert "Half of every group removed" in (
        site / "measured" / "removal_torchvision.html"
    ).read_text("utf-8")


def test_a_page_that_links_nowhere_does_not_build(tmp_path: Path, warm_python: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text('extensions = ["myst_parser"]\n')
    (source / "index.md").write_text("# Title\n\n[nowhere](nowhere.md)\n")
    done = build(warm_python, source, tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stdout
