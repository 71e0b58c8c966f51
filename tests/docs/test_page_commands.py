"""Every command that a page shows is one that the command line takes, with its options."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from prunescope.cli.app import application
from tests.pages import blocks

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_VALUE = re.compile(r"\$\(.*?\)|`.*?`")
_ENDS = ("|", "&", "&&", ";", ">", ">>", "2>", "<<")


def commands(text: str) -> list[list[str]]:
    """The words of every ``prunescope …`` line in a page's shell blocks, also those not run."""
    lines = (
        line
        for block in blocks(text)
        if block.language == "sh"
        for line in block.code.replace("\\\n", " ").splitlines()
    )
    words = [shlex.split(_VALUE.sub("value", line), comments=True) for line in lines
             if line.startswith("prunescope ")]  # fmt: skip
    return [line[1 : next((i for i, w in enumerate(line) if w in _ENDS), None)] for line in words]


def parse(words: list[str]) -> None:
    """Take the words as ``prunescope`` does, without doing what they ask for."""
    group = typer.main.get_group(application(words))
    outer = group.make_context("prunescope", list(words))
    name, command, rest = group.resolve_command(outer, list(words))
    assert command is not None
    assert name is not None
    command.make_context(name, rest, parent=outer)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_command_line_takes_every_command_of_a_page(page: Path) -> None:
    for words in commands(page.read_text("utf-8")):
        parse(words)


def test_pages_show_every_kind_of_command() -> None:
    shown = [words for page in PAGES for words in commands(page.read_text("utf-8"))]
    assert len(shown) > 60
    assert {words[0] for words in shown} >= {"inspect", "sweep", "plan", "verify", "export", "pack"}


@pytest.mark.parametrize("line", ["sweep sample:mlp --no-such-option", "sweeep x", "verify"])
def test_a_command_that_there_is_not_is_noticed(line: str) -> None:
    with pytest.raises(typer._click.exceptions.UsageError):
        parse(line.split())
