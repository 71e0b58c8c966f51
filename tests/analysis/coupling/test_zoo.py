"""The zoo: found groups equal the hand-derived ones, and every removal obeys the law."""

import dataclasses
import functools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.describe_manifest import describe as described
from prunescope.capture.cost import cost
from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import Captured, call_arguments, capture
from prunescope.coupling import Coupling
from prunescope.removal import check_law, remove, try_groups
from prunescope.study import Manifest, Reference
from prunescope.study.coupled_groups import freed
from prunescope.study.network_size import shrunk as foreseen
from tests.long import core
from tests.zoo import ZOO, build
from tests.zoo.agreement import apart, describe, disagreements, halves, narrow, shrunk, zero
from tests.zoo.core import CORE
from tests.zoo.network import Inputs, ZooNetwork

EXACT = 1e-9
every_network = pytest.mark.parametrize("name", core(sorted(ZOO), CORE), scope="module")
"""Network by network, so that a process of several that share the tests captures each once."""
OWN_FORWARD = [
    "channel_mean_gate", "conv_ne_xt_block", "global_response_norm", "group_norm_conv",
    "group_norm_single", "layer_norm_mlp", "layer_norm_over_map", "mixer", "one_sample_statistics",
    "patch_merging", "pool_former", "rms_norm_by_hand", "rms_norm_mlp", "scalar_of_all",
    "spatial_gating", "standardised_conv", "tiny_bert", "tiny_gpt", "tiny_llama", "tiny_vit",
    "window_attention",
]  # fmt: skip
"""Networks with a normalised group and no width written into their forward."""


def in_double(inputs: Inputs) -> Any:
    """Return ``inputs`` with every floating tensor in float64."""

    def convert(leaf: Tensor) -> Tensor:
        return leaf.double() if leaf.is_floating_point() else leaf

    return pytree.tree_map(convert, inputs)


def rows(inputs: Inputs, count: int) -> Any:
    """Return a batch of ``count`` samples made of those in ``inputs``."""
    return pytree.tree_map(lambda leaf: torch.cat([leaf] * count)[:count], inputs)


def run(module: torch.nn.Module, inputs: Inputs) -> Any:
    """Return the outputs of ``module`` on the batch ``inputs``."""
    args, kwargs = call_arguments(inputs)
    return module(*args, **kwargs)


@functools.cache
def studied(name: str) -> tuple[ZooNetwork, Any, Captured, Coupling]:
    """Return network, inputs, graph and groups in float64, made once for all tests."""
    network = build(name).double()
    inputs = in_double(network.example())
    with warnings.catch_warnings():
        # torch.export warns about RNN weights and about its own deprecated internals.
        warnings.simplefilter("ignore")
        captured = capture(fresh_copy(network), inputs)
    return network, inputs, captured, try_groups(captured)


@pytest.fixture(autouse=True)
def slow_path() -> Iterator[None]:
    """Keep torch's fused transformer kernels out: they round differently from the graph."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(before)


def test_the_zoo_is_large() -> None:
    assert len(ZOO) >= 100


@pytest.mark.long
def test_no_network_has_an_operator_that_none_of_the_core_has() -> None:
    def operators(names: Iterable[str]) -> set[str]:
        graphs = (studied(name)[2].module.graph for name in names)
        return {str(node.target) for graph in graphs for node in graph.nodes
                if node.op == "call_function"}  # fmt: skip

    assert operators(ZOO) == operators(CORE)


@every_network
def test_captures(name: str) -> None:
    network, inputs, captured, _ = studied(name)
    with torch.no_grad():
        assert apart(run(network, inputs), run(captured.module, inputs)) == 0.0
    assert (
        dict(network.named_parameters()).keys() >= dict(captured.module.named_parameters()).keys()
    )


@every_network
def test_groups_equal_the_expected_ones(name: str) -> None:
    network, _, _, found = studied(name)
    assert disagreements(network, found) == []


@every_network
def test_law_for_each_group(name: str) -> None:
    network, inputs, captured, found = studied(name)
    for index, group in enumerate(found.groups):
        for mask_name, keep in halves([group], seed=index).items():
            removal = {mask_name: keep}
            report = check_law(captured, removal, inputs)
            assert report.ok, (mask_name, report)
            assert report.max_error <= EXACT * max(1.0, report.scale), (mask_name, report)
            if network.zeroing and not group.normalised:
                silent = build(name).double()
                zero(silent, found, removal)
                with torch.no_grad():
                    small = run(remove(captured, removal).module, inputs)
                    assert apart(run(silent, inputs), small) <= EXACT, mask_name


@every_network
def test_law_for_all_groups_at_once(name: str) -> None:
    network, inputs, captured, found = studied(name)
    removal = halves(found.groups, seed=17)
    if not removal:
        pytest.skip("This network has nothing to prune: its refusals are tested.")
    report = check_law(captured, removal, inputs)
    assert report.ok, report
    assert report.max_error <= EXACT * max(1.0, report.scale), report
    if network.zeroing and not any(group.normalised for group in found.groups):
        silent = build(name).double()
        zero(silent, found, removal)
        with torch.no_grad():
            small = run(remove(captured, removal).module, inputs)
            assert apart(run(silent, inputs), small) <= EXACT


@every_network
def test_the_foreseen_cost_is_the_smaller_network_s(name: str) -> None:
    _, _, captured, found = studied(name)
    dense = cost(captured)
    blank = Manifest(Reference(name, ""), "", dense.parameters, 0, 0, dense.macs, 0, ())
    manifest = described(blank, captured, found)
    for group in manifest.removable():
        one = freed(manifest, {group.name: 1})
        assert (group.unit_parameters, group.unit_macs, group.unit_bytes) == (
            one.parameters, one.macs, one.bytes
        )  # fmt: skip
    removals = [halves([group], seed=5) for group in found.groups] + [halves(found.groups, seed=6)]
    for removal in [{}, *removals]:
        real = cost(remove(captured, removal))
        counts = {group: int((~keep).sum()) for group, keep in removal.items()}
        size = foreseen(manifest, counts)
        assert (size.parameters, size.bytes, size.macs) == (real.parameters, real.bytes, real.macs)


@every_network
def test_smaller_network_is_whole(name: str) -> None:
    network, inputs, captured, found = studied(name)
    removal = halves(found.groups, seed=23)
    if not removal:
        pytest.skip("This network has nothing to prune: its refusals are tested.")
    small = remove(captured, removal).module
    touched = {group.name for group in found.groups} & removal.keys()
    wanted = {
        member
        for group in (found.group(each) for each in touched)
        for member in ((m.parameter, m.dimension) for m in group.members if not m.buffer)
    }
    assert shrunk(network, small) == wanted
    with torch.no_grad():
        whole = run(small, inputs)
        for count in (1, 5):
            batch = rows(inputs, count)
            outputs = run(small, batch)
            dense = run(network, batch)
            for one, other in zip(
                pytree.tree_leaves(outputs), pytree.tree_leaves(dense), strict=True
            ):
                assert one.shape == other.shape
        alone = pytree.tree_map(lambda leaf: leaf[:1], inputs)
        first = pytree.tree_map(lambda leaf: leaf[:1], whole)
        assert apart(run(small, alone), first) <= EXACT
    assert gradients(small, inputs) == gradients(captured.module, inputs)


NEED_TWO = {"scalar_of_all", "mixture_fetched", "mixture_sorted"}
"""Takes torch.var over its units; gives each token to two experts."""


@pytest.mark.parametrize("name", core(sorted({*ZOO} - NEED_TWO), CORE - NEED_TWO))
def test_one_unit_of_each_group_is_enough(name: str) -> None:
    _, inputs, captured, found = studied(name)
    for last in (0, -1):
        removal = {group.name: np.zeros(group.units, bool) for group in found.groups}
        for keep in removal.values():
            keep[last] = True
        assert check_law(captured, removal, inputs).ok


@pytest.mark.parametrize("name", core(OWN_FORWARD, CORE.intersection(OWN_FORWARD)))
def test_normalised_removal_equals_the_own_forward_on_fewer_channels(name: str) -> None:
    _, inputs, captured, found = studied(name)
    removal = halves((group for group in found.groups if group.normalised), seed=29)
    assert removal
    smaller = build(name).double()
    narrow(smaller, found, removal)
    with torch.no_grad():
        small = run(remove(captured, removal).module, inputs)
        assert apart(run(smaller, inputs), small) <= EXACT


def gradients(module: torch.nn.Module, inputs: Inputs) -> set[str]:
    """Return the names of the parameters that a loss reaches, all with finite gradients."""
    module.zero_grad(set_to_none=True)
    leaves = [leaf for leaf in pytree.tree_leaves(run(module, inputs)) if leaf.requires_grad]
    if not leaves:
        return set()
    torch.stack([leaf.square().sum() for leaf in leaves]).sum().backward()  # type: ignore[no-untyped-call]
    reached = {n: p.grad for n, p in module.named_parameters() if p.grad is not None}
    module.zero_grad(set_to_none=True)
    assert all(bool(torch.isfinite(grad).all()) for grad in reached.values())
    return set(reached)


@every_network
def test_units_partition_what_they_own(name: str) -> None:
    _, _, captured, found = studied(name)
    sizes = {n: v.shape for n, v in captured.module.named_parameters()}
    for group in found.groups:
        for member in (m for m in group.members if not m.buffer):
            owned = np.concatenate([np.asarray(each).ravel() for each in member.indices])
            assert len(member.indices) == group.units
            assert len(owned) == len(set(owned.tolist())), (group.name, member.parameter)
            assert owned.max() < sizes[member.parameter][member.dimension]


def test_a_wrong_expectation_is_seen() -> None:
    network, _, _, found = studied("residual_block")
    assert disagreements(network, found) == []
    first, second = network.expected
    for wrong in (
        (first,),
        (first, second, second),
        (dataclasses.replace(first, units=first.units + 1), second),
        (dataclasses.replace(first, normalised=True), second),
        (dataclasses.replace(first, granularity="head"), second),
        (dataclasses.replace(first, members=first.members - {("fc.weight", 1)}), second),
    ):
        twin = build("residual_block")
        twin.expected = wrong  # type: ignore[misc]
        assert len(disagreements(twin, found)) >= 1, wrong
    twin = build("residual_block")
    twin.refused = (dataclasses.replace(network.refused[0], word="weather"),)  # type: ignore[misc]
    assert len(disagreements(twin, found)) == 1


def test_a_wrong_removal_is_seen() -> None:
    network, inputs, captured, found = studied("residual_block")
    group = next(g for g in found.groups if describe(g) == describe(network.expected[0]))
    keep = np.array([True, False] * 4)
    other = ~keep
    silent = build("residual_block").double()
    zero(silent, found, {group.name: other})
    with torch.no_grad():
        small = remove(captured, {group.name: keep}).module
        assert apart(run(silent, inputs), run(small, inputs)) > 1e-3
        assert shrunk(network, small) == network.expected[0].members
        assert shrunk(network, small) != network.expected[1].members
        next(iter(small.parameters())).mul_(1.001)
        zeroed = build("residual_block").double()
        zero(zeroed, found, {group.name: keep})
        assert apart(run(zeroed, inputs), run(small, inputs)) > EXACT
