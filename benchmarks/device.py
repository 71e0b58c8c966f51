"""What a device gives to a sweep, and whether it decides as the CPU does.

    python -m benchmarks.device                       # under five minutes on one large GPU

For each network and precision: multiply-accumulates per second of the dense network alone and of an
exact sweep of all layers, the sweep's share of the dense network's (to reach: .70), its seconds
(to reach on an H200: ``torchvision:resnet50``, 10 sparsities, 1,024 images, 120 s), and, where the
CPU can follow in time, how many points are decided otherwise there at two points of loss. Then what
is said of the precision. Images of ``torchvision`` networks are noise and weights random: the work
is the same, and decisions are compared on networks that come with trained weights.

Without a GPU the table has the CPU's rows of the smallest network only, and says so.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from prunescope.bench.device import (
    HOST,
    choose_device,
    device_title,
    has_tf32,
    present_devices,
    synchronize,
)
from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import CannotPrune
from prunescope.replay.engine import order
from prunescope.replay.frontier import FrontierEngine
from prunescope.study import Grid, Method, Reference
from prunescope.study.point import Point
from prunescope.sweep.precision_error import precision_error
from prunescope.sweep.work_list import points
from prunescope.text.computations import precision_sentence
from prunescope.text.scores import words_of
from prunescope.text.units import macs

COLUMNS: Final = (
    "network", "precision", "batch", "points", "images", "dense MAC/s", "sweep MAC/s", "share",
    "seconds", "decided otherwise",
)  # fmt: skip
SMALL: Final = ("sample:resnet20", "sample:vit")
LARGE: Final = "torchvision:resnet50"
SPARSITIES: Final = (*(round(0.1 * step, 2) for step in range(1, 10)), 0.95)
LIMIT: Final = 0.02
_FOLLOWED: Final = 1024
"""Images on which the CPU measures the same points."""
_NOISE: Final = """
import torch

def splits():
    drawn = torch.Generator().manual_seed(0)
    parts = {"calibration": 64, "validation": IMAGES, "test": 8}
    return {name: (torch.randn(n, 3, 224, 224, generator=drawn), None) for name, n in parts.items()}
"""


def main() -> None:
    """Print one row for each network and precision, and a sentence for each lower precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--large", default=LARGE, help="a network by name, random weights")
    parser.add_argument("--images", type=int, default=1024)
    asked = parser.parse_args()
    device = choose_device(asked.device)
    began = time.perf_counter()
    if device == HOST:
        print(
            f"No GPU that PyTorch can use is in this machine ({', '.join(present_devices())}): "
            "what follows is the CPU's, of the smallest network, and says nothing of a GPU."
        )
        networks, precisions = ["sample:lenet5"], ["fp32", "bf16"]
    else:
        networks = [*SMALL, asked.large]
        precisions = ["fp32", *(["tf32"] if has_tf32(device) else []), "bf16"]
    print(device_title(device), *COLUMNS, sep=" | ", flush=True)
    for model in networks:
        bench = _bench(model, asked.images, str(device))
        exact = _followed(model, asked.images) if model.startswith("sample:") else {}
        for precision in precisions:
            print("", *_row(model, replace(bench, precision=precision), exact), sep=" | ")
        for precision in precisions[1:]:
            error = precision_error(replace(bench, precision=precision))
            print(f"{model}: {precision_sentence(error, words_of(bench.manifest))}", flush=True)
        del bench
    print(f"All of it took {time.perf_counter() - began:.0f} s.")


def _row(model: str, bench: Workbench, exact: Mapping[Point, float]) -> list[str]:
    images = min(len(bench.splits.validation), _FOLLOWED)
    wanted = points(Grid((Method("magnitude"),), SPARSITIES), bench.manifest)
    some = bench.splits.validation.picked(order(bench)[:images])
    dense = min(_seconds(bench, lambda: _evaluated(bench, some)) for _ in range(3))
    engine = FrontierEngine(bench)
    dict(engine.outcomes(0, min(images, bench.batch), wanted[:2]))  # warms up
    before = engine.work.executed
    measured: dict[Point, Outcome | CannotPrune] = {}
    seconds = _seconds(bench, lambda: measured.update(engine.outcomes(0, images, wanted)))
    dense_rate = bench.manifest.macs * images / dense
    rate = (engine.work.executed - before) / seconds
    drops = _drops(bench, measured, images)
    otherwise = [p for p in exact if (exact[p] > LIMIT) != (drops[p] > LIMIT)]
    return [
        model, bench.precision, str(bench.batch), str(len(wanted)), str(images),
        macs(round(dense_rate)), macs(round(rate)), f"{rate / dense_rate:.2f}", f"{seconds:.1f}",
        f"{len(otherwise)} of {len(exact)}" if exact else "the CPU was not asked",
    ]  # fmt: skip


def _evaluated(bench: Workbench, samples: object) -> None:
    evaluate(bench.network.module, samples, bench.metric, bench.batch, bench.precision)  # type: ignore[arg-type]


def _seconds(bench: Workbench, call: object) -> float:
    synchronize(bench.device)
    began = time.perf_counter()
    call()  # type: ignore[operator]
    synchronize(bench.device)
    return time.perf_counter() - began


def _drops(
    bench: Workbench, measured: Mapping[Point, Outcome | CannotPrune], images: int
) -> dict[Point, float]:
    """Mean drop of each point."""
    dense = bench.dense.picked(order(bench)[:images]).score.double().mean().item()
    return {
        point: dense - outcome.score.double().mean().item()
        for point, outcome in measured.items()
        if isinstance(outcome, Outcome)
    }


def _followed(model: str, images: int) -> dict[Point, float]:
    """The drops of every third point, measured on the CPU in single precision."""
    bench = _bench(model, images, str(HOST))
    wanted = points(Grid((Method("magnitude"),), SPARSITIES), bench.manifest)[::3]
    count = min(len(bench.splits.validation), _FOLLOWED)
    return _drops(bench, dict(FrontierEngine(bench).outcomes(0, count, wanted)), count)


def _bench(model: str, images: int, device: str) -> Workbench:
    if model.startswith("sample:"):
        return prepare(Reference(model, "sample:fashion-mnist"), device=device)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.py"
        path.write_text(_NOISE.replace("IMAGES", str(images)))
        return prepare(Reference(model, f"{path}:splits", random=True), device=device)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
