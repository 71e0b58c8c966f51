"""A fault of one group or point stops no other, and the study says what it left out."""

from pathlib import Path
from typing import Any

import pytest
import torch

from prunescope.bench.workbench import Workbench
from prunescope.progress import Silent
from prunescope.removal import check_law
from prunescope.replay import choose_engine, point_variants
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.sweep import check_laws
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import groups_left_out
from tests.analysis.cli.command import Command

GRID = Grid((Method("l1", "channel"),), (0.5,), ("fc1", "fc2"))


def breaks_for(name: str, call: Any) -> Any:
    """``call`` that fails as an operator does, where it is about the group ``name``."""

    def broken(captured: Any, removal: Any, *more: Any) -> Any:
        if name in removal:
            raise RuntimeError("expected input to have 32 channels, but got 64 channels instead")
        return call(captured, removal, *more)

    return broken


@pytest.mark.parametrize("engine", ["frontier", "naive"])
def test_a_point_whose_network_fails_is_left_out_until_it_runs(
    sample_bench: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    engine: str,
) -> None:
    bench: Workbench = sample_bench("mlp")
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    with monkeypatch.context() as patch:
        place = (
            "prunescope.bench.pruned.remove"
            if engine == "naive"
            else (f"{point_variants.__name__}.remove")
        )
        patch.setattr(place, breaks_for("fc1", point_variants.remove))
        report = sweep(bench, study, GRID, Silent(), choose_engine(bench, engine))
    assert (report.measured, report.missing) == (1, 0)
    (refusal,) = report.refused
    assert refusal.startswith("fc1 l1@channel 0.5: Expected the pruned network to run, but it")
    assert "expected input to have 32 channels" in refusal
    assert set(study.measured()["subject"]) == {"fc2"}
    assert StudyFolder.open(study.folder).manifest.omissions() == (refusal,)
    shown = Command(monkeypatch, capsys)("show", study.folder)
    assert "Left out: fc1 l1@channel 0.5: Expected the pruned network" in shown.out
    if engine == "frontier":
        again = StudyFolder.open(study.folder)
        assert sweep(bench, again, GRID, Silent()).measured == 1
        assert StudyFolder.open(study.folder).manifest.omissions() == ()


def test_a_group_whose_law_cannot_be_checked_is_left_out(
    sample_bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench: Workbench = sample_bench("mlp")
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    monkeypatch.setattr(check_laws, "check_law", breaks_for("fc1", check_law))
    grid = Grid(GRID.methods, GRID.sparsities)
    report = sweep(bench, study, grid, Silent())
    assert (report.measured, report.missing, report.refused) == (1, 0, ())
    (sentence,) = groups_left_out(grid, StudyFolder.open(study.folder).manifest)
    assert sentence.startswith(
        "fc1: Expected the pruned network to run, but it raised RuntimeError"
    )
    assert StudyFolder.open(study.folder).manifest.omissions() == (sentence,)


def test_every_weight_normed_group_is_measured(tmp_path: Path) -> None:
    import prunescope as ps
    from tests.zoo import build

    torch.manual_seed(0)
    inputs = torch.randn(24, 3, 12)
    study = ps.sweep(
        build("weight_norm_chain"), (inputs, None), folder=tmp_path / "study",
        methods=("l1@channel",), sparsities=(0.5,), metric="agreement",
    )  # fmt: skip
    assert set(StudyFolder.open(tmp_path / "study").measured()["subject"]) == {"a", "b"}
    assert study.manifest.omissions() == ()
