"""Captures that users' models used to stop: wrappers, caches, grids, numbers in constants."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import capture
from prunescope.capture.network import Network, build_network
from prunescope.coupling import find_groups
from prunescope.sources.live_model import copied_model
from tests.zoo import build

pytestmark = pytest.mark.quick


def groups(network: Network) -> list[str]:
    assert network.captured is not None, network.problem
    return [group.name for group in find_groups(network.captured).groups]


def chain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)).eval()


class Inside(nn.Module):
    """A compiled part of a model that is not compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = torch.compile(chain(), backend="eager"), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


@pytest.mark.parametrize(
    "wrap", [lambda m: torch.compile(m, backend="eager"), nn.DataParallel, lambda m: m]
)
def test_wrappers_are_taken_off(wrap) -> None:
    network = build_network(wrap(chain()), torch.randn(2, 5))
    assert groups(network) == ["0"]
    assert set(dict(network.module.named_parameters())) == set(dict(chain().named_parameters()))


def test_wrappers_inside_are_taken_off() -> None:
    network = build_network(Inside().eval(), torch.randn(2, 5))
    assert groups(network) == ["body.0", "body.2"]


def test_a_copy_is_captured_so_that_no_run_leaves_its_mark() -> None:
    model = build("pooled_grid")
    batch = torch.randn(2, 3, 8, 8)
    assert groups(build_network(model, batch)) == ["a"]
    assert model.seen is None  # the user's own model was only read
    parameters = dict(model.named_parameters())
    assert all(parameters[n] is p for n, p in fresh_copy(model).named_parameters())


class LargeBatches(nn.Module):
    """Takes another way for 64 samples and more, as diffusers' upsampling does."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc1(x)
        if y.shape[0] >= 64:
            y = y.contiguous()
        return self.fc2(y.relu())


def test_the_bounds_that_torch_suggests_are_taken() -> None:
    network = build_network(LargeBatches().eval(), torch.randn(2, 5))
    assert groups(network) == ["fc1"]
    assert network.captured is not None
    assert network.captured.largest == 63


class Config:
    use_cache = True


class Decoder(nn.Module):
    """Returns its cache beside its logits, unless its configuration says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.config = Config()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = self.fc1(x)
        return (self.fc2(y.relu()), y) if self.config.use_cache else (self.fc2(y.relu()),)


def test_caches_are_switched_off_in_the_copy_alone() -> None:
    model = Decoder().eval()
    assert groups(build_network(model, torch.randn(2, 5))) == ["fc1"]
    assert model.config.use_cache is True


class Decides(nn.Module):
    """Goes one way or another by numbers that it computes from buffers."""

    def __init__(self, power: float) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(5, 8), nn.Linear(8, 3)
        self.register_buffer("scale", torch.tensor([power, 2.0]))

    def forward(self, x: Tensor) -> Tensor:
        powers = torch.log2(self.scale * 2)
        y = self.fc1(x).relu()
        for _ in range(int(powers.sum())):
            y = y * 0.5
        return self.fc2(y if bool((powers > 2).all()) else -y)


@pytest.mark.parametrize("power", [1.0, 8.0])
def test_numbers_that_hang_on_buffers_alone_are_known(power: float) -> None:
    model, batch = Decides(power).eval(), torch.randn(3, 5)
    captured = capture(fresh_copy(model), batch)
    with torch.no_grad():
        assert torch.equal(captured.module(batch), model(batch))


class Recorded(nn.Module):
    """Counts its calls in a buffer and decides by the count: not a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(5, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)
        return self.fc(x) if int(self.calls) < 3 else -self.fc(x)


def test_a_buffer_that_is_written_to_is_no_constant() -> None:
    network = build_network(Recorded().eval(), torch.randn(2, 5))
    assert network.captured is None
    assert "test_sturdy.py:" in (network.problem or "")  # the line that reads it
    assert network.cost is not None
    assert network.cost.macs == 15


def test_a_block_that_only_changes_modes_is_part_of_the_graph() -> None:
    network = build("relu_linear_attention")
    captured = capture(network, network.example())  # type: ignore[arg-type]
    operators = {str(node.target) for node in captured.module.graph.nodes}
    assert not any("wrap_with" in operator for operator in operators)


class RowsOfPixels(nn.Module):
    """Lays pixels out as rows: a trace drops ``contiguous()`` where they happen to lie so."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 1), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.conv(x).permute(0, 2, 3, 1).contiguous()
        return self.head(pixels.view(-1, 6)).view(x.shape[0], -1)


def test_a_graph_runs_on_tensors_that_lie_otherwise_than_the_example() -> None:
    model = RowsOfPixels().eval()
    batch = torch.randn(2, 3, 4, 4)
    network = build_network(model, batch.to(memory_format=torch.channels_last))
    assert groups(network) == ["conv"]
    with torch.no_grad():
        assert torch.allclose(network(batch), model(batch), atol=1e-6)


class Recorder(nn.Module):
    """Looks like a Lightning module whose trainer holds what cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.body = chain()
        self._trainer = (row for row in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def test_a_trainer_is_left_out_of_copies() -> None:
    model = Recorder()
    assert groups(build_network(model.eval(), torch.randn(2, 5))) == ["body.0"]
    assert copied_model(model)._trainer is None
    assert model._trainer is not None


def test_hooks_of_the_user_are_part_of_the_network() -> None:
    model = chain()
    model[0].register_forward_hook(lambda _module, _inputs, output: 2 * output)
    model[2].register_forward_pre_hook(lambda _module, inputs: (inputs[0] - 1,))
    batch = torch.randn(4, 5)
    network = build_network(model, batch)
    assert groups(network) == ["0"]
    assert torch.allclose(network(batch), model(batch))
    assert not torch.allclose(network(batch), chain().requires_grad_(False)(batch))


class Packed(nn.Module):
    """Packs its sequences: how many rows there are, lengths say."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(5, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.head(states[:, 0])


def test_packed_sequences_are_refused_with_their_line() -> None:
    batch = torch.randn(2, 6, 5), torch.tensor([6, 3])
    network = build_network(Packed().eval(), batch)
    assert network.captured is None
    assert "test_sturdy.py:" in str(network.problem)
    assert "Weight sparsities can still be swept by plain forwards" in str(network.problem)
    assert [layer.summary.name for layer in network.layers if layer.summary.prunable] == ["head"]
