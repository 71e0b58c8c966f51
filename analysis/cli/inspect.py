"""``inspect`` a model: look, measure nothing."""

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from prunescope.api.inspections import inspect as inspect_model
from prunescope.cli.print_checks import print_checks
from prunescope.cli.print_groups import print_groups
from prunescope.cli.print_outputs import print_outputs
from prunescope.cli.read_arguments import listed
from prunescope.cli.shared_options import (
    DataOption,
    HeadsOption,
    JsonOption,
    MetricOption,
    ModelArgument,
    OutputsOption,
    RandomOption,
    WeightsOption,
)
from prunescope.cli.terminal import console, print_json
from prunescope.study import LayerSummary
from prunescope.study.bounds import parse_shape
from prunescope.text.cut import cut_sentence
from prunescope.text.numbers import counted, exact
from prunescope.text.units import bytes_


def inspect(
    model: ModelArgument,
    data: DataOption = None,
    weights: WeightsOption = None,
    random: RandomOption = False,
    shape: Annotated[
        str | None, typer.Option("--shape", help="Shape of one input, such as 3,224,224.")
    ] = None,
    metric: MetricOption = None,
    outputs: OutputsOption = "",
    heads: HeadsOption = "",
    json: JsonOption = False,
) -> None:
    """List a model's layers: what can be pruned, what is skipped and why, and what each costs.

    With --data, also whether a study of this model and data can be true.
    """
    if shape is not None:
        parse_shape(shape)
    found = inspect_model(
        model, shape or data, weights=weights, random=random, metric=metric,
        outputs=listed(outputs), heads=heads,
    )  # fmt: skip
    if json:
        print_json(found)
        return
    if problem := found.problem or cut_sentence(found.cut):
        console.print(problem, highlight=False, markup=False)
    table = Table(box=box.SIMPLE_HEAD, title=f"{model}", title_justify="left")
    for name in ("layer", "kind", "shape"):
        table.add_column(name, no_wrap=name != "shape")
    for name in ("parameters", "MACs", "activations"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("prunable")
    for layer in found.layers:
        table.add_row(*_cells(layer), style=None if layer.prunable else "dim")
    console.print(table)
    console.print(
        f"{counted(found.parameters, 'parameter')} · {bytes_(found.bytes)} · "
        f"{exact(found.macs)} MACs per sample"
        + (
            f" · {bytes_(found.activation_bytes)} peak activations per sample"
            if found.activation_bytes
            else ""
        )
    )
    print_groups(found)
    print_outputs(found.outputs, found.free_layers)
    if found.uncounted:
        console.print(f"Not counted in MACs: {', '.join(found.uncounted)}.")
    print_checks(found.soundness, console, every=True)
    if found.unchecked:
        console.print(f"Not checked: {found.unchecked}", highlight=False, markup=False)


def _cells(layer: LayerSummary) -> tuple[str, ...]:
    return (
        layer.name,
        layer.kind,
        "×".join(map(str, layer.shape)),
        exact(layer.parameters),
        exact(layer.macs),
        bytes_(layer.activation_bytes),
        "yes" if layer.prunable else f"no: {layer.reason}",
    )
