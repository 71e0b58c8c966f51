"""An export replaces an earlier export, and nothing else unless somebody insists."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import WouldOverwrite
from prunescope.export import write_formats
from prunescope.export.destination import destination
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import Check, ExportReport, export_folder, read_report
from prunescope.export.own_files import foreign_files
from prunescope.progress import Silent
from prunescope.recovery.training.fine_tuning_report import FineTuning, result_folder
from prunescope.recovery.training.finetune import finetune
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan

FORMATS = ("safetensors", "recipe")
WEIGHTS = "model.safetensors"
Export = Callable[..., ExportReport]


@pytest.fixture(autouse=True)
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the fresh process, which is not what is tested here."""

    def verify(*_: object) -> tuple[Check, ...]:
        return (Check("loads", "a file", "a file", ok=True),)

    monkeypatch.setattr(write_formats, "verify", verify)
    same = "prunescope.export.plain_torch.check._require_same"
    monkeypatch.setattr(same, lambda made, folder: len(made.promise.validation))


@pytest.fixture
def study(tiny_bench: Workbench, tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "study", tiny_bench.manifest)


def plan(study: StudyFolder, sparsity: float = 0.5) -> Plan:
    return Plan(
        f"{sparsity:.0%}", study.manifest.fingerprint, {"head": Choice("magnitude", sparsity)}
    )


@pytest.fixture
def export(tiny_bench: Workbench, study: StudyFolder) -> Export:
    """Export a plan of the given sparsity."""

    def exported(folder: Path | None, sparsity: float = 0.5, **more: Any) -> ExportReport:
        chosen = plan(study, sparsity)
        return export_plan(tiny_bench, study, chosen, FORMATS, folder, **more)

    return exported


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def refused(export: Export, folder: Path | None, *words: str, **more: Any) -> None:
    """Nothing is touched, and one sentence holds all ``words``."""
    before = content(folder) if folder is not None and folder.is_dir() else {}
    with pytest.raises(WouldOverwrite, match="^Expected ") as error:
        export(folder, **more)
    for word in words:
        assert word in str(error.value)
    if before:
        assert content(folder) == before  # type: ignore[arg-type]


def test_an_earlier_export_is_replaced_without_a_word(
    export: Export, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = export(tmp_path / "out")
    assert sorted(first.files) == ["load.py", "model.py", WEIGHTS, "recipe.json"]
    assert foreign_files(tmp_path / "out") == ()
    (tmp_path / "out/.DS_Store").write_text("hidden")
    (tmp_path / "out/__pycache__").mkdir()
    second = export(tmp_path / "out", 0.6)
    assert first.weights_sha256 != second.weights_sha256
    assert read_report(tmp_path / "out") == second
    assert not [each for each in caplog.records if each.name.startswith("prunescope")]


def test_an_export_of_before_hashes_were_noted_is_replaced(export: Export, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export(folder)
    (folder / "model.py").unlink()  # no export had one then
    report = json.loads((folder / "verification.json").read_text())
    del report["files"]
    (folder / "verification.json").write_text(json.dumps(report))
    assert foreign_files(folder) == ()
    assert export(folder, 0.6).files
    (folder / "model.py").unlink()
    (folder / "verification.json").write_text(json.dumps(report))
    weights = folder / WEIGHTS
    weights.write_bytes(weights.read_bytes() + b"more")
    assert foreign_files(folder) == (WEIGHTS, "recipe.json")  # the recipe is of other weights


def test_what_somebody_put_there_stays(export: Export, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(b"dense")
    (folder / "load.py").write_text("mine")
    refused(
        export, folder, f"what Prunescope did not write as it is now: load.py and {WEIGHTS}.",
        f"--output, or add --force (force=True in Python), which replaces load.py and {WEIGHTS}.",
    )  # fmt: skip
    (folder / "verification.json").write_text("{}")
    refused(export, folder, f"load.py, {WEIGHTS} and verification.json")


def test_a_file_beside_an_export_or_a_changed_one_is_noticed(
    export: Export, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export(folder)
    (folder / "notes.txt").write_text("mine")
    refused(export, folder, "did not write as it is now: notes.txt.", "which leaves it as it is.")
    (folder / "notes.txt").unlink()
    (folder / "load.py").write_text("# better\n" + (folder / "load.py").read_text())
    refused(export, folder, "did not write as it is now: load.py.", "which replaces load.py.")
    (folder / "load.py").unlink()
    export(folder, 0.6)
    (folder / "sub").mkdir()
    refused(export, folder, "as it is now: sub.")


def test_force_names_what_it_replaces_and_leaves_the_rest(
    export: Export, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in (WEIGHTS, "load.py", "verification.json", "notes.txt"):
        (folder / name).write_text("mine")
    report = export(folder, force=True)
    assert (
        f"Replacing what Prunescope did not write: {folder}/load.py, {folder}/{WEIGHTS} and "
        f"{folder}/verification.json."
    ) in caplog.text
    assert report.ok
    assert read_report(folder) == report
    assert (folder / "notes.txt").read_text() == "mine"
    assert foreign_files(folder) == ("notes.txt",)


def test_a_changed_file_is_not_taken_for_the_one_that_was_verified(
    export: Export, tmp_path: Path, tiny_bench: Workbench, study: StudyFolder
) -> None:
    folder = tmp_path / "out"
    export(folder)
    (folder / WEIGHTS).write_bytes(b"changed")
    report = export_plan(tiny_bench, study, plan(study), ("recipe",), folder, force=True)
    assert [entry.format for entry in report.formats] == ["recipe"]
    assert not (folder / WEIGHTS).exists()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("inside", ["", "measurements", "jobs/mine", "exports", "out"])
def test_a_studys_folder_is_never_written(export: Export, study: StudyFolder, inside: str,
                                          force: bool) -> None:  # fmt: skip
    refused(export, study.folder / inside, "outside of every study", force=force)


def test_another_study_is_one_too_also_by_a_link(
    export: Export, study: StudyFolder, tmp_path: Path
) -> None:
    other = StudyFolder.create(tmp_path / "other", study.manifest)
    (tmp_path / "link").symlink_to(other.folder)
    refused(export, tmp_path / "link" / "exports" / "x", "outside of every study", force=True)
    assert export(study.folder / "exports" / "mine").ok


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("link", [os.link, os.symlink, None])
def test_the_references_own_weights_are_never_replaced(
    tiny_bench: Workbench, study: StudyFolder, tmp_path: Path, link: Any, force: bool
) -> None:
    weights, folder = tmp_path / "dense.safetensors", tmp_path / "out"
    folder.mkdir()
    if link is None:
        weights = folder / WEIGHTS
    weights.write_bytes(b"dense")
    if link is not None:
        link(weights, folder / WEIGHTS)
    reference = replace(study.manifest.reference, weights=str(weights))
    made = StudyFolder(study.folder, replace(study.manifest, reference=reference))
    with pytest.raises(
        WouldOverwrite, match=re.escape(f"{folder / WEIGHTS} is the file {weights}")
    ):
        destination(made, plan(study), FORMATS, folder, force=force)
    assert weights.read_bytes() == b"dense"


def test_data_in_a_folder_gets_no_new_class(study: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "images/cat").mkdir(parents=True)
    reference = replace(study.manifest.reference, data=f"imagefolder:{tmp_path}/images")
    made = StudyFolder(study.folder, replace(study.manifest, reference=reference))
    with pytest.raises(WouldOverwrite, match="is in .*images, which it is made from"):
        destination(made, plan(study), FORMATS, tmp_path / "images" / "out", force=True)


def test_a_link_is_replaced_only_by_force_and_not_followed(export: Export, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere.safetensors"
    folder.mkdir()
    elsewhere.write_bytes(b"theirs")
    (folder / WEIGHTS).symlink_to(elsewhere)
    refused(export, folder, f"as it is now: {WEIGHTS}.")
    export(folder, force=True)
    assert elsewhere.read_bytes() == b"theirs"
    assert not (folder / WEIGHTS).is_symlink()


def test_a_link_that_leads_out_of_a_study_is_not_followed(
    export: Export, study: StudyFolder, tmp_path: Path, tiny_bench: Workbench
) -> None:
    (tmp_path / "theirs").mkdir()
    place = export_folder(study.folder, plan(study).digest)
    place.parent.mkdir()
    place.symlink_to(tmp_path / "theirs")
    refused(export, None, "a link leads out of it", "Remove the link.")
    tuned = result_folder(study.folder, plan(study))
    tuned.parent.mkdir()
    tuned.symlink_to(tmp_path / "theirs")
    with pytest.raises(WouldOverwrite, match="a link leads out of it"):
        finetune(tiny_bench, study, plan(study), FineTuning(epochs=1), Silent())
    assert not list((tmp_path / "theirs").iterdir())


def test_what_a_stopped_export_left_may_not_be_a_link(export: Export, tmp_path: Path) -> None:
    folder, theirs = tmp_path / "out", tmp_path / "theirs"
    theirs.mkdir()
    (theirs / WEIGHTS).write_bytes(b"theirs")
    folder.mkdir()
    (folder / ".ready").symlink_to(theirs)
    assert read_report(folder) is None  # nothing is moved
    refused(export, folder, "what a stopped export left", force=True)
    (folder / ".ready").unlink()
    theirs.rename(folder / ".ready")
    refused(export, folder, "what a stopped export left", force=True)
    assert (folder / ".ready" / WEIGHTS).read_bytes() == b"theirs"


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_no_folder_and_a_folder_no_file(
    export: Export, tmp_path: Path, force: bool
) -> None:
    (tmp_path / "out").write_text("mine")
    refused(export, tmp_path / "out", "is a file. Name a folder with --output", force=force)
    assert (tmp_path / "out").read_text() == "mine"
    (tmp_path / "other" / WEIGHTS).mkdir(parents=True)
    words = "but it is a folder" if force else f"as it is now: {WEIGHTS}"
    refused(export, tmp_path / "other", words, force=force)


def test_what_comes_while_the_export_is_made_stays(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"

    def verify(*_: object) -> tuple[Check, ...]:
        (folder / "load.py").write_text("mine")
        return (Check("loads", "a file", "a file", ok=True),)

    monkeypatch.setattr(write_formats, "verify", verify)
    with pytest.raises(WouldOverwrite, match="load.py was put there while this one was made"):
        export(folder)
    assert content(folder) == {"load.py": b"mine"}


def test_weights_that_a_study_is_made_from_are_not_fine_tuned_over(
    tiny_bench: Workbench, study: StudyFolder
) -> None:
    kept = result_folder(study.folder, plan(study)) / "weights.safetensors"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"dense")
    reference = replace(study.manifest.reference, weights=str(kept))
    made = StudyFolder(study.folder, replace(study.manifest, reference=reference))
    with pytest.raises(WouldOverwrite, match="apart from what the study is made from"):
        finetune(tiny_bench, made, plan(study), FineTuning(epochs=1), Silent())
    assert kept.read_bytes() == b"dense"
