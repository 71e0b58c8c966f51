"""Least squares on real networks: what changes, what does not, and that it helps."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import PruningMasks, select_one, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.errors import BadValue, CannotPrune
from prunescope.moments import second_moments
from prunescope.recovery import recovered
from prunescope.recovery.least_squares.refit import refit_masked, supports
from prunescope.study import Method, Reference

NETWORKS = '''
import torch
from torch import nn

torch.manual_seed(3)


class Residual(nn.Module):
    """A stream that two blocks add to, batch norms, a depthwise filter and a head."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.grow, self.grown = nn.Conv2d(8, 12, 1, bias=False), nn.BatchNorm2d(12)
        self.deep = nn.Conv2d(12, 12, 3, padding=1, groups=12, bias=False)
        self.deepened = nn.BatchNorm2d(12)
        self.shrink = nn.Conv2d(12, 8, 1)
        self.head = nn.Linear(8 * 9, 3)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        y = self.deepened(self.deep(self.grown(self.grow(x)).relu())).relu()
        return self.head(torch.nn.functional.avg_pool2d(x + self.shrink(y), 2).flatten(1))


class Tied(nn.Module):
    """One layer that is called twice."""

    def __init__(self):
        super().__init__()
        self.first, self.again = nn.Linear(36, 20), nn.Linear(20, 20)
        self.head = nn.Linear(20, 3)

    def forward(self, x):
        x = self.first(x.flatten(1)).relu()
        return self.head(self.again(self.again(x).relu()))


class Odd(nn.Module):
    """A weight that is read by einsum and a plain one."""

    def __init__(self):
        super().__init__()
        self.first, self.core = nn.Linear(36, 20), nn.Parameter(torch.randn(20, 3))

    def forward(self, x):
        return torch.einsum("bi,io->bo", self.first(x.flatten(1)).relu(), self.core)


def residual():
    model = Residual()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
    return model


def tied():
    return Tied()


def odd():
    return Odd()


def splits():
    made = torch.Generator().manual_seed(7)

    def part(count):
        smooth = torch.nn.functional.avg_pool2d(torch.randn(count, 1, 8, 8, generator=made), 3, 1)
        return 3 * smooth, torch.arange(count) % 3

    return {"calibration": part(160), "validation": part(60), "test": part(9)}
'''


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Workbench]:
    path: Path = tmp_path_factory.mktemp("networks") / "networks.py"
    path.write_text(NETWORKS)
    benches: dict[str, Workbench] = {}

    def build(name: str) -> Workbench:
        if name not in benches:
            benches[name] = prepare(Reference(f"{path}:{name}", f"{path}:splits"))
        return benches[name]

    return build


def state(bench: Workbench) -> dict[str, Tensor]:
    module = bench.network.module
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tensor.detach().clone() for name, tensor in named}


def outputs(bench: Workbench, selection: PruningMasks, recovery: str) -> Tensor:
    with (
        selected(bench.network, selection) as left,
        recovered(bench, recovery, left, selection),
        torch.no_grad(),
    ):
        found: Tensor = left(bench.splits.calibration.inputs)
        return found


def masks(bench: Workbench, sparsity: float) -> PruningMasks:
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    layers = bench.network.prunable()
    build = {each.parameter: scores.mask("magnitude", each, sparsity) for each in layers}
    return PruningMasks(build)


def units(bench: Workbench, sparsity: float) -> PruningMasks:
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    names = [group.name for group in bench.groups]
    return PruningMasks(units={name: scores.units("l2", name, sparsity) for name in names})


def test_a_dense_model_stays_bit_for_bit(make: Callable[[str], Workbench]) -> None:
    bench = make("residual")
    before = state(bench)
    kept = {layer.parameter: torch.ones(layer.summary.shape, dtype=torch.bool)
            for layer in bench.network.prunable()}  # fmt: skip
    for selection in (None, PruningMasks(), PruningMasks(masks=kept)):
        with recovered(bench, "ls", bench.network.module, selection):
            now = state(bench)
            assert all(torch.equal(now[name], before[name]) for name in before)


@pytest.mark.parametrize("name", ["residual", "tied"])
@pytest.mark.parametrize("kind", ["weights", "units"])
def test_weights_are_back_after_it_also_after_an_error(
    name: str, kind: str, make: Callable[[str], Workbench]
) -> None:
    bench = make(name)
    before = state(bench)
    selection = masks(bench, 0.6) if kind == "weights" else units(bench, 0.5)
    with (
        pytest.raises(KeyError),
        selected(bench.network, selection) as left,
        recovered(bench, "ls", left, selection),
    ):
        raise KeyError
    now = state(bench)
    assert all(torch.equal(now[name], before[name]) for name in before)


@pytest.mark.parametrize("name", ["residual", "tied"])
def test_zeros_stay_zero_and_survivors_move(name: str, make: Callable[[str], Workbench]) -> None:
    bench = make(name)
    before, selection = state(bench), masks(bench, 0.6)
    with selected(bench.network, selection) as left, recovered(bench, "ls", left, selection):
        for parameter, keep in selection.masks.items():
            weight = left.get_parameter(parameter).detach()
            assert not bool(weight[~keep].any())
            moved = weight[keep] != before[parameter][keep]
            assert bool(moved.any())


@pytest.mark.parametrize("kind", ["weights", "units", "2:4"])
@pytest.mark.parametrize("name", ["residual", "tied"])
def test_outputs_come_closer_to_the_dense_ones(
    name: str, kind: str, make: Callable[[str], Workbench]
) -> None:
    bench = make(name)
    selection = units(bench, 0.5) if kind == "units" else masks(bench, 0.6)
    if kind == "2:4":
        scores = Scores(bench.network, bench.splits.calibration, bench.groups)
        fits = [each for each in bench.network.prunable() if each.summary.shape[1] % 4 == 0]
        build = {e.parameter: scores.mask("magnitude", e, 0.5, 0, "2:4") for e in fits}
        selection = PruningMasks(build)
    dense = outputs(bench, PruningMasks(), "none")
    plain = (outputs(bench, selection, "none") - dense).square().mean()
    found = (outputs(bench, selection, "ls") - dense).square().mean()
    assert found < 0.7 * plain


def test_a_layer_on_dense_inputs_is_what_its_dense_moments_give(
    make: Callable[[str], Workbench],
) -> None:
    """The walk over both networks is another way to the weights of the layer that is pruned."""
    bench = make("residual")
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    moments = second_moments.dense_moments(bench.network, bench.splits.calibration)
    for subject in ("stem", "shrink"):
        chosen = select_one(scores, subject, Method("magnitude"), 0.5)
        expected = refit_masked(bench, moments, supports(bench, chosen))
        name = f"{subject}.weight"
        with selected(bench.network, chosen) as left, recovered(bench, "ls", left, chosen):
            own = left.get_parameter(name).detach()
            torch.testing.assert_close(own, expected[name], rtol=1e-4, atol=1e-5)


def test_a_removed_channel_that_kept_ones_replace_costs_nothing(
    make: Callable[[str], Workbench],
) -> None:
    """The last channel of ``grow`` is the first again, also after its norms."""
    bench = make("residual")
    module = bench.network.module
    before = state(bench)
    try:
        with torch.no_grad():
            for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                if name.startswith(("grow", "deep")) and tensor.ndim:
                    tensor[11] = tensor[0]
            module.get_parameter("deepened.bias")[[0, 11]] = 1.0
        keep = torch.arange(12) < 11
        group = "grow"
        selection = PruningMasks(units={group: keep})
        second_moments._KNOWN.pop(module, None)
        dense = outputs(bench, PruningMasks(), "none")
        plain = float((outputs(bench, selection, "none") - dense).abs().max())
        found = float((outputs(bench, selection, "ls") - dense).abs().max())
        assert plain > 1e-2
        assert found < 0.03 * plain  # the ridge keeps a little
    finally:
        second_moments._KNOWN.pop(module, None)
        with torch.no_grad():
            for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                tensor.copy_(before[name])


def test_what_has_no_rule_is_refused_by_name(make: Callable[[str], Workbench]) -> None:
    bench = make("odd")
    group = next(g for g in bench.groups)
    keep = torch.arange(group.units) % 2 == 0
    with pytest.raises(CannotPrune, match="Expected layers that can be refitted, but core"):
        outputs(bench, PruningMasks(units={group.name: keep}), "ls")


def test_a_model_without_a_graph_is_refused(untraceable: Workbench) -> None:
    name = untraceable.network.prunable()[0].parameter
    mask = torch.zeros_like(untraceable.network.module.get_parameter(name), dtype=torch.bool)
    with pytest.raises(CannotPrune, match="Expected a captured model for a refit"):
        outputs(untraceable, PruningMasks(masks={name: mask}), "ls")


def test_the_selection_cannot_be_forgotten(make: Callable[[str], Workbench]) -> None:
    bench = make("tied")
    for selection in (masks(bench, 0.5), units(bench, 0.5)):
        with (
            selected(bench.network, selection) as left,
            pytest.raises(BadValue, match="Expected what was pruned for recovery ls"),
            recovered(bench, "ls", left),
        ):
            pass


@pytest.mark.parametrize("model", ["mlp", "lenet5"])
def test_curves_with_least_squares_are_no_worse(
    model: str, sample_bench: Callable[[str], Workbench]
) -> None:
    bench = sample_bench(model)
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)

    def loss(chosen: PruningMasks, recovery: str) -> float:
        with selected(bench.network, chosen) as left, recovered(bench, recovery, left, chosen):
            found = evaluate(left, bench.splits.validation, bench.metric, bench.batch).entropy
        assert found is not None
        return float(found.mean())

    subjects = [(layer.name, "magnitude") for layer in bench.network.prunable()]
    subjects += [(group.name, "l2@channel") for group in bench.groups]
    for subject, method in subjects:
        chosen = select_one(scores, subject, Method.parse(method), 0.5)
        assert loss(chosen, "ls") < loss(chosen, "none") + 0.02
