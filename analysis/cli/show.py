"""``show`` a study's curves."""

import contextlib
from dataclasses import asdict, replace
from typing import Annotated, Final

import typer
from rich import box
from rich.table import Table

from prunescope.cli.print_blocks import print_blocks
from prunescope.cli.print_checks import print_checks
from prunescope.cli.print_look import plain_prediction, print_predicted
from prunescope.cli.print_search import plain_answer, print_largest
from prunescope.cli.shared_options import (
    JsonOption,
    StudyArgument,
)
from prunescope.cli.terminal import console, print_json, say_problem
from prunescope.curves.block_drops import block_drops
from prunescope.curves.curve import CurveKey, Curves, curves
from prunescope.curves.seeds import mean_curves, seed_counts
from prunescope.errors import PrunescopeError, UnknownName
from prunescope.planning.overview import overview
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.recovery.training.compare_schedules import schedules_in_words
from prunescope.recovery.training.fine_tuning_report import FineTuned, results_of
from prunescope.store.folder import StudyFolder
from prunescope.store.study_files import kept_files
from prunescope.study import Manifest, Method
from prunescope.study.computations import computation_counts
from prunescope.study.method import BLOCK
from prunescope.study.other_metrics import metric_names
from prunescope.text.computations import computation_sentences
from prunescope.text.numbers import counted
from prunescope.text.outputs import uncounted
from prunescope.text.scores import words_of

_ACCEPTED: Final = 0.01
_LIMIT: Final = 0.02
"""Of the score: what the sentences behind the table accept to lose."""


def show(
    study: StudyArgument,
    method: Annotated[str | None, typer.Option("--method", help="Only this method.")] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="Draw another metric that the study stores."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print a study's curves: the drop per layer and sparsity, with its interval."""
    opened = StudyFolder.open(study)
    stored = metric_names(opened.manifest)
    if metric is not None:
        opened = opened.drawn_by(metric)
    say_problem(opened.manifest)
    words = words_of(opened.manifest)
    known = curves(opened.measured(), opened.manifest)
    found = known if method is None else _of_method(opened.manifest, known, method)
    if json:
        print_json(
            {
                "study": str(study),
                "model": opened.manifest.reference.model,
                "metric": asdict(words.metric),
                "metrics": list(stored),
                "baseline": opened.manifest.baseline and words.plain(words.dense),
                "curves": [
                    {
                        "subject": key.subject,
                        "method": str(key.method),
                        "recovery": key.recovery,
                        "seed": key.seed,
                        "points": [
                            {
                                "sparsity": point.sparsity, "removed": point.removed,
                                "samples": point.samples, "score": words.plain(point.score),
                                "drop": words.plain_drop(point.drop),
                                "low": words.plain_drop(point.interval.low),
                                "high": words.plain_drop(point.interval.high),
                            }
                            for point in curve.points
                        ],
                    }
                    for key, curve in found.items()
                ],
                "left_out": list(opened.manifest.omissions()),
                "computed_on": computation_counts(opened.measured()["computed_on"]),
                "largest": [plain_answer(answer) for answer in opened.largest_sparsities()],
                "predicted": [plain_prediction(point) for point in opened.predictions()],
                "plans": list(opened.plans()),
                "fine_tuned": {
                    name: {
                        each.schedule: {
                            "rounds": len(each.rounds), "seconds": each.seconds,
                            "score": words.plain(each.after.score),
                        }
                        for each in results
                    }
                    for name, results in _tuned(opened).items() if results
                },
            }
        )  # fmt: skip
        return
    baseline = opened.manifest.baseline
    if baseline is not None:
        console.print(
            f"{opened.manifest.reference.model} on {opened.manifest.reference.data}: dense "
            f"{words.name} {words.score(baseline.score)} on "
            f"{counted(baseline.samples, 'validation sample')}. "
            f"{words.titled(f'{words.loss_word.capitalize()}s')}, ± half of the 95 % interval of "
            f"the mean {words.loss_word} over samples like these."
        )
    if len(stored) > 1:
        console.print(f"Stored: {', '.join(stored)}. See another: --metric NAME.", highlight=False)
    if files := kept_files(opened.manifest.reference):
        console.print(f"The study keeps {files}.", highlight=False)
    elif opened.manifest.not_kept:
        console.print(opened.manifest.not_kept, highlight=False, markup=False)
    print_checks(opened.manifest.soundness, console)
    for text in computation_sentences(opened.manifest, opened.measured()["computed_on"]):
        console.print(text, highlight=False, markup=False)
    if text := uncounted(opened.manifest.outputs, opened.manifest.free_layers):
        console.print(text, highlight=False, markup=False)
    whole = block_drops(found.values(), opened.manifest)
    print_blocks(whole, opened.manifest)
    found = {key: c for key, c in found.items() if key.method.granularity != BLOCK}
    columns = sorted({point.sparsity for curve in found.values() for point in curve.points})
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("layer", no_wrap=True)
    table.add_column("method")
    for sparsity in columns:
        table.add_column(f"{sparsity:g}", justify="right")
    seeds = seed_counts(found)
    for key, curve in mean_curves(found).items():
        cells = {p.sparsity: words.cell(p.drop, p.interval.half_width) for p in curve.points}
        label = _label(key, seeds[replace(key, seed=0)])
        table.add_row(key.subject, label, *(cells.get(c, "") for c in columns))
    if found:
        console.print(table)
    if largest := opened.largest_sparsities():
        print_largest(largest, words)
    if predicted := opened.predictions():
        print_predicted(predicted, words, words.usual(_LIMIT))
    told = overview(StudyKnowledge.of(opened), words.rounded(words.usual(_ACCEPTED)))
    for sentence in told.sentences() if found or whole else ():
        console.print(sentence, highlight=False, markup=False)
    for sentence in schedules_in_words(_tuned(opened)):
        console.print(sentence, highlight=False, markup=False)
    earlier = opened.superseded()
    if earlier:
        console.print(earlier, soft_wrap=True)
    for sentence in opened.manifest.omissions():
        console.print(f"Left out: {sentence}", highlight=False, markup=False)
    if not found and not whole and not largest and not predicted:
        console.print("No curves yet. Measure some: prunescope sweep --study " + str(study))


def _tuned(opened: StudyFolder) -> dict[str, list[FineTuned]]:
    """The fine-tunings of saved plans, by their names."""
    tuned = {}
    for name in opened.plans():
        with contextlib.suppress(PrunescopeError):  # of another version, or damaged: plan says so
            tuned[name] = list(results_of(opened.folder, opened.plan(name)).values())
    return tuned


def _of_method(manifest: Manifest, known: Curves, text: str) -> Curves:
    """The curves of the method that ``text`` names; ``UnknownName`` where none was measured."""
    method = manifest.named(Method.parse(text))
    names = {str(key.method) for key in known}
    if not names:
        names = {str(Method.parse(summary.name)) for summary in manifest.methods}
    if str(method) not in names:
        raise UnknownName.among("measured method", text, names)
    return {key: curve for key, curve in known.items() if key.method == method}


def _label(key: CurveKey, seeds: int) -> str:
    """The method, with recovery and seed where they are not the usual ones."""
    recovery = "" if key.recovery == "none" else f" + {key.recovery}"
    if seeds > 1:
        return f"{key.method}{recovery}, mean of {seeds}"
    return f"{key.method}{recovery}" + (f" #{key.seed}" if key.seed else "")
