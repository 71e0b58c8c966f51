"""The paths of another device, on tensors that have its name and no values: none mixes devices."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree as pytree

from prunescope.bench import evaluate as evaluate_module
from prunescope.bench.device import device_of
from prunescope.bench.evaluate import outcome_later
from prunescope.bench.placement import in_main_memory, place
from prunescope.bench.workbench import Workbench
from prunescope.capture.network import Network, forward
from prunescope.removal import remove
from prunescope.removal.try_groups import random_half
from prunescope.replay.dependencies import Flow
from prunescope.replay.lanes import Lanes
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import schedule
from prunescope.replay.variant import build_variant, masked
from prunescope.sources.data import Samples

ELSEWHERE = torch.device("cuda:0")


@pytest.fixture
def mode() -> Iterator[FakeTensorMode]:
    with FakeTensorMode(allow_non_fake_inputs=True) as entered:
        yield entered


def faked(network: Network, mode: FakeTensorMode) -> fx.GraphModule:
    """A copy of the network's graph whose tensors are fakes in main memory."""
    assert network.captured is not None
    with torch.utils._python_dispatch._disable_current_modes():
        module = copy.deepcopy(network.captured.module)
    for owner in module.modules():
        for name, tensor in list(owner._parameters.items()):
            if tensor is not None:
                owner._parameters[name] = torch.nn.Parameter(mode.from_tensor(tensor.detach()))
        for name, tensor in list(owner._buffers.items()):
            if tensor is not None:
                owner._buffers[name] = mode.from_tensor(tensor)
    return module


def test_a_placed_graph_runs_where_its_weights_are(
    tiny_bench: Workbench, mode: FakeTensorMode
) -> None:
    bench = tiny_bench
    print(bench.network.captured)
