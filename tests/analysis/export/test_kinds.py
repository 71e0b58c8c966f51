"""Models of every kind are exported: inputs in dicts and tuples, tied, unsaved, half, no graph."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from prunescope.bench.pruned import plan_masks, pruned
from prunescope.capture.network import build_network, forward
from prunescope.criteria.scores import Scores
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from prunescope.export.formats import pt2
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


def test_chosen_outputs_alone_are_exported(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "tokens", "words", ("logits",))
    plan = mixed(bench)
    report = export_plan(bench, study, plan, ("safetensors", "pt2"))
    folder = export_folder(study.folder, plan.digest)
    assert_kept(report, ("safetensors", "pt2"), folder)
    program = torch.export.load(folder / "model.pt2").module()
    assert list(forward(program, bench.splits.validation.chunk(0, 2).inputs)) == ["logits"]


def test_a_program_needs_no_class_of_the_models_package(tmp_path: Path) -> None:
    config = BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=9
    )
    model, words = BertModel(config).eval(), {"input_ids": torch.randint(0, 9, (2, 5))}
    network = build_network(model, words)
    assert network.captured is not None
    pt2.write(pt2.exported(network.captured), tmp_path / "model.pt2")
    with torch.no_grad():
        outputs = pt2.load(tmp_path / "model.pt2")(**words)
        assert isinstance(outputs, dict)
        expected = model(**words)
    torch.testing.assert_close(outputs["pooler_output"], expected.pooler_output)
    assert list(network(words)) == list(outputs) == list(expected)


def test_weights_of_recurrent_layers_keep_their_zeros(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "recurrent", "steps")
    plan = mixed(bench)
    assert {name.partition(".")[0] for name in plan.choices} == {"lstm", "gru", "head"}
    report = export_plan(bench, study, plan, ("pt2", "onnx"))
    assert_kept(report, ("pt2", "onnx"), export_folder(study.folder, plan.digest))
    for entry in report.formats:
        (zeros,) = [check for check in entry.checks if check.name == "zeros"]
        assert "of 7 layers" in zeros.promised
