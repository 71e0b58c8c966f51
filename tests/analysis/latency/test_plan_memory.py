"""Predicted memory is that of the really smaller network, and falls with what is removed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured
from prunescope.errors import BadValue
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.removal import remove
from tests.samples import every_picture


def draw(bench: Workbench, seed: int) -> tuple[dict[str, int], Captured]:
    """Random units removed from every group, by count and for real."""
    made = np.random.default_rng(seed)
    masks = {}
    for group in bench.groups:
        gone = made.permutation(group.units)[: made.integers(0, group.units)]
        masks[group.name] = np.ones(group.units, bool)
        masks[group.name][gone] = False
    assert bench.network.captured is not None
    smaller = remove(bench.network.captured, masks)
    return {name: int((~mask).sum()) for name, mask in masks.items()}, smaller


@every_picture
def test_memory_is_the_cost_of_the_smaller_network(
    sample_bench: Callable[[str], Workbench], name: str
) -> None:
    bench = sample_bench(name)
    dense = peak_memory(bench.manifest, {})
    assert (dense.weights, dense.activations) == (
        bench.manifest.bytes, bench.manifest.activation_bytes,
    )  # fmt: skip
    for seed in range(3):
        units, smaller = draw(bench, seed)
        known = cost(smaller)
        found = peak_memory(bench.manifest, units)
        assert (found.weights, found.activations) == (known.bytes, known.activation_bytes)
        assert found.total < dense.total


def test_every_tensor_has_the_size_that_the_smaller_network_gives_it(lenet5: Workbench) -> None:
    units, smaller = draw(lenet5, 5)
    shapes = shapes_of(lenet5.manifest)
    given = shapes.node_bytes(shapes.sizes(shapes.removed([units])))[0]
    known = cost(smaller).output_bytes
    for node, size in zip(shapes.graph.nodes, given, strict=True):
        assert node.operator == "output" or known[node.name] == size, node.name


def test_activations_grow_with_the_batch_and_weights_do_not(lenet5: Workbench) -> None:
    one, many = (peak_memory(lenet5.manifest, {"conv1": 3}, batch) for batch in (1, 8))
    assert many.activations == 8 * one.activations
    assert many.weights == one.weights


def test_what_cannot_be_removed_is_refused(lenet5: Workbench) -> None:
    with pytest.raises(BadValue, match=r"conv1 to be 0 to 19, but got 20"):
        peak_memory(lenet5.manifest, {"conv1": 20})
    with pytest.raises(BadValue, match="only this model's groups"):
        peak_memory(lenet5.manifest, {"conv9": 1})
    with pytest.raises(BadValue, match="prunescope time"):
        peak_memory(replace(lenet5.manifest, graph=None), {})


def test_many_plans_at_once_are_each_plan_alone(lenet5: Workbench) -> None:
    shapes = shapes_of(lenet5.manifest)
    plans = [{}, {"conv1": 7}, {"conv2": 30, "fc1": 400}]
    peaks = shapes.peak(shapes.sizes(shapes.removed(plans)))
    alone = [peak_memory(lenet5.manifest, plan).activations for plan in plans]
    assert peaks.tolist() == alone
