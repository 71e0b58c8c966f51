"""How much of an exact sweep is the dense network in front of the pruned layers.

    python -m benchmarks.prefix_share

ResNet-20, magnitude, 128 images in batches of 16, one lane. ``memory``: what the frontier may take;
``batch`` leaves room for one batch. Columns are passes of the dense network over these images: what
was executed, what lies behind the pruned layers, and the rest's share: all that keeping prefix
activations anywhere could save. Last, whole sweeps, with their pilots and growing chunks.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from benchmarks._images import first_samples
from prunescope.bench.workbench import prepare
from prunescope.progress import Silent
from prunescope.replay.frontier import FrontierEngine
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Reference, parse_methods
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points
from prunescope.text import units

IMAGES: Final = 128
FEW, SEVERAL = (0.5,), (0.3, 0.5, 0.7)
HOUR: Final = 3600.0


def main() -> None:
    """Print a line for each grid, memory and way of sweeping."""
    torch.set_num_threads(1)
    whole = first_samples(prepare(Reference("sample:resnet20", "sample:fashion-mnist")), IMAGES)
    bench = replace(whole, batch=16)
    behind, passes = suffix_macs(bench.manifest), bench.manifest.macs * IMAGES
    print("| sparsities | memory | executed | behind | rest |\n|---|---|---|---|---|")
    for sparsities in (FEW, SEVERAL):
        grid = Grid(parse_methods("magnitude"), sparsities)
        wanted = points(grid, bench.manifest)
        suffix = sum(behind(point.subject) for point in wanted) * IMAGES / passes
        for name, memory in (("batch", 1), ("usual", None)):
            engine = FrontierEngine(bench, lanes=1, memory=memory)
            for _ in engine.outcomes(0, IMAGES, wanted):
                pass
            _print(f"{len(sparsities)} | {name}", engine.work.executed / passes, suffix)
        for name, deadline in (("sweep", None), ("sweep with a budget", time.monotonic() + HOUR)):
            with tempfile.TemporaryDirectory() as folder:
                study = StudyFolder.create(Path(folder) / "study", bench.manifest)
                engine = FrontierEngine(bench, lanes=1, memory=1)
                report = sweep(bench, study, grid, Silent(), engine, deadline=deadline)
            _print(f"{len(sparsities)} | batch, {name}", report.executed / passes, suffix)


def _print(label: str, executed: float, suffix: float) -> None:
    share = units.percent(1 - suffix / executed, 1)
    print(f"| {label} | {executed:.2f} | {suffix:.2f} | {share} |", flush=True)


if __name__ == "__main__":
    main()
