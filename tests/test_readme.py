"""What the README tells people to type works, in its order, and what it claims was measured."""

import ast
import re
from pathlib import Path

import pytest
from PIL import Image

from prunescope.sample_models.registry import measured
from prunescope.sample_models.samples import SAMPLES
from tests.pages import blocks, left_out, run_page
from tests.warm_commands import WarmCommands

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "README.md"
README = PAGE.read_text("utf-8")
MEASURED = README.partition("## Measured")[2].partition("\n## ")[0]
_NUMBER = re.compile(r"(?<![\w.-])\d*\.?\d+(?![\w.]|-)")


@pytest.mark.timeout(600)
def test_the_commands_and_the_python_of_the_readme_run(tmp_path: Path, warm: WarmCommands) -> None:
    shell = next(b.code for b in blocks(README) if b.language == "sh" and not b.not_run)
    assert [line.split()[1] for line in shell.splitlines()] == [
        "inspect", "sweep", "plan", "verify", "export",
    ]  # fmt: skip
    run_page(PAGE, tmp_path, warm)
    assert (tmp_path / "pruned" / "recipe.json").exists()
    assert (tmp_path / "studies" / "mine" / "study.json").exists()
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_no_block_of_the_readme_waits() -> None:
    assert left_out(PAGE) == []
    assert any(block.language == "python" and not block.not_run for block in blocks(README))


def test_five_lines_of_shell_and_five_statements_of_python_are_enough() -> None:
    shell, python = [block for block in blocks(README) if not block.not_run]
    assert len(shell.code.strip().splitlines()) == 5
    assert len(ast.parse(python.code).body) == 5
    assert len(README.splitlines()) <= 120


def test_the_picture_moves_and_is_small() -> None:
    (file,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    path = ROOT / file
    assert path.stat().st_size <= 3_000_000
    with Image.open(path) as picture:
        assert getattr(picture, "n_frames", 1) >= 20


def rows() -> list[list[str]]:
    lines = [line for line in MEASURED.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def absent(row: list[str]) -> list[str]:
    """The numbers of a row that the table that it links to does not hold."""
    table = re.search(r"\((benchmarks/tables/\w+\.md)\)", row[3])
    assert table, row
    stands = set(_NUMBER.findall((ROOT / table[1]).read_text("utf-8")))
    return [number for cell in row[1:3] for number in _NUMBER.findall(cell) if number not in stands]


def test_every_number_beside_peers_stands_in_the_table_that_it_links_to() -> None:
    assert len(rows()) >= 6
    for row in rows():
        assert absent(row) == [], row
        module = re.search(r"`python -m (benchmarks\.\w+)`", row[3])
        assert module, row
        path = ROOT / module[1].replace(".", "/")
        assert path.with_suffix(".py").exists() or path.is_dir()


def test_a_number_that_no_table_holds_is_noticed() -> None:
    row = ["claim", "needs 12.3456 % of it", "", "([table](benchmarks/tables/sweep.md))"]
    assert absent(row) == ["12.3456"]


def test_the_table_of_sample_models_is_what_was_measured() -> None:
    page = (ROOT / "docs" / "sample-models.md").read_text("utf-8")
    for name, sample in SAMPLES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        test = measured(name)["test"]
        assert (f"{test:.3f}" if sample.metric == "perplexity" else f"{test:.2%}") in row
