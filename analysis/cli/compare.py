"""``compare``: plans of a study beside each other."""

from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from prunescope.api.open_study import open_study
from prunescope.cli.shared_options import JsonOption, StudyArgument
from prunescope.cli.terminal import console, print_json
from prunescope.commands import next_steps
from prunescope.planning.compare_plans import ComparedPlan, compared, differences
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.store.folder import StudyFolder
from prunescope.text.scores import ScoreWords, words_of
from prunescope.text.units import bytes_, percent


def compare(
    study: StudyArgument,
    plans: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLAN...]", help="Files or saved plans; all saved ones by default.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Print what each plan keeps, what is predicted and measured of it, and where they differ."""
    opened = open_study(study)
    chosen = [opened.read_plan(name) for name in plans or opened.plans]
    known = StudyKnowledge.of(StudyFolder.open(study))
    words = words_of(opened.manifest)
    rows, differ = compared(known, chosen), differences(opened.manifest, chosen)
    if json:
        print_json(
            {
                "plans": [_plain(row, words) for row in rows],
                "differences": [
                    {"subject": each.subject, "sparsities": [c.sparsity if c else 0.0 for c in
                                                             each.choices]}
                    for each in differ
                ],
            }
        )  # fmt: skip
        return
    if not rows:
        console.print(
            f"No plan is saved in this study. Make one: {next_steps.keep_solved(study)}",
            highlight=False, markup=False,
        )  # fmt: skip
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("plan", "recovery", "MACs", "weights", "bytes", "predicted", "measured", "test"):
        table.add_column(name, justify="left" if name in ("plan", "recovery") else "right")
    table.add_column("worst class")
    for row in rows:
        table.add_row(*map(escape, _cells(row, words)))
    console.print(table)
    console.print(
        f"Kept of the dense network; {words.loss_word}s with their intervals: predicted ones hold "
        "nine plans of ten, measured ones are 95 % of the mean.", highlight=False,
    )  # fmt: skip
    if differ:
        table = Table("layer or group", box=box.SIMPLE_HEAD)
        for row in rows:
            table.add_column(escape(row.plan.name))
        for each in differ:
            table.add_row(*map(escape, (each.subject, *each.words())))
        console.print(table)


def _cells(row: ComparedPlan, words: ScoreWords) -> tuple[str, ...]:
    guess, interval = row.prediction.drop, row.prediction.interval
    predicted = "–" if guess is None else words.drop(guess)
    if interval is not None:
        predicted += f" ({words.span(interval)})"
    worst = row.worst
    return (
        row.plan.name, row.plan.recovery, "–" if row.macs is None else percent(row.macs),
        percent(row.parameters), bytes_(row.size.dense_bytes), predicted,
        *(
            "–" if each is None else f"{words.drop(each.drop.mean)} ({words.span(each.drop)})"
            for each in (row.validation, row.test)
        ),
        "–" if worst is None else f"{worst.name}: {percent(worst.recall)}"
        + ("" if worst.dense is None else f", dense {percent(worst.dense)}"),
    )  # fmt: skip


def _plain(row: ComparedPlan, words: ScoreWords) -> dict[str, object]:
    guess = row.prediction.drop
    return {
        "plan": row.plan.name, "recovery": row.plan.recovery, "macs": row.size.macs,
        "parameters": row.size.kept, "bytes": row.size.dense_bytes,
        "predicted_drop": None if guess is None else words.plain_drop(guess),
        "drop": None if row.validation is None else words.plain_drop(row.validation.drop.mean),
        "test_drop": None if row.test is None else words.plain_drop(row.test.drop.mean),
    }  # fmt: skip
