"""Half of all hidden channels of a small CNN removed: no labels, no training.

    python -m benchmarks.half_channels [MODEL …]

Every group of channels or heads loses half of its units at once (L2 norm over the group), then
nothing, batch-norm re-estimation or least squares follows, on 1,024 calibration inputs without
labels. Accuracy on the validation split, dense and pruned; seconds are those of the recovery
alone, on one thread. Reach: at most 2 points lost, in less than 60 s.
"""

import sys
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
SPARSITY = 0.5


def main() -> None:
    """Measure and print one row for each model and recovery."""
    torch.set_num_threads(1)
    table = Table(
        "model", "recovery", "dense %", "half %", "lost, pt", "seconds", "parameters left"
    )
    for name in sys.argv[1:] or MODELS:
        bench = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
        scores = Scores(bench.network, bench.splits.calibration, bench.groups)
        halves = {group: scores.units("l2", group, SPARSITY) for group in scores.groups}
        for recovery in RECOVERIES:
            table.add_row(f"{name}, {len(halves)} groups", *row(bench, halves, recovery))
    Console(width=110).print(table)


def row(bench: Workbench, halves: dict[str, torch.Tensor], recovery: str) -> list[str]:
    """The cells of one measurement; the dense model goes through the same recovery."""
    selection = PruningMasks(units=halves)
    try:
        with recovered(bench, recovery):
            dense = score(bench, bench.network.module)
        with ExitStack() as stack:
            left = stack.enter_context(selected(bench.network, selection))
            begun = time.perf_counter()
            stack.enter_context(recovered(bench, recovery, left, selection))
            seconds = time.perf_counter() - begun
            half = score(bench, left)
            share = elements(left) / elements(bench.network.module)
    except CannotPrune as reason:
        return [recovery, f"no: {str(reason).split('.')[0]}", "", "", "", ""]
    return [
        recovery, f"{100 * dense:.2f}", f"{100 * half:.2f}", f"{100 * (dense - half):.2f}",
        f"{seconds:.1f}", units.percent(share, 0),
    ]  # fmt: skip


def score(bench: Workbench, module: nn.Module) -> float:
    """The mean score on the validation split."""
    outcome = evaluate(module, bench.splits.validation, bench.metric, bench.batch)
    return float(outcome.score.double().mean())


def elements(module: nn.Module) -> int:
    """How many parameters a module has, shared ones once."""
    return sum(each.numel() for each in {id(p): p for p in module.parameters()}.values())


if __name__ == "__main__":
    main()
