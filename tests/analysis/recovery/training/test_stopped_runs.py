"""Fine-tuning that is cancelled, killed or diverges: what is kept, and how it goes on."""

from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.progress import Silent
from prunescope.recovery.training import loop
from prunescope.recovery.training.checkpoint import CHECKPOINT
from prunescope.recovery.training.fine_tuning_report import (
    FineTuning,
    read_result,
    result_folder,
)
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.store.folder import StudyFolder
from tests.analysis.recovery.short_training import QUICK, MakePlan
from tests.analysis.recovery.training.trained import Spy, measured


@pytest.mark.parametrize("interrupt", [False, True])
@pytest.mark.parametrize(("cancel_at", "epochs"), [(0, 0), (15, 1)])
def test_cancelling_keeps_the_best_so_far(
    subject: Workbench,
    make_plan: MakePlan,
    tmp_path: Path,
    cancel_at: int,
    epochs: int,
    interrupt: bool,
) -> None:
    study = StudyFolder.create(tmp_path, subject.manifest)
    plan = make_plan(subject)
    result = finetune(subject, study, plan, QUICK, Spy(cancel_at, interrupt))
    assert (result.ending, result.best_epoch) == ("cancelled", epochs)
    weights = read_weights(result_folder(study.folder, plan))
    assert result.after == measured(subject, weights, "validation")
    if epochs == 0:
        assert result.after == result.before


def test_a_run_cut_short_does_not_displace_a_better_one(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    folder = result_folder(study.folder, plan)
    whole = finetune(bench, study, plan, QUICK, Silent())
    assert finetune(bench, study, plan, QUICK, Spy(cancel_at=0)) == whole
    assert read_result(folder) == whole
    (folder / "weights.safetensors").write_bytes(b"damaged")
    short = finetune(bench, study, plan, QUICK, Spy(cancel_at=0))
    assert short.ending == "cancelled"
    assert read_result(folder) == short
    finetune(bench, study, plan, QUICK, Silent())
    assert read_result(folder).weights_hash == whole.weights_hash


def test_what_diverges_begins_again_at_a_tenth_of_the_rate(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench)
    wild = FineTuning(epochs=4, rate=10.0, batch=8, decay=1.0)  # weights grow ninefold
    spy = Spy()
    result = finetune(bench, study, plan, wild, spy)
    assert result.settings.rate < wild.rate
    assert result.settings == replace(wild, rate=result.settings.rate)
    assert any("diverged at a rate of 10" in message for message in spy.messages)
    alone = finetune(bench, study, plan, result.settings, Silent())
    assert alone.weights_hash == result.weights_hash  # nothing is left of the first try


@pytest.mark.parametrize("cancel_at", [0, 7, 10, 15])
def test_a_stopped_run_goes_on_as_if_it_never_had_stopped(
    subject: Workbench, make_plan: MakePlan, tmp_path: Path, cancel_at: int
) -> None:
    plan = make_plan(subject, 0.8)
    whole = StudyFolder.create(tmp_path / "whole", subject.manifest)
    wanted = finetune(subject, whole, plan, QUICK, Silent())
    study = StudyFolder.create(tmp_path / "stopped", subject.manifest)
    stopped = finetune(subject, study, plan, QUICK, Spy(cancel_at))
    assert stopped.ending == "cancelled"
    assert "the same command goes on from there" in stopped.ending_sentence()
    spy = Spy()
    result = finetune(subject, study, plan, QUICK, spy)
    steps = spy.total
    assert spy.asked == steps - cancel_at  # nothing is trained twice
    assert (result.ending, result.resumed) == ("finished", 1)
    assert result.weights_hash == wanted.weights_hash
    assert result.curve == wanted.curve
    assert not (result_folder(study.folder, plan) / CHECKPOINT).exists()


def test_a_killed_run_loses_what_came_after_its_last_state(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a state kept at every step in place of every minute, one step is lost."""
    plan = make_plan(bench, 0.8)
    monkeypatch.setattr(loop, "KEEP_EVERY", 0.0)

    class Killed(Spy):
        def cancelled(self) -> bool:
            if self.asked == 9:
                raise SystemExit
            return super().cancelled()

    with pytest.raises(SystemExit):
        finetune(bench, study, plan, QUICK, Killed())
    assert (result_folder(study.folder, plan) / CHECKPOINT).is_file()
    spy = Spy()
    result = finetune(bench, study, plan, QUICK, spy)
    assert spy.asked == spy.total - 9
    assert result.resumed == 1
    again = finetune(bench, study, plan, QUICK, Silent())
    assert (again.weights_hash, again.resumed) == (result.weights_hash, 0)


def test_other_settings_or_a_damaged_state_begin_anew(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench, 0.8)
    path = result_folder(study.folder, plan) / CHECKPOINT
    finetune(bench, study, plan, QUICK, Spy(12))
    other = finetune(bench, study, plan, replace(QUICK, seed=5), Spy(12))
    assert other.resumed == 0
    path.write_bytes(path.read_bytes()[:-7])
    spy = Spy()
    assert finetune(bench, study, plan, replace(QUICK, seed=5), spy).resumed == 0
    assert spy.asked == spy.total
