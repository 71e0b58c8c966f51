"""Every format, reloaded in a fresh process, is the model on screen, or it is not offered."""

import json
import runpy
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from safetensors.torch import load_file
from torch import Tensor

from prunescope.bench.pruned import plan_masks, pruned
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import Cancelled, ForeignStudy, UnknownName
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder, read_report
from prunescope.export.formats import safetensors
from prunescope.export.formats.registry import export_format
from prunescope.export.promise import Promise, promise
from prunescope.export.recipe import Recipe, read_recipe
from prunescope.export.replay_recipe import replay
from prunescope.export.tensors import saved_tensors, weights_sha256
from prunescope.export.verify_file import verify
from prunescope.progress import Silent
from prunescope.recovery.training.fine_tuning_report import result_folder
from prunescope.recovery.training.finetune import FineTuning, finetune
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count
from tests.analysis.export.exported import assert_kept, mixed, opened
from tests.long import core

ONNX = export_format("onnx")


def test_a_trained_mlp_in_every_plain_format(
    mlp: Workbench, warm_python: Path, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    before = weights_sha256(saved_tensors(mlp.network.module))
    plan = mixed(mlp)
    report = export_plan(mlp, study, plan, ("onnx", "safetensors", "pt2"))
    folder = export_folder(tmp_path, plan.digest)
    assert_kept(report, ("safetensors", "pt2", "onnx"), folder)
    assert weights_sha256(saved_tensors(mlp.network.module)) == before

    tensors = load_file(folder / "model.safetensors")
    masks = plan_masks(plan, Scores(mlp.network, mlp.splits.calibration))
    dense = saved_tensors(mlp.network.module)
    for name, tensor in tensors.items():
        keep = masks.get(name, torch.ones_like(tensor, dtype=torch.bool))
        assert torch.equal(tensor, torch.where(keep, dense[name], 0.0))
    counts = [removed_count(x.total, plan.choices[x.name].sparsity) for x in _recipe(folder).layers]
    assert [layer.removed for layer in _recipe(folder).layers] == counts
    assert report.removed == sum(counts)

    said = subprocess.run(
        [warm_python, "-I", folder / "load.py"], capture_output=True, text=True, check=True,
        cwd=tmp_path,
    ).stdout  # fmt: skip
    assert "model.safetensors: 6 tensors" in said
    assert "model.pt2: 266610 parameters" in said
    assert "shape ['batch', 1, 28, 28]" in said

    with pruned(mlp.network.module, masks):
        promised = promise(
            mlp.network.module, mlp.network.captured, {n: ~keep for n, keep in masks.items()},
            mlp.splits.validation, mlp.metric, 100,
        )  # fmt: skip
    file, recipe = folder / "model.onnx", folder / "recipe.json"
    assert all(check.ok for check in verify(ONNX, file, recipe, promised))
    assert broken(tampered(file, removed=True), recipe, promised) >= {"zeros", "outputs"}
    assert "outputs" in broken(tampered(file, removed=False), recipe, promised)
    file.write_bytes(file.read_bytes()[:-1000])
    assert broken(file, recipe, promised) == {"loads"}


def broken(file: Path, recipe: Path, promised: Promise) -> set[str]:
    return {check.name for check in verify(ONNX, file, recipe, promised) if not check.ok}


def tampered(file: Path, removed: bool) -> Path:
    """A copy in which one removed weight is back, or a layer's kept ones are a tenth larger."""
    model = onnx.load(str(file))
    weight = next(each for each in model.graph.initializer if each.name == "fc2.weight")
    values = numpy_helper.to_array(weight).copy()
    if removed:
        values[tuple(np.argwhere(values == 0)[0])] = 5.0
    else:
        values *= 1.1
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    path = file.with_name(f"tampered-{removed}.onnx")
    onnx.save(model, str(path))
    return path


def test_batch_norm_with_recovery_replays_to_the_same_bits(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    plan = mixed(bench, recovery="bn")
    folder = tmp_path / "elsewhere"
    report = export_plan(bench, study, plan, ("onnx",), folder)
    assert_kept(report, ("onnx",), folder)
    formats = ("safetensors", "recipe")
    report = export_plan(bench, study, plan, formats, folder)
    assert_kept(report, ("safetensors", "onnx", "recipe"), folder)  # the same weights: it stays
    exported = load_file(folder / "model.safetensors")
    dense = saved_tensors(bench.network.module)
    assert not torch.equal(exported["norm.running_mean"], dense["norm.running_mean"])
    replayed = saved_tensors(replay(_recipe(folder)))
    assert_same(replayed, exported)
    other = json.loads((folder / "recipe.json").read_text())
    other["plan"]["seed"] += 1
    (folder / "other.json").write_text(json.dumps(other))
    with pytest.raises(ForeignStudy, match="the replay gave"):
        replay(read_recipe(folder / "other.json"))


@pytest.mark.parametrize("subjects", core(["one", "several"], {"several"}))
def test_least_squares_replays_to_the_same_bits(subjects: str, tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    group = next(group.name for group in bench.groups if group.reason is None)
    choices = {group: Choice("l1", 0.5, "channel")}
    if subjects == "several":
        choices |= {"head": Choice("magnitude", 0.5)}
    plan = Plan("refitted", bench.manifest.fingerprint, choices, recovery="ls")
    before = saved_tensors(bench.network.module)
    report = export_plan(bench, study, plan, ("safetensors", "recipe"))
    folder = export_folder(study.folder, plan.digest)
    assert_kept(report, ("safetensors", "recipe"), folder)
    assert_same(saved_tensors(bench.network.module), before)
    exported = load_file(folder / "model.safetensors")
    assert_same(saved_tensors(replay(_recipe(folder))), exported)
    plain = Plan("plain", bench.manifest.fingerprint, choices)
    export_plan(bench, study, plain, ("safetensors",))
    other = load_file(export_folder(study.folder, plain.digest) / "model.safetensors")
    assert not torch.equal(exported["head.weight"], other["head.weight"])


def test_a_weight_that_is_not_zero_is_found_and_the_file_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    plan = mixed(bench)
    write = safetensors.write

    def tampering(tensors: dict[str, Tensor], path: Path) -> None:
        changed = {name: tensor.clone() for name, tensor in tensors.items()}
        flat = changed["conv.weight"].view(-1)
        flat[flat == 0] += 1e-3
        write(changed, path)

    monkeypatch.setattr(safetensors, "write", tampering)
    (entry,) = export_plan(bench, study, plan, ("safetensors",)).formats
    folder = export_folder(study.folder, plan.digest)
    assert not entry.ok
    assert entry.file == "model.safetensors.failed"
    assert not (folder / "model.safetensors").exists()
    assert {check.name for check in entry.checks if not check.ok} >= {"weights", "zeros", "outputs"}
    assert "load_safetensors" not in (folder / "load.py").read_text()


def test_fine_tuned_weights_travel_with_their_recipe(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    plan = mixed(bench)
    tuned = finetune(bench, study, plan, FineTuning(epochs=2, rate=0.1, batch=8), Silent())
    report = export_plan(bench, study, plan, ("recipe",), recovered=True)
    folder = export_folder(study.folder, plan.digest, recovered=True)
    assert_kept(report, ("safetensors", "recipe"), folder)
    assert report.fine_tuned_hash == tuned.weights_hash
    assert report.outdated(tuned.weights_hash) is None
    recipe = _recipe(folder)
    assert recipe.training == FineTuning(epochs=2, rate=0.1, batch=8)
    assert "does not repeat" in recipe.statement
    script = runpy.run_path(str(folder / "load.py"))
    assert "checks model.safetensors" in script["replay"].__doc__
    weights = result_folder(study.folder, plan) / "weights.safetensors"
    assert_same(saved_tensors(script["replay"]()), load_file(weights))


def test_a_plan_reached_in_rounds_travels_like_a_fine_tuned_one(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    group = next(group.name for group in bench.groups if group.reason is None)
    choices = {group: Choice("l1", 0.5, "channel"), "head": Choice("magnitude", 0.5)}
    plan = Plan("rounds", bench.manifest.fingerprint, choices)
    settings = FineTuning(epochs=2, rate=0.1, batch=8, rounds=2)
    tuned = finetune(bench, study, plan, settings, Silent())
    report = export_plan(bench, study, plan, ("recipe", "pt2"), recovered=True)
    folder = export_folder(study.folder, plan.digest, recovered=True)
    assert_kept(report, ("safetensors", "pt2", "recipe"), folder)
    assert report.fine_tuned_hash == tuned.weights_hash
    recipe = _recipe(folder)
    assert recipe.training == settings
    assert "in rounds" in recipe.statement
    assert {unit.group: unit.removed for unit in recipe.units} == tuned.gone
    weights = load_file(
        result_folder(study.folder, plan, schedule="in rounds") / "weights.safetensors"
    )
    script = runpy.run_path(str(folder / "load.py"))
    assert_same(saved_tensors(script["replay"]()), weights)


@pytest.mark.usefixtures("fresh_reloads")
def test_units_are_really_gone_from_every_file(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    group = next(group.name for group in bench.groups if group.reason is None)
    choices = {group: Choice("l1", 0.5, "channel"), "head": Choice("magnitude", 0.5)}
    plan = Plan("smaller", bench.manifest.fingerprint, choices, recovery="bn")
    formats = ("safetensors", "onnx")
    report = export_plan(bench, study, plan, formats)
    folder = export_folder(study.folder, plan.digest)
    assert_kept(report, formats, folder)
    tensors = load_file(folder / "model.safetensors")
    assert tensors["conv.weight"].shape == (2, 1, 3, 3)
    assert tensors["norm.running_mean"].shape == (2,)
    assert tensors["head.weight"].shape == (3, 8)
    (units,) = _recipe(folder).units
    assert (len(units.removed), units.total) == (2, 4)
    compile((folder / "load.py").read_text(), "load.py", "exec")


class Stopping(Silent):
    def cancelled(self) -> bool:
        return True


def test_what_cannot_be_exported_is_refused(tiny_bench: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, tiny_bench.manifest)
    plan = mixed(tiny_bench)
    with pytest.raises(UnknownName, match="Closest: onnx"):
        export_plan(tiny_bench, study, plan, ("onxx",))
    with pytest.raises(ForeignStudy):
        export_plan(tiny_bench, study, Plan("other", "0" * 16, plan.choices), ("pt2",))
    with pytest.raises(Cancelled):
        export_plan(tiny_bench, study, plan, ("pt2",), progress=Stopping())
    assert read_report(export_folder(tmp_path, plan.digest)) is None


def _recipe(folder: Path) -> Recipe:
    return read_recipe(folder / "recipe.json")


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
