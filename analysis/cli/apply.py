"""``apply`` a recipe: build the pruned model of an export again, without its study."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.apply_recipe import apply as apply_recipe
from prunescope.cli.export import show_files
from prunescope.cli.shared_options import (
    DataOption,
    JsonOption,
    MetricOption,
    WeightsOption,
    named_path,
)
from prunescope.cli.terminal import console, print_json, reporting
from prunescope.export.formats.format import MOST_LOST
from prunescope.export.formats.registry import usual_formats


def apply(
    recipe: Annotated[
        Path,
        typer.Argument(metavar="RECIPE", help="An export's recipe.json.", parser=named_path),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="PATH", help="Folder.", parser=named_path),
    ],
    model: Annotated[
        str | None,
        typer.Option("--model", help="The dense model, as for sweep; the recipe's by default."),
    ] = None,
    data: DataOption = None,
    metric: MetricOption = None,
    weights: WeightsOption = None,
    tuned: Annotated[
        Path | None,
        typer.Option(
            "--tuned",
            metavar="PATH",
            help="Fine-tuned weights; model.safetensors beside the recipe by default.",
            parser=named_path,
        ),
    ] = None,
    new_weights: Annotated[
        bool,
        typer.Option(
            "--new-weights",
            help="Accept other weights of the same architecture: scored and recovered anew.",
        ),
    ] = False,
    formats: Annotated[
        str, typer.Option("--formats", help="Comma-separated, as for export.")
    ] = ",".join(usual_formats()),
    most_lost: Annotated[
        float,
        typer.Option("--most-lost", help="Of the score, that int8 and fp16 may lose."),
    ] = MOST_LOST,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files in it that Prunescope did not write, too."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Build the pruned model of a recipe again, bit for bit, and verify every file.

    Nothing that the recipe names is run unless you name it too.
    """
    with reporting(None, quiet=json) as progress:
        applied = apply_recipe(
            recipe, output, model, data, metric, weights, tuned, new_weights, formats.split(","),
            progress, force, most_lost,
        )  # fmt: skip
    if json:
        print_json(applied)
    else:
        console.print(applied.statement, highlight=False, markup=False)
    show_files(applied.report, quiet=json)
