"""How well sweeps forecast their processor time, on small sweeps of unlike kinds.

    python -m benchmarks.forecasts

Ten sweeps of sample models and of small made networks, with different methods and recoveries. One
line for each: what was forecast once a few points of every kind had run, what was taken, and the
most that it was to execute beside what it did; at the end, how many forecasts are within a factor
of 1.5. On a busy machine the clock takes longer, processor time hardly.
"""

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import Final

import torch
from torch import nn

from prunescope.api.live_bench import open_bench
from prunescope.bench.workbench import Workbench, prepare
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, Reference
from prunescope.sweep.runner import sweep

FACTOR: Final = 1.5
SPARSITIES: Final = (0.2, 0.4, 0.6, 0.8)
Case = tuple[str, str, tuple[str, ...], int]
CASES: Final[tuple[Case, ...]] = (
    # network, methods, recoveries, validation samples
    ("mlp", "magnitude", ("none",), 2000),
    ("mlp", "magnitude", ("none", "ls"), 1000),
    ("lenet5", "magnitude", ("none",), 1000),
    ("lenet5", "l1@channel", ("none", "ls"), 500),
    ("lenet5", "magnitude,taylor,l1@channel", ("none",), 500),
    ("normed", "l1@channel", ("none", "bn", "ls"), 1000),
    ("normed", "magnitude", ("bn",), 500),
    ("normed", "magnitude,fpgm@channel", ("none", "ls"), 500),
    ("deep", "l1@channel", ("none", "ls"), 300),
    ("deep", "magnitude", ("none", "bn"), 300),
)


def main() -> None:
    """Print one line for each sweep, then how many were forecast well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="Case to begin with.")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # that live data is not kept
    print("network", "methods", "recoveries", "points", "forecast, s", "taken, s", "ratio",
          "on the clock", "executed / at most", sep=" | ", flush=True)  # fmt: skip
    ratios = []
    for name, methods, recoveries, samples in CASES[given.first :]:
        with tempfile.TemporaryDirectory() as folder:
            bench, study = opened(name, samples, Path(folder) / "study")
            grid = Grid(
                tuple(method(text) for text in methods.split(",")), SPARSITIES,
                recoveries=recoveries,
            )  # fmt: skip
            report = sweep(bench, study, grid, Silent())
        said = report.forecast
        if said is None:
            print(name, methods, recoveries, report.wanted, "none", sep=" | ", flush=True)
            ratios.append(float("inf"))
            continue
        ratios.append(report.processor / said.expected)
        print(name, methods, ",".join(recoveries), report.wanted,
              f"{said.expected:.2f} ({said.low:.2f} to {said.high:.2f})",
              f"{report.processor:.2f}", f"{ratios[-1]:.2f}", f"{report.seconds:.0f}",
              f"{report.executed / report.macs_bound:.2f}", sep=" | ", flush=True)  # fmt: skip
    good = sum(1 / FACTOR <= ratio <= FACTOR for ratio in ratios)
    print(f"{good} of {len(ratios)} forecasts are within {FACTOR:g} times of what was taken.")


def method(text: str) -> Method:
    """Return the method that ``criterion`` or ``criterion@granularity`` names."""
    criterion, _, granularity = text.partition("@")
    return Method(criterion, granularity or "weight")


def opened(name: str, samples: int, folder: Path) -> tuple[Workbench, StudyFolder]:
    """Return a network on ``samples`` validation samples, and a new study of it."""
    torch.manual_seed(0)
    if name in ("mlp", "lenet5"):
        whole = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
        module, splits = whole.network.module, whole.splits
        parts = {
            part: (each.inputs[:count], each.targets[:count])  # type: ignore[index]
            for part, each, count in (
                ("calibration", splits.calibration, 256),
                ("validation", splits.validation, samples),
                ("test", splits.test, 64),
            )
        }  # fmt: skip
        return open_bench(module, parts, "top-1", folder, None, False, 0)
    module = normed(8) if name == "normed" else normed(4, blocks=6)
    parts = {part: made(count, 12) for part, count in
             (("calibration", 256), ("validation", samples), ("test", 64))}  # fmt: skip
    return open_bench(module.eval(), parts, "top-1", folder, None, False, 0)


def normed(width: int, blocks: int = 2) -> nn.Module:
    """Return convolutions with batch norms, and a linear layer."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
    for block in range(blocks):
        wide = width * (block + 2)
        layers += [nn.Conv2d(width * (block + 1), wide, 3, padding=1), nn.BatchNorm2d(wide)]
        layers.append(nn.ReLU())
    pooled = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width * (blocks + 1), 10)]
    return nn.Sequential(*layers, *pooled)


def made(count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return noise and classes: what a network takes does not depend on what it knows."""
    return torch.randn(count, 3, size, size), torch.arange(count) % 10


if __name__ == "__main__":
    main()
