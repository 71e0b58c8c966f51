"""Models of every kind are exported: inputs in dicts and tuples, tied, unsaved, half, no graph."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from prunescope.bench.pruned import plan_masks, pruned
from prunescope.capture.network import forward
from prunescope.criteria.scores import Scores
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from tests.analysis.export.exported import assert_kept, mixed, opened


def test_dicts_tokens_and_tied_weights(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "tokens", "words")
    plan = mixed(bench)
    report = export_plan(bench, study, plan, ("safetensors", "onnx"))
    folder = export_folder(study.folder, plan.digest)
    assert_kept(report, ("safetensors", "onnx"), folder)
    tensors = load_file(folder / "model.safetensors")
    assert torch.equal(tensors["out.weight"], tensors["embed.weight"])


def test_tuples_in_and_out(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "twofold", "pairs")
    plan = mixed(bench)
    report = export_plan(bench, study, plan, ("pt2", "onnx"))
    assert_kept(report, ("pt2", "onnx"), export_folder(study.folder, plan.digest))
    program = torch.export.load(export_folder(study.folder, plan.digest) / "model.pt2").module()
    alone = bench.splits.validation.chunk(0, 1).inputs
    masks = plan_masks(plan, Scores(bench.network, bench.splits.calibration))
    with torch.no_grad(), pruned(bench.network.module, masks):
        torch.testing.assert_close(forward(program, alone), bench.network(alone))


def test_what_the_graph_reads_besides_its_weights_counts_as_bytes(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "placed", "vectors")
    plan = mixed(bench)
    report = export_plan(bench, study, plan, ("pt2", "onnx"))
    assert_kept(report, ("pt2", "onnx"), export_folder(study.folder, plan.digest))
    unsaved = 4 * 30000 * (3 + 3 + 4)
    for entry in report.formats:
        assert entry.bytes > unsaved
        (check,) = [each for each in entry.checks if each.name == "bytes"]
        assert f"{unsaved:,} of constants" in check.promised


def test_half_precision_is_compared_within_its_own_rounding(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "halved", "halves")
    plan = mixed(bench)
    report = export_plan(bench, study, plan, ("onnx",))
    assert_kept(report, ("onnx",), export_folder(study.folder, plan.digest))
    said = {check.name: check.promised for check in report.formats[0].checks}
    assert "within 0.0039 of their scale (float16)" in said["outputs"]
    assert "within 0.0039" in said["accuracy"]


def test_without_a_graph_plain_weights_are_all_there_is(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "fickle", "vectors")
    assert bench.network.captured is None
    report = export_plan(bench, study, mixed(bench), ("safetensors", "pt2"))
    plain, program = report.formats
    assert plain.ok
    assert not report.ok
    assert program.file == ""
    assert program.reason is not None
    assert "no graph" in program.reason
