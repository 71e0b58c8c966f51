"""How fast and how good the solver is: slider time, gap, exact time, agreement with brute force.

100 layers, 20 sparsities, 6 methods. Times are processor time of this process (medians of 15
slider positions after the problem was prepared), so that a busy machine counts less. ``python -m
benchmarks solver``.
"""

import statistics
import time
from itertools import product

import numpy as np

from benchmarks._paper import chain, curves_of
from prunescope.curves.curve import Curves
from prunescope.errors import CannotReach
from prunescope.planning.solve import Goal, Slider, build_problem, parse_target, solve_exactly
from prunescope.study import Manifest

METHODS = ("magnitude", "taylor", "wanda", "fisher", "l2", "bn-scale")
SPARSITIES = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.98)


def main() -> None:
    random = np.random.default_rng(0)
    plain = chain([3, *(int(width) for width in random.choice([32, 64, 128, 256], 100))])
    staged = chain([3, *[64] * 34, *[128] * 33, *[256] * 33], stage=3)
    print(
        f"{'problem':34}{'prepare':>9}{'first':>8}{'slider':>9}{'worst':>8}{'gap':>9}{'worst':>9}"
        f"{'exact':>9}{'slider over exact':>19}"
    )
    for name, manifest, granularity, targets in (
        ("weights, parameters", plain, "weight", ("parameters=0.4",)),
        ("weights, MACs and download", plain, "weight", ("nonzero-macs=0.5", "download=0.4")),
        ("channels in a chain, MACs", plain, "channel", ("macs=0.4",)),
        ("channels in a chain, MACs and bytes", plain, "channel", ("macs=0.4", "bytes=0.45")),
        ("channels in residual stages, MACs", staged, "channel", ("macs=0.4",)),
    ):
        known = curves_of(manifest, METHODS, SPARSITIES, granularity=granularity)
        print(_row(name, manifest, known, targets), flush=True)
    print(_brute())


def _row(name: str, manifest: Manifest, known: Curves, targets: tuple[str, ...]) -> str:
    start = time.process_time()
    problem = build_problem(manifest, known, Goal(tuple(map(parse_target, targets))))
    prepared = time.process_time() - start
    start = time.process_time()
    slider = Slider(problem)
    first = time.process_time() - start
    times, gaps = [], []
    for share in np.linspace(0.95, 0.25, 15):
        start = time.process_time()
        found = slider.solve(
            {target.kind: share * (1 + 0.05 * p) if share < 0.9 else share
             for p, target in enumerate(problem.goal.targets)}
        )  # fmt: skip
        times.append(time.process_time() - start)
        gaps.append(found.gap or 0.0)
    fast = slider.solve()
    start = time.process_time()
    exact = solve_exactly(slider, seconds=20, alternatives=False)
    took = time.process_time() - start
    proof = "" if exact.exact else f" (gap {100 * (exact.gap or 0):.2f} %)"
    return (
        f"{name:36}{1000 * prepared:5.0f} ms{1000 * first:5.0f} ms"
        f"{1000 * statistics.median(times):6.0f} ms{1000 * max(times):5.0f} ms"
        f"{100 * statistics.median(gaps):7.3f} %{100 * max(gaps):7.3f} %{took:7.1f} s"
        f"{100 * (fast.value / exact.value - 1):17.3f} %{proof}"
    )


def _brute(instances: int = 60) -> str:
    """Small random instances: exact equals brute force, the slider is within its stated gap."""
    random = np.random.default_rng(1)
    same = optimal = within = over = infeasible = 0
    for seed in range(instances):
        widths = [3, *(int(w) for w in random.choice([4, 8, 12], 3)), 10]
        manifest = chain(widths, int(random.integers(0, 3)))
        granularity = "weight" if seed % 2 else "channel"
        known = curves_of(manifest, METHODS[:2], (0.25, 0.5, 0.75), seed, granularity)
        kinds = (
            ("parameters", "nonzero-macs", "download") if seed % 2 else ("macs", "bytes", "stored")
        )
        chosen = random.choice(kinds, int(random.integers(1, 3)), replace=False)
        targets = tuple(parse_target(f"{k}={random.uniform(0.2, 0.9):.3f}") for k in chosen)
        problem = build_problem(manifest, known, Goal(targets, between=False))
        every = np.array(list(product(*(range(size) for size in problem.sizes))), np.intp)
        values = problem.values(every)
        limits = problem.limits()
        fits = (values[:, 1:] <= limits * (1 + 1e-12)).all(axis=1)
        slider = Slider(problem)
        try:
            exact = solve_exactly(slider, alternatives=False)
        except CannotReach:
            infeasible += not fits.any()
            continue
        best = float(values[fits, 0].min())
        same += abs(exact.value - best) <= 1e-9
        over += any(cost > exact.limits[kind] for kind, cost in exact.costs.items())
        try:
            fast = slider.solve()
        except CannotReach:
            continue
        optimal += abs(fast.value - best) <= 1e-9
        within += (fast.bound or 0.0) <= best + 1e-9
        over += any(cost > fast.limits[kind] for kind, cost in fast.costs.items())
    solvable = instances - infeasible
    return (
        f"\n{instances} small instances against brute force: {infeasible} have no plan, and both "
        f"say so; of the others the exact solver finds the optimum in {same} of {solvable}, the "
        f"slider in {optimal}; its bound holds in {within}; budgets exceeded: {over}."
    )


if __name__ == "__main__":
    main()
