"""A disk that fills up while a network is trained: the run goes on, and what was kept stays."""

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import StorageFailure
from prunescope.progress import Silent
from prunescope.recovery.training import checkpoint, finetune, loop
from prunescope.recovery.training.checkpoint import CHECKPOINT
from prunescope.recovery.training.fine_tuning_report import result_folder
from prunescope.store.folder import StudyFolder
from tests.analysis.recovery.short_training import QUICK, MakePlan
from tests.analysis.recovery.training.trained import Spy

FULL = "Expected room on the disk for x, but the disk is full. Free some space."


def _full(*_: object) -> None:
    raise StorageFailure(FULL)


def test_a_state_that_cannot_be_kept_does_not_end_the_run(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(bench)
    wanted = finetune.finetune(bench, study, plan, QUICK, Silent())
    monkeypatch.setattr(loop, "KEEP_EVERY", 0.0)
    monkeypatch.setattr(checkpoint, "write_atomically", _full)
    spy = Spy()
    result = finetune.finetune(bench, study, plan, QUICK, spy)
    assert result.weights_hash == wanted.weights_hash
    assert any(FULL in message and "at step 3" in message for message in spy.messages)
    short = finetune.finetune(bench, study, make_plan(bench, 0.7), QUICK, Spy(cancel_at=4))
    assert "could not be kept at step 4" in short.happenings()


def test_a_result_that_cannot_be_written_leaves_the_last_state(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(bench)
    wanted = finetune.finetune(bench, study, plan, QUICK, Silent())
    with monkeypatch.context() as patched:
        patched.setattr(finetune, "write_atomically", _full)
        with pytest.raises(StorageFailure, match="the disk is full"):
            finetune.finetune(bench, study, plan, QUICK, Silent())
    assert (result_folder(study.folder, plan) / CHECKPOINT).is_file()
    spy = Spy()
    result = finetune.finetune(bench, study, plan, QUICK, spy)
    assert (result.resumed, result.weights_hash) == (1, wanted.weights_hash)
    assert spy.asked == spy.total // QUICK.epochs  # from the last epoch but one
