"""A recovered point of a curve is the plan with that one subject, sample for sample."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.pruned import select, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.recovery import recovered
from prunescope.replay import FrontierEngine
from prunescope.replay.engine import order
from prunescope.replay.naive import NaiveEngine
from prunescope.study import Method, Reference
from prunescope.study.plan import Choice, Plan
from prunescope.study.point import Point
from prunescope.sweep.row import measurement
from prunescope.sweep.verify_plan import Verifier

KINDS = Path(__file__).with_name("kinds.py")
NAMES = ("plain", "normed", "residual", "depthwise", "attention", "tied")
NORMED = ("normed", "residual", "depthwise")
Made = Callable[[str], Workbench]


@pytest.fixture(scope="module")
def made() -> Made:
    benches: dict[str, Workbench] = {}

    def build(name: str) -> Workbench:
        if name not in benches:
            benches[name] = prepare(Reference(f"{KINDS}:{name}", f"{KINDS}:splits"))
        return benches[name]

    return build


def wanted(bench: Workbench, recovery: str) -> list[Point]:
    """Every layer and every group once, each at a sparsity of its own."""
    layers = [(layer.name, Method("magnitude")) for layer in bench.manifest.prunable()]
    groups = [(group.name, Method("l2", group.granularity)) for group in bench.manifest.removable()]
    subjects = layers + groups
    return [Point(s, m, (0.4, 0.6)[n % 2], recovery) for n, (s, m) in enumerate(subjects)]


def one_edit(bench: Workbench, point: Point) -> Plan:
    choice = Choice(point.method.criterion, point.sparsity, granularity=point.method.granularity)
    return Plan("one", bench.manifest.fingerprint, {point.subject: choice}, point.recovery)


def of_plan(bench: Workbench, plan: Plan, scores: Scores) -> Outcome | CannotPrune:
    """What the plan's network says of the validation split, in the study's order."""
    chosen = select(plan, scores)
    samples = bench.splits.validation.picked(order(bench))
    try:
        with selected(bench.network, chosen) as left, recovered(bench, plan.recovery, left, chosen):
            return evaluate(left, samples, bench.metric, bench.batch)
    except CannotPrune as reason:
        return reason


@pytest.mark.parametrize(
    ("name", "recovery"),
    [(name, "ls") for name in NAMES]
    + [(name, "refit") for name in ("plain", "residual", "attention", "tied")]
    + [(name, "bn") for name in NORMED],
)
def test_a_point_is_the_plan_with_one_subject(name: str, recovery: str, made: Made) -> None:
    bench = made(name)
    points, count = wanted(bench, recovery), len(bench.splits.validation)
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    engines = (FrontierEngine(bench), NaiveEngine(bench))
    replayed, looped = (dict(engine.outcomes(0, count, points)) for engine in engines)
    assert len(points) > 3
    for point in points:
        expected = of_plan(bench, one_edit(bench, point), scores)
        for found in (replayed[point], looped[point]):
            if isinstance(expected, CannotPrune) or isinstance(found, CannotPrune):
                assert str(found) == str(expected)
                continue
            assert torch.equal(found.score, expected.score), point
            assert found.log_probabilities is not None
            torch.testing.assert_close(
                found.log_probabilities, expected.log_probabilities, rtol=2e-5, atol=2e-5
            )


@pytest.mark.parametrize(("name", "recovery"), [("plain", "ls"), ("residual", "bn")])
def test_a_verified_plan_of_one_subject_stores_the_points_sums(
    name: str, recovery: str, made: Made
) -> None:
    bench = made(name)
    engine, verifier = FrontierEngine(bench), Verifier(bench)
    count = len(bench.splits.validation)
    targets = bench.splits.validation.picked(order(bench)).targets
    points = wanted(bench, recovery)
    for point, outcome in engine.outcomes(0, count, [points[0], points[-1]]):
        assert not isinstance(outcome, CannotPrune)
        dense = engine.dense(recovery, 0, count)
        row = measurement(bench, point, engine.about(point), dense, outcome, targets)
        verified = verifier.measure(one_edit(bench, point))
        assert verified.version == row.version
        for field in ("samples", "drop_sum", "score_sum", "agreements", "class_correct"):
            assert getattr(verified, field) == getattr(row, field), field
        assert verified.divergence_sum == pytest.approx(row.divergence_sum, rel=1e-3, abs=1e-5)


def test_what_lies_behind_a_pruned_layer_is_refitted_too(made: Made) -> None:
    """And nothing before it: ``head`` follows ``second``, ``first`` does not."""
    bench = made("plain")
    before = {k: v.clone() for k, v in bench.network.module.named_parameters()}
    plan = one_edit(bench, Point("second", Method("magnitude"), 0.6, "ls"))
    chosen = select(plan, Scores(bench.network, bench.splits.calibration, bench.groups))
    with selected(bench.network, chosen) as left, recovered(bench, "ls", left, chosen):
        moved = {k for k, v in left.named_parameters() if not torch.equal(v, before[k])}
    behind = {f"{layer}.{part}" for layer in ("second", "hidden", "head")
              for part in ("weight", "bias")}  # fmt: skip
    assert moved == behind
