"""Re-estimated statistics are those that PyTorch's own cumulative average gives."""

import copy

import pytest
import torch
from torch import Tensor, nn

from prunescope.bench.workbench import Workbench
from prunescope.capture.network import build_network
from prunescope.errors import CannotPrune, DataMismatch, UnknownName
from prunescope.recovery import recovered
from prunescope.recovery.batch_norm import has_batch_norm, reestimate
from prunescope.sources.data import Samples


class TwiceNormed(nn.Module):
    """A residual block whose one norm is called twice, and a norm without running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 5, 3, padding=1)
        self.norm = nn.BatchNorm2d(5, momentum=0.3)
        self.again = nn.Conv2d(5, 5, 3, padding=1)
        self.free = nn.BatchNorm2d(5, track_running_stats=False)
        self.after = nn.BatchNorm2d(5, momentum=None)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(5, 3)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.norm(self.conv(images)).relu()
        hidden = hidden + self.norm(self.again(hidden))
        hidden = self.after(self.free(hidden)).mean((2, 3))
        return self.last(self.drop(hidden))


class Sided(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.norm(left) - right


def by_torch(model: nn.Module, batches: list[Tensor]) -> dict[str, Tensor]:
    """Plain PyTorch: reset, cumulative average, batch norms in training mode, all else not."""
    model = copy.deepcopy(model).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
            module.reset_running_stats()
            module.momentum = None
            module.train()
    with torch.no_grad():
        for batch in batches:
            model(batch)
    return {name: b for name, b in model.named_buffers() if "running" in name}


def buffers(module: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in module.named_buffers()}


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(3)
    return TwiceNormed().eval()


@pytest.mark.parametrize(("count", "sizes"), [(64, [64]), (256, [128, 128]), (257, [86, 85, 86])])
@pytest.mark.parametrize("form", ["graph", "module"])
def test_statistics_equal_pytorchs(
    model: nn.Module, form: str, count: int, sizes: list[int]
) -> None:
    images = 3 * torch.randn(count, 2, 6, 6, generator=torch.Generator().manual_seed(0)) + 1
    expected = by_torch(model, list(images.split(sizes)))
    subject = copy.deepcopy(model)
    if form == "graph":
        network = build_network(subject, images[:2])
        assert network.captured is not None
        subject = network.module
    reestimate(subject, Samples(images))
    found = buffers(subject)
    assert expected.keys() <= found.keys()
    for name, wanted in expected.items():
        torch.testing.assert_close(found[name], wanted, rtol=1e-6, atol=1e-6)


def test_only_running_statistics_change_in_a_module(model: nn.Module) -> None:
    subject = copy.deepcopy(model)
    before = copy.deepcopy(subject.state_dict())
    modes = [each.training for each in subject.modules()]
    reestimate(subject, Samples(torch.randn(32, 2, 6, 6)))
    for name, tensor in subject.state_dict().items():
        assert torch.equal(tensor, before[name]) == ("running" not in name), name
    assert [each.training for each in subject.modules()] == modes
    assert (subject.norm.momentum, subject.after.momentum) == (0.3, None)


def test_statistics_make_the_inputs_standard() -> None:
    """One batch: a norm in evaluation then gives mean 0 and variance 1 before its scale."""
    images = 5 * torch.randn(128, 2, 6, 6) - 2
    norm = nn.Sequential(nn.BatchNorm2d(2)).eval()
    reestimate(norm, Samples(images))
    after = norm(images)
    assert after.mean().abs() < 1e-5
    assert (after.std() - 1).abs() < 1e-3


def test_inputs_are_named_not_ordered() -> None:
    model = Sided().eval()
    left, right = torch.randn(32, 4) + 7, torch.randn(32, 4)
    network = build_network(copy.deepcopy(model), {"left": left[:2], "right": right[:2]})
    assert network.captured is not None
    reestimate(network.module, Samples({"right": right, "left": left}))
    torch.testing.assert_close(buffers(network.module)["norm.running_mean"], left.mean(0))


def test_after_the_block_every_buffer_is_back_bit_for_bit(bench: Workbench) -> None:
    module = bench.network.module
    before = buffers(module)
    with recovered(bench, "bn"):
        changed = buffers(module)
        assert not torch.equal(changed["norm.running_mean"], before["norm.running_mean"])
    with pytest.raises(ZeroDivisionError), recovered(bench, "bn"):
        _ = 1 / 0
    after = buffers(module)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_recovery_none_does_nothing(bench: Workbench) -> None:
    before = buffers(bench.network.module)
    with recovered(bench, "none"):
        now = buffers(bench.network.module)
        assert all(torch.equal(now[name], before[name]) for name in before)


def test_a_network_without_batch_norm_is_refused() -> None:
    network = build_network(nn.Sequential(nn.Linear(4, 2)), torch.randn(2, 4))
    for module in (network.module, nn.Sequential(nn.Linear(4, 2), nn.LayerNorm(2))):
        assert not has_batch_norm(module)
        with pytest.raises(CannotPrune, match="batch norm for recovery bn, but it has none"):
            reestimate(module, Samples(torch.randn(8, 4)))


def test_one_sample_has_no_variance(model: nn.Module) -> None:
    with pytest.raises(DataMismatch, match="at least two calibration samples"):
        reestimate(copy.deepcopy(model), Samples(torch.randn(1, 2, 6, 6)))


def test_an_unknown_recovery_names_the_closest(bench: Workbench) -> None:
    with pytest.raises(UnknownName, match="Closest: bn"), recovered(bench, "bnn"):
        pytest.fail("it began")
