"""What is free in the model is free in its smaller exports, checked at another size."""

from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import torch

from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import take
from prunescope.errors import CannotCapture
from prunescope.export import write_formats
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from prunescope.export.formats import pt2
from prunescope.export.load_export import load_export
from prunescope.export.promise import Promise
from prunescope.export.verify_file import verify
from prunescope.sources.models import load_model
from prunescope.study.plan import Choice, Plan
from tests.analysis.export.exported import assert_kept, opened

KINDS = ("pt2", "onnx")


def _smaller(bench: Workbench) -> Plan:
    choices = {"up": Choice("l1", 0.5, "channel")}
    return Plan("smaller", bench.manifest.fingerprint, choices)


def _smaller_heads(bench: Workbench) -> Plan:
    heads = next(group.name for group in bench.groups if group.granularity == "head")
    choices = {heads: Choice("l1", 0.5, "head")} | dict(_smaller(bench).choices)
    return Plan("smaller", bench.manifest.fingerprint, choices)


def test_a_smaller_network_takes_any_number_of_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promises: list[Promise] = []

    def noted(kind, file, recipe, promised):
        promises.append(promised)
        return verify(kind, file, recipe, promised)

    monkeypatch.setattr(write_formats, "verify", noted)
    bench, study = opened(tmp_path, "any_length", "sentences")
    plan = _smaller(bench)
    report = export_plan(bench, study, plan, ("safetensors", *KINDS))
    folder = export_folder(study.folder, plan.digest)
    assert_kept(report, ("safetensors", *KINDS), folder)
    for entry in report.formats[1:]:
        (check,) = [check for check in entry.checks if check.name == "sizes"]
        assert "any sequence (dimension 1 of ids, studied at 6, checked at 4)" in check.promised
    words = "takes any batch size, and any sequence (dimension 1 of ids"
    assert (folder / "load.py").read_text().count(words) == 2

    ids = torch.randint(0, 7, (5, 23))
    module = torch.export.load(folder / "model.pt2").module()
    assert module.get_parameter("up.weight").shape == (6, 8)
    own = load_export(
        load_model(bench.manifest.reference),
        folder / "recipe.json",
        folder / "model.safetensors",
        take(bench.splits.validation.inputs, slice(0, 2)),
    )
    with torch.no_grad():
        torch.testing.assert_close(module(ids), own(ids))
        session = onnxruntime.InferenceSession(folder / "model.onnx")
        assert session.get_inputs()[0].shape == ["batch", "sequence"]
        (array,) = session.run(None, {"ids": ids.numpy()})
        torch.testing.assert_close(torch.from_numpy(array), own(ids))

    promised = promises[-1]
    assert promised.resized is not None
    wrong = replace(promised.resized, outputs=promised.resized.outputs + 0.01)
    promised = replace(promised, resized=wrong)
    checks = verify(pt2.FORMAT, folder / "model.pt2", folder / "recipe.json", promised)
    assert [check.name for check in checks if not check.ok] == ["sizes"]


def test_what_cannot_be_written_with_free_sizes_keeps_the_studied_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(program, captured):
        if captured.free:
            raise CannotCapture("Expected a free size, but the graph fixes it.")

    bench, study = opened(tmp_path, "any_length", "sentences")
    plan = _smaller_heads(bench)
    report = export_plan(bench, study, plan, ("pt2",))
    assert [check.ok for check in report.formats[0].checks if check.name == "sizes"] == [True]
    monkeypatch.setattr(pt2, "_require_free", refused)
    report = export_plan(bench, study, plan, ("pt2",))
    folder = export_folder(study.folder, plan.digest)
    assert_kept(report, ("pt2",), folder)
    assert "sizes" not in [check.name for check in report.formats[0].checks]
    assert "the other sizes are those of the study's data" in (folder / "load.py").read_text()
