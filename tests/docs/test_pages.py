"""What the pages of the documentation tell people to type works, in its order, from nothing."""

import re
from pathlib import Path

import pytest

from tests.long import core
from tests.pages import blocks, left_out, run_page
from tests.warm_commands import WarmCommands

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WITH_BLOCKS = sorted(
    path for path in DOCS.rglob("*.md") if any(not b.not_run for b in blocks(path.read_text()))
)
TUTORIALS = {
    "torchvision-resnet", "own-class-and-loader", "language-model", "serve-to-team",
}  # fmt: skip
LONG = {
    "deliver.md", "machines.md", "own-model.md", "tutorials/torchvision-resnet.md",
    "tutorials/language-model.md", "tutorials/own-class-and-loader.md",
}  # fmt: skip
"""Pages that sweep, train and export for long; tests of each command are shorter."""


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", core(WITH_BLOCKS, {*map(name, WITH_BLOCKS)} - LONG, name))
def test_what_a_page_says_to_type_runs(page: Path, tmp_path: Path, warm: WarmCommands) -> None:
    run_page(page, tmp_path, warm)


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_no_block_waits_for_what_is_not_there(page: Path) -> None:
    waiting = left_out(page)
    if waiting:
        pytest.skip(f"{len(waiting)} blocks wait for {waiting[0].needs}")
    assert not waiting


def test_the_long_pages_are_among_them() -> None:
    assert {*map(name, WITH_BLOCKS)} >= LONG


def test_every_tutorial_has_commands_that_run() -> None:
    assert {page.stem for page in WITH_BLOCKS} >= TUTORIALS


def test_a_block_that_fails_is_reported(tmp_path: Path, warm: WarmCommands) -> None:
    page = tmp_path / "page.md"
    page.write_text("Text.\n\n```sh\nprunescope inspect sample:nothing\n```\n")
    with pytest.raises(AssertionError, match="line 3: the shell block ended with code 1"):
        run_page(page, tmp_path, warm)


def test_blocks_share_a_folder_and_a_session(tmp_path: Path, warm: WarmCommands) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\n# part.py\nNUMBER = 41\n```\n\n```python\nfrom part import NUMBER\n```\n\n"
        "```sh\ntest -f part.py\n```\n\n<!-- not run: it would fail -->\n```sh\nfalse\n```\n\n"
        "<!-- needs: prunescope.nothing_of_that_name -->\n```python\nprint(undefined)\n```\n\n"
        "```python\nprint('sum', NUMBER + 1)\n```\n"
    )
    assert "sum 42" in run_page(page, tmp_path, warm)
    assert [block.needs for block in left_out(page)] == ["prunescope.nothing_of_that_name"]


def test_only_marked_blocks_are_left_out() -> None:
    """A fence in a language that the runner does not know would look run and not be."""
    for page in DOCS.rglob("*.md"):
        known = re.findall(r"^```(\S*)\n", page.read_text(), re.MULTILINE)
        assert set(known) <= {"", "sh", "python", "text", "{toctree}", "{eval-rst}"}, page
