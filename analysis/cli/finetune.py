"""``finetune`` what a plan keeps."""

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from prunescope.api.open_study import open_study
from prunescope.cli.read_arguments import use_device, use_threads
from prunescope.cli.shared_options import (
    DeviceOption,
    JobOption,
    JsonOption,
    PlanArgument,
    StudyArgument,
    ThreadsOption,
)
from prunescope.cli.terminal import console, print_json, reporting, say_problem
from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.recovery.training.fine_tuning_settings import AMP, FineTuning
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted
from prunescope.text.units import count, percent

_USUAL = FineTuning()
_DATA, _STEP, _LOSS = "Data", "Optimizer", "Loss"
"""Panels of the help."""


def finetune(
    study: StudyArgument,
    plan: PlanArgument,
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Passes over the data, of all rounds together.")
    ] = _USUAL.epochs,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help="To spend; chooses the epochs by the time of a few steps."),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds",
            min=1,
            help="Prune, recover and train in so many geometric steps, scored anew in each.",
        ),
    ] = _USUAL.rounds,
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve",
            help="Solve each round anew on the tuned network, within the plan's cost.",
        ),
    ] = False,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Peak learning rate; without, a short range test chooses it."),
    ] = _USUAL.rate,
    batch: Annotated[int, typer.Option("--batch", min=1)] = _USUAL.batch,
    patience: Annotated[
        int | None,
        typer.Option("--patience", help="Stop after so many epochs without a better score."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = _USUAL.seed,
    test: Annotated[
        bool, typer.Option("--test", help="Report the test split too; only for the final report.")
    ] = False,
    distillation: Annotated[
        float,
        typer.Option(
            "--distillation",
            help="Weight of the dense model's word, 0 to 1; 1 needs no labels.",
            rich_help_panel=_LOSS,
        ),
    ] = _USUAL.distillation,
    temperature: Annotated[
        float,
        typer.Option("--temperature", help="Of the distillation.", rich_help_panel=_LOSS),
    ] = _USUAL.temperature,
    features: Annotated[
        float,
        typer.Option(
            "--distil-features",
            help="Weight of the dense model's inner values, where blocks end; try 1, 0 for none.",
            rich_help_panel=_LOSS,
        ),
    ] = _USUAL.features,
    train: Annotated[
        str,
        typer.Option(
            "--train",
            rich_help_panel=_DATA,
            show_default=False,
            help="file.py:function that returns a DataLoader, a Dataset or an iterable of batches; "
            "the calibration split by default.",
        ),
    ] = "",
    augment: Annotated[
        str,
        typer.Option(
            "--augment",
            rich_help_panel=_DATA,
            show_default=False,
            help="file.py:name of a transform of a sample or of (inputs, targets), or "
            "torchvision.transforms.v2:NAME.",
        ),
    ] = "",
    epoch_steps: Annotated[
        int | None,
        typer.Option(
            "--epoch-steps",
            rich_help_panel=_DATA,
            help="Steps that count as an epoch, for a loader without an end.",
        ),
    ] = None,
    optimizer: Annotated[
        str,
        typer.Option(
            "--optimizer",
            rich_help_panel=_STEP,
            help="Any class of torch.optim by name: sgd, adamw, rmsprop ...",
        ),
    ] = _USUAL.optimizer,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--optimizer-option",
            metavar="NAME=VALUE",
            rich_help_panel=_STEP,
            help="Such as betas=0.9,0.95; repeat it for several.",
        ),
    ] = None,
    momentum: Annotated[
        float, typer.Option("--momentum", help="Of sgd.", rich_help_panel=_STEP)
    ] = _USUAL.momentum,
    nesterov: Annotated[
        bool, typer.Option("--nesterov", help="Sgd looks ahead.", rich_help_panel=_STEP)
    ] = False,
    decay: Annotated[
        float, typer.Option("--decay", help="Weight decay.", rich_help_panel=_STEP)
    ] = _USUAL.decay,
    warmup: Annotated[
        float,
        typer.Option(
            "--warmup",
            help="Share of all steps in which the rate climbs; a cosine follows.",
            rich_help_panel=_STEP,
        ),
    ] = _USUAL.warmup,
    ema: Annotated[
        float,
        typer.Option(
            "--ema",
            help="Decay of a moving average of the weights, such as 0.99; 0 for none.",
            rich_help_panel=_STEP,
        ),
    ] = _USUAL.ema,
    clip: Annotated[
        float | None,
        typer.Option("--clip", help="Largest norm of all gradients.", rich_help_panel=_STEP),
    ] = None,
    accumulate: Annotated[
        int, typer.Option("--accumulate", help="Batches per step.", rich_help_panel=_STEP)
    ] = _USUAL.accumulate,
    amp: Annotated[
        str, typer.Option("--amp", help=f"{' or '.join(AMP)}.", rich_help_panel=_STEP)
    ] = _USUAL.amp,
    threads: ThreadsOption = 0,
    device: DeviceOption = "auto",
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Train what a plan keeps, zeros staying zero, at once or in rounds.

    Ctrl-C keeps the best so far, and the same command goes on from there; so it does after a kill,
    from the last minute.
    """
    with reporting(job, quiet=json) as progress:
        settings = FineTuning(
            epochs=epochs, rate=rate, batch=batch, momentum=momentum, decay=decay, warmup=warmup,
            distillation=distillation, temperature=temperature, features=features, seed=seed,
            optimizer=optimizer, options=tuple(options or ()), nesterov=nesterov, ema=ema,
            clip=clip, accumulate=accumulate, amp=amp, patience=patience, train=train,
            augment=augment, epoch_steps=epoch_steps, seconds=seconds, rounds=rounds,
            resolve=resolve,
        )  # fmt: skip
        opened = open_study(study)
        say_problem(opened.manifest)
        chosen = opened.read_plan(plan)
        use_threads(threads)
        use_device(device)
        result = opened.finetune(chosen, settings=settings, test=test, progress=progress)
    if json:
        print_json(result)
        return
    before, after, words = result.before, result.after, result.words
    if result.gradual:
        console.print(_rounds(result))
    console.print(
        f"Before {words.score(before.score)}, "
        f"after {words.score(after.score)}"
        f" on {counted(after.samples, 'validation sample')}, on which the best epoch is chosen, so "
        f"slightly optimistic; {spoken(result.seconds)}. "
        f"Export it: prunescope export {study} {plan} --recovered"
    )
    if result.test is not None:
        side = result.test
        console.print(
            f"Test split: dense {words.score(side.dense_score)}, pruned "
            f"{words.score(side.before.score)}, fine-tuned {words.score(side.after.score)}; "
            f"{words.loss_word} {words.span(side.after.drop)}."
        )
    console.print(f"{result.happenings()} {result.ending_sentence()}", markup=False)
    if (other := opened.compared_tuning(chosen, result)) is not None:
        console.print(other, markup=False)


def _rounds(result: FineTuned) -> Table:
    """The front of the rounds: size and score of each."""
    words = result.words
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("round", "parameters", "MACs", "pruned", "tuned", "rate", "time"):
        table.add_column(name, justify="right")
    for each in result.rounds:
        table.add_row(
            str(each.number),
            f"{count(each.parameters)}, {percent(each.parameters / result.total)}",
            count(each.macs) if each.macs else "",
            words.score(each.pruned_score),
            words.score(each.score),
            f"{each.rate:g}",
            spoken(each.seconds),
        )
    return table
