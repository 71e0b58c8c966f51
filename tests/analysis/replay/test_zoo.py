"""Replay on the zoo: tied weights, several inputs and outputs, branches, views, all groups."""

import warnings

import pytest
import torch
from torch.utils import _pytree as pytree

from prunescope.bench.pruned import pruned
from prunescope.capture.cost import cost
from prunescope.capture.graph import call_arguments, capture
from prunescope.capture.layers import graph_layers
from prunescope.coupling import find_groups
from prunescope.removal import remove
from prunescope.removal.try_groups import random_half as half
from prunescope.replay.dependencies import Flow, to_bits
from prunescope.replay.lanes import Lanes
from prunescope.replay.layout import channels_last, equal_with_channels_last, wants_channels_last
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import frontier_bytes, schedule
from prunescope.replay.variant import build_variant, differing, masked
from tests.long import core
from tests.zoo import build
from tests.zoo.core import CORE

pytestmark = pytest.mark.quick

CHOSEN = [
    "channel_shuffle", "chosen_by_input", "decoder_layer", "dict_input", "dict_output",
    "folded_heads", "in_place_activations", "inception", "lstm_tagger", "residual_downsample",
    "residual_new_zeros", "same_module_twice", "same_weights_across_scales", "shared_norm",
    "slice_strided", "split_uneven", "stochastic_depth", "tied_autoencoder_deep", "tied_embedding",
    "tiny_gpt", "two_inputs", "two_outputs", "u_net", "unused_branch", "weight_norm",
    "window_attention",
]  # fmt: skip
EVERY_TIME = {*CORE.intersection(CHOSEN), "dict_output", "in_place_activations", "lstm_tagger",
              "same_module_twice", "tied_embedding", "two_inputs", "weight_norm"}  # fmt: skip


def leaves(outputs):
    return [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]


def equal(one, other):
    """To the last bits: a matrix product may round by where its operands lie in memory."""
    pairs = zip(leaves(one), leaves(other), strict=True)
    return all(torch.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True) for a, b in pairs)


def captured_of(model, inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capture(model, inputs)


def run_whole(module, inputs):
    args, kwargs = call_arguments(inputs)
    with torch.inference_mode():
        return module(*args, **kwargs)


def subjects(captured):
    """Every layer with half of its weights gone, every group with half of its units."""
    dice = torch.Generator().manual_seed(5)
    flow = Flow(captured.module)
    for layer in graph_layers(captured, cost(captured)):
        if layer.summary.prunable:
            keep = torch.rand(layer.summary.shape, generator=dice) < 0.5
            with pruned(captured.module, {layer.parameter: keep}):
                expected = run_whole(captured.module, captured.example)
            changed = masked(flow, layer.parameter, keep)
            cone = flow.weight_cone(layer.parameter)
            yield ("weights", layer.name), cone, captured.module.graph, changed, expected
    coupling = find_groups(captured)
    for group in coupling.groups:
        if group.reason is None and group.units > 1:
            smaller = remove(captured, {group.name: half(group)}).module
            changed = differing(smaller, flow.tensors)
            cone = flow.group_cone(coupling, group.name)
            expected = run_whole(smaller, captured.example)
            yield ("units", group.name), cone, smaller.graph, changed, expected


@pytest.mark.parametrize("name", core(CHOSEN, EVERY_TIME))
def test_every_layer_and_group_equals_the_whole_network(name):
    network = build(name)
    captured = captured_of(network, network.example())
    flow, found = Flow(captured.module), list(subjects(captured))
    assert found
    output_bytes = cost(captured).output_bytes
    plan = schedule(flow, {key: cone for key, cone, *_ in found})
    walk = ReplayWalk(flow, flow.tensors, plan, [captured.example])
    most, computed = frontier_bytes(flow, plan.stops, output_bytes), []
    for stop in walk.stops(Lanes(1)):
        computed += stop.compute
        kept = sum(t.numel() * t.element_size() for t in leaves(list(walk._frontiers[0].values())))
        assert kept <= most * 2
        for key, cone, graph, changed, expected in found:
            if key == stop.subject:
                variant = build_variant(flow, flow.tensors, cone, graph, changed)
                assert not variant.from_inputs, key
                with torch.inference_mode():
                    assert equal(walk.outputs(0, variant), expected), key
    assert len(computed) == len(set(computed))
    assert not walk._frontiers[0]


def test_what_a_point_leaves_alone_is_not_run_again(tmp_path):
    captured = captured_of(network := build("residual_downsample"), network.example())
    flow = Flow(captured.module)
    (shortcut,) = (n for n in flow.nodes if "downsample" in str(n.args) or "short" in str(n.args))
    first = next(n for n in flow.nodes if n.name == "conv2d_1")
    cone = flow.cone(to_bits([flow.number[first]]))
    assert not cone >> flow.number[shortcut] & 1


def test_more_change_than_foreseen_runs_the_whole_network():
    captured = captured_of(network := build("conv_chain"), network.example())
    flow = Flow(captured.module)
    layers = [each for each in graph_layers(captured, cost(captured)) if each.summary.prunable]
    keep = torch.zeros(layers[0].summary.shape, dtype=torch.bool)
    changed = masked(flow, layers[0].parameter, keep)
    late = flow.weight_cone(layers[-1].parameter)
    variant = build_variant(flow, flow.tensors, late, captured.module.graph, changed)
    assert variant.from_inputs
    walk = ReplayWalk(flow, flow.tensors, schedule(flow, {"late": late}), [captured.example])
    for _ in walk.stops(Lanes(1)):
        with pruned(captured.module, {layers[0].parameter: keep}):
            expected = run_whole(captured.module, captured.example)
        with torch.inference_mode():
            assert equal(walk.outputs(0, variant), expected)


def test_a_tensor_in_the_same_memory_is_masked_too():
    class Views(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.both = torch.nn.Parameter(torch.randn(4, 6))
            self.register_buffer("part", self.both.detach()[1:3].t())

        def forward(self, x):
            return torch.nn.functional.linear(x, self.both), x[:, :2] @ self.part.t()

    captured = captured_of(model := Views(), torch.randn(3, 6))
    flow = Flow(captured.module)
    keep = torch.rand(4, 6) < 0.5
    changed = masked(flow, "both", keep)
    assert set(changed) == set(flow.tensors)
    for target, tensor in changed.items():
        view = "part" in target
        expected = torch.where(keep, model.both, 0.0)
        assert torch.equal(tensor, expected[1:3].t() if view else expected)


class Maps(torch.nn.Module):
    """A convolution whose map is turned into rows by a view, or by flatten."""

    def __init__(self, views):
        super().__init__()
        self.conv, self.views = torch.nn.Conv2d(3, 4, 3), views

    def forward(self, x):
        x = self.conv(x).relu()
        return x.view(x.shape[0], -1) if self.views else x.flatten(1)


@pytest.mark.parametrize("views", [True, False])
def test_channels_last_only_where_the_graph_runs_so(views):
    captured = captured_of(Maps(views).eval(), torch.randn(2, 3, 16, 16))
    flow = Flow(captured.module)
    assert wants_channels_last(flow)
    sure = equal_with_channels_last(flow, captured.example)
    assert sure == (not any(str(node.target).startswith("aten.view") for node in flow.nodes))
    assert channels_last(flow.tensors["conv.weight"]).is_contiguous(
        memory_format=torch.channels_last
    )


def test_channels_last_is_told_by_strides_also_where_there_is_one_channel():
    for shape in ((2, 1, 5, 5), (8, 4, 1, 1), (8, 1, 3, 3)):
        value = torch.randn(shape)
        laid = channels_last(value)
        assert laid.stride() == torch.empty(shape, memory_format=torch.channels_last).stride()
        assert torch.equal(laid, value)
    linear = captured_of(torch.nn.Linear(3, 4).eval(), torch.randn(2, 3))
    assert not wants_channels_last(Flow(linear.module))
