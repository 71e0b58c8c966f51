"""``inspect`` a model and ``show`` a study: look, measure nothing."""

from dataclasses import replace
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from prunescope.cli.options import (
    DataOption,
    JsonOption,
    ModelArgument,
    RandomOption,
    StudyArgument,
    WeightsOption,
)
from prunescope.cli.print_groups import print_groups
from prunescope.cli.terminal import console, count, print_json, size
from prunescope.curves.curve import CurveKey, curves
from prunescope.curves.seeds import mean_curves, seed_counts
from prunescope.store.folder import Study
from prunescope.study import LayerSummary


def inspect(
    model: ModelArgument,
    data: DataOption = None,
    weights: WeightsOption = None,
    random: RandomOption = False,
    shape: Annotated[
        str | None, typer.Option("--shape", help="Shape of one input, such as 3,224,224.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List a model's layers: what can be pruned, what is skipped and why, and what each costs."""
    from prunescope.bench.inspection import inspect_model
    from prunescope.study import Reference

    found = inspect_model(
        Reference(model, data or "", weights=str(weights) if weights else None, random=random),
        shape,
    )
    if json:
        print_json(found)
        return
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
        f"{count(found.parameters)} parameters · {size(found.bytes)} · {count(found.macs)} MACs "
        f"per sample · {size(found.activation_bytes)} peak activations per sample"
    )
    print_groups(found)
    if found.uncounted:
        console.print(f"Not counted in MACs: {', '.join(found.uncounted)}.")
    if found.problem:
        console.print(found.problem)


def show(
    study: StudyArgument,
    method: Annotated[str | None, typer.Option("--method", help="Only this method.")] = None,
    json: JsonOption = False,
) -> None:
    """Print a study's curves: the drop in points per layer and sparsity, with its interval."""
    opened = Study.open(study)
    frame = opened.measured()
    found = {
        key: curve
        for key, curve in curves(frame, opened.manifest).items()
        if method is None or str(key.method) == method
    }
    if json:
        print_json(
            {
                "study": str(study),
                "model": opened.manifest.reference.model,
                "baseline": opened.manifest.baseline and opened.manifest.baseline.score,
                "curves": [
                    {
                        "subject": key.subject,
                        "method": str(key.method),
                        "recovery": key.recovery,
                        "seed": key.seed,
                        "points": [
                            {
                                "sparsity": point.sparsity, "removed": point.removed,
                                "samples": point.samples, "score": point.score,
                                "drop": point.drop, "low": point.interval.low,
                                "high": point.interval.high,
                            }
                            for point in curve.points
                        ],
                    }
                    for key, curve in found.items()
                ],
                "plans": list(opened.plans()),
            }
        )  # fmt: skip
        return
    baseline = opened.manifest.baseline
    if baseline is not None:
        console.print(
            f"{opened.manifest.reference.model} on {opened.manifest.reference.data}: dense "
            f"{baseline.score:.2%} on {count(baseline.samples)} validation samples. Drops in "
            "points, ± half of the 95 % interval."
        )
    columns = sorted({point.sparsity for curve in found.values() for point in curve.points})
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("layer", no_wrap=True)
    table.add_column("method")
    for sparsity in columns:
        table.add_column(f"{sparsity:g}", justify="right")
    seeds = seed_counts(found)
    for key, curve in mean_curves(found).items():
        cells = {
            p.sparsity: f"{100 * p.drop:.1f}±{100 * p.interval.half_width:.1f}"
            for p in curve.points
        }
        label = _label(key, seeds[replace(key, seed=0)])
        table.add_row(key.subject, label, *(cells.get(c, "") for c in columns))
    console.print(table)
    if not found:
        console.print("No curves yet. Measure some: prunescope sweep --study " + str(study))


def _cells(layer: LayerSummary) -> tuple[str, ...]:
    return (
        layer.name,
        layer.kind,
        "×".join(map(str, layer.shape)),
        count(layer.parameters),
        count(layer.macs),
        size(layer.activation_bytes),
        "yes" if layer.prunable else f"no: {layer.reason}",
    )


def _label(key: CurveKey, seeds: int) -> str:
    """The method, with recovery and seed where they are not the usual ones."""
    recovery = "" if key.recovery == "none" else f" + {key.recovery}"
    if seeds > 1:
        return f"{key.method}{recovery}, mean of {seeds}"
    return f"{key.method}{recovery}" + (f" #{key.seed}" if key.seed else "")
