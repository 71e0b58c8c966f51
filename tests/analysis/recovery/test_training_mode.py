"""The graph in training mode does what the module does in training mode, on the same tensors."""

import copy

import pytest
import torch
from torch import Tensor, fx, nn

from prunescope.capture.network import build_network
from prunescope.recovery.training_mode import training, with_flags


class Net(nn.Module):
    def __init__(self, momentum: float | None = 0.2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4, momentum=momentum)
        self.free = nn.BatchNorm2d(4, track_running_stats=False)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.free(self.norm(self.conv(images))).relu().mean((2, 3))
        return self.last(self.drop(hidden))


def captured(momentum: float | None = 0.2) -> tuple[nn.Module, fx.GraphModule, Tensor]:
    torch.manual_seed(0)
    model = Net(momentum).eval()
    images = torch.randn(16, 1, 6, 6)
    network = build_network(copy.deepcopy(model), images[:2])
    assert isinstance(network.module, fx.GraphModule)
    return model, network.module, images


def test_outputs_gradients_and_statistics_equal_the_modules() -> None:
    model, graph, images = captured()
    model.train()
    for _ in range(2):
        torch.manual_seed(5)
        expected = model(images)
        torch.manual_seed(5)
        with training(graph) as learner:
            found = learner(images)
        assert torch.equal(found, expected)
    expected.sum().backward()
    found.sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        own = graph.get_parameter(name).grad
        assert own is not None, name
        torch.testing.assert_close(own, parameter.grad)
    for name in ("norm.running_mean", "norm.running_var"):
        assert torch.equal(graph.get_buffer(name), model.get_buffer(name))


def test_every_tensor_is_shared_and_the_graph_itself_still_evaluates() -> None:
    _, graph, images = captured()
    before = graph(images)
    code = graph.code
    twin = with_flags(graph, training=True)
    for name, parameter in twin.named_parameters():
        assert parameter is graph.get_parameter(name)
    assert torch.equal(graph(images), before)
    assert graph.code == code
    assert not torch.equal(twin(images), before)


def test_back_in_evaluation_it_is_the_graph_again() -> None:
    _, graph, images = captured()
    again = with_flags(with_flags(graph, training=True), training=False)
    assert again.code == graph.code
    assert torch.equal(again(images), graph(images))


def test_a_cumulative_average_still_learns_its_statistics() -> None:
    _, graph, images = captured(momentum=None)
    before = graph.get_buffer("norm.running_mean").clone()
    with training(graph) as learner:
        learner(images)
    assert not torch.equal(graph.get_buffer("norm.running_mean"), before)


def test_a_modules_flags_are_put_back_on_errors_too() -> None:
    model = Net().eval()
    model.drop.train()
    flags = [each.training for each in model.modules()]
    with training(model) as learner:
        assert all(each.training for each in learner.modules())
    assert [each.training for each in model.modules()] == flags
    with pytest.raises(ZeroDivisionError), training(model):
        _ = 1 / 0
    assert [each.training for each in model.modules()] == flags
