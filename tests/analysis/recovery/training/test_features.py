"""Inner values of the dense network: which are compared, and with which channels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunescope.bench.pruned import PruningMasks, select
from prunescope.bench.workbench import Workbench
from prunescope.capture.inner_values import with_inner_values
from prunescope.capture.network import forward
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.progress import Silent
from prunescope.recovery.training.features import Features, block_ends
from prunescope.recovery.training.fine_tuning_report import result_folder
from prunescope.recovery.training.finetune import FineTuning, finetune, read_weights
from prunescope.recovery.training.student import make_student
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.recovery.short_training import QUICK, MakePlan

SampleBench = Callable[[str], Workbench]


def features(bench: Workbench, selection: PruningMasks) -> tuple[Features, torch.nn.Module]:
    student = make_student(bench, "none", selection)
    example = bench.splits.calibration.chunk(0, 2).inputs
    return Features(bench, student, selection.units, example), student


def values(bench: Workbench, module: torch.nn.Module, names: tuple[str, ...]) -> tuple:  # type: ignore[type-arg]
    inputs = bench.splits.calibration.chunk(0, 4).inputs
    with torch.no_grad():
        found: tuple = forward(with_inner_values(module, names), inputs)[1]  # type: ignore[type-arg, arg-type]
    return found


@pytest.mark.parametrize(("model", "ends"), [("resnet20", 9), ("vit", 12), ("lenet5", 3)])
def test_blocks_end_at_sums_or_behind_layers(
    sample_bench: SampleBench, model: str, ends: int
) -> None:
    bench = sample_bench(model)
    assert bench.network.captured is not None
    names = block_ends(bench.network.captured.module)
    assert len(names) == len(set(names)) == ends


@pytest.mark.parametrize("model", ["resnet20", "lenet5", "vit"])
def test_a_channel_is_compared_with_the_dense_channel_that_it_is(
    sample_bench: SampleBench, model: str
) -> None:
    bench = sample_bench(model)
    assert bench.network.captured is not None
    # Every other unit of the first group: what its first layer computes of the others stays.
    group = bench.groups[0]
    keep = torch.arange(group.units) % 2 == 1
    found, student = features(bench, PruningMasks(units={group.name: keep}))
    own = values(bench, student, found.names)
    dense = values(bench, bench.network.captured.module, found.names)
    assert own[0].shape == found._left(found.names[0], dense[0]).shape
    if model == "lenet5":  # nothing lies between the first layer and its end: just its channels
        assert own[0].shape[1] < dense[0].shape[1]
        torch.testing.assert_close(own[0], dense[0][:, keep])
    assert float(found.distance(own, dense)) > 0


def test_the_dense_network_is_no_distance_from_itself(sample_bench: SampleBench) -> None:
    bench = sample_bench("resnet20")
    found, student = features(bench, PruningMasks())
    assert bench.network.captured is not None
    dense = values(bench, bench.network.captured.module, found.names)
    assert float(found.distance(values(bench, student, found.names), dense)) == 0.0


@pytest.mark.parametrize(
    ("rounds", "augment"), [(1, ""), (2, ""), (2, "torchvision.transforms.v2:Identity")]
)
def test_inner_values_come_closer_where_they_teach(
    bench: Workbench, tmp_path: Path, rounds: int, augment: str
) -> None:
    study = StudyFolder.create(tmp_path, bench.manifest)
    group = bench.groups[0].name
    plan = Plan("half", bench.manifest.fingerprint, {group: Choice("l2", 0.5, "channel")})
    alone = replace(QUICK, optimizer="adamw", epochs=8, rounds=rounds, augment=augment, rate=0.01)

    def apart(weight: float) -> float:
        result = finetune(bench, study, plan, replace(alone, features=weight), Silent())
        assert result.settings.features == weight
        keep = torch.ones(bench.groups[0].units, dtype=torch.bool)
        weights = read_weights(result_folder(study.folder, plan, result.settings.schedule))
        removed = result.gone.get(group)
        if removed is None:
            scores = Scores(bench.network, bench.splits.calibration, bench.groups)
            keep = select(plan, scores).units[group]
        else:
            keep[list(removed)] = False
        found, student = features(bench, PruningMasks(units={group: keep}))
        student.load_state_dict(weights)
        assert bench.network.captured is not None
        dense = values(bench, bench.network.captured.module, found.names)
        return float(found.distance(values(bench, student, found.names), dense))

    assert apart(100.0) < 0.9 * apart(0.0)


def test_a_network_without_a_graph_is_refused_in_a_sentence(
    untraceable: Workbench, make_plan: MakePlan, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, untraceable.manifest)
    plan = make_plan(untraceable, 0.5, "none")
    asked = replace(QUICK, features=1.0)
    with pytest.raises(CannotPrune, match=r"Expected a captured model .*--distil-features 0"):
        finetune(untraceable, study, plan, asked, Silent())


def test_where_both_networks_have_no_value_in_common_it_is_said(
    sample_bench: SampleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = sample_bench("lenet5")
    monkeypatch.setattr("prunescope.recovery.training.features.block_ends", lambda module: ())
    with pytest.raises(CannotPrune, match="none where its blocks end"):
        features(bench, PruningMasks())


def test_settings_bound_the_weight() -> None:
    with pytest.raises(ValueError, match="Expected features to be at least 0"):
        FineTuning(features=-1.0)
