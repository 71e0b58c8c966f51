"""What a first look tells on a terminal: a ranking of layers, and how far it may be off."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table

from prunescope.cli.terminal import console, errors, print_json
from prunescope.store.predicted_points import PredictedPoint, one_of_each_kind, predicted_curves
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted
from prunescope.text.predictions import prediction_sentence
from prunescope.text.scores import ScoreWords

if TYPE_CHECKING:
    from prunescope.first_look.first_look import LookReport

_COLUMNS: Final = 5


def print_look(report: "LookReport", words: ScoreWords, limit: float, json: bool) -> None:
    """Print what a first look predicts, or all of it as JSON.

    Args:
        report: What it did.
        words: Of the study's metric.
        limit: Drop that layers are ranked by.
        json: Whether to print JSON.
    """
    if json:
        numbers = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(report).items()
        }
        print_json(numbers | {"predictions": [plain_prediction(p) for p in report.predictions]})
        return
    if report.stopped:
        errors.print(
            "The look was stopped before its points were measured, so nothing is predicted. Run "
            "it again for the rest."
        )
        return
    print_predicted(report.predictions, words, limit)
    errors.print(
        f"Cost: {report.passes:.3g} passes of the dense network over the validation split, of "
        f"{report.grid_passes:.3g} that the whole grid takes; {counted(report.anchors, 'point')} "
        f"measured on every sample; in {spoken(report.seconds)}.",
        highlight=False,
    )


def print_predicted(predictions: Sequence[PredictedPoint], words: ScoreWords, limit: float) -> None:
    """Print predicted curves, the most sensitive layer first, and their error."""
    if not predictions:
        return
    sparsities = sorted({point.sparsity for point in predictions})
    step = max(1, math.ceil(len(sparsities) / _COLUMNS))
    shown = sparsities[::-1][::step][::-1]
    table = Table(
        box=box.SIMPLE_HEAD, title_justify="left",
        title=f"Predicted {words.loss_word}s, not measured",
    )  # fmt: skip
    table.add_column("layer or group", no_wrap=True)
    table.add_column("method")
    table.add_column(f"within {words.limit(limit)}", justify="right")
    table.add_column("at worst", justify="right")
    for sparsity in shown:
        table.add_column(f"{sparsity:g}", justify="right")
    for curve in predicted_curves(predictions):
        drops = {point.sparsity: words.drop_short(point.drop) for point in curve.points}
        ends = [curve.within(limit), curve.surely_within(limit)]
        table.add_row(
            curve.subject, curve.method,
            *(f"{end:g}" if end else "none" for end in ends),
            *(drops.get(sparsity, "") for sparsity in shown),
        )  # fmt: skip
    console.print(table)
    for one in one_of_each_kind(predictions):
        sentence = prediction_sentence(one.anchors, one.error, words, one.granularity)
        console.print(sentence, highlight=False)


def plain_prediction(point: PredictedPoint) -> dict[str, object]:
    """Return ``point`` for JSON: None where it has NaN, which JSON has not."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(point).items()
    }
