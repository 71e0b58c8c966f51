"""The exact sweep by frontier replay beside the plain loop of the same points, in one run.

    python -m benchmarks.sweep_replay                         # all four models
    python -m benchmarks.sweep_replay sample:vit --points 12 --images 256

Columns are ratios of times, medians over repetitions in which all ways ran one after the other:

* ``replay / naive``: ``FrontierEngine`` against ``NaiveEngine``, both in the same batches, which
  are the fastest for the plain loop (``python -m benchmarks.sweep_batch``); ``cpu`` the same in
  processor seconds, which other programs on the machine disturb less;
* ``one lane``: replay with all threads on one operator instead of one operator per thread (the
  same as replay where torch has one thread);
* ``replay / peers``: against the way of Distiller and NNI: copy the model, mask, evaluate all of
  it in batches of 256 (Distiller's default), for each point;
* ``MACs`` and ``over bound``: executed multiply-accumulates against the plain loop's, and against
  the sum of the points' suffixes and one dense pass. With the same operators in the same batches,
  no replay can take a smaller share of the time than of the MACs;
* ``memory``: growth of the peak of a fresh process (Linux; memory that lies free is given back
  first) that replays nine points on a chunk, against one dense evaluation of that chunk at once;
* ``different``: samples scored or predicted differently, largest difference of log-probabilities.

Points are spread evenly over layers; ``torchvision:resnet18`` has random weights and noise images.
"""

import argparse
import copy
import ctypes
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch

from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.pruned import pruned, select_one
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.replay import FrontierEngine
from prunescope.replay.engine import order
from prunescope.replay.naive import NaiveEngine
from prunescope.study import Grid, Method, Reference
from prunescope.study.point import Point
from prunescope.sweep.work_list import points
from prunescope.text.units import percent

MODELS: Final = ("sample:resnet20", "sample:mobilenet", "sample:vit", "torchvision:resnet18")
SPARSITIES: Final = (0.3, 0.6, 0.9)
COLUMNS: Final = (
    "model", "batch", "points", "images", "replay / naive", "cpu", "one lane / naive",
    "replay / peers", "MACs", "over bound", "memory", "different", "where the time goes",
)  # fmt: skip
_PEERS_BATCH: Final = 256
_IMAGES = '''\
"""Noise images of ImageNet's shape."""

import torch


def splits():
    made = torch.Generator().manual_seed(0)
    parts = {}
    for name, count in (("calibration", 8), ("validation", IMAGES), ("test", 8)):
        parts[name] = (torch.randn(count, 3, 224, 224, generator=made), torch.arange(count) % 1000)
    return parts
'''


def main() -> None:
    """Print one row per model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--points", type=int, default=24)
    parser.add_argument("--images", type=int, default=0, help="by default 512; 32 of resnet18")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", nargs=2, metavar=("MODEL", "ENGINE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory:
        model, engine = asked.memory
        print(_growth(model, engine, asked.images or 128))
        return
    print(*COLUMNS, sep=" | ", flush=True)
    for model in asked.models:
        images = asked.images or (32 if model.startswith("torchvision") else 512)
        print(*_row(model, asked.points, images, asked.repeats), sep=" | ", flush=True)


def _row(model: str, count: int, images: int, repeats: int) -> list[str]:
    bench = _bench(model, images)
    wanted = _spread(points(Grid((Method("magnitude"),), SPARSITIES), bench.manifest), count)
    replay = FrontierEngine(bench)
    plain = NaiveEngine(bench)
    ways: dict[str, Callable[[], object]] = {
        "naive": lambda: _all(plain, wanted, images),
        "replay": lambda: _all(replay, wanted, images),
        "peers": lambda: _peers(bench, wanted, images),
    }
    if torch.get_num_threads() > 1:
        single = FrontierEngine(bench, lanes=1)
        ways["one lane"] = lambda: _all(single, wanted, images)
    different = _different(_all(plain, wanted, images), _all(replay, wanted, images))  # warms up
    wall: dict[str, list[float]] = {way: [] for way in ways}
    cpu: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeats):
        for way, call in list(ways.items())[:: 1 if turn % 2 else -1]:
            began, spent = time.perf_counter(), time.process_time()
            call()
            wall[way].append(time.perf_counter() - began)
            cpu[way].append(time.process_time() - spent)
    wall.setdefault("one lane", wall["replay"])
    return [
        model, str(bench.batch), str(len(wanted)), str(images),
        _ratio(wall["replay"], wall["naive"]), _ratio(cpu["replay"], cpu["naive"]),
        _ratio(wall["one lane"], wall["naive"]), _ratio(wall["replay"], wall["peers"]),
        f"{replay.work.share:.2f}", percent(replay.work.overhead, sign=True),
        _memory(model, images), different, replay.spent,
    ]  # fmt: skip


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The median over repetitions of one way against another in the same repetition."""
    return f"{statistics.median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}"


def _bench(model: str, images: int) -> Workbench:
    if model.startswith("sample:"):
        return prepare(Reference(model, "sample:fashion-mnist"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.py"
        path.write_text(_IMAGES.replace("IMAGES", str(images)))
        return prepare(Reference(model, f"{path}:splits", random=True))


def _spread(wanted: Sequence[Point], count: int) -> list[Point]:
    """``count`` points with the middles of equal stretches of the layers; all sparsities."""
    each = len(SPARSITIES)
    layers = [wanted[first : first + each] for first in range(0, len(wanted), each)]
    most = max(1, min(len(layers), count // each))
    chosen = [layers[int((place + 0.5) * len(layers) / most)] for place in range(most)]
    return [point for layer in chosen for point in layer]


def _all(engine: NaiveEngine | FrontierEngine, wanted: list[Point], n: int) -> dict[Point, Outcome]:
    found = dict(engine.outcomes(0, n, wanted))
    return {point: each for point, each in found.items() if isinstance(each, Outcome)}


def _peers(bench: Workbench, wanted: list[Point], images: int) -> None:
    """As Distiller's and NNI's sensitivity analyses do."""
    samples = bench.splits.validation.picked(order(bench)[:images])
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    for point in wanted:
        chosen = select_one(scores, point.subject, point.method, point.sparsity)
        with pruned(copy.deepcopy(bench.network.module), chosen.masks) as module:
            evaluate(module, samples, bench.metric, _PEERS_BATCH)


def _different(expected: dict[Point, Outcome], found: dict[Point, Outcome]) -> str:
    """Samples that are scored or predicted differently, and the largest difference."""
    samples, far = 0, 0.0
    for point, one in expected.items():
        other = found[point]
        same = one.score == other.score
        if one.predicted is not None and other.predicted is not None:
            assert one.log_probabilities is not None
            assert other.log_probabilities is not None
            same &= (one.predicted == other.predicted).reshape(len(same), -1).all(1)
            far = max(far, float((one.log_probabilities - other.log_probabilities).abs().max()))
        samples += int((~same).sum())
    return f"{samples} samples, {far:.0e} nats"


def _memory(model: str, images: int) -> str:
    """Growth of the peak of two fresh processes: all points by replay, one dense evaluation."""
    grown = {}
    for engine in ("dense", "replay"):
        command = [sys.executable, "-m", "benchmarks.sweep_replay", "--images", str(images)]
        made = subprocess.run(
            [*command, "--memory", model, engine], capture_output=True, text=True, check=True
        )
        grown[engine] = float(made.stdout.split()[-1])
    return f"{grown['replay'] / grown['dense']:.2f}"


def _growth(model: str, engine: str, images: int) -> float:
    """Kilobytes by which the process grows when it evaluates all ``images`` at once."""
    bench = _bench(model, images)
    wanted = _spread(points(Grid((Method("magnitude"),), SPARSITIES), bench.manifest), 9)
    samples = bench.splits.validation.picked(order(bench)[:images])
    evaluate(bench.network.module, samples.chunk(0, 1), bench.metric, 1)  # what stays, stays
    ctypes.CDLL(None).malloc_trim(0)  # else the chunk finds room that the preparation left free
    status = Path("/proc/self/status")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _kilobytes(status, "VmRSS")
    if engine == "dense":
        evaluate(bench.network.module, samples, bench.metric, images)
    else:
        _all(FrontierEngine(bench, memory=1 << 40), wanted, images)
    return float(max(1, _kilobytes(status, "VmHWM") - before))


def _kilobytes(status: Path, name: str) -> int:
    (line,) = (line for line in status.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


if __name__ == "__main__":
    main()
