"""Criteria at weight granularity against independent references."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from prunescope.capture.network import build_network
from prunescope.criteria import criterion, criterion_names
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune, UnknownName
from prunescope.sources.data import Samples

pytestmark = pytest.mark.quick


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(3 * 16, 4)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).relu().flatten(1))


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    model = Net().eval()
    model.norm.running_mean.normal_()
    samples = Samples(torch.randn(150, 2, 4, 4), torch.arange(150) % 4)
    return model, samples, build_network(model, samples.inputs[:2])


def scores(net, name, seed=0):
    return criterion(name).weights(Evidence(net[2], net[1], seed))


PARAMETERS = ("conv.weight", "head.weight")


def test_magnitude_is_the_absolute_weight(net):
    found = scores(net, "magnitude")
    assert set(found) == set(PARAMETERS)
    for name, score in found.items():
        assert torch.equal(score, net[0].get_parameter(name).abs())


def test_taylor_is_hand_computed_autograd(net):
    model, samples, _ = net
    expected = dict.fromkeys(PARAMETERS, 0.0)
    batches = list(zip(samples.inputs.split(64), samples.targets.split(64), strict=True))
    for inputs, targets in batches:
        model.zero_grad()
        F.cross_entropy(model(inputs), targets).backward()
        for name in PARAMETERS:
            weight = model.get_parameter(name)
            expected[name] = expected[name] + (weight.grad * weight.detach()) ** 2 / len(batches)
    model.zero_grad(set_to_none=True)
    for name, score in scores(net, "taylor").items():
        torch.testing.assert_close(score, expected[name], rtol=1e-4, atol=1e-10)


def test_fisher_is_torch_func_s_per_sample_gradients(net):
    model, samples, _ = net
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    buffers = dict(model.named_buffers())

    def loss(given, image, label):
        return F.cross_entropy(
            functional_call(model, (given, buffers), (image[None],)), label[None]
        )

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, samples.inputs, samples.targets)
    for name, score in scores(net, "fisher").items():
        expected = parameters[name].square() / 2 * gradients[name].square().mean(0)
        torch.testing.assert_close(score, expected, rtol=1e-4, atol=1e-10)


def test_random_depends_on_seed_and_name_alone(net):
    one, again, other = scores(net, "random"), scores(net, "random"), scores(net, "random", 1)
    for name in PARAMETERS:
        assert torch.equal(one[name], again[name])
        assert not torch.equal(one[name], other[name])
        assert 0 <= one[name].min() < one[name].max() <= 1


def test_random_does_not_depend_on_which_layers_there_are(net):
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(2 * 16, 3 * 16)
            self.more = nn.Linear(3 * 16, 4)

        def forward(self, x):
            return self.more(self.head(x.flatten(1)))

    torch.manual_seed(5)
    network = build_network(Turned(), net[1].inputs[:2])
    wide = criterion("random").weights(Evidence(network, net[1]))["head.weight"]
    same = scores(net, "random")["head.weight"]
    assert torch.equal(wide.flatten()[: same.numel()], same.flatten())


@pytest.mark.parametrize("name", ["magnitude", "taylor", "fisher", "wanda", "random"])
def test_scores_change_nothing_and_are_the_same_again(net, name):
    before = {n: t.clone() for n, t in net[2].module.state_dict().items()}
    first, second = scores(net, name), scores(net, name)
    assert all(torch.equal(first[n], second[n]) for n in PARAMETERS)
    after = net[2].module.state_dict()
    assert all(torch.equal(before[n], after[n]) for n in before)
    assert all(p.grad is None for p in net[2].module.parameters())
    assert all((first[n] >= 0).all() for n in PARAMETERS)


def test_scores_are_computed_once(net, monkeypatch):
    calls = []
    found = Scores(net[2], net[1])
    plain = Evidence.weights
    monkeypatch.setattr(Evidence, "weights", lambda self: calls.append(1) or plain(self))
    layer = net[2].prunable()[0]
    for sparsity in (0.1, 0.5, 0.9):
        found.mask("magnitude", layer, sparsity, seed=int(10 * sparsity))
    assert len(calls) == 1


def test_an_unknown_criterion_names_the_closest():
    with pytest.raises(UnknownName, match=r"criterion .* 'magnitud'\. Closest: magnitude"):
        criterion("magnitud")
    assert criterion_names()[0] not in ("taylor", "fisher")


def test_gradient_criteria_without_labels_say_what_to_choose(net):
    bare = Evidence(net[2], Samples(net[1].inputs))
    for name in ("taylor", "fisher"):
        with pytest.raises(CannotPrune, match="Choose magnitude, wanda or random"):
            criterion(name).weights(bare)


# Wanda: the input that each weight multiplies, unfolded by hand.


class One(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


class OneWithoutGraph(One):
    def forward(self, x):
        return self.layer(x) if x.sum() > -1e9 else x


def squares(layer, inputs, wrap=One):
    network = build_network(wrap(layer), inputs[:2])
    assert (network.captured is None) == (wrap is OneWithoutGraph)
    found = Evidence(network, Samples(inputs)).squared_inputs()
    return found["layer.weight"]


CONVOLUTIONS = {
    "plain": dict(kernel_size=3),
    "stride": dict(kernel_size=3, stride=2),
    "padding": dict(kernel_size=3, padding=2),
    "dilation": dict(kernel_size=2, dilation=2, padding=1),
    "groups": dict(kernel_size=3, groups=2),
    "oblong": dict(kernel_size=(1, 3), stride=(2, 1), padding=(0, 1)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("wrap", [One, OneWithoutGraph])
def test_conv2d_inputs_are_unfold_s(name, wrap):
    settings = CONVOLUTIONS[name]
    torch.manual_seed(0)
    layer, inputs = nn.Conv2d(4, 6, **settings), torch.randn(70, 4, 7, 7)
    rest = {k: v for k, v in settings.items() if k != "groups"}
    columns = F.unfold(inputs.square(), **rest).sum((0, 2)).reshape(4, *layer.kernel_size)
    groups = settings.get("groups", 1)
    expected = columns.reshape(groups, 1, 4 // groups, *layer.kernel_size)
    expected = expected.expand(groups, 6 // groups, *expected.shape[2:]).reshape(layer.weight.shape)
    torch.testing.assert_close(squares(layer, inputs, wrap), expected, rtol=1e-4, atol=1e-4)


def test_conv1d_inputs_are_its_windows():
    layer, inputs = nn.Conv1d(3, 5, 3, stride=2, padding=1), torch.randn(9, 3, 8)
    windows = F.pad(inputs, (1, 1)).square().unfold(2, 3, 2).sum((0, 2))
    torch.testing.assert_close(
        squares(layer, inputs), windows.expand(5, 3, 3), rtol=1e-4, atol=1e-4
    )


def test_conv3d_inputs_are_its_windows():
    layer, inputs = nn.Conv3d(2, 3, 2), torch.randn(5, 2, 4, 4, 4)
    windows = inputs.square()
    for dim in (2, 3, 4):
        windows = windows.unfold(dim, 2, 1)
    expected = windows.sum((0, 2, 3, 4)).expand(3, 2, 2, 2, 2)
    torch.testing.assert_close(squares(layer, inputs), expected, rtol=1e-4, atol=1e-4)


def test_transposed_convolutions_multiply_every_input():
    layer, inputs = nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), torch.randn(5, 4, 3, 3)
    expected = inputs.square().sum((0, 2, 3))[:, None, None, None].expand(4, 3, 3, 3)
    torch.testing.assert_close(squares(layer, inputs), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("wrap", [One, OneWithoutGraph])
def test_linear_inputs_sum_over_samples_and_tokens(wrap):
    layer, inputs = nn.Linear(5, 3), torch.randn(80, 4, 5)
    expected = inputs.square().sum((0, 1)).expand(3, 5)
    torch.testing.assert_close(squares(layer, inputs, wrap), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("settings", [{}, {"padding_idx": 2}, {"scale_grad_by_freq": True}])
def test_an_embedding_s_rows_count_their_uses(settings):
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Embedding(6, 3, **settings)

        def forward(self, ids):
            return self.layer(ids).mean(1)

    ids = torch.tensor([[0, 0, 2], [2, 3, 0], [5, 2, 2]])
    network = build_network(Words(), ids[:2])
    found = Evidence(network, Samples(ids)).squared_inputs()["layer.weight"]
    assert found[:, 0].tolist() == [3, 0, 4, 1, 0, 1]
    assert torch.equal(found, found[:, :1].expand(6, 3))


def test_inputs_that_come_from_parameters_are_squared_too():
    class Query(nn.Module):
        def __init__(self):
            super().__init__()
            self.query = nn.Parameter(torch.tensor([[1.0, -2.0, 3.0]]))
            self.layer = nn.Linear(3, 2)
            self.head = nn.Linear(3, 2)

        def forward(self, x):
            return self.layer(self.query) + self.head(x)

    network = build_network(Query(), torch.randn(4, 3)[:2])
    found = Evidence(network, Samples(torch.randn(4, 3))).squared_inputs()["layer.weight"]
    assert found[0].tolist() == pytest.approx([1.0, 4.0, 9.0])


def test_packed_attention_sees_its_tokens():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, x):
            return self.attend(x, x, x, need_weights=False)[0]

    inputs = torch.randn(6, 5, 4)
    network = build_network(Attention(), inputs[:2])
    found = Evidence(network, Samples(inputs)).squared_inputs()["attend.in_proj_weight"]
    expected = inputs.square().sum((0, 1)).expand(12, 4)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_wanda_is_the_weight_times_the_norm(net):
    expected = (
        net[0].conv.weight.detach().abs()
        * Evidence(net[2], net[1]).squared_inputs()["conv.weight"].sqrt()
    )
    torch.testing.assert_close(scores(net, "wanda")["conv.weight"], expected)


class Right(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(9, 7))

    def forward(self, x):
        return x @ self.weight


def test_wanda_takes_the_same_number_from_every_output():
    """Wanda compares within an output; a transposed convolution keeps outputs in dimension 1."""
    for layer, inputs, outputs in (
        (nn.Linear(8, 5), torch.randn(6, 8), 0),
        (nn.Conv2d(3, 4, 3), torch.randn(6, 3, 5, 5), 0),
        (nn.ConvTranspose2d(3, 7, 2), torch.randn(6, 3, 5, 5), 1),
        (Right(), torch.randn(6, 9), 1),
    ):
        network = build_network(One(layer), inputs[:2])
        keep = Scores(network, Samples(inputs)).mask("wanda", network.prunable()[0], 0.5)
        kept = keep.movedim(outputs, 0).flatten(1).sum(1)
        assert kept.max() - kept.min() <= 1
