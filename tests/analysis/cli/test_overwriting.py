"""Commands write only over what they wrote themselves; the case of the attack comes first."""

import os
from pathlib import Path

import pytest
from safetensors.torch import save_file

import prunescope as ps
from prunescope.errors import WouldOverwrite
from prunescope.export import write_formats
from prunescope.export.export_report import Check
from prunescope.progress import Silent
from prunescope.sources.models import load_model
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import read_document
from prunescope.study import Reference
from prunescope.study.plan import Choice, Plan
from tests.analysis.cli.command import Command
from tests.analysis.store.rows import files

WEIGHTS = "model.safetensors"
TARGET = ("--target", "parameters=0.9")


@pytest.fixture
def dense(tiny: Reference, tmp_path: Path) -> Path:
    """A folder of the user's: the dense weights, and a script that loads them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    save_file(load_model(tiny).state_dict(), folder / WEIGHTS)
    (folder / "load.py").write_text("# mine\n")
    return folder


@pytest.fixture
def study(
    prunescope: Command, tiny: Reference, dense: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> StudyFolder:  # fmt: skip
    """A study that needs those weights, with a plan; exports are not loaded again."""

    def verify(*_: object) -> tuple[Check, ...]:
        return (Check("loads", "a file", "a file", ok=True),)

    monkeypatch.setattr(write_formats, "verify", verify)
    done = prunescope(
        "sweep", tiny.model, "--data", tiny.data, "--weights", dense / WEIGHTS,
        "--study", tmp_path / "study", "--sparsities", "0.5",
    )  # fmt: skip
    assert done.code == 0, done
    made = StudyFolder.open(tmp_path / "study")
    made.save_plan(Plan("half", made.manifest.fingerprint, {"mix": Choice("magnitude", 0.5)}))
    return made


def export(study: StudyFolder, *more: object) -> list[object]:
    return ["export", study.folder, "half", "--formats", "safetensors", *more]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_dense_weights_and_a_script_beside_them_stay(
    prunescope: Command, study: StudyFolder, dense: Path, force: list[str]
) -> None:
    before = files(dense)
    said = prunescope.refused(*export(study, "-o", dense, *force))
    assert "apart from what the study is made from, but" in said
    assert f"{dense / WEIGHTS} is the file {dense / WEIGHTS}" in said
    assert said.endswith("Choose another with --output.")
    assert files(dense) == before
    assert prunescope("export", study.folder, "half", "--formats", "safetensors").code == 0


def test_a_script_alone_stays_until_somebody_insists(
    prunescope: Command, study: StudyFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "load.py").write_text("# mine\n")
    said = prunescope.refused(*export(study, "-o", folder))
    assert "holds what Prunescope did not write as it is now: load.py." in said
    assert "or add --force (force=True in Python), which replaces load.py." in said
    assert files(folder).keys() == {"load.py"}
    done = prunescope(*export(study, "-o", folder, "--force"))
    assert done.code == 0
    assert f"Replacing what Prunescope did not write: {folder}/load.py." in caplog.text
    caplog.clear()
    assert prunescope(*export(study, "-o", folder)).code == 0  # its own now
    assert "Replacing" not in caplog.text


def test_python_refuses_alike_before_a_model_is_loaded(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, folder = ps.open(study.folder), tmp_path / "out"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with monkeypatch.context() as patch:
        patch.setattr(ps.Study, "_bench", lambda self: pytest.fail("a model is loaded"))
        for place in (folder, study.folder, str(tmp_path / "mine")):
            with pytest.raises(WouldOverwrite, match="^Expected "):
                opened.export("half", place, ["safetensors"], progress=Silent())
    assert opened.export("half", folder, ["recipe"], progress=Silent(), force=True).ok
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_plan_replaces_a_plan_and_nothing_else(
    prunescope: Command, study: StudyFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, link = tmp_path / "plan.json", tmp_path / "link.json"
    given = ["plan", study.folder, *TARGET, "--exact", "-o"]
    assert prunescope(*given, file).code == 0
    assert prunescope(*given, file, "--name", "second").code == 0
    assert read_document(Plan, file).name == "second"
    link.symlink_to(file)
    assert "is a link. Choose another with --output" in prunescope.refused(*given, link)
    file.write_text('{"mine": 1}')
    said = prunescope.refused(*given, file)
    assert f"a plan that Prunescope wrote, but {file} is another file." in said
    assert "or replace it with --force" in said
    assert file.read_text() == '{"mine": 1}'
    assert prunescope(*given, file, "--force").code == 0
    assert f"Replacing what Prunescope did not write: {file}." in caplog.text
    assert read_document(Plan, file).name == "solved"
    assert "is a folder. Name a file" in prunescope.refused(*given, tmp_path, "--force")


def test_a_plan_goes_into_a_study_only_among_its_plans(
    prunescope: Command, study: StudyFolder, dense: Path
) -> None:
    before = files(study.folder)
    given = ["plan", study.folder, *TARGET, "--exact", "--force", "-o"]
    for name in ("study.json", "mine.json", "measurements/mine.json"):
        said = prunescope.refused(*given, study.folder / name)
        assert "outside of every study for a plan" in said
    assert files(study.folder) == before
    assert prunescope(*given, study.folder / "plans" / "third.json").code == 0
    hard = dense.parent / "hard.json"
    os.link(dense / WEIGHTS, hard)
    assert "is the file" in prunescope.refused(*given, hard)
    assert hard.samefile(dense / WEIGHTS)


def test_a_latency_table_replaces_a_latency_table_and_nothing_else(
    prunescope: Command, study: StudyFolder, dense: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    file = tmp_path / "t.parquet"
    given = ["time", study.folder, "--json", "--export-table"]
    assert prunescope(*given, file, "--runtime", "torch", "--budget", "0.3").code == 0
    assert prunescope(*given, file).code == 0
    measurements = next((study.folder / "measurements").glob("*.parquet"))
    file.write_bytes(measurements.read_bytes())
    assert "a latency table that Prunescope wrote" in prunescope.refused(*given, file)
    assert file.read_bytes() == measurements.read_bytes()
    said = prunescope.refused(*given, measurements, "--force")
    assert "outside of every study for a latency table" in said
    assert said.endswith("Choose another with --export-table.")
    assert "is the file" in prunescope.refused(*given, dense / WEIGHTS, "--force")
    assert prunescope(*given, file, "--force").code == 0
    assert f"did not write: {file}." in caplog.text
    assert prunescope(*given, file).code == 0
