"""Frontier replay equals the plain loop sample for sample, and costs what it says."""

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prunescope.errors import BadValue, CannotPrune, UnknownName
from prunescope.replay import FrontierEngine, ReplayCost, choose_engine
from prunescope.replay import chunk_outcomes as part_module
from prunescope.replay import point_variants as engine_points
from prunescope.replay.naive import NaiveEngine
from prunescope.study import Grid, Method
from prunescope.study.point import Point
from prunescope.sweep.work_list import points
from tests.samples import every_picture

CLOSE = 2e-5
"""Of a log-probability's size, beside 1: processors add up in different orders."""


def spread(bench, sparsity=0.5, recoveries=("none",)):
    """Points on the first, middle and last layer and group of every granularity."""
    layers = [layer.name for layer in bench.manifest.prunable()]
    some = dict.fromkeys((layers[0], layers[len(layers) // 2], layers[-1]))
    chosen = [(name, Method("magnitude")) for name in some]
    for granularity in ("channel", "head"):
        groups = [group.name for group in bench.manifest.removable(granularity)]
        ends = dict.fromkeys((*groups[:1], *groups[-1:]))
        chosen += [(name, Method("l1", granularity)) for name in ends]
    return [Point(n, m, sparsity, r) for n, m in chosen for r in recoveries]


def same(one, other, exact=False):
    if isinstance(one, CannotPrune) or isinstance(other, CannotPrune):
        return str(one) == str(other)
    apart = (one.log_probabilities - other.log_probabilities).abs()
    far = (apart / (1 + one.log_probabilities.abs())).max()
    return (
        torch.equal(one.score, other.score)
        and torch.equal(one.predicted, other.predicted)
        and torch.equal(one.finite, other.finite)
        and float(far) <= (0.0 if exact else CLOSE)
    )


@every_picture
def test_equals_the_plain_loop_sample_for_sample(name, sample_bench):
    bench = sample_bench(name)
    wanted = spread(bench)
    naive, frontier = NaiveEngine(bench), FrontierEngine(bench)
    expected = dict(naive.outcomes(40, 140, wanted))
    found = dict(frontier.outcomes(40, 140, wanted))
    assert set(found) == set(wanted)
    for point in wanted:
        assert same(expected[point], found[point]), point
        assert naive.about(point) == frontier.about(point)
    assert same(naive.dense("none", 40, 140), frontier.dense("none", 40, 140))


@pytest.fixture
def usual_layout(monkeypatch):
    """Without channels last, in which convolutions add up in another order."""
    monkeypatch.setattr(engine_points, "wants_channels_last", lambda flow: False)


@pytest.mark.parametrize("name", ["mlp", "lenet5", "resnet20"])
def test_equals_the_plain_loop_bit_for_bit_in_the_same_batches(name, sample_bench, usual_layout):
    bench = sample_bench(name)
    wanted = spread(bench)
    bench = replace(bench, batch=50)
    expected = dict(NaiveEngine(bench).outcomes(0, 150, wanted))
    found = dict(FrontierEngine(bench).outcomes(0, 150, wanted))
    assert all(same(expected[point], found[point], exact=True) for point in wanted)


def test_batch_norm_statistics_are_those_of_the_whole_network_bit_for_bit(
    sample_bench, usual_layout
):
    bench = sample_bench("resnet20")
    wanted = [p for p in spread(bench, 0.7, ("none", "bn")) if p.subject != "conv1"]
    frontier = FrontierEngine(bench, memory=1)  # one batch of calibration samples at a time
    naive = NaiveEngine(bench)
    expected = dict(naive.outcomes(0, 30, wanted))
    found = dict(frontier.outcomes(0, 30, wanted))
    for point in wanted:
        assert same(expected[point], found[point], exact=True), point
        assert naive.about(point) == frontier.about(point)
    assert same(naive.dense("bn", 0, 30), frontier.dense("bn", 0, 30), exact=True)
    plain = {p: o for p, o in found.items() if p.recovery == "none"}
    assert all(not same(o, found[replace(p, recovery="bn")]) for p, o in plain.items())


def test_a_recovery_that_has_nothing_to_do_says_so(lenet5):
    wanted = spread(lenet5, recoveries=("bn",))
    found = dict(FrontierEngine(lenet5).outcomes(0, 10, wanted))
    assert all("network with batch norm" in str(found[point]) for point in wanted)
    with pytest.raises(CannotPrune, match="network with batch norm"):
        FrontierEngine(lenet5).dense("bn", 0, 10)


def test_a_point_that_cannot_be_had_is_named_and_the_others_are_measured(sample_bench):
    bench = sample_bench("mobilenet")
    wanted = [
        Point(name, Method("bn-scale", "channel"), 0.5)
        for name in ("blocks.0.excite.reduce", "head")
    ]
    found = dict(FrontierEngine(bench).outcomes(0, 10, wanted))
    assert "Expected a criterion" in str(found[wanted[0]])
    assert len(found[wanted[1]].score) == 10


def test_sparsity_0_changes_nothing(lenet5):
    engine = FrontierEngine(lenet5)
    wanted = [point for point in spread(lenet5, 0.0) if point.method == Method("magnitude")]
    dense = engine.dense("none", 0, 50)
    assert all(same(dense, o) for _, o in engine.outcomes(0, 50, wanted))


@pytest.fixture(scope="module")
def lenet5_points(lenet5):
    """All points of two methods, and what one walk over all of them gives."""
    grid = Grid((Method("magnitude"), Method("l1", "channel")), (0.3, 0.8))
    wanted = points(grid, lenet5.manifest)
    return wanted, dict(FrontierEngine(lenet5).outcomes(0, 80, wanted))


@given(st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_order_nor_company_nor_chunks_nor_lanes_matter_bit_for_bit(
    lenet5, lenet5_points, data
):
    wanted, reference = lenet5_points
    chosen = data.draw(st.permutations(wanted))[: data.draw(st.integers(1, len(wanted)))]
    lanes, memory = data.draw(st.integers(1, 3)), data.draw(st.sampled_from((1, 1 << 30)))
    found = dict(FrontierEngine(lenet5, lanes, memory).outcomes(0, 80, chosen))
    assert set(found) == set(chosen)
    assert all(same(reference[point], found[point], exact=True) for point in chosen)


def test_weights_are_bit_identical_after_a_sweep_also_when_an_evaluation_raises(
    sample_bench, monkeypatch
):
    bench = sample_bench("resnet20")
    before = {name: t.clone() for name, t in bench.network.module.state_dict().items()}
    engine, threads = FrontierEngine(bench, lanes=2), torch.get_num_threads()
    wanted = spread(bench, 0.9, ("none", "bn"))
    next(iterator := engine.outcomes(0, 20, wanted))
    iterator.close()  # dropped in the middle

    def fail(*args):
        raise ValueError("in the middle")

    monkeypatch.setattr(part_module, "outcome_later", fail)
    with pytest.raises(ValueError, match="in the middle"):
        list(engine.outcomes(0, 20, wanted))
    assert torch.get_num_threads() == threads
    for name, tensor in bench.network.module.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_what_the_model_raises_becomes_a_sentence(lenet5):
    inputs = lenet5.splits.validation.inputs[:, :, :20]
    broken = replace(lenet5.splits.validation, inputs=inputs)
    bench = replace(lenet5, splits=replace(lenet5.splits, validation=broken))
    for wanted in (spread(lenet5)[:1], spread(lenet5)[-1:]):
        ((_, outcome),) = FrontierEngine(bench).outcomes(0, 10, wanted)
        assert isinstance(outcome, CannotPrune)
        assert str(outcome).startswith("Expected the pruned network to run, but it raised Runtime")


def test_out_of_memory_halves_the_samples_and_changes_no_outcome(lenet5, monkeypatch):
    wanted = spread(lenet5)
    expected = dict(FrontierEngine(lenet5).outcomes(0, 60, wanted))
    walk, seen = part_module.ReplayWalk, []

    class Small(walk):
        def outputs(self, batch, variant):
            seen.append(self.samples)
            if self.samples > 20:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
            return super().outputs(batch, variant)

        counted_outputs = None

    def counted(self, batch, variant):
        self.outputs(batch, variant)
        return walk.counted_outputs(self, batch, variant)

    Small.counted_outputs = counted
    monkeypatch.setattr(part_module, "ReplayWalk", Small)
    found = dict(FrontierEngine(lenet5).outcomes(0, 60, wanted))
    assert max(seen) == 60
    assert min(seen) == 15
    for point in wanted:
        assert same(expected[point], found[point])


def test_out_of_memory_for_one_sample_is_a_sentence(lenet5, monkeypatch):
    def fail(*args):
        raise MemoryError

    monkeypatch.setattr(part_module.ReplayWalk, "outputs", fail)
    monkeypatch.setattr(part_module.ReplayWalk, "counted_outputs", fail)
    with pytest.raises(BadValue, match="Expected memory for one sample at a time"):
        list(FrontierEngine(lenet5).outcomes(0, 3, spread(lenet5)))


def test_multiply_accumulates_of_a_chain_by_hand(tiny_bench):
    cost = tiny_bench.network.cost
    conv, mix, head = (cost.macs_by_node[n] for n in ("conv2d", "conv2d_1", "linear"))
    assert (conv, mix, head) == (4 * 36 * 9, 6 * 4 * 36, 24 * 3)
    engine = FrontierEngine(tiny_bench)
    names = ("conv", "mix", "head")
    list(engine.outcomes(0, 10, [Point(name, Method("magnitude"), 0.5) for name in names]))
    total = conv + mix + head
    suffixes = total + (mix + head) + head
    assert engine.work == ReplayCost(
        10 * (suffixes + conv + mix), 10 * 3 * total, 10 * (suffixes + total)
    )


def test_the_passes_of_a_refit_are_counted(tiny_bench):
    cost, calibration = tiny_bench.network.cost, len(tiny_bench.splits.calibration)
    point = Point("mix", Method("magnitude"), 0.5)
    work = []
    for recovery in ("none", "ls"):
        engine = FrontierEngine(tiny_bench)
        list(engine.outcomes(0, 10, [replace(point, recovery=recovery)]))
        list(engine.outcomes(10, 20, [replace(point, recovery=recovery)]))  # made already
        work.append(engine.work)
    behind = (cost.macs_by_node["conv2d_1"] + cost.macs_by_node["linear"]) * calibration
    assert work[1] == work[0] + ReplayCost(behind, behind, behind)


def test_a_smaller_network_runs_its_smaller_suffix(tiny_bench):
    engine = FrontierEngine(tiny_bench)
    (group,) = (g for g in tiny_bench.manifest.removable() if g.name == "mix")
    point = Point(group.name, Method("l1", "channel"), 0.5)
    list(engine.outcomes(0, 10, [point]))
    conv, mix, head = 4 * 36 * 9, 3 * 4 * 36, 12 * 3
    assert engine.work.naive == 10 * (conv + mix + head)
    assert engine.work.executed == 10 * (conv + mix + head)
    assert engine.work.bound == 10 * (mix + head + tiny_bench.network.cost.macs)


@pytest.mark.parametrize("name", ["resnet20", "mobilenet", "vit"])
def test_work_is_within_a_tenth_of_the_bound(name, sample_bench):
    bench = sample_bench(name)
    wanted = points(Grid((Method("magnitude"),), (0.5,)), bench.manifest)
    engine = FrontierEngine(bench)
    list(engine.outcomes(0, 2, wanted))
    assert engine.work.overhead <= 0.1
    assert engine.work.share < 0.66


def test_least_squares_equals_the_plain_loop(lenet5):
    wanted = spread(lenet5, 0.5, ("ls",))
    frontier = FrontierEngine(lenet5, lanes=2)
    expected = dict(NaiveEngine(lenet5).outcomes(0, 40, wanted))
    found = dict(frontier.outcomes(0, 40, wanted))
    assert all(same(expected[point], found[point]) for point in wanted)
    before = frontier.dense("none", 0, 40)
    assert same(before, frontier.dense("ls", 0, 40), exact=True)


def test_a_model_without_a_graph_gets_the_plain_loop(lenet5):
    plain = replace(lenet5, network=replace(lenet5.network, captured=None, cost=None))
    assert isinstance(choose_engine(plain), NaiveEngine)
    assert isinstance(choose_engine(lenet5, "naive"), NaiveEngine)
    assert isinstance(choose_engine(lenet5), FrontierEngine)
    with pytest.raises(UnknownName, match="Expected engine to be one"):
        choose_engine(lenet5, "fast")
