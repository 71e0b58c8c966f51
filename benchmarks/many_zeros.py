"""Most weights of every layer set to zero at once: no labels, no fine-tuning.

    python -m benchmarks.many_zeros [MODEL …] [--criteria magnitude,wanda,alps] [--sparsities …]

Every prunable layer loses the same share of its weights, then ``ls`` refits what stays on 1,024
calibration inputs without labels. Points lost on the 10,000 test images of Fashion-MNIST, dense
less pruned, with 95 % intervals (paired); seconds are the processor's, of scoring all layers and of
the refits, on one thread.
"""

import argparse
import time
from contextlib import ExitStack
from typing import Final

import torch

from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import PruningMasks, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.recovery import recovered
from prunescope.statistics.paired import paired_interval
from prunescope.study import Reference

MODELS: Final = ("mlp", "lenet5", "resnet20", "vit")
CRITERIA: Final = "magnitude,wanda,alps"
SPARSITIES: Final = "0.7,0.8,0.9,0.95"


def main() -> None:
    """Measure and print one row for each model and criterion."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--criteria", default=CRITERIA)
    parser.add_argument("--sparsities", default=SPARSITIES)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    shares = [float(text) for text in asked.sparsities.split(",")]
    head = ["model", "criterion", *(f"{100 * share:g} % zeros" for share in shares), "scored", "ls"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for name in asked.models:
        bench = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
        for number, criterion in enumerate(asked.criteria.split(",")):
            cells = row(bench, criterion, shares)
            first = name if number == 0 else ""
            print("| " + " | ".join([first, criterion, *cells]) + " |", flush=True)


def row(bench: Workbench, criterion: str, shares: list[float]) -> list[str]:
    """The cells of one criterion."""
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    layers = bench.network.prunable()
    begun = time.process_time()
    masks = [
        {layer.parameter: scores.mask(criterion, layer, share) for layer in layers}
        for share in shares
    ]
    scored, refits, cells = time.process_time() - begun, 0.0, []
    dense = _scores(bench, bench.network.module)
    for chosen in masks:
        selection = PruningMasks(masks=chosen)
        with ExitStack() as stack:
            left = stack.enter_context(selected(bench.network, selection))
            begun = time.process_time()
            stack.enter_context(recovered(bench, "ls", left, selection))
            refits += time.process_time() - begun
            change = dense - _scores(bench, left)
        lost = paired_interval(len(change), float(change.sum()), float(change.square().sum()))
        cells.append(f"{100 * lost.mean:.2f} ({100 * lost.low:.2f} to {100 * lost.high:.2f})")
    return [*cells, f"{scored:.0f}", f"{refits:.0f}"]


def _scores(bench: Workbench, module: torch.nn.Module) -> torch.Tensor:
    return evaluate(module, bench.splits.test, bench.metric, bench.batch).score.double()


if __name__ == "__main__":
    main()
