"""Runtimes and formats of other packages show up on the page *Export* by themselves."""

from pathlib import Path

import pytest

from prunescope.commands import Export
from prunescope.latency.runtimes.registry import runtime
from prunescope.latency.table.rows import stored_rows
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests import toys
from tests.analysis.latency.table.made import draws, row
from tests.dashboard.page import Open, texts


def test_an_installed_package_is_on_the_page(
    timed_studies: Path, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = StudyFolder.open(timed_studies / "lenet5")
    choices = {"conv2": Choice("l1", 0.2, "channel")}
    study.save_plan(Plan("smaller", study.manifest.fingerprint, choices))
    at = open_page(timed_studies, "export")
    at.selectbox(key="export plan").set_value("smaller").run()
    before = [box.key for box in at.checkbox if str(box.key).startswith("format ")]
    usual = ("safetensors", "pt2", "onnx", "recipe")
    further = ("onnx-int8", "onnx-fp16", "openvino", "sparse-safetensors", "executorch")
    assert before == [f"format {name}" for name in (*usual, *further)]
    assert "in turns, in PyTorch and ONNX Runtime; leave" in texts(at)

    toys.install(tmp_path, monkeypatch)
    title = runtime("double").title
    rows = [row(study.manifest, units, 0.7, title) for units in draws(study.manifest, 12)]
    stored_rows(study.folder).append(rows)
    started: list[Export] = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.export.page.start",
        lambda folder, request: started.append(request),
    )
    at = open_page(timed_studies, "export")
    at.selectbox(key="export plan").set_value("smaller").run()
    assert not at.exception
    assert "in turns, in PyTorch, ONNX Runtime and PyTorch double; leave" in texts(at)
    assert "PyTorch double 2: " in texts(at)  # how good predictions of its table are
    label = at.checkbox(key="format npz").label
    assert label == "**NumPy archive** `model.npz` — Opens wherever NumPy does."
    at.button(key="export").click().run()
    assert not at.exception
    (request,) = started
    assert request.formats == (*usual, "npz")
