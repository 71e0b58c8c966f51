"""What makes a study untrue is refused or marked, and a sound network passes every check."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from prunescope.errors import UnknownName, Unsound
from prunescope.soundness.check_bench import check_bench, checked
from prunescope.sources.splits import Samples, Splits
from prunescope.store.folder import StudyFolder
from prunescope.study.soundness import Check
from tests.analysis.soundness.networks import (
    BatchStatistics,
    ByThreads,
    Noisy,
    Plain,
    Untrained,
    bench_of,
    samples,
    splits,
)


def checks_of(
    module: nn.Module, data: Splits | None = None, metric: str = "top-1"
) -> dict[str, Check]:
    return {check.name: check for check in check_bench(bench_of(module, data, metric), metric)}


def test_a_sound_network_passes_every_check_and_is_left_as_it_was() -> None:
    bench = bench_of(Plain())
    before = {name: t.clone() for name, t in bench.network.module.state_dict().items()}
    threads = torch.get_num_threads()
    found = check_bench(bench, "top-1")
    assert [check for check in found if check.state != "passed"] == []
    assert len(found) == 10
    after = bench.network.module.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("module", "name", "says"),
    [
        (Noisy(), "repeated", "draws random numbers"),
        (BatchStatistics(), "batches", "depend on who else is in the batch"),
    ],
)
def test_what_no_study_can_be_true_of_is_refused(
    module: nn.Module, name: str, says: str, tmp_path
) -> None:
    bench = bench_of(module)
    with pytest.raises(Unsound, match=says) as refused:
        checked(bench, "top-1", tmp_path / "s")
    assert f"--accept {name}" in str(refused.value)
    accepted = checked(bench, "top-1", tmp_path / "s", [name])
    (kept,) = [check for check in accepted.manifest.soundness if check.state == "refused"]
    assert kept.name == name  # and the checks that it would spoil too are not made
    assert not (tmp_path / "s").exists()


def test_the_engine_is_checked_by_a_mask_that_removes_nothing(monkeypatch) -> None:
    """Without the check before it, a network that depends on its batch fails here."""
    from prunescope.soundness import network_checks

    monkeypatch.setattr(
        network_checks, "_batches", lambda *_: Check("batches", "passed", "not looked at")
    )
    found = checks_of(BatchStatistics())
    assert found["empty-mask"].state == "refused"
    assert "the drop at sparsity 0 must be 0" in found["empty-mask"].sentence
    assert checks_of(Plain())["empty-mask"].state == "passed"


def test_another_number_of_threads_is_marked() -> None:
    assert checks_of(ByThreads())["threads"].state == "marked"
    assert checks_of(Plain())["threads"].state == "passed"


def test_more_answers_than_classes_are_refused() -> None:
    found = checks_of(Plain(), metric="top-5")["classes"]
    assert found.state == "refused"
    assert "top-5 of 3 classes is right whatever the network answers" in found.sentence
    assert "--metric top-1" in found.sentence


def test_equal_splits_are_marked() -> None:
    same = samples(60, 2)
    found = checks_of(Plain(), Splits(same, same, same))["overlap"]
    assert found.state == "marked"
    assert "60 of 60 validation samples are also calibration's" in found.sentence
    one = samples(24, 3)
    one.inputs[5] = same.inputs[7]  # type: ignore[index]
    found = checks_of(Plain(), Splits(samples(24, 1), same, one))["overlap"]
    assert found.state == "marked"
    assert "1 of 24 test samples are also validation's" in found.sentence


def test_a_network_at_chance_is_marked() -> None:
    found = checks_of(Untrained())["chance"]
    assert found.state == "marked"
    assert "no better than chance" in found.sentence
    assert "33.33 %" in found.sentence
    assert checks_of(Plain())["chance"].state == "passed"


def test_a_metric_of_ones_own_is_compared_with_shuffled_labels(monkeypatch) -> None:
    def closeness(outputs, targets):
        return -(outputs.argmax(1) - targets).abs().float()

    for module, state in ((Plain(), "passed"), (Untrained(), "marked")):
        bench = bench_of(module)
        own = replace(bench.metric, name="own.py:closeness", score=closeness)
        scores = closeness(bench.network(bench.splits.validation.inputs), samples(60, 2).targets)
        reference = replace(bench.manifest.reference, metric=own.name)
        bench = replace(
            bench, metric=own, dense=replace(bench.dense, score=scores),
            manifest=replace(bench.manifest, reference=reference),
        )  # fmt: skip
        found = {check.name: check for check in check_bench(bench, own.name)}["chance"]
        assert found.state == state, found


def test_without_labels_the_score_is_said_to_be_agreement() -> None:
    found = checks_of(Plain(), splits(labelled=False))["labels"]
    assert found.state == "marked"
    assert "the validation split has no labels, so top-1 cannot be measured" in found.sentence
    asked = checks_of(Plain(), splits(labelled=False), "agreement")["labels"]
    assert asked.state == "passed"


def test_a_class_without_samples_is_marked() -> None:
    data = splits()
    two = data.validation.targets != 2  # type: ignore[operator]
    few = Samples(data.validation.inputs[two], data.validation.targets[two])  # type: ignore[index]
    found = checks_of(Plain(), replace(data, validation=few))["balance"]
    assert found.state == "marked"
    assert "1 of 3 classes have no validation sample (2)" in found.sentence


def test_coarse_numbers_are_marked_and_casts_are_said() -> None:
    data = splits()
    coarse = Splits(*(
        Samples(part.inputs.bfloat16(), part.targets)  # type: ignore[union-attr]
        for part in (data.calibration, data.validation, data.test)
    ))  # fmt: skip
    found = checks_of(Plain().bfloat16(), coarse)["precision"]
    assert found.state == "marked"
    assert "in bfloat16 every sum is rounded" in found.sentence
    cast = replace(data, casts=("validation_inputs from float64 to float32",))
    assert "float64 to float32" in checks_of(Plain(), cast)["precision"].sentence


def test_a_study_keeps_its_checks_and_goes_on_without_new_ones(tmp_path, monkeypatch) -> None:
    bench = checked(bench_of(Plain()), "top-1", tmp_path / "s")
    made = StudyFolder.create(tmp_path / "s", bench.manifest)
    assert StudyFolder.open(made.folder).manifest.soundness == bench.manifest.soundness
    monkeypatch.setattr("prunescope.soundness.check_bench.check_bench", None)
    again = checked(bench_of(Plain()), "top-1", made.folder)
    assert again.manifest.soundness == bench.manifest.soundness


def test_only_checks_that_refuse_can_be_accepted(tmp_path) -> None:
    with pytest.raises(UnknownName, match="check to accept"):
        checked(bench_of(Plain()), "top-1", tmp_path / "s", ["chance"])
