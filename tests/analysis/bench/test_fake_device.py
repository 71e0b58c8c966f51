"""The path of a sweep on another device, with tensors that have its name and no values.

Torch refuses an operator whose tensors lie on two devices, fakes included: so these tests see,
without a GPU, where something was left in main memory.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from prunescope.bench import answers as answers_module
from prunescope.bench.device import HOST, device_of
from prunescope.bench.placement import in_main_memory, name_device
from prunescope.bench.workbench import Workbench
from prunescope.capture.network import forward
from prunescope.metrics.registry import metric_definition
from prunescope.replay.dependencies import Flow
from prunescope.replay.lanes import Lanes
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import schedule
from prunescope.replay.variant import build_variant
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric

GPU = torch.device("cuda:0")


@pytest.fixture
def mode() -> FakeTensorMode:
    return FakeTensorMode(allow_non_fake_inputs=True)


@pytest.fixture
def placed(tiny_bench: Workbench, mode: FakeTensorMode) -> Iterator[fx.GraphModule]:
    """The tiny network's graph on a GPU that is none."""
    captured = tiny_bench.network.captured
    assert captured is not None
    module = copy.deepcopy(captured.module)
    with mode, torch.no_grad():
        for owner in module.modules():
            for name, weight in owner._parameters.items():
                if weight is not None:
                    there = mode.from_tensor(weight.detach()).to(GPU)
                    owner._parameters[name] = nn.Parameter(there, requires_grad=False)
            for name, buffer in owner._buffers.items():
                if buffer is not None:
                    owner._buffers[name] = mode.from_tensor(buffer).to(GPU)
        name_device(module, GPU)
        yield module


@pytest.fixture
def inputs(tiny_bench: Workbench, mode: FakeTensorMode) -> Tensor:
    given = tiny_bench.splits.validation.chunk(0, 4).inputs
    assert isinstance(given, Tensor)
    return mode.from_tensor(given)


def test_the_dense_network_runs_where_its_weights_are(
    placed: fx.GraphModule, inputs: Tensor
) -> None:
    assert inputs.device == HOST
    assert forward(placed, inputs).device == GPU
    with pytest.raises(RuntimeError, match="same device"):
        placed(inputs)  # the check can fail


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
def test_a_pruned_suffix_runs_there_from_the_frontier(
    tiny_bench: Workbench, placed: fx.GraphModule, inputs: Tensor
) -> None:
    flow, real = Flow(placed), Flow(tiny_bench.network.captured.module)  # type: ignore[union-attr]
    name = next(name for name, weight in placed.named_parameters() if weight.ndim > 1)
    changed = {name: placed.get_parameter(name) * 0}
    cone = real.weight_cone(name)  # fakes have no memory to compare
    walk = ReplayWalk(flow, flow.tensors, schedule(flow, {"point": cone}), [inputs])
    with torch.inference_mode():
        for _ in walk.stops(Lanes(1)):
            variant = build_variant(flow, flow.tensors, cone, placed.graph, changed)
            assert walk.outputs(0, variant).device == GPU


def test_answers_are_made_there_and_brought_to_main_memory(
    placed: fx.GraphModule, inputs: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[tuple[Tensor | None, ...]] = []
    monkeypatch.setattr(answers_module, "_complete", lambda answers, *_: arrived.append(answers))
    seen: list[torch.device] = []

    def score(outputs: Tensor, _targets: object) -> Tensor:
        seen.append(outputs.device)
        return outputs.amax(1)

    own = Metric("own", score, "own", is_users=True)
    for metric in (replace(own, is_users=False), own):
        outputs = forward(placed, inputs)
        later = answers_module.outcome_later(outputs, Samples(inputs), metric)
        later()
    assert seen == [GPU, HOST]  # a user's function expects main memory
    assert {each.device for answers in arrived for each in answers if each is not None} == {HOST}


def test_values_of_errors_are_compared_where_the_outputs_are(
    placed: fx.GraphModule, inputs: Tensor, mode: FakeTensorMode
) -> None:
    outputs = forward(placed, inputs)
    targets = mode.from_tensor(torch.zeros(4, outputs.shape[1]))
    assert metric_definition("mse").values(outputs, targets).device == GPU


def test_a_network_in_main_memory_stays_as_it_is(tiny_bench: Workbench) -> None:
    with in_main_memory(tiny_bench.network) as network:
        assert network is tiny_bench.network
    assert device_of(network.module) == HOST
