"""Half of all hidden channels of a small CNN removed: no labels, no fine-tuning.

    python -m benchmarks.half_channels [MODEL …] [--criteria l2,obs] [--recoveries ls,refit]

Every group of channels or heads loses half of its units at once (by the L2 norm over the group, or
in the greedy order ``obs``), then a recovery follows, on calibration inputs without labels;
``distil`` is training, towards the dense outputs. Points lost on the validation and the test split,
dense less pruned; processor seconds of the recovery alone, on one thread. Reach: without training
at most 1.0, 1.6 and 2.0 points lost (lenet5, resnet20, mobilenet), with distil .6, .6 and .9, each
in less than 60 s.
"""

import argparse
import time
from contextlib import ExitStack

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import PruningMasks, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.recovery import RECOVERIES, recovered
from prunescope.study import Reference
from prunescope.text import units

MODELS = ("lenet5", "resnet20", "mobilenet")
SPLITS = ("validation", "test")
SPARSITY = 0.5


def main() -> None:
    """Measure and print one row for each model, criterion and recovery."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--criteria", default="l2,obs")
    parser.add_argument("--recoveries", default=",".join(RECOVERIES))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    table = Table(
        "model", "criterion", "recovery", "validation, pt", "test, pt", "seconds", "parameters left"
    )
    console = Console(width=110)
    for name in asked.models:
        bench = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
        dense = [score(bench, bench.network.module, split) for split in SPLITS]
        scores = Scores(bench.network, bench.splits.calibration, bench.groups)
        for criterion in asked.criteria.split(","):
            begun = time.process_time()
            halves = {group: scores.units(criterion, group, SPARSITY) for group in scores.groups}
            console.print(name, criterion, f"scored in {time.process_time() - begun:.1f} s")
            for recovery in asked.recoveries.split(","):
                cells = row(bench, halves, recovery, dense)
                table.add_row(f"{name}, {len(halves)} groups", criterion, *cells)
                console.print(name, criterion, *cells)
    console.print(table)


def row(
    bench: Workbench, halves: dict[str, torch.Tensor], recovery: str, dense: list[float]
) -> list[str]:
    """The cells of one measurement."""
    selection = PruningMasks(units=halves)
    try:
        with ExitStack() as stack:
            left = stack.enter_context(selected(bench.network, selection))
            begun = time.process_time()
            stack.enter_context(recovered(bench, recovery, left, selection))
            seconds = time.process_time() - begun
            half = [score(bench, left, split) for split in SPLITS]
            share = elements(left) / elements(bench.network.module)
    except CannotPrune as reason:
        return [recovery, f"no: {str(reason).split('.')[0]}", "", "", ""]
    lost = [f"{100 * (before - after):.2f}" for before, after in zip(dense, half, strict=True)]
    return [recovery, *lost, f"{seconds:.1f}", units.percent(share, 0)]


def score(bench: Workbench, module: nn.Module, split: str) -> float:
    """The mean score on a split."""
    outcome = evaluate(module, bench.splits.named(split), bench.metric, bench.batch)
    return float(outcome.score.double().mean())


def elements(module: nn.Module) -> int:
    """How many parameters a module has, shared ones once."""
    return sum(each.numel() for each in {id(p): p for p in module.parameters()}.values())


if __name__ == "__main__":
    main()
