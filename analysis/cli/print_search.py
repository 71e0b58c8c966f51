"""What a search for largest sparsities tells on a terminal."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from prunescope.cli.terminal import console, errors, print_json
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.study import Method
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted, exact
from prunescope.text.scores import ScoreWords
from prunescope.text.units import macs

if TYPE_CHECKING:
    from prunescope.finding.find import FindReport


def print_search(report: "FindReport", idle: Sequence[str], words: ScoreWords, json: bool) -> None:
    """Print the answers, or all of it as JSON.

    Args:
        report: What the search did.
        idle: Sentences on groups without a point.
        words: Of the study's metric.
        json: Whether to print JSON.
    """
    if json:
        answers = [plain_answer(answer) for answer in report.answers]
        print_json(asdict(report) | {"answers": answers, "left_out": list(idle)})
        return
    print_largest(report.answers, words)
    share = ""
    if report.executed and report.plain:
        share = f", {report.executed / report.plain:.2g} of the plain loop's over the whole grid"
    errors.print(
        f"{exact(report.points)} of {counted(report.grid, 'point')} looked at, "
        f"{exact(report.samples)} samples in all, "
        f"{macs(report.executed) + share + ', ' if report.executed else ''}"
        f"in {spoken(report.seconds)}."
    )
    if report.stopped:
        errors.print(
            "The search was stopped before its end: answers stand on the samples that are named. "
            "Run it again for the rest."
        )
    for text in report.refused[:5]:
        errors.print(f"Not measured: {text}", highlight=False, markup=False)
    for text in idle[:5]:
        errors.print(f"No point: {text}.", highlight=False, markup=False)


def print_largest(answers: Sequence[LargestSparsity], words: ScoreWords) -> None:
    """Print how far each layer can be pruned, those that bear the least first."""
    for limit in sorted({answer.limit for answer in answers}):
        own = [answer for answer in answers if answer.limit == limit]
        certified = any(not math.isnan(answer.certified) for answer in own)
        table = Table(
            box=box.SIMPLE_HEAD, title_justify="left",
            title=f"Largest sparsity within {words.drop(limit)}, estimated",
        )  # fmt: skip
        table.add_column("layer", no_wrap=True)
        table.add_column("method")
        for name in ("largest", words.loss_word, "samples", *(["certain"] if certified else [])):
            table.add_column(name, justify="right")
        for answer in sorted(own, key=lambda a: a.sparsity):
            cells = [
                answer.subject,
                _method(answer),
                f"{answer.sparsity:g}" if answer.sparsity else "none",
                words.cell(answer.drop, answer.half_width) if answer.sparsity else "",
                exact(answer.samples),
            ]
            if certified:
                sure = answer.certified
                cells.append("" if math.isnan(sure) else f"{sure:g}" if sure else "none")
            table.add_row(*cells)
        console.print(table)


def _method(answer: LargestSparsity) -> str:
    recovery = "" if answer.recovery == "none" else f" + {answer.recovery}"
    seed = f" #{answer.seed}" if answer.seed else ""
    return f"{Method(answer.criterion, answer.granularity)}{recovery}{seed}"


def plain_answer(answer: LargestSparsity) -> dict[str, object]:
    """Return ``answer`` for JSON: None where it has NaN, which JSON has not."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(answer).items()
    }
