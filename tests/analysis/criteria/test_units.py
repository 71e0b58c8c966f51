"""Unit scores equal what an explicit gate, or the plain formula, gives."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.capture.network import build_network
from prunescope.coupling import find_groups
from prunescope.criteria import criterion
from prunescope.criteria.evidence import BATCH, Evidence
from prunescope.criteria.unit_scores import norm_scales
from prunescope.sources.data import Samples

pytestmark = pytest.mark.quick


class Gated(nn.Module):
    """Two convolutions with batch norm between; a gate where the second one reads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1)
        self.bn = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 5, 3)
        self.fc = nn.Linear(5, 3)
        nn.init.uniform_(self.bn.weight, -1, 1)
        nn.init.uniform_(self.bn.bias, -1, 1)
        self.gate: Tensor | None = None

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.bn(self.conv1(images)).relu()
        if self.gate is not None:
            hidden = hidden * self.gate[:, None, None]
        return self.fc(self.conv2(hidden).mean((2, 3)))


@pytest.fixture(scope="module")
def net() -> Gated:
    torch.manual_seed(0)
    return Gated().eval()


@pytest.fixture(scope="module")
def evidence(net: Gated) -> Evidence:
    generator = torch.Generator().manual_seed(1)
    samples = Samples(
        torch.randn(2 * BATCH + 8, 2, 7, 7, generator=generator),
        torch.randint(0, 3, (2 * BATCH + 8,), generator=generator),
    )
    network = build_network(net, samples.inputs[:2])
    assert network.captured is not None
    return Evidence(network, samples, 0, find_groups(network.captured).groups)


def gate_gradients(net: Gated, samples: Samples, batch: int) -> Tensor:
    """One row per batch: the loss's gradient by a gate of 1 on each channel of conv1."""
    rows = []
    net.gate = torch.ones(6, requires_grad=True)
    try:
        for start in range(0, len(samples), batch):
            chunk = samples.chunk(start, start + batch)
            loss = functional.cross_entropy(net(chunk.inputs), chunk.targets)
            rows.append(torch.autograd.grad(loss, net.gate)[0])
    finally:
        net.gate = None
    return torch.stack(rows).double()


def test_taylor_is_the_mean_squared_gate_gradient_per_batch(net: Gated, evidence: Evidence) -> None:
    found = criterion("taylor").units(evidence)["conv1"]
    expected = gate_gradients(net, evidence.calibration, BATCH).square().mean(0)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-10)


def test_fisher_is_half_the_mean_squared_gate_gradient_per_sample(
    net: Gated, evidence: Evidence
) -> None:
    found = criterion("fisher").units(evidence)["conv1"]
    expected = gate_gradients(net, evidence.calibration, 1).square().mean(0) / 2
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-10)


def test_norms_run_over_the_whole_group(net: Gated, evidence: Evidence) -> None:
    # conv1's rows and bias, the batch norm's scale and shift, conv2's columns.
    parts = [
        net.conv1.weight.flatten(1), net.conv1.bias[:, None], net.bn.weight[:, None],
        net.bn.bias[:, None], net.conv2.weight.transpose(0, 1).flatten(1),
    ]  # fmt: skip
    joined = torch.cat(parts, 1).detach().double()
    torch.testing.assert_close(criterion("l1").units(evidence)["conv1"], joined.abs().sum(1))
    torch.testing.assert_close(criterion("l2").units(evidence)["conv1"], joined.norm(dim=1))


def test_bn_scale_reads_the_batch_norm_and_leaves_out_groups_without(
    net: Gated, evidence: Evidence
) -> None:
    found = criterion("bn-scale").units(evidence)
    torch.testing.assert_close(found["conv1"], net.bn.weight.detach().abs().double())
    assert "conv2" not in found


def test_fpgm_measures_distances_between_weights_not_their_sizes(
    net: Gated, evidence: Evidence
) -> None:
    found = criterion("fpgm").units(evidence)["conv1"]
    rows = net.conv1.weight.detach().flatten(1).double()
    expected = torch.stack([(rows - row).norm(dim=1).sum() for row in rows])
    torch.testing.assert_close(found, expected)
    sizes = torch.stack([(rows.abs() - row.abs()).norm(dim=1).sum() for row in rows])
    assert not torch.allclose(found, sizes)


def test_activation_norm_orders_channels_as_their_inputs_do(net: Gated, evidence: Evidence) -> None:
    found = criterion("activation").units(evidence)["conv1"]
    with torch.no_grad():
        hidden = net.bn(net.conv1(evidence.calibration.inputs)).relu()
    # Every position that conv2 reads, as often as it reads it.
    columns = functional.unfold(hidden, 3).unflatten(1, (6, 9)).double()
    expected = (columns.square().sum((0, 2, 3)) / 9).sqrt()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-8)


def test_random_depends_on_the_seed_and_the_group_alone(evidence: Evidence) -> None:
    rule = criterion("random")
    one, again = rule.units(evidence), rule.units(evidence)
    alone = rule.units(Evidence(evidence.network, evidence.calibration, 0, evidence.groups[1:]))
    other = rule.units(Evidence(evidence.network, evidence.calibration, 1, evidence.groups))
    assert torch.equal(one["conv1"], again["conv1"])
    assert torch.equal(one["conv2"], alone["conv2"])
    assert not torch.equal(one["conv1"], other["conv1"])


class Fixed(nn.Module):
    """A batch norm whose scale is a buffer: nothing that training moves, and nothing to read."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 6, 3)
        self.norm = nn.BatchNorm2d(6, affine=False)
        self.register_buffer("scale", torch.ones(6))
        self.shift = nn.Parameter(torch.zeros(6))
        self.fc = nn.Linear(6, 3)

    def forward(self, images: Tensor) -> Tensor:
        made, norm = self.conv(images), self.norm
        hidden = functional.batch_norm(
            made, norm.running_mean, norm.running_var, self.scale, self.shift
        )
        return self.fc(hidden.relu().mean((2, 3)))


def test_a_scale_that_is_a_buffer_is_no_scale_to_score_by() -> None:
    network = build_network(Fixed().eval(), torch.randn(2, 2, 7, 7))
    assert norm_scales(network) == frozenset()
