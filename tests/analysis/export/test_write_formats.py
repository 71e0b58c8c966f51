"""Whenever an export is stopped or killed, its folder is the old export or a new one, whole."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from prunescope.bench.workbench import Workbench
from prunescope.errors import Cancelled
from prunescope.export import write_formats
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import Check, read_report
from prunescope.export.own_files import foreign_files
from prunescope.export.recipe import read_recipe
from prunescope.export.tensors import weights_sha256
from prunescope.progress import Silent
from prunescope.recovery.training.finetune import FineTuning, finetune
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.stops import StopAfter

FORMATS = ("safetensors", "recipe")
WEIGHTS = "model.safetensors"


class Killed(BaseException):
    """No code of ours catches it."""


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Skip the fresh process: every file of a format keeps its promises but for ``broken``."""

    def trust(*broken: str) -> None:
        def verify(kind: Any, *_: object) -> tuple[Check, ...]:
            return (Check("loads", "a file", "a file", ok=kind.name not in broken),)

        monkeypatch.setattr(write_formats, "verify", verify)
        same = "prunescope.export.plain_torch.check._require_same"
        monkeypatch.setattr(same, lambda made, folder: len(made.promise.validation))

    trust()
    return trust


def plan(bench: Workbench, sparsity: float) -> Plan:
    choices = {"head": Choice("magnitude", sparsity)}
    return Plan(f"{sparsity:.0%}", bench.manifest.fingerprint, choices)


def whole(folder: Path) -> str:
    """The name of the only plan that report, recipe, script and weights are about."""
    report = read_report(folder)
    assert report is not None
    assert report.ok
    offered = {entry.file for entry in report.formats}
    source = {"model.py"} if WEIGHTS in offered else set()
    assert {path.name for path in folder.glob("model.*")} == offered - {"recipe.json"} | source
    assert f"plan {report.plan!r}" in (folder / "model.py").read_text().replace('"', "'")
    assert read_recipe(folder / "recipe.json").plan.name == report.plan
    script = (folder / "load.py").read_text()
    assert f"plan {report.plan!r}" in script.replace('"', "'")
    assert ("def load_safetensors" in script) == (WEIGHTS in offered)
    assert weights_sha256(load_file(folder / WEIGHTS)) == report.weights_sha256
    assert not list(folder.glob(".ready*"))
    return report.plan


def test_a_stopped_export_leaves_the_old_one_or_a_new_one(
    tiny_bench: Workbench, tmp_path: Path, trusting: object
) -> None:
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    folder = tmp_path / "out"
    export_plan(tiny_bench, study, plan(tiny_bench, 0.5), ("safetensors", "pt2"), folder)
    (folder / "mine.txt").write_text("stays")
    for after, found in ((0, "50%"), (1, "60%")):
        with pytest.raises(Cancelled):
            export_plan(
                tiny_bench, study, plan(tiny_bench, 0.6), FORMATS, folder,
                progress=StopAfter(after), force=True,
            )  # fmt: skip
        assert whole(folder) == found
    assert not (folder / "model.pt2").exists()
    assert (folder / "mine.txt").read_text() == "stays"
    assert not list(folder.glob(".*"))


def test_a_killed_export_leaves_the_old_one_or_a_new_one(
    tiny_bench: Workbench, tmp_path: Path, trusting: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each and every file operation in turn."""
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    old = tmp_path / "old"
    export_plan(tiny_bench, study, plan(tiny_bench, 0.5), ("safetensors", "pt2"), old)
    found, killed = [], True
    while killed:
        folder = Path(shutil.copytree(old, tmp_path / str(len(found))))
        left = [len(found)]
        with monkeypatch.context() as patch:
            for name in ("replace", "rename", "unlink", "rmdir", "write_text", "mkdir"):
                patch.setattr(Path, name, dying(getattr(Path, name), left))
            try:
                export_plan(tiny_bench, study, plan(tiny_bench, 0.6), FORMATS, folder)
                killed = False
            except Killed:
                pass
        assert foreign_files(folder) == ()  # so that the next export goes on without a question
        found.append(whole(folder))
    assert set(found) == {"50%", "60%"}
    assert found == sorted(found)
    assert len(found) > 20


def dying(does: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def maybe(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return does(*given, **named)

    return maybe


def test_files_that_keep_no_promise_replace_the_old_ones_only_at_the_end(
    tiny_bench: Workbench, tmp_path: Path, trusting: Callable[..., None]
) -> None:
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    folder = tmp_path / "out"
    export_plan(tiny_bench, study, plan(tiny_bench, 0.5), ("safetensors",), folder)
    trusting("safetensors", "recipe")
    with pytest.raises(Cancelled):
        export_plan(
            tiny_bench, study, plan(tiny_bench, 0.6), FORMATS, folder, progress=StopAfter(1)
        )
    assert whole(folder) == "50%"
    report = export_plan(tiny_bench, study, plan(tiny_bench, 0.6), ("safetensors",), folder)
    assert read_report(folder) == report
    assert [path.name for path in folder.glob("model.*")] == [f"{WEIGHTS}.failed"]


def test_a_fine_tuned_recipe_is_not_offered_without_its_weights(
    tiny_bench: Workbench, tmp_path: Path, trusting: Callable[..., None]
) -> None:
    study = StudyFolder.create(tmp_path / "study", tiny_bench.manifest)
    half = plan(tiny_bench, 0.5)
    finetune(tiny_bench, study, half, FineTuning(epochs=1, batch=8), Silent())
    folder = tmp_path / "out"
    trusting("safetensors")
    report = export_plan(tiny_bench, study, half, ("recipe",), folder, recovered=True)
    assert [entry.ok for entry in report.formats] == [False, False]
    assert "replayed with the plain weights" in str(report.formats[1].reason)
    assert "def replay" not in (folder / "load.py").read_text()
    trusting()
    report = export_plan(tiny_bench, study, half, ("recipe",), folder, recovered=True)
    assert [entry.format for entry in report.formats] == ["safetensors", "recipe"]
    assert report.ok
    assert json.loads((folder / "verification.json").read_text())["fine_tuned_hash"]
