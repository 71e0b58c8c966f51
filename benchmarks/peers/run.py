"""Measure the lines that the cache lacks, within the time, and print the page."""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import torch

from benchmarks.peers import ours
from benchmarks.peers.judge import judge
from benchmarks.peers.result import Result, read, write
from benchmarks.peers.subject import NAMES, Subject, subject
from benchmarks.peers.table import markdown
from benchmarks.peers.tools import SETTINGS

BUDGETS: Final = (0.5, 0.25, 0.7, 0.35)
"""The order of measuring: a run that is stopped has the two that say most."""
MINUTES: Final = 100.0

Job = tuple[Path, Callable[[Subject], Result]]


def main() -> None:
    """Measure what the cache lacks within the time, then print the table."""
    parser = argparse.ArgumentParser(description="Other tools and this one, side by side.")
    parser.add_argument("networks", nargs="*", choices=[*NAMES, []], default=list(NAMES))
    parser.add_argument("--cache", type=Path, default=Path("studies/peers"))
    parser.add_argument("--budgets", type=_numbers, default=BUDGETS)
    parser.add_argument("--tools", default="", help="only settings that hold this text")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * asked.minutes
    known: dict[str, Subject] = {}
    for budget in asked.budgets:
        for name in asked.networks:
            for file, job in _jobs(name, budget, asked.cache, asked.tools):
                if file.exists() or time.monotonic() > end:
                    continue
                if name not in known:
                    known[name] = subject(name, asked.cache)
                result = job(known[name])
                write(result, file)
                if result.cells or result.note:
                    print(_line(result), flush=True)
    rows = [read(file) for file in sorted((asked.cache / "rows").glob("*.json"))]
    rows = [row for row in rows if row.cells or row.note]
    print(markdown(rows) if rows else "nothing measured yet")


def _jobs(name: str, budget: float, cache: Path, text: str) -> Iterator[Job]:
    def file(*words: str) -> Path:
        return (
            cache / "rows" / (re.sub(r"\W+", "-", f"{name} {budget} {' '.join(words)}") + ".json")
        )

    for recipe in ours.RECIPES:
        words = (ours.TOOL, recipe.setting, recipe.after or recipe.recovery)
        if text in " ".join(words):
            yield file(*words), lambda s, r=recipe: ours.solved(s, r, budget, cache)  # type: ignore[misc]
    for setting in SETTINGS:
        if text in f"{setting.tool} {setting.name}":
            yield (
                file(setting.tool, setting.name),
                lambda s, each=setting: judge(s, each, budget, cache),  # type: ignore[misc]
            )


def _line(result: Result) -> str:
    lost = {name: round(100 * cell.lost.mean, 2) for name, cell in result.cells.items()}
    return (
        f"{result.network} {result.budget} {result.tool} {result.setting}: {lost} "
        f"{result.seconds:.0f} s {result.note}"
    )


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))
