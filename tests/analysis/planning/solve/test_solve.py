"""The solvers against brute force on small instances, and the laws that every solution keeps."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analysis.curves import CurveKey, Curves
from analysis.errors import BadValue, CannotReach, UnknownName
from analysis.planning.plan import Choice
from analysis.planning.preview import preview
from analysis.planning.shrink import shrunk
from analysis.planning.solve import (
    Goal,
    Problem,
    Slider,
    Target,
    parse_target,
    prepare,
    quick,
    solve_exactly,
    solver,
)
from analysis.planning.solve.eliminate import Elimination
from analysis.planning.solve.quantities import shape_costs
from analysis.study import Manifest, Method
from benchmarks._paper import chain, curves_of

SPARSITIES = (0.25, 0.5, 0.75)
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


def measured(manifest: Manifest, kind: str, seed: int) -> Curves:
    names = ("magnitude", "taylor")
    found: dict[CurveKey, object] = {}
    for granularity in ("weight", "channel"):
        if kind in (granularity, "both"):
            found |= curves_of(manifest, names, SPARSITIES, seed, granularity)
    return found  # type: ignore[return-value]


def brute(problem: Problem, limits: np.ndarray) -> float | None:
    """The least objective of all assignments within the limits that no conflict forbids."""
    every = np.array(list(product(*(range(size) for size in problem.sizes))), np.intp)
    rows = np.arange(len(problem.subjects))
    allowed = np.ones(len(every), bool)
    for a, b in problem.conflicts:
        on = problem.active[rows[None], every]
        allowed &= ~(on[:, a] & on[:, b])
    values = problem.values(every)
    fits = allowed & (values[:, 1:] <= limits * (1 + 1e-12)).all(axis=1)
    return float(values[fits, 0].min()) if fits.any() else None


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
    problem = prepare(manifest, known, Goal(tuple(Target(name, 0.5) for name in names)))
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
    problem = prepare(manifest, known, goal)
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
        whole = Slider(prepare(manifest, known, Goal(made, round_to=multiple, between=False)))
        plain = whole.solve()
    except (CannotReach, BadValue):  # four of four units stay where four must
        return
    filled = Slider(prepare(manifest, known, Goal(made, round_to=multiple))).solve()
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
    monkeypatch.setattr("analysis.planning.solve.eliminate._MOST", 20)
    manifest = chain([3, *[8] * 9, 10], stage=3)
    known = measured(manifest, "channel", 3)
    problem = prepare(manifest, known, Goal((Target("macs", 0.4),), between=False))
    assert problem.elimination.split
    slider = Slider(problem)
    best = brute(problem, problem.limits())
    found = slider.solve()
    assert best is not None
    assert found.bound is not None
    assert found.bound <= best + 1e-9 <= found.value + 2e-9


MANIFEST = chain([3, 8, 12, 8, 10])
WEIGHTS = measured(MANIFEST, "weight", 1)
CHANNELS = measured(MANIFEST, "channel", 1)


def solved(known: Curves, *given: str, **changes: object) -> Slider:
    goal = Goal(tuple(map(parse_target, given)), **changes)  # type: ignore[arg-type]
    return Slider(prepare(MANIFEST, known, goal))


def test_locks_bounds_and_exclusions_are_kept() -> None:
    lock = Choice("magnitude", 0.33, locked=True)
    found = solved(
        WEIGHTS, "parameters=0.75", locks={"conv1": lock}, excluded=("conv3",),
        bounds={"conv2": (0.25, 0.5)},
    ).solve()  # fmt: skip
    assert found.plan.choices["conv1"] == lock
    assert "conv3" not in found.plan.active()
    assert 0.25 <= found.plan.choices["conv2"].sparsity <= 0.5


def test_a_dense_lock_keeps_the_layer_and_the_group_of_that_name() -> None:
    both = {**WEIGHTS, **CHANNELS}
    lock = Choice("magnitude", 0.0, locked=True)
    found = solved(both, "nonzero-macs=0.6", locks={"conv1": lock}).solve()
    assert "conv1" not in found.plan.active()
    assert found.plan.choices["conv1"].locked


def test_weights_and_units_of_one_plan_never_touch_the_same_layer() -> None:
    found = solved({**WEIGHTS, **CHANNELS}, "parameters=0.4").solve().plan.active()
    for name, choice in found.items():
        if choice.granularity == "channel":
            touched = {member.layer for member in MANIFEST.group(name).members}
            weights = {n for n, c in found.items() if c.granularity == "weight"}
            assert not touched & weights


def test_contradictory_locks_are_named() -> None:
    locks = {"conv1": Choice("magnitude", 0.5), "conv0": Choice("magnitude", 0.5, "channel")}
    with pytest.raises(BadValue, match="conv1 loses weights and conv0 units"):
        solved({**WEIGHTS, **CHANNELS}, "parameters=0.5", locks=locks)
    with pytest.raises(BadValue, match="conv1 to be either locked at 0.5 or excluded"):
        solved(WEIGHTS, "parameters=0.5", locks={"conv1": locks["conv1"]}, excluded=("conv1",))
    with pytest.raises(BadValue, match="lock of conv1 within its bounds 0 to 0.3"):
        solved(
            WEIGHTS, "parameters=0.5", locks={"conv1": locks["conv1"]}, bounds={"conv1": (0, 0.3)}
        )
    with pytest.raises(UnknownName, match="conv1"):
        solved(WEIGHTS, "parameters=0.5", excluded=("conv11",))


def test_what_cannot_be_reached_says_what_can() -> None:
    slider = solved(CHANNELS, "macs=0.5")
    reach = slider.dual.reach[0] / slider.problem.dense[1]
    with pytest.raises(CannotReach, match=f"macs at most 1 % of dense cannot.*{100 * reach:.3g} %"):
        slider.solve({"macs": 0.01})
    slider.solve({"macs": float(reach)})  # and it can


def test_zeroed_weights_save_no_macs_and_that_is_said() -> None:
    with pytest.raises(CannotReach, match="measure channels"):
        solved(WEIGHTS, "macs=0.5").solve()


def test_a_late_lucky_point_gains_nothing() -> None:
    from dataclasses import replace

    key = CurveKey("conv0", Method("magnitude"))
    curve = WEIGHTS[key]
    lucky = replace(curve.points[-1], divergence=0.0)
    known = {**WEIGHTS, key: replace(curve, points=(*curve.points[:-1], lucky))}
    problem = prepare(MANIFEST, known, Goal((Target("parameters", 0.5),), methods=(key.method,)))
    (subject,) = [each for each in problem.subjects if each.name == "conv0"]
    damages = [option.damages["divergence"] for option in subject.options]
    assert damages == sorted(damages)


def test_random_is_a_control_and_no_candidate() -> None:
    known = curves_of(MANIFEST, ("magnitude", "random", "shuffled-magnitude"), SPARSITIES)
    plan = solved(known, "parameters=0.3").solve().plan
    assert {choice.criterion for choice in plan.choices.values()} == {"magnitude"}
    named = solved(known, "parameters=0.3", methods=(Method("random"),)).solve().plan
    assert {choice.criterion for choice in named.choices.values()} == {"random"}


def test_what_was_never_measured_is_listed_and_stays_dense() -> None:
    known = {key: curve for key, curve in WEIGHTS.items() if key.subject != "conv2"}
    slider = solved(known, "parameters=0.7")
    assert [each.subject for each in slider.problem.missing] == ["conv2"]
    assert "conv2" not in slider.solve().plan.choices
    both = solved({**WEIGHTS, **CHANNELS}, "macs=0.7", methods=(Method("magnitude", "channel"),))
    assert both.problem.missing == ()  # what may not be taken is not missing


def test_without_logits_the_drop_is_minimised_and_that_is_said() -> None:
    from dataclasses import replace

    bare = {
        key: replace(
            curve, points=tuple(replace(point, divergence=float("nan")) for point in curve.points)
        )
        for key, curve in WEIGHTS.items()
    }
    found = solved(bare, "parameters=0.5").solve()
    assert found.objective == "drop"
    assert "no class logits" in found.notes[0]


def test_a_drop_can_be_a_budget_and_a_cost_the_objective() -> None:
    slider = solved(CHANNELS, "drop=0.1", objective="macs")
    found = solve_exactly(slider)
    assert found.exact
    assert found.costs["drop"] <= 0.1
    best = brute(slider.problem, slider.problem.limits())
    assert found.value == pytest.approx(best)
    with pytest.raises(BadValue, match="target on a damage"):
        solved(CHANNELS, "bytes=0.5", objective="macs")


def test_equally_good_plans_are_shown() -> None:
    """Two layers that are alike: either may be pruned."""
    manifest = chain([8, 8, 8, 8])
    first = curves_of(manifest, ("magnitude",), (0.5,), noise=0)
    one = next(iter(first.values()))
    known = dict.fromkeys(first, one)
    goal = Goal((Target("parameters", 0.85),), between=False)
    found = solve_exactly(Slider(prepare(manifest, known, goal)))
    assert len(found.alternatives) == 2  # which of the three is pruned


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("macs", "macs=0.5"),
        ("macs=", "macs=0.5"),
        ("macs=half", "macs=0.5"),
        ("macs=-0.5", "above 0"),
        ("speed=0.5", "Expected cost to be one that exists"),
    ],
)
def test_a_bad_target_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        parse_target(text)


def test_targets_read_fractions_percent_and_units() -> None:
    assert parse_target("macs=50%") == Target("macs", 0.5)
    assert parse_target("params=1e6") == Target("parameters", 1e6, relative=False)
    assert parse_target("latency=4ms") == Target("latency", 0.004, relative=False)
    assert parse_target("drop=0.01") == Target("drop", 0.01, relative=False)
    with pytest.raises(BadValue, match="one target on macs"):
        Goal((Target("macs", 0.5), Target("macs", 0.4)))


def test_a_cost_that_is_no_polynomial_is_kept_as_a_budget() -> None:
    """A staircase: every group's units bill in blocks of four, and producers times consumers."""
    names = [group.name for group in MANIFEST.groups]

    def staircase(removed: np.ndarray) -> np.ndarray:
        total = np.array([group.units for group in MANIFEST.groups])
        kept = np.ceil((total - removed) / 4) * 4
        return 1.0 + kept[:, 0] * 3 + (kept[:, 1:] * kept[:, :-1]).sum(axis=1)

    goal = Goal((Target("latency", 0.5),))
    ready = solver(prepare(MANIFEST, CHANNELS, goal, {"latency": staircase}))
    found = ready.solve()
    units = preview(MANIFEST, found.plan, CHANNELS).units
    real = staircase(np.array([[units.get(name, 0) for name in names]]))[0]
    assert found.costs["latency"] == real <= found.limits["latency"]
    assert found.gap is None
    assert found.dense["latency"] == staircase(np.zeros((1, len(names))))[0]
    every = np.array(list(product(*(range(n) for n in ready.problem.sizes))), np.intp)
    values = ready.problem.values(every)[:, 0]
    fits = staircase(ready.problem.removed(every)) <= found.limits["latency"]
    assert found.value <= 1.1 * values[fits].min()
    with pytest.raises(CannotReach, match="latency at most 0.1 %"):
        ready.solve({"latency": 0.001})


def test_a_cost_without_a_table_says_how_to_get_one() -> None:
    with pytest.raises(BadValue, match="prunescope time"):
        prepare(MANIFEST, CHANNELS, Goal((Target("latency", 0.5),)))


def test_few_subjects_are_settled_at_once() -> None:
    slider = solved(CHANNELS, "macs=0.5", between=False)
    loose, settled = slider.solve(), quick(slider)
    assert loose.gap is not None
    assert settled.gap is not None
    assert settled.gap <= min(loose.gap, 0.01)
    assert settled.value == pytest.approx(brute(slider.problem, slider.problem.limits()))
