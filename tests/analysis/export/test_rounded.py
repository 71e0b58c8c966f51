"""Files in coarser numbers: int8 and fp16 of the pruned model, refused where they cost too much."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import ExportReport, export_folder
from prunescope.export.formats.onnx import weights
from prunescope.export.formats.registry import usual_formats
from prunescope.export.onnx_sessions import session
from prunescope.store.folder import StudyFolder
from tests.analysis.export import second_environment
from tests.analysis.export.exported import assert_kept, mixed, opened

ROUNDED = ("onnx", "onnx-int8", "onnx-fp16")


@pytest.fixture(scope="module")
def exported(mlp: Workbench, tmp_path_factory: pytest.TempPathFactory) -> tuple[ExportReport, Path]:
    folder = tmp_path_factory.mktemp("rounded")
    study = StudyFolder.create(folder, mlp.manifest)
    plan = mixed(mlp)
    report = export_plan(mlp, study, plan, ROUNDED, most_lost=0.02)
    return report, export_folder(folder, plan.digest)


def test_they_are_verified_and_smaller_and_only_on_request(
    exported: tuple[ExportReport, Path],
) -> None:
    report, folder = exported
    assert_kept(report, ROUNDED, folder)
    plain, small, half = report.formats
    assert plain.bytes > 3.5 * small.bytes
    assert plain.bytes > 1.9 * half.bytes
    assert not set(ROUNDED[1:]) & set(usual_formats())
    for entry in report.formats:
        assert entry.score is not None
        assert abs(entry.score - (plain.score or 0)) <= 0.02
        assert (entry.seconds_per_sample or 0) > 0
    promised = {check.name: check.promised for check in small.checks}
    assert "drop at most 2 pt" in promised["accuracy"]


@pytest.mark.parametrize("name", ["onnx", "onnx-int8"])
def test_onnx_runtime_and_numpy_alone_reproduce_the_score(
    exported: tuple[ExportReport, Path], name: str, mlp: Workbench, tmp_path: Path
) -> None:
    report, folder = exported
    entry = report.format(name)
    assert entry is not None
    (tmp_path / "packages").mkdir()
    environment = second_environment.make(tmp_path / "packages")
    samples = mlp.splits.validation
    score = second_environment.accuracy(
        environment, folder / entry.file, samples.inputs.numpy(), samples.targets.numpy()
    )
    assert entry.score == pytest.approx(score, abs=1e-9)


def test_zeros_stay_zeros_and_weights_have_a_scale_per_channel(
    exported: tuple[ExportReport, Path],
) -> None:
    _, folder = exported
    model = onnx.load(str(folder / "model.int8.onnx"))
    known = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    dense = weights(folder / "model.onnx")
    rounded = {name: array for name, array in known.items() if array.dtype == np.int8}
    checked = 0
    for name, weight in dense.items():
        small = rounded.get(f"{name}_quantized")
        if small is None:
            continue
        checked += 1
        (reader,) = (node for node in model.graph.node if f"{name}_quantized" in node.input)
        assert reader.op_type == "DequantizeLinear"
        assert len(reader.input) == 2  # no zero point: it is zero
        scales = known[reader.input[1]]
        assert (small[weight == 0] == 0).all()
        assert scales.size in weight.shape
        axis = weight.shape.index(scales.size)
        shaped = scales.reshape([-1 if place == axis else 1 for place in range(weight.ndim)])
        assert np.abs(small * shaped - weight).max() <= 0.51 * scales.max()
    assert checked == 3
    assert not model.graph.value_info


def test_biases_have_no_scale_of_their_own_and_what_is_usual_is_not_said(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    export_plan(bench, study, mixed(bench), ("onnx", "onnx-int8"), most_lost=1.0)
    folder = export_folder(study.folder, mixed(bench).digest)
    rounded, plain = (onnx.load(str(folder / f"model{kind}.onnx")) for kind in (".int8", ""))
    kinds = {numpy_helper.to_array(each).dtype for each in rounded.graph.initializer}
    assert np.dtype(np.int32) not in kinds  # runtimes make it of other scales
    convolutions = [
        [n for n in model.graph.node if n.op_type == "Conv"] for model in (rounded, plain)
    ]
    assert len(convolutions[0]) == len(convolutions[1]) > 0
    for one, other in zip(*convolutions, strict=True):
        said, before = ({a.name: a for a in node.attribute} for node in (one, other))
        left_out = {name for name in before if name not in said}
        assert {"dilations", "group"} & set(before) <= left_out
        for name in left_out:
            assert set(before[name].ints or [before[name].i]) <= {0, 1}


def test_what_costs_too_much_is_refused_and_the_others_are_delivered(
    mlp: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges that were set by samples that are no data leave nothing of the network."""

    def darkness(file: Path, inputs: object) -> list[dict[str, np.ndarray]]:
        del inputs
        name = session(file, 1).get_inputs()[0].name
        return [{name: np.full((4, 1, 28, 28), 1e-6, np.float32)}]

    monkeypatch.setattr("prunescope.export.quantise_onnx._feeds", darkness)
    study = StudyFolder.create(tmp_path, mlp.manifest)
    plan = mixed(mlp)
    report = export_plan(mlp, study, plan, ("onnx", "onnx-int8"))
    assert [entry.ok for entry in report.formats] == [True, False]
    small = report.formats[1]
    assert small.file == "model.int8.onnx.failed"
    assert "drop at most 1 pt, but got" in str(small.reason)
    folder = export_folder(tmp_path, plan.digest)
    assert (folder / "model.onnx").is_file()
    assert not (folder / "model.int8.onnx").exists()


def test_what_may_be_lost_is_a_number(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    with pytest.raises(BadValue, match="what coarser numbers may cost"):
        export_plan(bench, study, mixed(bench), ("onnx-int8",), most_lost=-0.1)
