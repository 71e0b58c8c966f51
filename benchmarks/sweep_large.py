"""The minutes that a whole sweep of ``torchvision:resnet50`` at 224 px takes on this machine.

    python -m benchmarks.sweep_large
    python -m benchmarks.sweep_large torchvision:resnet18 --layers 4 --images 16

All layers × 10 sparsities × magnitude on 1,024 images: a few layers, evenly spread, are measured
by both engines at two sparsities on a few images, and the rest is extrapolated by its
multiply-accumulates: seconds of one of them × those of all points on all images. What replay does
once for each point (pruned weights) is spread over these few images, so its minutes are an upper
estimate. Columns: minutes of the plain loop and of exact replay, the same of the processor (which
other programs on the machine disturb less), and what replay's time goes on. Adaptive mode takes
the share of the samples that ``sweep_adaptive`` prints.
"""

import argparse
import time
from typing import Final

import numpy as np
import torch

from benchmarks.sweep_replay import _all, _bench
from prunescope.replay import FrontierEngine
from prunescope.replay.naive import NaiveEngine
from prunescope.study import Grid, Method, parse_sparsities
from prunescope.study.point import Point
from prunescope.sweep.preflight import preflight
from prunescope.sweep.work_list import points

MEASURED: Final = (0.3, 0.8)
ASKED: Final = parse_sparsities("0.1:0.9:0.1,0.95")
IMAGES: Final = 1024
COLUMNS: Final = (
    "model", "layers", "points", "images", "naive minutes", "replay minutes", "cpu minutes",
    "GMAC/s naive", "GMAC/s replay", "where the time goes",
)  # fmt: skip


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="torchvision:resnet50")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--images", type=int, default=32)
    asked = parser.parse_args()
    bench = _bench(asked.model, asked.images)
    names = [layer.name for layer in bench.manifest.prunable()]
    places = np.unique(np.linspace(0, len(names) - 1, asked.layers).astype(int))
    some = [Point(names[i], Method("magnitude"), s) for i in places for s in MEASURED]
    whole = points(Grid((Method("magnitude"),), ASKED), bench.manifest)
    cost = preflight(bench.manifest, whole)
    replay, plain = FrontierEngine(bench), NaiveEngine(bench)
    _all(replay, some[:1], 1)
    _all(plain, some[:1], 1)
    start = replay.work
    slow = _seconds(plain, some, asked.images)
    fast = _seconds(replay, some, asked.images)
    executed = replay.work.executed - start.executed
    evaluated = len(bench.splits.validation)
    loop = bench.manifest.macs * len(some) * asked.images
    everything = np.array([cost.macs, cost.suffix_macs]) / evaluated * IMAGES
    minutes = [slow / loop * everything[0] / 60, fast / executed * everything[1] / 60]
    print(*COLUMNS, sep=" | ", flush=True)
    print(
        asked.model, len(names), len(whole), IMAGES,
        f"{minutes[0][0]:.0f}", f"{minutes[1][0]:.0f}",
        f"{minutes[0][1]:.0f} / {minutes[1][1]:.0f}",
        f"{loop / slow[0] / 1e9:.1f}", f"{executed / fast[0] / 1e9:.1f}", replay.spent, sep=" | ",
    )  # fmt: skip
    print(
        f"Measured: {len(some)} points of {len(places)} layers on {asked.images} images, in "
        f"batches of {bench.batch} on {torch.get_num_threads()} threads."
    )


def _seconds(engine: NaiveEngine | FrontierEngine, some: list[Point], images: int) -> np.ndarray:
    """Seconds on the wall's clock, and of the processor."""
    began, spent = time.perf_counter(), time.process_time()
    _all(engine, some, images)
    return np.array([time.perf_counter() - began, time.process_time() - spent])


if __name__ == "__main__":
    main()
