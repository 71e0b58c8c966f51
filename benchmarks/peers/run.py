"""Measure the lines that the cache lacks, within the time, and print the page."""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import torch

from benchmarks.peers import ours
from benchmarks.peers.judge import judge
from benchmarks.peers.result import Result, read, write
from benchmarks.peers.subject import IMAGES, NAMES, Subject, subject
from benchmarks.peers.table import markdown
from benchmarks.peers.tools import SETTINGS, Setting

BUDGETS: Final = (0.5, 0.25, 0.7, 0.35)
"""The order of measuring: a run that is stopped has the two that say most."""
MINUTES: Final = 100.0

Job = tuple[str, Callable[[Subject], Result]]


def main() -> None:
    """Measure what the cache lacks within the time, then print the table."""
    parser = argparse.ArgumentParser(description="Other tools and this one, side by side.")
    parser.add_argument("networks", nargs="*", choices=[*NAMES, []], default=list(NAMES))
    parser.add_argument("--cache", type=Path, default=Path("studies/peers"))
    parser.add_argument("--budgets", type=_numbers, default=BUDGETS)
    parser.add_argument("--only", action="append", metavar="TEXT", help="lines that hold it")
    parser.add_argument("--tested", type=int, default=IMAGES["test"], help="test images")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * asked.minutes
    known: dict[str, Subject] = {}
    rows = asked.cache / f"rows-{asked.tested}"
    for budget in asked.budgets:
        for name in asked.networks:
            for words, job in _jobs(budget, asked.cache):
                file = rows / (re.sub(r"\W+", "-", f"{name} {budget} {words}") + ".json")
                wanted = not asked.only or any(text in words for text in asked.only)
                if file.exists() or not wanted or time.monotonic() > end:
                    continue
                if name not in known:
                    known[name] = subject(name, asked.cache, asked.tested)
                result = job(known[name])
                write(result, file)
                if result.cells or result.note:
                    print(_line(result), flush=True)
    known_rows = [read(file) for file in sorted(rows.glob("*.json"))]
    told = [row for row in known_rows if row.cells or row.note]
    print(markdown(told) if told else "nothing measured yet")


def _jobs(budget: float, cache: Path) -> Iterator[Job]:
    for recipe in ours.RECIPES:
        after = recipe.after or recipe.recovery
        yield f"{ours.TOOL} {recipe.setting} {after}", partial(_ours, recipe, budget, cache)
    for setting in SETTINGS:
        yield f"{setting.tool} {setting.name}", partial(_theirs, setting, budget, cache)


def _ours(recipe: ours.Recipe, budget: float, cache: Path, pruned: Subject) -> Result:
    return ours.solved(pruned, recipe, budget, cache)


def _theirs(setting: Setting, budget: float, cache: Path, pruned: Subject) -> Result:
    return judge(pruned, setting, budget, cache)


def _line(result: Result) -> str:
    lost = {name: round(100 * cell.lost.mean, 2) for name, cell in result.cells.items()}
    return (
        f"{result.network} {result.budget} {result.tool} {result.setting}: {lost} "
        f"{result.seconds:.0f} s {result.note}"
    )


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))
