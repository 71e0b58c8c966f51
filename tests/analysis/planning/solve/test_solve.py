"""The solvers against brute force on small instances, and the laws that every solution keeps."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from benchmarks._paper import chain
from prunescope.errors import BadValue, CannotReach
from prunescope.planning.preview import preview
from prunescope.planning.solve import Goal, Slider, Target, build_problem, solve_exactly
from prunescope.planning.solve.cost_tables import shape_costs
from prunescope.planning.solve.variable_elimination import Elimination
from prunescope.study import Manifest
from prunescope.study.network_size import shrunk
from tests.analysis.planning.solve.random_curves import brute, measured

pytestmark = pytest.mark.quick

LAW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

networks = st.builds(
    lambda widths, stage: chain([3, *widths, 10], stage, positions=4),
    st.lists(st.sampled_from([4, 8, 12]), min_size=2, max_size=3),
    st.sampled_from([0, 1, 2]),
)
kinds = st.sampled_from(["weight", "channel", "both"])
targets = st.lists(
    st.sampled_from(
        ["parameters", "stored", "bytes", "sparse-bytes", "compressed-bytes", "macs",
         "nonzero-macs"]
    ),
    min_size=1, max_size=2, unique=True,
)  # fmt: skip


@given(networks, st.data())
@LAW
def test_costs_of_units_equal_the_shrunk_network(manifest: Manifest, data: st.DataObject) -> None:
    groups = manifest.removable()
    units = {group.name: data.draw(st.integers(0, group.units - 1)) for group in groups}
    size = shrunk(manifest, units)
    found = shape_costs(manifest, list(units))
    values = list(units.values())
    assert found["stored"].at(values) == pytest.approx(size.parameters, rel=1e-12)
    assert found["bytes"].at(values) == pytest.approx(size.bytes, rel=1e-12)
    assert round(found["macs"].at(values)) == size.macs


@given(networks, kinds, st.integers(0, 50), st.data())
@LAW
def test_values_equal_the_preview_and_moves_their_differences(
    manifest: Manifest, kind: str, seed: int, data: st.DataObject
) -> None:
    names = ("parameters", "stored", "bytes", "sparse-bytes", "compressed-bytes", "macs",
             "nonzero-macs")  # fmt: skip
    known = measured(manifest, kind, seed)
    problem = build_problem(manifest, known, Goal(tuple(Target(name, 0.5) for name in names)))
    chosen = np.array([data.draw(st.integers(0, n - 1)) for n in problem.sizes], np.intp)
    rows = np.arange(len(chosen))
    on = problem.active[rows, chosen]
    for a, b in problem.conflicts:
        if on[a] and on[b]:
            chosen[a], on[a] = 0, False
    values = problem.values(chosen)
    found = preview(manifest, problem.plan(chosen), known)
    assert values[1:].round().tolist() == [
        found.kept, found.stored, found.dense_bytes, found.sparse_bytes, found.compressed_bytes,
        found.macs, found.nonzero_macs,
    ]  # fmt: skip
    change = problem.moves(chosen)
    for subject, size in enumerate(problem.sizes):
        for option in range(size):
            other = chosen.copy()
            other[subject] = option
            if np.isfinite(change[0, subject, option]):
                assert problem.values(other) - values == pytest.approx(
                    change[:, subject, option], rel=1e-9, abs=1e-6
                )


@given(networks, kinds, targets, st.integers(0, 50), st.floats(0.15, 0.95))
@LAW
def test_exact_is_brute_force_and_the_slider_within_its_gap(
    manifest: Manifest, kind: str, names: list[str], seed: int, limit: float
) -> None:
    known = measured(manifest, kind, seed)
    goal = Goal(tuple(Target(name, limit) for name in names), between=False)
    problem = build_problem(manifest, known, goal)
    assume(np.prod([float(size) for size in problem.sizes]) < 2e5)
    best = brute(problem, problem.limits())
    slider = Slider(problem)
    if best is None:
        with pytest.raises(CannotReach):
            solve_exactly(slider)
        with pytest.raises(CannotReach):
            slider.solve()
        return
    exact = solve_exactly(slider)
    assert exact.exact
    assert exact.value == pytest.approx(best, rel=1e-9, abs=1e-12)
    for other in exact.alternatives:
        assert other.digest != exact.plan.digest
    try:
        fast = slider.solve()
    except CannotReach:  # several tight budgets at once: said, and left to the exact solver
        assert len(names) > 1
        return
    assert fast.bound is not None
    assert fast.gap is not None
    assert fast.bound <= best + 1e-9
    assert best <= fast.value + 1e-9
    assert fast.value * (1 - fast.gap) <= best + 1e-9
    for solution in (fast, exact):
        for name, cost in solution.costs.items():
            assert cost <= solution.limits[name]


@given(networks, kinds, targets, st.integers(0, 50), st.floats(0.2, 0.95), st.sampled_from([1, 4]))
@LAW
def test_filled_up_plans_stay_within_every_budget_and_gain(
    manifest: Manifest, kind: str, names: list[str], seed: int, limit: float, multiple: int
) -> None:
    known = measured(manifest, kind, seed)
    made = tuple(Target(name, limit) for name in names)
    try:
        whole = Slider(build_problem(manifest, known, Goal(made, round_to=multiple, between=False)))
        plain = whole.solve()
    except (CannotReach, BadValue):  # four of four units stay where four must
        return
    filled = Slider(build_problem(manifest, known, Goal(made, round_to=multiple))).solve()
    assert filled.value <= plain.value + 1e-12
    found = preview(manifest, filled.plan, known)
    counted = {"parameters": found.kept, "stored": found.stored, "bytes": found.dense_bytes,
               "sparse-bytes": found.sparse_bytes, "compressed-bytes": found.compressed_bytes,
               "macs": found.macs, "nonzero-macs": found.nonzero_macs}  # fmt: skip
    for name in names:
        assert counted[name] <= filled.limits[name]
    for name, units in found.units.items():
        assert (manifest.group(name).units - units) % multiple == 0


@given(st.integers(0, 1000), st.integers(3, 5))
@LAW
def test_elimination_finds_the_least_sum(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    sizes = [int(n) for n in random.integers(1, 4, count)]
    most = max(sizes)
    units = random.integers(0, 9, (count, most)).astype(float)
    unary = random.normal(size=(2, count, most)) * 10
    unary[:, np.arange(most)[None] >= np.array(sizes)[:, None]] = np.inf
    edges = [(a, b) for a in range(count) for b in range(a) if random.random() < 0.6]
    pairs = np.array(edges, np.intp).reshape(-1, 2)
    weights = random.normal(size=(2, len(edges)))
    active = np.arange(most)[None].repeat(count, 0) > 0
    clash = np.array([(0, 1)] if sizes[0] > 1 else [], np.intp).reshape(-1, 2)
    least, chosen = Elimination(sizes, units, pairs, clash, active).run(unary, weights)
    for run in range(2):
        sums = {}
        for each in product(*(range(size) for size in sizes)):
            if len(clash) and active[0, each[0]] and active[1, each[1]]:
                continue
            total = sum(unary[run, s, o] for s, o in enumerate(each))
            total += sum(
                weights[run, e] * units[a, each[a]] * units[b, each[b]]
                for e, (a, b) in enumerate(edges)
            )
            sums[each] = total
        assert least[run] == pytest.approx(min(sums.values()), abs=1e-9)
        assert sums[tuple(int(c) for c in chosen[run])] == pytest.approx(least[run], abs=1e-9)


def test_split_buckets_still_bound_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prunescope.planning.solve.variable_elimination._MOST", 20)
    manifest = chain([3, *[8] * 9, 10], stage=3)
    known = measured(manifest, "channel", 3)
    problem = build_problem(manifest, known, Goal((Target("macs", 0.4),), between=False))
    assert problem.elimination.split
    slider = Slider(problem)
    best = brute(problem, problem.limits())
    found = slider.solve()
    assert best is not None
    assert found.bound is not None
    assert found.bound <= best + 1e-9 <= found.value + 2e-9
