"""A format is one file, and is written, reloaded afresh and offered like the others."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import BadValue
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder, read_report
from prunescope.export.formats.format import Format
from prunescope.export.formats.registry import REGISTRY, export_formats, format_title
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from tests import toys
from tests.analysis.cli.command import Command
from tests.analysis.export.exported import mixed


@pytest.fixture
def prunescope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def test_descriptions_are_read_without_torch() -> None:
    code = (
        "import sys; from prunescope.export.formats.registry import export_formats;"
        "assert [f.file for f in export_formats()] == "
        "['model.safetensors', 'model.pt2', 'model.onnx', 'recipe.json', 'model.int8.onnx', "
        "'model.fp16.onnx', 'model.xml', 'model.sparse.safetensors', 'model.pte'];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_installed_format_is_exported_verified_and_explained(
    prunescope: Command, tiny: Reference, warm_python: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    toys.install(tmp_path, monkeypatch)
    bench = prepare(tiny)
    study = StudyFolder.create(tmp_path / "s", bench.manifest)
    plan = mixed(bench)
    study.save_plan(plan)
    told = prunescope("export", study.folder, plan.name, "--formats", "npz,safetensors")
    assert told.code == 0, told
    assert "model.npz" in told.out
    folder = export_folder(study.folder, plan.digest)
    report = read_report(folder)
    assert report is not None
    assert [entry.format for entry in report.formats] == ["safetensors", "npz"]
    checks = {check.name for check in report.formats[1].checks}
    assert checks == {"loads", "weights", "zeros", "bytes", "outputs", "latency", "accuracy"}
    assert report.versions["numpy"] == np.__version__
    plain = load_file(folder / "model.safetensors")
    with np.load(folder / "model.npz") as arrays:
        assert all(np.array_equal(arrays[name], plain[name]) for name in plain)
    said = subprocess.run(
        [warm_python, "-I", folder / "load.py"], capture_output=True, text=True, check=True
    ).stdout
    assert f"model.npz: {len(plain)} arrays" in said

    monkeypatch.undo()  # the package is uninstalled
    assert format_title("npz") == "npz"
    again = export_plan(bench, study, plan, ("safetensors",))
    assert [entry.format for entry in again.formats] == ["safetensors", "npz"]


def test_help_lists_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.install(tmp_path, monkeypatch)
    command = [sys.executable, "-m", "prunescope.cli", "export", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = " ".join(text.replace("│", " ").split())
    assert "safetensors, pt2, onnx, recipe (replay it too; a fine-tuned one brings" in text
    assert "npz" in text


class Loose(Format):
    """In a test's file, which no other process imports as a format."""

    name = "loose"
    file = "model.loose"
    title = "Loose"
    purpose = "Nobody can read it."


def test_what_a_fresh_process_cannot_import_is_refused_before_anything_is_written(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    REGISTRY.register(Loose())
    try:
        with pytest.raises(BadValue, match=r"FORMAT = Loose\(\)"):
            export_plan(tiny_bench, study, mixed(tiny_bench), ("safetensors", "loose"))
    finally:
        REGISTRY.unregister("loose")
    assert not (tmp_path / "exports").exists()
    assert "loose" not in {kind.name for kind in export_formats()}
